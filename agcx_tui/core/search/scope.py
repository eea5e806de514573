"""Which sessions of the list are searched: those that the list's keys in the line select, newest first.

Strategy: what the table does not know yet of a session, because its beginning or its messages have not been
read, is read now: a search leaves nothing out for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from agcx_format.catalog import GONE
from agcx_format.search import SessionRef
from agcx_tui.core.search.line import session_refs
from agcx_tui.core.sessions.matching import activity_test, matching, opening_test, predicate
from agcx_tui.core.sessions.query import Query, Term
from agcx_tui.core.sessions.sorting import RowOrder
from agcx_tui.core.sessions.table import SessionTable

__all__ = ["NotWanted", "SessionsToSearch"]

Stopped = Callable[[], bool]


class NotWanted(Exception):
    """The line was replaced while files were read for it."""


@dataclass(frozen=True, slots=True)
class SessionsToSearch:
    """Selects sessions of `table`, which lists the store at `store`.

    `cache` is the directory of the program's caches, None for none.  Only columns of the table are read, so
    it may be used in a thread.
    """

    table: SessionTable
    store: Path
    cache: Path | None = None

    def select(self, filter: Query, stopped: Stopped = lambda: False) -> list[SessionRef]:
        """The sessions that `filter` selects, the last changed first.

        Raises:
            NotWanted: It was `stopped`.
        """
        table = self.table
        flags = table.columns.arrays["flags"]
        rows = [row for row in range(len(flags)) if not flags[row] & GONE]
        terms = filter.terms
        plain = [each for each in terms if not (each.is_of_opening or each.is_of_messages)]
        rows = matching(rows, plain, table)
        if openings := [each for each in terms if each.is_of_opening]:
            rows = self._by_opening(rows, openings, stopped)
        if messages := [each for each in terms if each.is_of_messages]:
            rows = self._by_messages(rows, messages, stopped)
        RowOrder(table.columns, "updated", descending=True).sort(rows)
        return session_refs(table, rows)

    def _by_opening(self, rows: list[int], terms: Iterable[Term], stopped: Stopped) -> list[int]:
        from agcx_tui.core.sessions.openings import openings

        table = self.table
        unknown = [row for row in rows if not table.opening_is_known(row)]
        read = dict(openings(table, unknown, None, stopped))
        if stopped():
            raise NotWanted
        for term in terms:
            known, found = predicate(term, table), opening_test(term)
            rows = [
                row
                for row in rows
                if (found(read[row]) if row in read else known(row)) != term.negated
            ]
        return rows

    def _by_messages(self, rows: list[int], terms: Iterable[Term], stopped: Stopped) -> list[int]:
        from agcx_format.space import StatsCache, gather
        from agcx_tui.core.local.paths import measures
        from agcx_tui.core.store.activity_feed import entries_of, known_activity

        table = self.table
        activity = dict(table.activity)
        unknown = [row for row in rows if row not in activity and table.readable(row)]
        if unknown:
            read = gather
            if self.cache is not None:
                read = StatsCache(measures(self.cache), self.store).gather
            files = read(entries_of(table, unknown), stopped, activity=True)
            activity |= dict(known_activity(table, files))
        if stopped():
            raise NotWanted
        rows = [row for row in rows if row in activity]
        for term in terms:
            test = activity_test(term, activity)
            rows = [row for row in rows if test(row) != term.negated]
        return rows
