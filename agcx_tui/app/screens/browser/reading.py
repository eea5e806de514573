"""The part of the browser that knows the store: from the catalog, by looking, and by being told.

Strategy: what the catalog has is shown first, the rest of it follows from a thread; then the directory
is compared, and from then on watched.  Threads only look and post what they found; the handlers here
change the table.  First words are read last, a little at a time.  What was learned goes back into
the catalog some seconds after a change, and when the screen closes.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from textual import work
from textual.message import Message
from textual.timer import Timer
from textual.worker import get_current_worker

from agcx_format.disk import os_reason
from agcx_format.errors import PersistenceError
from agcx_tui.app.screens.browser.acting import ActingScreen
from agcx_tui.core.local.keeping_on_exit import quietly

if TYPE_CHECKING:
    from agcx_format import ScanEntry, Store
    from agcx_format.catalog import Block, Catalog, Columns, Gone, Reading
    from agcx_tui.core.store.first_words import Words
    from agcx_tui.core.store.watch import Directory

__all__ = ["ReadingScreen"]

# Seconds after which an empty list says that it is being read.
_PATIENCE = 0.3
# Seconds from a change to the catalog that has it, and from the first rows to the first words.
_SAVE_AFTER = 3.0
_WORDS_AFTER = 1.0
# Seconds from the first page of the catalog to the rest of it.
_REST_AFTER = 0.2
# Seconds between two parts of the catalog: for keys, and for the first picture.
_BREATH = 0.002


class ReadingScreen(ActingScreen):
    """`scanning` while the directory is read or compared; `_scan_error` when it cannot be.

    `vanished` while the store is gone that was there: the table stays as it was, for when it is back.
    """

    class CatalogRead(Message):
        """Some more rows of the catalog; None after the last."""

        def __init__(self, block: Block | None) -> None:
            super().__init__()
            self.block = block
            # Set when it is in the table: no more than one waits in memory.
            self.taken = threading.Event()

    class Changed(Message):
        """Sessions that are new or other than known, and paths of those that are gone.

        `store` is the one that they are in, opened in the directory `place`; None: the one that is known.
        """

        def __init__(
            self,
            changes: list[ScanEntry | Gone],
            store: Store | None = None,
            place: Directory | None = None,
        ) -> None:
            super().__init__()
            self.changes = changes
            self.store = store
            self.place = place

    class Counted(Message):
        """How many session files there are."""

        def __init__(self, total: int) -> None:
            super().__init__()
            self.total = total

    class Compared(Message):
        """All that changed was posted, or `error` says why there is no more; `place` is where it was."""

        def __init__(self, place: Directory | None, error: PersistenceError | None = None) -> None:
            super().__init__()
            self.place = place
            self.error = error

    class Vanished(Message):
        """The directory of the store is there no more."""

    class Watching(Message):
        """Changes are noticed from now on, or the directory is gone: what is there is to be compared."""

    class WordsRead(Message):
        """First words and directories of some rows; `done` after the last."""

        def __init__(self, found: list[Words], done: bool = False) -> None:
            super().__init__()
            self.found = found
            self.done = done

    _store_path: str | None = None
    scanning = False
    follow = True
    vanished = False
    # In which directory the store was when it was last compared.
    _place: Directory | None = None
    _scan_error: PersistenceError | None = None
    _patience_ended = False
    # How many files there are, as soon as somebody has counted.
    _counted: int | None = None

    _catalog: Catalog | None = None
    _reading: Reading | None = None
    _save_timer: Timer | None = None
    # The thread that saves it, or did.
    _saving: threading.Thread | None = None
    _unsaved = False
    # How the catalog that lies there is sorted.
    _saved_as: tuple[str, bool] | None = None
    _watched = False
    _compared_once = False
    _from_catalog = False

    def use_catalog(self, catalog: Catalog | None) -> None:
        """Take what the catalog has at once: its first page.  Before there is a picture."""
        self._catalog = catalog
        self._reading = catalog.open() if catalog is not None else None
        if self._reading is None:
            return
        try:
            rows = self.table.extend(self._reading.page)
        except ValueError:
            self._reading = None
        else:
            # What is gone is not shown even for a moment; a hundred names are looked up in no time.
            self.table.remove([row for row in rows if not os.path.lexists(self.table.path(row))])
            head = self._reading.head
            self.table.expect(head.sessions, head.size, head.broken)
            # Where there was nothing, there is nothing that could be gone.
            self._from_catalog = head.sessions > 0

    @property
    def table_is_known(self) -> bool:
        """Whether the table was whole once, if only by the catalog: it is not filling up."""
        return self._compared_once or self._from_catalog

    def read_store(self) -> None:
        """Compare with what is there; the first time, after the catalog is read."""
        assert self._store_path is not None
        self.scanning = True
        self._scan_error = None
        self._patience_ended = False
        self.set_timer(_PATIENCE, self._say_that_it_takes_time)
        if self._reading is not None:
            reading, self._reading = self._reading, None
            # The first picture and the first keys come first: a thread that imports and reads would
            # share the interpreter with them.
            self.set_timer(_REST_AFTER, lambda: self._read_catalog(reading))
        else:
            self._compare_with(self._store_path)

    def _say_that_it_takes_time(self) -> None:
        self._patience_ended = True
        if self.scanning:
            self.table_changed()

    # --- the catalog

    @work(thread=True, exclusive=True, group="scan")
    def _read_catalog(self, reading: Reading) -> None:
        worker = get_current_worker()
        with suppress(ValueError):
            for block in reading.blocks():
                message = self.CatalogRead(block)
                if worker.is_cancelled or not self.post_message(message):
                    return
                message.taken.wait(_PATIENCE)
                del message, block
                time.sleep(_BREATH)
        self.post_message(self.CatalogRead(None))

    def on_reading_screen_catalog_read(self, message: CatalogRead) -> None:
        if message.block is not None:
            with suppress(ValueError):
                self.table.extend(message.block)
                self.sessions.update()
            message.taken.set()
            return
        if self.table.came_in_order:
            self._saved_as = self._order
        self.table.expect(None)
        self.table_changed()
        assert self._store_path is not None
        self._compare_with(self._store_path)

    def on_acting_screen_acted(self) -> None:
        """Beside what is done about the table: the catalog follows, and new files have first words."""
        self.save_soon()
        if not self.scanning:
            self._read_words_soon()

    @property
    def _order(self) -> tuple[str, bool]:
        return self.table.sort_key, self.table.descending

    def save_soon(self) -> None:
        """Something changed that the catalog should have."""
        self._unsaved = True
        if self._catalog is not None and self._save_timer is None:
            self._save_timer = self.set_timer(_SAVE_AFTER, self._save)

    def _save(self) -> None:
        self._save_timer = None
        if self._catalog is None or not self._unsaved or self.scanning:
            return
        self._unsaved = False
        self._saved_as = self._order
        args = (self._catalog, self.table.columns, self.table.in_order(), self._saving)
        # No worker of the screen, which would end with it: whoever leaves waits for this one.
        self._saving = threading.Thread(
            target=_save_catalog, args=args, name="catalog", daemon=True
        )
        self._saving.start()

    async def on_unmount(self) -> None:
        self._stopped.set()
        quietly("the catalog", self._save_at_the_end)
        if self._saving is not None:
            await asyncio.to_thread(self._saving.join)

    def _save_at_the_end(self) -> None:
        if self._compared_once and self._place is not None:
            self.scanning = False
            # The next list begins as this one was left, and so should its first page.
            self._unsaved |= self._saved_as != self._order
            self._save()

    # --- the directory

    def _compare_with(self, path: str) -> None:
        was_there = self._place is not None or self._from_catalog
        self._compare(path, self.table.columns, self._place, was_there)

    @work(thread=True, exclusive=True, group="scan")
    def _compare(
        self, path: str, columns: Columns, place: Directory | None, was_there: bool
    ) -> None:
        # What only threads need is imported by them: the first picture does not wait for it.
        from agcx_format import Store
        from agcx_format.catalog import differences
        from agcx_tui.core.store import first_words, store_work, watch

        worker = get_current_worker()
        if was_there and watch.is_gone(path, place):
            self.post_message(self.Vanished())
            return
        before, place, error = place, watch.directory(path), None
        try:
            known = None if before is not None and place not in (before, None) else self.store
            store = known or Store(path)
            self.post_message(self.Changed([], store, place))
            for number, batch in enumerate(store_work.batches(differences(store.path, columns))):
                if worker.is_cancelled or not self.post_message(self.Changed(batch)):
                    return
                if number == 0:
                    self.post_message(self.Counted(first_words.count(store)))
        except PersistenceError as problem:
            error = problem
        except OSError as problem:
            error = PersistenceError(os_reason(problem), path=problem.filename or path)
        self.post_message(self.Compared(place, error))

    def on_reading_screen_counted(self, message: Counted) -> None:
        self._counted = message.total

    def on_reading_screen_changed(self, message: Changed) -> None:
        from agcx_format.catalog import Gone

        if message.store is not None:
            self.use_store(message.store, message.place)
        if not message.changes:
            return
        if self.vanished and not self.scanning:
            # Something of it is there again.
            self.read_store()
        gone = [self.table.row_of(path) for path in message.changes if isinstance(path, Gone)]
        self.table.remove(row for row in gone if row is not None)
        entries = [entry for entry in message.changes if not isinstance(entry, Gone)]
        self.table.put(entries)
        self._tell_above(entries)
        self.table_changed()
        self.save_soon()
        if not self.scanning:
            self._read_words_soon()

    def _tell_above(self, entries: Sequence[ScanEntry]) -> None:
        """A conversation that lies above may be of one of these files."""
        for screen in self.app.screen_stack:
            told = getattr(screen, "files_changed", None)
            if told is not None:
                told({entry.path: entry.signature for entry in entries})

    def on_reading_screen_compared(self, message: Compared) -> None:
        self.scanning = self.vanished = False
        self._place = message.place
        self._scan_error = message.error
        self._compared_once = message.error is None
        self.table_changed()
        if message.error is None:
            self._read_words_soon()
        self._watch_from_now_on()

    def on_reading_screen_vanished(self) -> None:
        self.scanning = False
        self.vanished = True
        self.table_changed()
        self._watch_from_now_on()

    # --- what others do

    def _watch_from_now_on(self) -> None:
        if self.follow and not self._watched:
            self._watched = True
            assert self._store_path is not None
            self._watch(self._store_path, self.table.columns)

    @property
    def _stopped(self) -> threading.Event:
        return self.__dict__.setdefault("_stop_event", threading.Event())

    @work(thread=True, group="watch", exit_on_error=False)
    def _watch(self, path: str, columns: Columns) -> None:
        from agcx_tui.core.store import watch

        for changes in watch.watch(path, columns, self._stopped):
            if changes is None:
                message: Message = self.Watching()
            else:
                message = self.Changed(changes)
            if not self.post_message(message):
                return

    is_watching = False

    def on_reading_screen_watching(self) -> None:
        """What happened since the comparison, and was not watched, is looked for."""
        self.is_watching = True
        if not self.scanning and self._store_path is not None:
            self._compare_with(self._store_path)

    # --- first words

    def _read_words_soon(self) -> None:
        if self.follow:
            self.set_timer(_WORDS_AFTER, self._begin_words)

    def _begin_words(self) -> None:
        if not self.scanning:
            self._read_words(self.table.columns, self.table.in_order())

    @work(thread=True, exclusive=True, group="words", exit_on_error=False)
    def _read_words(self, columns: Columns, rows: list[int]) -> None:
        from agcx_tui.core.store import first_words

        worker = get_current_worker()
        done = True
        for found in first_words.first_words(columns, rows, lambda: worker.is_cancelled):
            done = False
            if worker.is_cancelled or not self.post_message(self.WordsRead(found)):
                return
        if not done:
            self.post_message(self.WordsRead([], done=True))

    def on_reading_screen_words_read(self, message: WordsRead) -> None:
        from agcx_tui.core.store.first_words import still_true

        if message.done:
            self.table.columns.haystacks.pack()
        elif self.table.set_words(still_true(self.table.columns, message.found)):
            self.table_changed()
        self.save_soon()


def _save_catalog(
    catalog: Catalog, columns: Columns, rows: list[int], before: threading.Thread | None
) -> None:
    """In a thread, after the one that saved it `before`."""
    if before is not None:
        before.join()
    quietly("the catalog", catalog.save, columns, rows)
