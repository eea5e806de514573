"""Reads a message source in a thread, as far as the transcript wants it, and reports when it grew.

Strategy: the transcript never waits.  It asks for messages up to some number, for all, or for one
whose text was dropped; one thread does that work and posts `Grew` at most every few hundredths of a
second, and less often once it has read for a while: what shows the news takes the interpreter from it.  A
thread that is cancelled stops at its next slice, some 20 ms later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from agcx_format import MessageSource
from agcx_format.errors import PersistenceError
from agcx_tui.app import from_threads
from agcx_tui.app.textual_bases import is_held

__all__ = ["ALL", "SourceReader"]

# More messages than any source has.
ALL = 1 << 62
# Seconds between two reports: of the first ones, and of those that follow.
_FIRST_REPORTS, _INTERVAL, _LATER_INTERVAL = 10, 0.05, 0.25


class SourceReader:
    """Reads for one widget, to which it posts `Grew`."""

    @dataclass
    class Grew(Message, bubble=False):
        """More of the source is known, or message `fetched` is in memory again."""

        source: MessageSource
        fetched: int | None = None

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._source: MessageSource | None = None
        self._wanted = 0
        self._fetch: int | None = None
        self._lock = threading.Lock()
        self._running = False
        self._generation = 0

    def use(self, source: MessageSource | None) -> None:
        """Read this source from now on, and no other; nothing is read until it is wanted."""
        with self._lock:
            self._generation += 1
            self._source, self._wanted, self._fetch = source, 0, None
            self._running = False

    def want(self, count: int = ALL) -> None:
        """Make the first `count` messages known."""
        source = self._source
        if source is None or source.complete or count <= source.known():
            return
        self._wanted = max(self._wanted, count)
        self._start()

    def fetch(self, index: int) -> None:
        """Read a known message whose text is not in memory."""
        if self._source is not None:
            self._fetch = index
            self._start()

    def _start(self) -> None:
        with self._lock:
            source = self._source
            if self._running or source is None:
                return
            self._running = True
            generation = self._generation

        def run() -> None:
            self._widget.run_worker(
                lambda: self._read(source, generation),
                name="read messages",
                group="source",
                thread=True,
                exit_on_error=True,
            )

        if is_held(self._widget.screen):
            # It would take half of the interpreter's time from what is drawn first.
            self._widget.call_after_refresh(run)
        else:
            run()

    def _read(self, source: MessageSource, generation: int) -> None:
        worker = get_current_worker()

        def stopped() -> bool:
            return worker.is_cancelled or generation != self._generation

        reports, posted = 0, 0.0
        while not stopped():
            index, self._fetch = self._fetch, None
            if index is not None:
                if self._fetched(source, index, stopped):
                    self._post(source, index)
            elif source.known() < self._wanted and source.read_more():
                interval = _INTERVAL if reports < _FIRST_REPORTS else _LATER_INTERVAL
                if time.monotonic() - posted > interval:
                    self._post(source)
                    reports, posted = reports + 1, time.monotonic()
            elif self._finish(generation, source):
                self._post(source)
                return

    def _fetched(self, source: MessageSource, index: int, stopped: Callable[[], bool]) -> bool:
        try:
            return source.fetch(index, stopped)
        except (PersistenceError, OSError):
            # Closed meanwhile, or gone: the message stays without its text.
            return False

    def _finish(self, generation: int, source: MessageSource) -> bool:
        """End, unless something was requested at this very moment."""
        with self._lock:
            if generation == self._generation:
                more = source.known() < self._wanted and not source.complete
                if more or self._fetch is not None:
                    return False
                self._running = False
            return True

    def _post(self, source: MessageSource, fetched: int | None = None) -> None:
        from_threads.post(self._widget, self.Grew(source, fetched))
