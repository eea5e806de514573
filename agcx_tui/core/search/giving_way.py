"""Threads that search give way to the event loop: while it has something to do, they wait.

Strategy: only one thread at a time runs Python code, so a key would be handled, and what it changes drawn,
in turns with the threads that search, several times slower.  The loop says when it waits for what comes
next.  A search asks between two blocks of text, which it reads in a fraction of a millisecond.
"""

from __future__ import annotations

import threading

__all__ = ["Turns"]

# Seconds after which a search goes on all the same: the loop is busy without a pause.
_LONGEST = 0.05


class Turns:
    """Whose turn it is: that of the loop from `begin` to `end`, else that of whoever calls `wait`."""

    def __init__(self) -> None:
        self._idle = threading.Event()
        self._idle.set()

    def begin(self) -> None:
        self._idle.clear()

    def end(self) -> None:
        self._idle.set()

    @property
    def is_busy(self) -> bool:
        """Whether the loop has something to do."""
        return not self._idle.is_set()

    def wait(self) -> None:
        """Return once the loop has nothing to do; in another thread."""
        self._idle.wait(_LONGEST)
