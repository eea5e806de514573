"""Prepares conversations in other processes, one or several at once, in the same order.

Strategy: parsing takes the time, and Python does it on one core. The processes are new ones, not forks: a
program with threads may not fork. They are plain programs with pipes rather than those of `multiprocessing`,
which import the main module again, and cannot be started while a screen has taken the place of stderr.
"""

from __future__ import annotations

import itertools
import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import IO

from agcx_format.errors import PersistenceError
from agcx_format.importing.prepare import Job, Prepared

__all__ = ["Workers", "processes_for"]

# Starting a process takes as long as reading so many bytes.
_WORTH_A_PROCESS = 24 * 1024 * 1024
_MOST = 8
# Jobs that each process has waiting, so that it never waits itself.
_AHEAD = 4
# Seconds between two questions whether to stop.
_TICK = 0.2
# Modules are found where this program finds them; none in the directory that it happens to be in.
_PROGRAM = (
    "import os, pickle, sys; os.nice(int(sys.argv[1])); sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from agcx_format.importing.worker import main; main()"
)
_LOWEST = 19


def processes_for(sizes: Iterable[int]) -> int:
    """How many processes are worth their start for files of these sizes in bytes; 1 for none."""
    sizes = list(sizes)
    worth = sum(sizes) // _WORTH_A_PROCESS
    return max(1, min(worth, len(sizes), os.cpu_count() or 1, _MOST))


class Workers:
    """Processes that prepare conversations; they start when they are needed and last until `close`.

    Args:
        processes: how many.
        low_priority: they give way to everything else on the machine.
    """

    def __init__(self, processes: int, *, low_priority: bool = False) -> None:
        self._most = processes
        self._priority = _LOWEST if low_priority else 0
        self._processes: list[_Process] = []

    def prepare_all(
        self, jobs: Iterable[Job], should_stop: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[Job, Prepared]]:
        """Prepare each job, in order, until `should_stop`, which is asked several times a second.

        Raises:
            PersistenceError: a session cannot be written, or a process was ended by the system.
        """
        waiting, running = iter(jobs), deque[tuple[Job, Future[Prepared]]]()
        try:
            for job in itertools.islice(waiting, self._most * _AHEAD):
                running.append((job, self._submit(job)))
            while running:
                job, future = running.popleft()
                while not future.done():
                    if should_stop():
                        return
                    wait([future], timeout=_TICK)
                prepared = future.result()
                for following in itertools.islice(waiting, 1):
                    running.append((following, self._submit(following)))
                yield job, prepared
        finally:
            for _, future in running:
                future.cancel()

    def _submit(self, job: Job) -> Future[Prepared]:
        self._processes = [each for each in self._processes if each.is_alive]
        idlest = min(self._processes, key=lambda each: each.waiting, default=None)
        if idlest is None or (idlest.waiting and len(self._processes) < self._most):
            idlest = _Process(self._priority)
            self._processes.append(idlest)
        return idlest.submit(job)

    def close(self) -> None:
        """End the processes at once, whatever they are doing."""
        for process in self._processes:
            process.close()
        self._processes = []


class _Process:
    """One process, and the jobs that it has not answered yet."""

    def __init__(self, priority: int) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, str(priority)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Keys pressed in the terminal do not reach it.
            start_new_session=True,
        )
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._jobs, self._answers = self._popen.stdin, self._popen.stdout
        self._unanswered: deque[Future[Prepared]] = deque()
        self._lock = threading.Lock()
        self._has_ended = False
        self._send(sys.path)
        threading.Thread(target=self._read, args=(self._answers,), daemon=True).start()

    @property
    def is_alive(self) -> bool:
        return not self._has_ended

    @property
    def waiting(self) -> int:
        """How many jobs it has not answered."""
        return len(self._unanswered)

    def submit(self, job: Job) -> Future[Prepared]:
        future: Future[Prepared] = Future()
        with self._lock:
            if self._has_ended:
                future.set_exception(_ended())
                return future
            self._unanswered.append(future)
        self._send(pickle.dumps(job))
        return future

    def _send(self, value: object) -> None:
        # If it has ended, the thread that reads says so.
        with suppress(OSError, ValueError):
            pickle.dump(value, self._jobs)
            self._jobs.flush()

    def _read(self, answers: IO[bytes]) -> None:
        # In a thread: whatever it raises means that the process has ended, or wrote what it should not.
        with suppress(Exception):
            while True:
                answer: Prepared | PersistenceError = pickle.load(answers)
                self._settle(self._unanswered.popleft(), answer)
        with self._lock:
            self._has_ended = True
        while self._unanswered:
            self._settle(self._unanswered.popleft(), _ended())

    @staticmethod
    def _settle(future: Future[Prepared], answer: Prepared | PersistenceError) -> None:
        if not future.set_running_or_notify_cancel():
            return
        if isinstance(answer, PersistenceError):
            future.set_exception(answer)
        else:
            future.set_result(answer)

    def close(self) -> None:
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._jobs, self._answers):
            with suppress(OSError):
                pipe.close()


def _ended() -> PersistenceError:
    return PersistenceError("a process that reads conversations was ended by the system")
