"""A process that works for the one that started it (see `pool`).

Strategy: jobs come in and their results go out pickled, in the same order. A thread reads the jobs, so that
the process ends with its input, whatever it is doing: neither a cancel nor a crash leaves it behind.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

__all__ = ["Failed", "failure_of", "main"]


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer to a job for which the work raised an error.

    Work that takes several jobs at once gives a list, with one of these for each job that failed.
    """

    error: Exception


def failure_of(error: Exception) -> Failed:
    """The answer for this error; it can be pickled even if the error cannot."""
    try:
        # Some errors can be pickled but not unpickled.
        pickle.loads(pickle.dumps(error))
    except Exception:
        return Failed(RuntimeError(f"{type(error).__name__}: {error}"))
    return Failed(error)


def main() -> None:
    """Answer jobs until the input ends."""
    # Ctrl-C is for the program that started this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    # What the work prints must not be read as an answer.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    work: Callable[[object], object] = pickle.load(sys.stdin.buffer)
    jobs: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_read, args=(jobs,), daemon=True).start()
    while True:
        answers.write(_answer(work, jobs.get()))
        answers.flush()


def _read(jobs: SimpleQueue[bytes]) -> None:
    try:
        while True:
            jobs.put(pickle.load(sys.stdin.buffer))
    finally:
        os._exit(0)


def _answer(work: Callable[[object], object], job: bytes) -> bytes:
    """The result, or `Failed`, pickled."""
    try:
        return pickle.dumps(work(pickle.loads(job)))
    except Exception as error:
        return pickle.dumps(failure_of(error))
