"""A search that runs: sessions in the order given, several at a time, until it ends or is stopped.

Strategy: the work is cut into jobs of some sessions, small ones first so that the first results come at
once.  A few threads take them (decompression and regular expressions let others run), and their results are
given in the order of the jobs.  Nothing runs ahead further than a few jobs, and each looks between two
blocks whether it is still wanted.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

import msgspec

from agcx_format.search.examine import Stopped
from agcx_format.search.results import SearchProgress, SessionHits, Unsearched

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Job", "Outcome", "Plan", "Search"]

_MOST_THREADS = 4
# Jobs that are begun before their results are wanted, for each thread.
_AHEAD = 3


class Outcome(msgspec.Struct, frozen=True):
    """What came of one session.

    Fields:
        hits: None when it does not fit.
        unsearched: what of it could not be searched, if anything.
        direct: whether it was searched without the index.
        gone: whether its file is no more there.
    """

    hits: SessionHits | None = None
    unsearched: Unsearched | None = None
    direct: bool = False
    gone: bool = False


Job = Callable[[Callable[[], bool]], list[Outcome]]
"""Looks at some sessions, and gives an outcome for each; may raise `Stopped` once it is told to stop."""


class Plan(msgspec.Struct, frozen=True):
    """What is to be done.

    Fields:
        total: sessions that are to be searched.
        proved: those among them of which the index proves that they hold nothing.
        jobs: for all others.
    """

    total: int
    proved: int
    jobs: Iterator[Job]


class Search:
    """The sessions that fit, as they are found: iterate over it, once, in one thread.

    `progress` and `stop` may be used from any thread.  `plan` says what is to be done.
    """

    def __init__(
        self,
        plan: Callable[[], Plan],
        *,
        best_first: bool,
        finish: Callable[[SessionHits], SessionHits] = lambda session: session,
        give_way: Callable[[], None] = lambda: None,
    ) -> None:
        """`plan` is called when the iteration begins, `finish` for each session that is given, `give_way`
        between two blocks."""
        self.plan = plan
        self._best_first = best_first
        self._finish = finish
        self._give_way = give_way
        self._stopped = threading.Event()
        self._progress = SearchProgress()

    @property
    def progress(self) -> SearchProgress:
        return self._progress

    def stop(self) -> None:
        """End it soon; what was found stays.  The iteration ends without an error."""
        self._stopped.set()

    def _is_stopped(self) -> bool:
        self._give_way()
        return self._stopped.is_set()

    def __iter__(self) -> Iterator[SessionHits]:
        """Raises `PersistenceError` when the store itself cannot be read."""
        if self._best_first:
            found = list(self._found())
            # Of equals the newest first, as they came.
            yield from map(self._finish, sorted(found, key=lambda each: -each.score))
        else:
            yield from map(self._finish, self._found())

    def _found(self) -> Iterator[SessionHits]:
        plan = self.plan()
        counts = _Counts(plan)
        self._progress = counts.progress()
        try:
            for outcomes in self._results(plan.jobs):
                found = counts.add(outcomes)
                self._progress = counts.progress()
                yield from found
            if not self._stopped.is_set():
                self._progress = counts.progress(done=True)
        except Stopped:
            pass
        finally:
            self._stopped.set()

    def _results(self, jobs: Iterator[Job]) -> Iterator[list[Outcome]]:
        first = list(islice(jobs, 2))
        if len(first) < 2:
            # Not worth a thread, nor the modules for them.
            for job in first:
                yield job(self._is_stopped)
        else:
            yield from self._results_of_threads(chain(first, jobs))

    def _results_of_threads(self, jobs: Iterator[Job]) -> Iterator[list[Outcome]]:
        from concurrent.futures import ThreadPoolExecutor

        threads = min(_MOST_THREADS, os.cpu_count() or 1)
        pool = ThreadPoolExecutor(threads, thread_name_prefix="search")
        running: deque[Future[list[Outcome]]] = deque()
        try:
            for job in jobs:
                if self._stopped.is_set():
                    raise Stopped
                running.append(pool.submit(job, self._is_stopped))
                while len(running) >= threads * _AHEAD or (running and running[0].done()):
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        except BaseException:
            # Also when whoever iterates does not go on: what still runs is not wanted.
            self._stopped.set()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class _Counts:
    def __init__(self, plan: Plan) -> None:
        self._total = plan.total
        self._searched = plan.proved
        self._direct = self._sessions = self._hits = 0
        self._exact = True
        self._partial: list[Unsearched] = []
        self._unreadable: list[Unsearched] = []

    def add(self, outcomes: list[Outcome]) -> list[SessionHits]:
        """Count what came of a job; gives the sessions that fit."""
        found = []
        for outcome in outcomes:
            if outcome.gone:
                self._total -= 1
                continue
            missing = outcome.unsearched
            if missing is not None and not missing.messages and outcome.hits is None:
                self._unreadable.append(missing)
                continue
            if missing is not None:
                self._partial.append(missing)
            self._searched += 1
            self._direct += outcome.direct
            if outcome.hits is not None:
                found.append(outcome.hits)
                self._sessions += 1
                self._hits += outcome.hits.count
                self._exact = self._exact and outcome.hits.exact
        return found

    def progress(self, *, done: bool = False) -> SearchProgress:
        return SearchProgress(
            self._total,
            self._searched,
            self._direct,
            self._sessions,
            self._hits,
            self._exact,
            tuple(self._partial),
            tuple(self._unreadable),
            done,
        )
