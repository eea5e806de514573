"""Prepares conversations one after the other, or in several processes at once, in the same order.

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

__all__ = ["prepare_all", "processes_for"]

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


def prepare_all(
    jobs: Iterable[Job],
    processes: int,
    should_stop: Callable[[], bool] = lambda: False,
    *,
    low_priority: bool = False,
) -> Iterator[tuple[Job, Prepared]]:
    """Prepare each job, in order, in other processes. An iterator that is closed ends them at once, and so
    does `should_stop`, which is asked several times a second.

    Raises:
        PersistenceError: a session cannot be written, or a process was ended by the system.
    """
    context = multiprocessing.get_context("spawn")
    watched, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(processes, context, _begin, (watched, low_priority))
    try:
        yield from _in_order(pool, iter(jobs), processes * _AHEAD, should_stop)
    except BrokenProcessPool:
        raise PersistenceError(
            "a process that reads conversations was ended by the system"
        ) from None
    finally:
        ours.close()
        watched.close()
        pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor, jobs: Iterator[Job], most: int, should_stop: Callable[[], bool]
) -> Iterator[tuple[Job, Prepared]]:
    running: deque[tuple[Job, Future[Prepared]]] = deque()
    for job in itertools.islice(jobs, most):
        running.append((job, pool.submit(prepare, job)))
    while running:
        job, future = running.popleft()
        while not future.done():
            if should_stop():
                return
            wait([future], timeout=_TICK)
        prepared = future.result()
        for following in itertools.islice(jobs, 1):
            running.append((following, pool.submit(prepare, following)))
        yield job, prepared


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
