"""Keeps a table of sessions up to date with a store: from the catalog, by looking, and by watching.

Strategy: what the catalog has is shown first, its first page at once; then the directory is compared, and
from then on watched.  First words are read last, a little at a time.  Threads only look, as generators
(`stream`); the table is changed in the event loop.  What was learned goes back into the catalog some
seconds after a change, and when the feed is closed.

No Textual: what shows the table is a `FeedView`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterable
from contextlib import aclosing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet

import msgspec
from msgspec import structs

from agcx_format.errors import PersistenceError
from agcx_tui.core.local.keeping_on_exit import log_failure, quietly
from agcx_tui.core.store.catalog_record import CatalogRecord
from agcx_tui.core.store.stream import stream

if TYPE_CHECKING:
    from agcx_format import ScanEntry
    from agcx_format.catalog import Catalog, Gone, Reading
    from agcx_tui.core.sessions.table import SessionTable
    from agcx_tui.core.store.opened_store import OpenedStore
    from agcx_tui.core.store.store_work import Outcome, ShownFiles
    from agcx_tui.core.store.watch import Directory

__all__ = ["FeedState", "FeedView", "StoreFeed"]

# Seconds after which an empty list says that it is being read.
_PATIENCE = 0.3
# Seconds from the first rows to the first words.
_WORDS_AFTER = 1.0
# Seconds from the first page of the catalog to the rest of it.
_REST_AFTER = 0.2


class _Task(Protocol):
    def cancel(self) -> object: ...


class FeedView(Protocol):
    """What shows the table, and runs what the feed has to do in the event loop."""

    def run_worker(self, work: Coroutine[Any, Any, None], /) -> _Task:
        """Run a coroutine; a fault in it ends the program."""

    def set_timer(self, delay: float, callback: Any, /) -> object:
        """Call back after `delay` seconds."""

    def rows_added(self) -> None:
        """Some more rows are in the table, or more is known of some."""

    def table_changed(self) -> None:
        """Rows of the table, or the state of the feed, changed."""

    def store_replaced(self) -> None:
        """Another store is in the place of the one that was shown; called before its rows come."""


class FeedState(msgspec.Struct, frozen=True):
    """What is known of the store.

    `reading` while the directory is read or compared, `slow` if that takes longer than a moment, with
    `files` session files as soon as somebody has counted; `error` if it could not be read.  `vanished`
    while the store is gone that was there: the table stays as it was, for when it is back.  `cached` and
    `compared`: the table was complete once, by the catalog or by the directory.  `watching` while
    changes are noticed.
    """

    reading: bool = False
    slow: bool = False
    files: int | None = None
    error: PersistenceError | None = None
    vanished: bool = False
    cached: bool = False
    compared: bool = False
    watching: bool = False

    @property
    def table_is_known(self) -> bool:
        """False while the table fills up."""
        return self.cached or self.compared


class StoreFeed:
    """The sessions of the store at `path`, in `table`; the first page of `catalog` is read at once.

    `path` None: whichever of `looked` comes to be there.  `follow`: go on looking at the store once it
    is listed.  The store is opened on the way, for all who wait for `opened`, and every act that is done
    to it is followed.
    """

    def __init__(
        self,
        table: SessionTable,
        opened: OpenedStore,
        view: FeedView,
        path: str | None,
        *,
        looked: Iterable[str] = (),
        catalog: Catalog | None = None,
        follow: bool = True,
    ) -> None:
        self.table = table
        self.path = path
        self.looked = list(looked)
        self.state = FeedState()
        self._opened = opened
        self._view = view
        self._follow = follow
        # In which directory the store was when it was last compared.
        self._place: Directory | None = None
        # Files that a person is asked about, or that wait for an act.
        self._shown: WeakSet[ShownFiles] = WeakSet()
        self._scan: _Task | None = None
        self._watch: _Task | None = None
        self._words: _Task | None = None
        self._words_are_due = False
        # Set once there are rows, or it is known why there are none.
        self._begun = asyncio.Event()
        # Whether the catalog or the directory is being read, also where nothing says so on the screen.
        self.is_looking = False
        # Whether the beginnings of sessions are being read.
        self.reads_openings = False
        self._record = CatalogRecord(catalog, table, view.set_timer)
        self._rest = self._first_page(catalog)
        self._unfollow = opened.acted.subscribe(self._take_act)

    def read(self) -> None:
        """Compare the table with the directory; the first time, after the rest of the catalog is read."""
        if self.path is None:
            self.path = next(filter(os.path.isdir, self.looked), None)
        if self.path is None:
            return
        self._become(reading=True, error=None, slow=False)
        self._begun.clear()
        self._view.set_timer(_PATIENCE, self._notice_slowness)
        rest, self._rest = self._rest, None
        self._start_scan(self._compare if rest is None else partial(self._read_rest, rest))

    async def begun(self, patience: float) -> None:
        """Wait until there are rows, or it is known why there are none; at most `patience` seconds."""
        if self.state.reading and not len(self.table):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._begun.wait(), patience)

    def shown(self, rows: Iterable[int]) -> ShownFiles:
        """The versions of these files that are shown now, even if they change while a person decides.

        Our own acts must not surprise an act that waits: their changes are kept up to date here.
        """
        from agcx_tui.core.store.store_work import ShownFiles

        files = ShownFiles((self.table.path(row), self.table.signature(row)) for row in rows)
        self._shown.add(files)
        return files

    def found_damage(self, path: str, error: PersistenceError) -> None:
        """Remember, and show, that a part of a session turned out to be unreadable."""
        row = self.table.row_of(path)
        if row is not None and self.table.set_damage(row, error):
            self._view.table_changed()
            self.save_soon()

    def save_soon(self) -> None:
        """Something changed that the catalog should have."""
        self._record.save_soon(lambda: not self.state.reading)

    async def close(self) -> None:
        """Stop, and wait until the catalog is written."""
        self._unfollow()
        for task in (self._scan, self._watch, self._words):
            if task is not None:
                task.cancel()
        quietly("the catalog", self._save_at_the_end)
        await self._record.written()

    def _save_at_the_end(self) -> None:
        if self.state.compared and self._place is not None:
            self._record.save_at_the_end()

    def _become(self, **changes: Any) -> None:
        self.state = structs.replace(self.state, **changes)
        if not self.state.reading:
            self._begun.set()

    def _notice_slowness(self) -> None:
        if self.state.reading:
            self._become(slow=True)
            self._view.table_changed()

    def _start_scan(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def look() -> None:
            await work()
            self.is_looking = False

        if self._scan is not None:
            self._scan.cancel()
        self.is_looking = True
        self._scan = self._view.run_worker(look())

    # --- the catalog

    def _first_page(self, catalog: Catalog | None) -> Reading | None:
        """Take the first page, before there is a picture; returns where the rest is read from."""
        reading = catalog.open() if catalog is not None else None
        if reading is None:
            return None
        try:
            rows = self.table.extend(reading.page)
        except ValueError:
            return None
        # What is gone is not shown even for a moment; looking up a hundred names is fast.
        self.table.remove([row for row in rows if not os.path.lexists(self.table.path(row))])
        head = reading.head
        self.table.expect(head.sessions, head.size, head.broken)
        # Where there was nothing, there is nothing that could be gone.
        self._become(cached=head.sessions > 0)
        return reading

    async def _read_rest(self, reading: Reading) -> None:
        # The first picture and the first keys come first: a thread that imports and reads would share the
        # interpreter with them.
        await asyncio.sleep(_REST_AFTER)
        from agcx_tui.core.store.looking import catalog_blocks

        try:
            async with aclosing(stream(partial(catalog_blocks, reading))) as blocks:
                async for block in blocks:
                    with suppress(ValueError):
                        self.table.extend(block)
                        self._view.rows_added()
        finally:
            self.table.expect(None)
        if self.table.came_in_order:
            self._record.is_in_order()
        self._view.table_changed()
        await self._compare()

    # --- the directory

    async def _compare(self) -> None:
        from agcx_tui.core.store.looking import CheckpointSizes, Found, Vanished, compare

        assert self.path is not None
        was_there = self._place is not None or self.state.cached
        known = self._opened.store
        look = partial(compare, self.path, self.table.columns, known, self._place, was_there)
        place, error = self._place, None
        try:
            async with aclosing(stream(look)) as found:
                async for each in found:
                    match each:
                        case Vanished():
                            self._become(reading=False, vanished=True)
                            self._view.table_changed()
                            self._watch_from_now_on()
                            return
                        case Found(now, store):
                            place = now
                            if store is not None and self._opened.use(store, place):
                                self._view.store_replaced()
                        case CheckpointSizes(sizes):
                            self.table.count_checkpoints(sizes)
                        case int():
                            self._become(files=each)
                        case _:
                            self._take_changes(each)
        except PersistenceError as problem:
            error = problem
        self._place = place
        self._become(reading=False, vanished=False, error=error, compared=error is None)
        self._view.table_changed()
        if error is None:
            self._read_words_soon()
        self._watch_from_now_on()

    def _take_changes(self, changes: list[ScanEntry | Gone]) -> None:
        from agcx_format.catalog import Gone

        gone = [each for each in changes if isinstance(each, Gone)]
        entries = [each for each in changes if not isinstance(each, Gone)]
        self._put(entries, gone)
        self._opened.saved.publish({entry.path: entry.signature for entry in entries})

    def _take_act(self, outcome: Outcome) -> None:
        """An act was done on this screen or another one."""
        for entry in outcome.entries:
            row = self.table.row_of(entry.path)
            if row is not None:
                for shown in self._shown:
                    shown.renew(entry.path, self.table.signature(row), entry.signature)
        self._put(outcome.entries, outcome.gone)
        self._view.run_worker(self._count_checkpoints())

    async def _count_checkpoints(self) -> None:
        """Read again how large the checkpoints are: an act may have made some, or taken some away."""
        store = self._opened.store
        if store is None:
            return
        with suppress(PersistenceError):
            self.table.count_checkpoints(await asyncio.to_thread(store.checkpoint_sizes))
            self._view.table_changed()

    def _put(self, entries: list[ScanEntry], gone: Iterable[str]) -> None:
        rows = map(self.table.row_of, gone)
        self.table.remove(row for row in rows if row is not None)
        # Both the queue and the watch report an act of ours.
        if news := self.table.news_in(entries):
            self.table.put(news)
        self._begun.set()
        self._view.table_changed()
        self.save_soon()
        if not self.state.reading:
            self._read_words_soon()

    # --- what others do

    def _watch_from_now_on(self) -> None:
        if self._follow and self._watch is None:
            self._watch = self._view.run_worker(self._follow_changes())

    async def _follow_changes(self) -> None:
        from agcx_tui.core.store.looking import watch_changes

        assert self.path is not None
        try:
            async with aclosing(
                stream(partial(watch_changes, self.path, self.table.columns))
            ) as found:
                async for changes in found:
                    if changes is not None:
                        if self.state.vanished and not self.state.reading:
                            # Something of it is there again.
                            self.read()
                        self._take_changes(changes)
                        continue
                    # Watching begins: what happened since the comparison is looked for.  Or the directory
                    # is gone.
                    self._become(watching=True)
                    if not self.state.reading:
                        self._start_scan(self._compare)
        except Exception as error:
            log_failure("the store is not watched any more", error)

    # --- first words

    def _read_words_soon(self) -> None:
        if self._follow and not self._words_are_due:
            self._words_are_due = True
            self._view.set_timer(_WORDS_AFTER, self._begin_words)

    def _begin_words(self) -> None:
        self._words_are_due = False
        if self.state.reading:
            return
        if self._words is not None:
            self._words.cancel()
        self._words = self._view.run_worker(self._read_words())

    async def _read_words(self) -> None:
        from agcx_tui.core.store.first_words import first_words, still_true

        columns, rows, done = self.table.columns, self.table.in_order(), True
        self.reads_openings = True
        try:
            async with aclosing(
                stream(lambda stop: first_words(columns, rows, stop.is_set))
            ) as batches:
                async for found in batches:
                    done = False
                    if self.table.set_openings(still_true(columns, found)):
                        self._view.table_changed()
                    else:
                        # Their projects are known now.
                        self._view.rows_added()
                    self.save_soon()
        except Exception as error:
            log_failure("first words were not read", error)
        finally:
            self.reads_openings = False
        self._view.table_changed()
        if not done:
            columns.haystacks.pack()
            self.save_soon()
