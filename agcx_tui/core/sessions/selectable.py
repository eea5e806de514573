"""What a filter looks at: the rows of sessions, and what is known of them besides their files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from agcx_format.catalog import GONE
from agcx_tui.core.sessions.rows import SessionRows
from agcx_tui.core.sessions.subagents import Subagents

if TYPE_CHECKING:
    from agcx_format import ScanEntry
    from agcx_format.space import ActivityFacts

__all__ = ["SelectableRows"]


class SelectableRows(SessionRows):
    """Rows from which a query selects.

    Fields:
        marks: the rows that are marked.
        listed: the paths that `is:listed` selects, for another screen; not all of them need exist.
        activity: what happened in sessions, by row, as far as their messages were read.
        subagents: those among the rows.
    """

    def __init__(self) -> None:
        super().__init__()
        self.marks: set[int] = set()
        self.listed: frozenset[str] = frozenset()
        self.activity: dict[int, ActivityFacts] = {}
        self.subagents = Subagents(self)

    def row_of(self, path: str) -> int | None:
        """The row of a file; None if it is not in the table."""
        row = self.columns.row_of(path)
        return None if row is None or self._flags[row] & GONE else row

    def news_in(self, entries: Iterable[ScanEntry]) -> list[ScanEntry]:
        """The entries of files that are not in the table, or not as they are now."""
        return [entry for entry in entries if not self._has(entry)]

    def _has(self, entry: ScanEntry) -> bool:
        """Whether the table already has what the entry says of a file that can be read."""
        row = self.row_of(entry.path)
        if row is None or entry.error is not None or self.broken(row):
            return False
        return self.readable(row) and self.signature(row) == entry.signature
