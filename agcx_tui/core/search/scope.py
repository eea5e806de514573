"""Which sessions of the list are searched: those that the list's keys in the line select, newest first."""

from __future__ import annotations

from agcx_format.catalog import GONE
from agcx_format.search import SessionRef
from agcx_tui.core.search.line import session_refs
from agcx_tui.core.sessions.matching import predicate
from agcx_tui.core.sessions.query import Query
from agcx_tui.core.sessions.table import SessionTable

__all__ = ["sessions_to_search"]


def sessions_to_search(table: SessionTable, filter: Query) -> list[SessionRef]:
    """The sessions of `table` that `filter` selects, the last changed first.

    May be called in a thread: only columns of the table are read.
    """
    flags, updated = table.columns.arrays["flags"], table.columns.arrays["updated"]
    rows = [row for row in range(len(flags)) if not flags[row] & GONE]
    for term in filter.terms:
        test = predicate(term, table)
        rows = [row for row in rows if test(row) != term.negated]
    rows.sort(key=updated.__getitem__, reverse=True)
    return session_refs(table, rows)
