"""Prepares conversations in other processes, one or several at once, in the same order.

Strategy: parsing takes the time, and Python does it on one core. The processes are spawned, not forked: a
program with threads may not fork. Each ends as soon as the pipe to the one that started it is closed, so that
neither a cancel nor a crash leaves any behind.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection

from agcx_format.errors import PersistenceError
from agcx_format.importing.prepare import Job, Prepared, prepare

__all__ = ["Workers", "processes_for"]

# Starting a process takes as long as reading so many bytes.
_WORTH_A_PROCESS = 24 * 1024 * 1024
_MOST = 8
# Jobs that each process has waiting, so that it never waits itself.
_AHEAD = 4
# Seconds between two questions whether to stop.
_TICK = 0.2


def processes_for(sizes: Iterable[int]) -> int:
    """How many processes are worth their start for files of these sizes in bytes; 1 for none."""
    sizes = list(sizes)
    worth = sum(sizes) // _WORTH_A_PROCESS
    return max(1, min(worth, len(sizes), os.cpu_count() or 1, _MOST))


class Workers:
    """Processes that prepare conversations; they start with the first one and last until `close`.

    Args:
        processes: how many.
        low_priority: they give way to everything else on the machine.
    """

    def __init__(self, processes: int, *, low_priority: bool = False) -> None:
        self._processes, self._low_priority = processes, low_priority
        self._pool: ProcessPoolExecutor | None = None
        # Both ends of a pipe that only its being closed goes through.
        self._pipe: tuple[Connection, Connection] | None = None

    def prepare_all(
        self, jobs: Iterable[Job], should_stop: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[Job, Prepared]]:
        """Prepare each job, in order, until `should_stop`, which is asked several times a second.

        Raises:
            PersistenceError: a session cannot be written, or a process was ended by the system.
        """
        waiting, running = iter(jobs), deque[tuple[Job, Future[Prepared]]]()
        try:
            for job in itertools.islice(waiting, self._processes * _AHEAD):
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
        except BrokenProcessPool:
            self.close()
            raise PersistenceError(
                "a process that reads conversations was ended by the system"
            ) from None
        finally:
            for _, future in running:
                future.cancel()

    def _submit(self, job: Job) -> Future[Prepared]:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pipe = context.Pipe(duplex=False)
            given = (self._pipe[0], self._low_priority)
            self._pool = ProcessPoolExecutor(self._processes, context, _begin, given)
        return self._pool.submit(prepare, job)

    def close(self) -> None:
        """End the processes at once, whatever they are doing."""
        pool, self._pool = self._pool, None
        if self._pipe is not None:
            for end in self._pipe:
                end.close()
            self._pipe = None
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _begin(watched: Connection, low_priority: bool) -> None:
    """End this process when the other end of the pipe is closed, whatever it is doing."""
    if low_priority:
        os.nice(19)
    # Ctrl-C is for the program that started this one, which then closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wait() -> None:
        try:
            watched.poll(None)
        finally:
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
