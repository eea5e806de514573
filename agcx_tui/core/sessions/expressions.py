"""Which rows of the session table a `/regex/` of the filter matches.

Strategy: each fact of a row, as it is written, is a text of its own.  The rows are tried by the dozen at
first: what occurs in none of them is known at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from agcx_format.catalog import lines_as_written
from agcx_format.search import Regex, compiled

if TYPE_CHECKING:
    from agcx_format.catalog import Texts

__all__ = ["occurs_in", "rows_with"]

_TRIED_AT_ONCE = 64


def rows_with(pattern: str, rows: Iterable[int], haystacks: Texts) -> list[int]:
    """The rows with a fact that matches, in their order: 0.4 s for 100,000 if all do."""
    regex, rows = compiled(pattern), iter(rows)
    found: list[int] = []
    while some := list(islice(rows, _TRIED_AT_ONCE)):
        raw = [haystacks.raw(row) for row in some]
        if regex.may_be_in(b"\n".join(raw)):
            found += (row for row, text in zip(some, raw, strict=True) if _fits(regex, text))
    return found


def occurs_in(pattern: str, text: str) -> bool:
    """Whether a text has a match."""
    return compiled(pattern).first_in(text.encode("utf-8", "replace")) is not None


def _fits(regex: Regex, haystack: bytes) -> bool:
    if not regex.anchored:
        first = regex.first_in(haystack)
        if first is None:
            return False
        # Of ASCII what is folded and what is written are the same to it.
        if not regex.cased and haystack.isascii() and b"\n" not in haystack[slice(*first)]:
            return True
    lines = lines_as_written(haystack.decode("utf-8", "replace"))
    return any(regex.first_in(line.encode("utf-8", "replace")) for line in lines)
