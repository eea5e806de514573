"""Where the jobs of a search run: in a thread of this process, and in helping processes once there are some.

Strategy: results are given in the order of the jobs.  Each worker has a job that it works on and one that
waits, so that none is idle.  A job that a helper did not do, for whatever reason, is done here.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import NamedTuple

from agcx_format.search.examine import Outcome, Stopped
from agcx_format.search.helpers import WORTH_HELP, Helpers
from agcx_format.search.jobs import Job

__all__ = ["Scheduler"]

# Jobs that each worker has at once, and jobs that are begun before the first of them is done.
_AHEAD, _MOST_AHEAD = 2, 16
# Jobs that are done here before others are asked to help.
_ALONE = 8
_MOST_THREADS = 4
# Seconds between two looks whether the search is still wanted, while others work.
_TICK = 0.01
# Seconds without any result after which helpers are not waited for; a job takes some hundredths of one.
_PATIENCE = 2.0


class _Running(NamedTuple):
    job: Job
    here: bool
    future: Future[list[Outcome]]


class Scheduler:
    """Runs jobs until `stopped`, once."""

    def __init__(
        self,
        stopped: threading.Event,
        helpers: Helpers,
        *,
        threaded: bool,
        is_stopped: Callable[[], bool],
    ) -> None:
        """`threaded`: whether several threads here are faster than one, as long as there are no helpers.

        `is_stopped` tells jobs of this process whether it is `stopped`, and may wait before it does.
        """
        self._stopped = stopped
        self._is_stopped = is_stopped
        self._helpers = helpers
        self._threads = _threads() if threaded else 1
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="search")
        self._running: deque[_Running] = deque()
        self._next: Job | None = None

    def results(self, jobs: Iterator[Job], weight: int) -> Iterator[list[Outcome]]:
        """The outcomes of each job, in order; `weight` is that of all of them.  Raises `Stopped`."""
        running, done = self._running, 0
        with self._helpers.needed():
            try:
                while self._begin(jobs) or running:
                    self._wait()
                    while running and running[0].future.done():
                        each = running.popleft()
                        yield self._outcomes(each)
                        done, weight = done + 1, weight - each.job.weight
                        if done == _ALONE and weight >= WORTH_HELP:
                            self._helpers.start()
            except BaseException:
                # Also when the caller stops iterating: what still runs is not wanted.
                self._stopped.set()
                raise
            finally:
                for each in running:
                    each.future.cancel()
                self._pool.shutdown(wait=True, cancel_futures=True)

    def _begin(self, jobs: Iterator[Job]) -> bool:
        """Give jobs to all workers that have room; False when there are no more."""
        helpers = self._helpers.ready()
        waiting = sum(each.here and not each.future.done() for each in self._running)
        room = max(1, self._threads - len(helpers)) + _AHEAD - 1 - waiting
        while len(self._running) < _MOST_AHEAD:
            if self._next is None:
                self._next = next(jobs, None)
            if (job := self._next) is None:
                return False
            helper = min(helpers, key=lambda each: each.waiting, default=None)
            remote = job.remote() if helper is not None and helper.waiting < _AHEAD else None
            if helper is not None and remote is not None:
                self._running.append(_Running(job, False, helper.submit(remote)))
            elif room > 0:
                room -= 1
                self._running.append(self._here(job))
            else:
                break
            self._next = None
        return True

    def _wait(self) -> None:
        """Wait until a running job is done, unless the first one is."""
        if self._running[0].future.done():
            return
        unfinished = [each for each in self._running if not each.future.done()]
        futures = [each.future for each in unfinished]
        only_helpers = not any(each.here for each in unfinished)
        until = time.monotonic() + _PATIENCE
        while futures and not wait(futures, _TICK, FIRST_COMPLETED).done:
            if self._stopped.is_set():
                raise Stopped
            if only_helpers and time.monotonic() >= until:
                self._take_back()
                return

    def _take_back(self) -> None:
        """Do here what helpers do not answer; with so much unanswered they get nothing more."""
        for place, each in enumerate(self._running):
            if not each.here and not each.future.done():
                each.future.cancel()
                self._running[place] = self._here(each.job)

    def _here(self, job: Job) -> _Running:
        """Have a job done in this process."""
        try:
            future = self._pool.submit(job.run, self._is_stopped)
        except RuntimeError:
            # No thread can be started.
            future = Future()
            try:
                future.set_result(job.run(self._is_stopped))
            except Exception as error:
                future.set_exception(error)
        return _Running(job, True, future)

    def _outcomes(self, each: _Running) -> list[Outcome]:
        if self._stopped.is_set():
            raise Stopped
        if not each.here and each.future.exception() is not None:
            return each.job.run(self._is_stopped)
        return each.future.result()


def _threads() -> int:
    from agcx_format.processes.pool import cores

    return min(_MOST_THREADS, cores())
