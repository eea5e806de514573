"""The signals that end a program unless it handles them.

Strategy: code that has changed the terminal catches all of them, so that none leaves mouse reporting or the
alternate screen on.  Faults of machine code are different: a handler in Python would run only after the
faulty instruction, which never completes.  They are blocked, and a thread waits for them: it receives those
sent from outside, and a real fault still ends the program.  The thirty real-time signals are waited for in
the same way, since asyncio takes a tenth of a millisecond of the start to handle one.  What is blocked is
blocked in other programs that this one runs, too, unless they are started with `unblocked`.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["ENDING", "block", "unblocked", "wait_for_blocked"]

_NAMES = (
    "SIGHUP", "SIGQUIT", "SIGABRT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGXCPU",
    "SIGVTALRM", "SIGPROF", "SIGIO", "SIGPWR", "SIGEMT",
)  # fmt: skip
_FAULTS = ("SIGILL", "SIGTRAP", "SIGBUS", "SIGFPE", "SIGSEGV", "SIGSYS")


def _named(names: tuple[str, ...]) -> Iterator[int]:
    """The signals that this system has."""
    for name in names:
        if hasattr(signal, name):
            yield getattr(signal, name)


def _real_time() -> range:
    return range(signal.SIGRTMIN, signal.SIGRTMAX + 1) if hasattr(signal, "SIGRTMIN") else range(0)


ENDING = tuple(_named(_NAMES))
_BLOCKED = frozenset((*_named(_FAULTS), *_real_time()))


def block() -> frozenset[int]:
    """Hold back the signals that `wait_for_blocked` waits for; returns their numbers.

    Call it before any other thread starts, since running threads would not block them.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
    return _BLOCKED


@contextmanager
def unblocked() -> Iterator[None]:
    """Start another program with nothing blocked: one that handles its own faults would be killed by them.

    Only start it: a signal that arrives meanwhile ends this program at once.
    """
    before = signal.pthread_sigmask(signal.SIG_UNBLOCK, _BLOCKED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def wait_for_blocked(act: Callable[[int], object]) -> None:
    """Block faults and real-time signals; call `act` with the number of one that is sent, in a thread."""
    import threading

    numbers = block()

    def wait() -> None:
        act(signal.sigwait(numbers))

    threading.Thread(target=wait, name="signals", daemon=True).start()
