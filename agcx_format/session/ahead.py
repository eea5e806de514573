"""The text of a section from its beginning, decompressed ahead of whoever uses it.

Strategy: zstd works without the lock of the interpreter, so while one thread decompresses a piece, another
reads the file and looks at the pieces before. The thread lives only as long as a `with` block, and
pieces are the same with and without it: a cache may know them by number.
"""

from __future__ import annotations

import threading
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

    The iteration raises `PersistenceError` for damage, after the text before it.
    """

    def __init__(self, section: Section) -> None:
        # Nothing that iterates refers back to this, so the memory of zstd is freed once this is dropped,
        # and not when the collector comes by.
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
    """Iterates over what steps give: made here, or ahead in a thread while there is one."""

    def __init__(self, steps: Iterator[_Step]) -> None:
        self._steps = steps
        self._asked: SimpleQueue[_Step | None] = SimpleQueue()
        self._made_ahead: SimpleQueue[bytes | Exception] = SimpleQueue()
        # How many were asked for and not used yet.
        self._waiting = 0
        self._thread: threading.Thread | None = None
        # What ended the steps, if they were asked for too early to raise it.
        self._end: PersistenceError | None = None

    def start(self) -> None:
        # Made here, so that the thread holds nothing that outlives it.
        thread = threading.Thread(
            target=_make, args=(self._asked, self._made_ahead), name="decompress", daemon=True
        )
        # Where none can be started, pieces are made as they are used.
        with suppress(RuntimeError):
            thread.start()
            self._thread = thread

    def stop(self) -> None:
        if self._thread is not None:
            self._asked.put(None)
            self._thread.join()
            self._thread = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._thread is not None:
            self._ask()
        if self._waiting:
            self._waiting -= 1
            made = self._made_ahead.get()
            if isinstance(made, Exception):
                raise made
            return made
        if self._end is not None:
            raise self._end
        return next(self._steps)()

    def _ask(self) -> None:
        """Let the thread make the next pieces."""
        try:
            while self._waiting < _AHEAD and self._end is None:
                step = next(self._steps, None)
                if step is None:
                    return
                self._asked.put(step)
                self._waiting += 1
        except PersistenceError as error:
            self._end = error


def _make(asked: SimpleQueue[_Step | None], made: SimpleQueue[bytes | Exception]) -> None:
    while (step := asked.get()) is not None:
        try:
            made.put(step())
        except Exception as error:
            made.put(error)
