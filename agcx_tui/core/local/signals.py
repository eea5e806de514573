"""The signals that end a program unless it does something about them.

Strategy: whoever has changed the terminal catches all of them, so that none leaves the mouse reporting or
the alternate screen on.  Those that a fault of the machine code raises are another matter: a handler in
Python would run only after the faulty instruction, which is never over.  They are blocked and waited
for by a thread: sent from outside they come there, and a real fault ends the program all the same.
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
    """Keep back what somebody sends of them, until `wait_for_faults`; gives their numbers.

    Before any other thread begins: those that run already would not keep it back.
    """
    numbers: set[int] = {getattr(signal, name) for name in _FAULTS if hasattr(signal, name)}
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    return numbers


def wait_for_faults(act: Callable[[int], object]) -> None:
    """Call `act` with the number of one that is sent, in a thread of its own; as `block_faults`."""
    import threading

    numbers = block_faults()

    def wait() -> None:
        act(signal.sigwait(numbers))

    threading.Thread(target=wait, name="signals", daemon=True).start()
