"""A search that runs: sessions in the order given, until it ends or is stopped.

Strategy: the work is cut into jobs of some sessions, small ones first so that the first results come at
once.  Their results are given in the order of the jobs, wherever these run; see `scheduler`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import chain, islice

import msgspec

from agcx_format.search.examine import Outcome, Stopped
from agcx_format.search.helpers import Helpers
from agcx_format.search.jobs import Job
from agcx_format.search.results import SearchProgress, SessionHits, Unsearched

__all__ = ["Plan", "Search"]


class Plan(msgspec.Struct, frozen=True):
    """What is to be done.

    Fields:
        total: sessions that are to be searched.
        proved: those among them of which the index proves that they hold nothing.
        jobs: for all others.
        weight: about how many blocks they read.
        threaded: whether most of their time lets other threads run.
    """

    total: int
    proved: int
    jobs: Iterator[Job]
    weight: int = 0
    threaded: bool = False


class Search:
    """The sessions that fit, as they are found: iterate over it, once, in one thread.

    `progress` and `stop` may be used from any thread.  `plan` says what is to be done.
    """

    def __init__(
        self,
        plan: Callable[[], Plan],
        *,
        best_first: bool,
        helpers: Helpers,
        finish: Callable[[SessionHits], SessionHits] = lambda session: session,
        give_way: Callable[[], None] = lambda: None,
    ) -> None:
        """`plan` is called when the iteration begins, `finish` for each session that is given, `give_way`
        between two blocks that are read in this process.

        `helpers` are asked when there is much to do.
        """
        self.plan = plan
        self._best_first = best_first
        self._finish = finish
        self._give_way = give_way
        self._helpers = helpers
        self._stopped = threading.Event()
        self._progress = SearchProgress()

    @property
    def progress(self) -> SearchProgress:
        """How far the search is; after the iteration, what it searched in all."""
        return self._progress

    def stop(self) -> None:
        """End it soon; what was found stays.  The iteration ends without an error."""
        self._stopped.set()

    def _is_stopped(self) -> bool:
        self._give_way()
        return self._stopped.is_set()

    def __iter__(self) -> Iterator[SessionHits]:
        """The sessions as they are found.

        Raises:
            PersistenceError: the directory of the store cannot be read.
        """
        if self._best_first:
            found = list(self._found())
            # Equal ones stay in their order, the newest first.
            yield from map(self._finish, sorted(found, key=lambda each: -each.score))
        else:
            yield from map(self._finish, self._found())

    def _found(self) -> Iterator[SessionHits]:
        plan = self.plan()
        counts = _Counts(plan)
        self._progress = counts.progress()
        try:
            for outcomes in self._results(plan):
                found = counts.add(outcomes)
                self._progress = counts.progress()
                yield from found
            if not self._stopped.is_set():
                self._progress = counts.progress(done=True)
        except Stopped:
            pass
        finally:
            self._stopped.set()

    def _results(self, plan: Plan) -> Iterator[list[Outcome]]:
        first = list(islice(plan.jobs, 2))
        if len(first) < 2:
            # Not worth a thread, nor the modules for them.
            for job in first:
                yield job.run(self._is_stopped)
            return
        from agcx_format.search.scheduler import Scheduler

        scheduler = Scheduler(
            self._stopped, self._helpers, threaded=plan.threaded, is_stopped=self._is_stopped
        )
        yield from scheduler.results(chain(first, plan.jobs), plan.weight)


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
