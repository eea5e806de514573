"""The text of a section from its beginning, decompressed ahead of its reader.

Strategy: zstd works without the lock of the interpreter, so while one thread decompresses a piece, another
reads the file and looks at the pieces before. The thread makes pieces only during a `with` block, and waits
between two of them: glibc would give many threads, one after the other, memory of their own in turns, and
what one freed would be returned to the kernel before another needs it. Pieces are the same with and without a
thread: a cache may know them by number.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Self

from agcx_format.codec.zstd.frames import Section
from agcx_format.codec.zstd.steps import steps, with_all_before_damage
from agcx_format.errors import PersistenceError
from agcx_format.session.piece_cache import gathered

__all__ = ["TextAhead"]

# Pieces that are being made or wait to be used.
_AHEAD = 3

_Step = Callable[[], bytes]


class TextAhead:
    """Iterates over the text of a section in pieces; in a `with` block a thread makes them.

    The iteration raises `PersistenceError` for damage, after the text before it. The thread ends once
    all of the text was made or this is dropped.
    """

    def __init__(self, section: Section) -> None:
        # Nothing that iterates refers back to this, so the memory of zstd is freed once this is dropped,
        # not when the garbage collector runs.
        self._made = _Made(steps(section))
        self._pieces = gathered(with_all_before_damage(section, self._made))

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def __enter__(self) -> Self:
        self._made.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._made.stop()


class _Made:
    """Iterates over what steps give: made here, or ahead by a thread between `start` and `stop`."""

    def __init__(self, steps: Iterator[_Step]) -> None:
        self._steps = steps
        self._thread: _DecompressThread | None = None
        self._is_ahead = False
        # How many steps the thread still owes, and those that it delivered too early.
        self._waiting = 0
        self._ready: deque[bytes | Exception] = deque()
        # What ended the steps, if they were requested too early to raise it.
        self._end: PersistenceError | None = None

    def start(self) -> None:
        # In a fork of the process it is no longer alive.
        if self._thread is None or not self._thread.is_alive():
            # Where no thread can be started, pieces are made as they are used.
            with suppress(RuntimeError):
                self._thread = _DecompressThread()
        self._is_ahead = self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Take what was asked for, so that a fork, which has no such thread, can continue from here."""
        self._is_ahead = False
        while self._thread is not None and self._waiting:
            # Counted once it is here: an interrupt may end the waiting, and the text be read on after that.
            self._ready.append(self._thread.made.get())
            self._waiting -= 1

    def __del__(self) -> None:
        self._end_thread()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._is_ahead:
            self._ask()
        made = self._next_made()
        if made is None:
            if self._end is not None:
                raise self._end
            return next(self._steps)()
        if isinstance(made, Exception):
            raise made
        return made

    def _next_made(self) -> bytes | Exception | None:
        """What the thread gave next, in the order in which it was asked; None if nothing is to come."""
        if self._ready:
            return self._ready.popleft()
        if self._thread is None or not self._waiting:
            return None
        made = self._thread.made.get()
        self._waiting -= 1
        return made

    def _ask(self) -> None:
        """Let the thread make the next pieces."""
        try:
            while self._thread is not None and len(self._ready) + self._waiting < _AHEAD:
                self._thread.asked.put(next(self._steps))
                self._waiting += 1
        except StopIteration:
            self._end_thread()
        except PersistenceError as error:
            self._end = error
            self._end_thread()

    def _end_thread(self) -> None:
        """Let the thread end after what was requested."""
        self._is_ahead = False
        if self._thread is not None:
            self._thread.asked.put(None)


class _DecompressThread:
    """A thread that makes one step after the other, in the order of `asked`, until None comes.

    Raises:
        RuntimeError: no thread can be started.
    """

    def __init__(self) -> None:
        self.asked: SimpleQueue[_Step | None] = SimpleQueue()
        self.made: SimpleQueue[bytes | Exception] = SimpleQueue()
        # It holds no reference to its user, so as not to keep it alive.
        self._thread = threading.Thread(
            target=_make, args=(self.asked, self.made), name="decompress", daemon=True
        )
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()


def _make(asked: SimpleQueue[_Step | None], made: SimpleQueue[bytes | Exception]) -> None:
    while (step := asked.get()) is not None:
        try:
            made.put(step())
        except Exception as error:
            made.put(error)
