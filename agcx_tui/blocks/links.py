"""Links that a reader may follow from a terminal, and those that are only shown.

Strategy: OSC 8 hands an address to the terminal inside an escape sequence, so an address is let
through only when it is http or https, and every character that is not plainly part of one is
percent-encoded.  Everything else (files, mail, scripts, relative paths) stays visible text.
"""

from __future__ import annotations

from urllib.parse import quote

__all__ = ["followable"]

_LONGEST = 2000
# What RFC 3986 allows in an address, `%` included since addresses are encoded already.
_ALLOWED = ":/?#[]@!$&'()*+,;=%-._~"


def followable(address: str) -> str | None:
    """The address as it may stand in an escape sequence; None when it is not to be followed."""
    if not address.lower().startswith(("http://", "https://")) or len(address) > _LONGEST:
        return None
    try:
        return quote(address, safe=_ALLOWED)
    except UnicodeEncodeError:
        return None
