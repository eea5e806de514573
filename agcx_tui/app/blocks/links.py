"""Links that a reader may follow from a terminal, and those that are only shown.

Strategy: OSC 8 hands an address to the terminal inside an escape sequence, so an address is let
through only if it is http or https, and every character that an address cannot hold is percent-encoded.
Everything else (files, mail, scripts, relative paths) stays visible text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

__all__ = ["addresses", "followable"]

_bare = re.compile(r"https?://[^\s<>\"`{}|\\^␀-␡\ufffd]+", re.IGNORECASE)
# What ends a sentence rather than an address, and what closes a bracket around an address.
_AFTER = ".,;:!?'*_…"
_BRACKETS = {")": "(", "]": "["}

_LONGEST = 2000
# What RFC 3986 allows in an address, `%` included since addresses are encoded already.
_ALLOWED = ":/?#[]@!$&'()*+,;=%-._~"


def followable(address: str) -> str | None:
    """The address, safe in an escape sequence; None if it must not be followed."""
    if not address.lower().startswith(("http://", "https://")) or len(address) > _LONGEST:
        return None
    try:
        return quote(address, safe=_ALLOWED)
    except UnicodeEncodeError:
        return None


def addresses(text: str) -> Iterator[tuple[int, int, str]]:
    """Bare addresses in a safe text: where each begins and ends, and the address to follow."""
    for match in _bare.finditer(text):
        found = match[0]
        if len(found) > _LONGEST:
            continue
        while found[-1] in _AFTER or _is_unopened(found):
            found = found[:-1]
        target = followable(found)
        if target and len(found) > len("https://"):
            yield match.start(), match.start() + len(found), target


def _is_unopened(text: str) -> bool:
    opening = _BRACKETS.get(text[-1])
    return opening is not None and text.count(opening) < text.count(text[-1])
