"""A process that prepares conversations for the one that started it (see `workers`).

Strategy: jobs come in and their results go out pickled, in the same order. A thread reads the jobs, so that
the process ends with its input, whatever it is doing: neither a cancel nor a crash leaves it behind.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from queue import SimpleQueue

from agcx_format.errors import PersistenceError
from agcx_format.importing.prepare import Job, Prepared, prepare
from agcx_format.importing.results import ImportOutcome

__all__ = ["Answer", "main"]

Answer = Prepared | PersistenceError


def main() -> None:
    """Answer jobs until the input ends."""
    # Ctrl-C is for the program that started this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    # Whatever an importer prints is no answer.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    jobs: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_read, args=(jobs,), daemon=True).start()
    while True:
        pickle.dump(_answer(jobs.get()), answers)
        answers.flush()


def _read(jobs: SimpleQueue[bytes]) -> None:
    try:
        while True:
            jobs.put(pickle.load(sys.stdin.buffer))
    finally:
        os._exit(0)


def _answer(data: bytes) -> Answer:
    try:
        job: Job = pickle.loads(data)
        return prepare(job)
    except PersistenceError as error:
        return error
    except Exception as error:
        # One file does not stop the others.
        reason = f"the importer failed: {type(error).__name__}: {error}"
        return Prepared(ImportOutcome.FAILED, reason)
