"""Has a function called in other processes, one or several at once, with the results in order.

Strategy: Python computes on one core. The processes are new ones, not forks: a program with threads may not
fork. They are plain programs with pipes rather than those of `multiprocessing`, which import the main module
again, and cannot be started while a screen has taken the place of stderr. A thread for each writes the jobs
to its pipe: a process that was stopped reads none of them, and whoever submits a job does not wait.
"""

from __future__ import annotations

import errno
import itertools
import os
import pickle
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from queue import SimpleQueue
from typing import Generic, TypeVar

from agcx_format.errors import PersistenceError
from agcx_format.processes.child import Failed
from agcx_format.processes.start import start_program

__all__ = ["Ended", "Pool", "Process", "cores", "processes_for"]

Job = TypeVar("Job")
Result = TypeVar("Result")

_MOST = 8
# Seconds between two questions whether to stop.
_TICK = 0.2
# Modules are found where this program finds them; none in the directory that it happens to be in.
_PROGRAM = (
    "import os, pickle, sys; os.nice(int(sys.argv[1])); sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from agcx_format.processes.child import main; main()"
)
_NICEST = 19


class Ended(PersistenceError):
    """A process was ended by the system before it had done its work, or none could be started."""


def cores() -> int:
    """How many processors this program may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def processes_for(sizes: Iterable[int], worth: int) -> int:
    """How many processes are worth their start for jobs of these sizes; 1 if none is.

    `worth` is the size of the work that takes as long as starting a process.
    """
    sizes = list(sizes)
    return max(1, min(sum(sizes) // worth, len(sizes), cores(), _MOST))


class Pool(Generic[Job, Result]):
    """Processes that do one kind of work; they start when they are needed and last until `close`.

    Args:
        work: a function of a module, which the processes import. Jobs and results are pickled.
        processes: how many.
        low_priority: everything else on the machine has priority over them.
        ahead: jobs that each process has waiting, so that it never waits itself.
    """

    def __init__(
        self,
        work: Callable[[Job], Result],
        processes: int,
        *,
        low_priority: bool = False,
        ahead: int = 4,
    ) -> None:
        self._work, self._most, self._ahead = work, processes, ahead
        self._niceness = _NICEST if low_priority else 0
        self._processes: list[Process[Job, Result]] = []

    def run(
        self, jobs: Iterable[Job], should_stop: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[Job, Future[Result]]]:
        """Each job with its outcome, which is known, in order, until `should_stop`.

        That is asked several times a second. An outcome is what the work returned or raised, or `Ended`.
        """
        waiting, running = iter(jobs), deque[tuple[Job, Future[Result]]]()
        try:
            for job in itertools.islice(waiting, self._most * self._ahead):
                running.append((job, self._submit(job)))
            while running:
                job, future = running.popleft()
                while not future.done():
                    if should_stop():
                        return
                    wait([future], timeout=_TICK)
                for following in itertools.islice(waiting, 1):
                    running.append((following, self._submit(following)))
                yield job, future
        finally:
            for _, future in running:
                future.cancel()

    def _submit(self, job: Job) -> Future[Result]:
        self._forget_ended()
        idlest = min(self._processes, key=lambda each: each.waiting, default=None)
        if idlest is None or (idlest.waiting and len(self._processes) < self._most):
            try:
                idlest = Process(self._work, self._niceness)
                self._processes.append(idlest)
            except OSError as error:
                # Fewer will do.
                if idlest is None:
                    none: Future[Result] = Future()
                    none.set_exception(Ended(f"no process can be started: {error.strerror}"))
                    return none
        return idlest.submit(job)

    def _forget_ended(self) -> None:
        for process in self._processes:
            if not process.is_alive:
                # The system keeps its number until someone has waited for it.
                process.close()
        self._processes = [each for each in self._processes if each.is_alive]

    def close(self) -> None:
        """End the processes at once, even if they are working."""
        for process in self._processes:
            process.close()
        self._processes = []


class Process(Generic[Job, Result]):
    """One process, and the jobs that it has not answered yet."""

    def __init__(self, work: Callable[[Job], Result], niceness: int = 0) -> None:
        """`niceness`, up to 19, is that of the process.

        Raises `OSError` when the system allows no more processes.
        """
        command = [sys.executable, "-P", "-c", _PROGRAM, str(niceness)]
        self._popen = start_program(command, buffered=True)
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._jobs, self._answers = self._popen.stdin, self._popen.stdout
        self._unanswered: deque[Future[Result]] = deque()
        # To be written; None is the end of it.
        self._unsent: SimpleQueue[bytes | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._has_ended = False
        self._unsent.put(pickle.dumps(sys.path))
        self._unsent.put(pickle.dumps(work))
        try:
            for task in (self._write, self._read):
                threading.Thread(target=task, daemon=True).start()
        except RuntimeError:
            # A thread counts as a process where their number is limited.
            self.close()
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        return not self._has_ended

    @property
    def waiting(self) -> int:
        """How many jobs it has not answered."""
        return len(self._unanswered)

    def submit(self, job: Job) -> Future[Result]:
        """Have it do a job; several threads may call this at once, and none waits for the process."""
        future: Future[Result] = Future()
        # Before it is waited for: a job that cannot be pickled has no answer.  The process takes jobs out of
        # the pipe, and unpickles them when it is their turn.
        pickled = pickle.dumps(pickle.dumps(job))
        with self._lock:
            if self._has_ended:
                future.set_exception(_ended())
                return future
            # Answers come in the order of the jobs: another thread may send none in between.
            self._unanswered.append(future)
            self._unsent.put(pickled)
        return future

    def _write(self) -> None:
        # If it has ended, the thread that reads says so.
        with suppress(OSError, ValueError):
            while (pickled := self._unsent.get()) is not None:
                self._jobs.write(pickled)
                self._jobs.flush()

    def _read(self) -> None:
        # In a thread: any exception means that the process has ended, or wrote what it should not.
        with suppress(Exception):
            while True:
                answer: Result | Failed = pickle.load(self._answers)
                _settle(self._unanswered.popleft(), answer)
        with self._lock:
            self._has_ended = True
            self._unsent.put(None)
        while self._unanswered:
            _settle(self._unanswered.popleft(), Failed(_ended()))

    def close(self) -> None:
        self._popen.kill()
        self._popen.wait()
        self._unsent.put(None)
        for pipe in (self._jobs, self._answers):
            with suppress(OSError):
                pipe.close()


def _settle(future: Future[Result], answer: Result | Failed) -> None:
    if not future.set_running_or_notify_cancel():
        return
    if isinstance(answer, Failed):
        future.set_exception(answer.error)
    else:
        future.set_result(answer)


def _ended() -> Ended:
    return Ended("a process of this program was ended by the system")
