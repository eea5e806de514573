"""The signals that end a program unless it handles them.

Strategy: code that has changed the terminal catches all of them, so that none leaves mouse reporting or the
alternate screen on.  Faults of machine code are different: a handler in Python would run only after the
faulty instruction, which never completes.  They are blocked, and a thread waits for them: it receives those
sent from outside, and a real fault still ends the program.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

__all__ = ["ENDING", "block_faults", "wait_for_faults"]

_NAMES = (
    "SIGHUP", "SIGQUIT", "SIGABRT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGXCPU",
    "SIGVTALRM", "SIGPROF", "SIGIO", "SIGPWR", "SIGEMT",
)  # fmt: skip
_FAULTS = ("SIGILL", "SIGTRAP", "SIGBUS", "SIGFPE", "SIGSEGV", "SIGSYS")


def _found() -> Iterator[int]:
    for name in _NAMES:
        if hasattr(signal, name):
            yield getattr(signal, name)
    if hasattr(signal, "SIGRTMIN"):
        yield from range(signal.SIGRTMIN, signal.SIGRTMAX + 1)


ENDING = tuple(_found())


def block_faults() -> set[int]:
    """Hold back fault signals sent from outside until `wait_for_faults`; returns their numbers.

    Call it before any other thread starts, since running threads would not block them.
    """
    numbers: set[int] = {getattr(signal, name) for name in _FAULTS if hasattr(signal, name)}
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    return numbers


def wait_for_faults(act: Callable[[int], object]) -> None:
    """Block fault signals, and call `act` with the number of one that is sent, in a separate thread."""
    import threading

    numbers = block_faults()

    def wait() -> None:
        act(signal.sigwait(numbers))

    threading.Thread(target=wait, name="signals", daemon=True).start()
