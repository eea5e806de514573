"""Writes a table of sessions into the catalog: some seconds after a change, and when the list is left.

No Textual.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from agcx_tui.core.local.keeping_on_exit import quietly
from agcx_tui.core.local.memory import give_back

if TYPE_CHECKING:
    from agcx_format.catalog import Catalog
    from agcx_tui.core.sessions.table import SessionTable

__all__ = ["CatalogRecord"]

# Seconds from a change to the catalog that has it.
_SAVE_AFTER = 3.0
# At least this many times what writing it took last time: while the first words of a hundred thousand
# sessions are read, which takes minutes, all of it would otherwise be written again every few seconds.
_REST = 20
# Calls back after some seconds.
SetTimer = Callable[[float, Callable[[], None]], object]


class CatalogRecord:
    """What the catalog of `table` is to be; without a `catalog` nothing is written.

    One thread after the other writes it.
    """

    def __init__(self, catalog: Catalog | None, table: SessionTable, set_timer: SetTimer) -> None:
        self._catalog = catalog
        self._table = table
        self._set_timer = set_timer
        self._is_due = False
        self._is_unsaved = False
        # How the catalog on disk is sorted.
        self._order: tuple[str, bool] | None = None
        # The thread that writes it, or did, and the seconds that it took.
        self._thread: threading.Thread | None = None
        self._took = 0.0

    def is_in_order(self) -> None:
        """What was read is sorted as the table is."""
        self._order = self._order_of_table

    def save_soon(self, may_save: Callable[[], bool]) -> None:
        """Save in some seconds, if `may_save()` then."""
        self._is_unsaved = True

        def save() -> None:
            self._is_due = False
            if may_save():
                # Ten thousand files may have been read since the last time.
                self._save(give_back)

        if self._catalog is not None and not self._is_due:
            self._is_due = True
            self._set_timer(max(_SAVE_AFTER, _REST * self._took), save)

    def save_at_the_end(self) -> None:
        # The next list begins as this one was left, and so should its first page.
        self._is_unsaved |= self._order != self._order_of_table
        self._save()

    async def written(self) -> None:
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    @property
    def _order_of_table(self) -> tuple[str, bool]:
        return self._table.sort_key, self._table.descending

    def _save(self, then: Callable[[], None] = lambda: None) -> None:
        if self._catalog is None or not self._is_unsaved:
            return
        self._is_unsaved = False
        self._order = self._order_of_table
        work = partial(self._catalog.save, self._table.columns, self._table.in_order())
        # Not a worker of the screen, which would end with it: leaving waits for this one.
        self._thread = threading.Thread(
            target=self._save_after, args=(self._thread, work, then), name="catalog", daemon=True
        )
        self._thread.start()

    def _save_after(
        self, before: threading.Thread | None, save: Callable[[], object], then: Callable[[], None]
    ) -> None:
        if before is not None:
            before.join()
        started = time.perf_counter()
        quietly("the catalog", save)
        then()
        self._took = time.perf_counter() - started
