"""Threads that work long yield to the event loop: while it has something to do, they wait.

Strategy: only one thread at a time runs Python code, so a key would be handled, and what it changes drawn,
in turns with the threads that work, several times slower.  The loop says when it waits for what comes next.
A thread calls `give_way` again and again, between two steps that take a fraction of a millisecond.  A process
has one event loop at most, so this is kept for the process.
"""

from __future__ import annotations

import sys
import threading

__all__ = ["LOOP", "LoopActivity", "give_way", "take_short_turns"]

# Seconds after which a thread continues anyway: the loop is busy without a pause.
_LONGEST = 0.05
# Seconds that a thread keeps the interpreter while another waits for it; Python has 5 ms by default.
_TURN = 0.0005


class LoopActivity:
    """Whether the event loop has something to do; until it says so, it has not."""

    def __init__(self) -> None:
        self._idle = threading.Event()
        self._idle.set()

    def becomes_busy(self) -> None:
        self._idle.clear()

    def becomes_idle(self) -> None:
        self._idle.set()

    @property
    def is_busy(self) -> bool:
        return not self._idle.is_set()

    def wait_until_idle(self) -> None:
        """Return once the loop has nothing to do; in another thread."""
        self._idle.wait(_LONGEST)


LOOP = LoopActivity()
"""Of the event loop of this process."""


def give_way() -> None:
    """Wait while the event loop has something to do; for threads that work long."""
    LOOP.wait_until_idle()


def take_short_turns() -> None:
    """Have every thread of this process hold the interpreter for a moment only, while another asks for it."""
    sys.setswitchinterval(_TURN)
