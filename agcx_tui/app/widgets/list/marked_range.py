"""The rows that are marked while shift is held."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from agcx_tui.core.sessions.groups import Line

__all__ = ["MarkedRange"]


class MarkedRange(msgspec.Struct, frozen=True):
    """The rows marked while shift is held: the line where that began, and the marks before.

    The rest is the list, the marks and the cursor as they were left.  If any of them has changed since, the
    next key begins a new range: no row is marked that the cursor did not pass.
    """

    origin: Line
    before: frozenset[int]
    lines: tuple[Line, ...]
    marks: frozenset[int]
    cursor: Line

    def goes_on(self, lines: Sequence[Line], marks: Collection[int], cursor: Line) -> bool:
        return cursor == self.cursor and marks == self.marks and tuple(lines) == self.lines
