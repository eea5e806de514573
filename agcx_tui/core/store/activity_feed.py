"""Finds out what happened in sessions, in the background, when the filter asks about it.

Strategy: only sessions that match everything else in the filter are read, and results are kept in the cache
that the storage screen uses.  Rows come into the list as they become known; a session that changed meanwhile
is read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import aclosing, closing
from pathlib import Path
from typing import TYPE_CHECKING

from agcx_tui.core.local.giving_way import give_way
from agcx_tui.core.local.keeping_on_exit import log_failure
from agcx_tui.core.local.paths import measures
from agcx_tui.core.store.stream import stream

if TYPE_CHECKING:
    from agcx_format import ScanEntry
    from agcx_format.disk import Signature
    from agcx_format.space import ActivityFacts, FileStats
    from agcx_tui.core.sessions.table import SessionTable
    from agcx_tui.core.store.feed import FeedView

__all__ = ["ActivityFeed", "entries_of", "known_activity"]

# Seconds between two batches.
_BATCH = 0.3


class ActivityFeed:
    """For one table; `cache` is the directory of caches, None to keep nothing."""

    def __init__(self, table: SessionTable, view: FeedView, cache: Path | None) -> None:
        self._table = table
        self._view = view
        self._cache = cache
        self._running = False
        # Files that were read, or could not be: not again while they are the same.
        self._tried: set[tuple[int, Signature | None]] = set()
        # The filter asked for something else before all were read.
        self._stopped = False
        self._store = ""

    @property
    def left(self) -> int:
        """How many sessions are still to be read for the filter; 0 if none."""
        return len(self._rows()) if self._running else 0

    def want(self, store: str | None) -> None:
        """The filter, or the table, changed: read what is missing for it."""
        if store is None or self._running or not self._table.query.is_of_messages:
            return
        self._store = store
        if rows := self._rows():
            self._running = True
            self._view.run_worker(self._read(rows))

    def _rows(self) -> list[int]:
        signature = self._table.signature
        rows = self._table.rows_to_measure()
        return [row for row in rows if (row, signature(row)) not in self._tried]

    async def _read(self, rows: Sequence[int]) -> None:
        table, self._stopped = self._table, False
        entries = entries_of(table, rows)
        wanted = {table.path(row): (row, table.signature(row)) for row in rows}
        try:
            async with aclosing(
                stream(lambda stop: self._batches(entries, stop.is_set))
            ) as batches:
                async for files in batches:
                    self._tried |= {wanted[file.path] for file in files}
                    table.set_activity(known_activity(table, files))
                    self._view.table_changed()
        except Exception as error:
            log_failure("what happened in sessions was not read", error)
        finally:
            self._running = False
        if not self._stopped:
            self._tried.update(wanted.values())
        self._view.table_changed()

    def _batches(
        self, entries: list[ScanEntry], is_cancelled: Callable[[], bool]
    ) -> Iterator[list[FileStats]]:
        """In a thread: the files measured so far, a list at a time."""
        from agcx_format.space import StatsCache, gather

        def stopped() -> bool:
            give_way()
            # Permanently, even if the filter asks again meanwhile.
            self._stopped |= is_cancelled() or not self._table.query.is_of_messages
            return self._stopped

        measured = gather
        if self._cache is not None:
            measured = StatsCache(measures(self._cache), self._store).gather
        found: list[FileStats] = []
        deadline = time.monotonic() + _BATCH
        with closing(measured(entries, stopped, activity=True)) as files:
            for file in files:
                found.append(file)
                if time.monotonic() >= deadline:
                    yield found
                    found, deadline = [], time.monotonic() + _BATCH
        if found:
            yield found


def entries_of(table: SessionTable, rows: Iterable[int]) -> list[ScanEntry]:
    """The files of rows, to be measured; those whose signature is not known are left out."""
    from agcx_format import ScanEntry

    signed = ((row, table.signature(row)) for row in rows)
    return [
        ScanEntry(table.path(row), None, None, None, signature)
        for row, signature in signed
        if signature is not None
    ]


def known_activity(
    table: SessionTable, files: Iterable[FileStats]
) -> Iterator[tuple[int, ActivityFacts]]:
    """Rows and what happened in them, without files that have changed since."""
    for file in files:
        row = table.row_of(file.path)
        if row is not None and file.activity is not None and table.signature(row) == file.signature:
            yield row, file.activity
