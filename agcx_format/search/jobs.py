"""The jobs of a search: a few sessions each, looked at one by one in this process or in another.

Strategy: what another process needs to know is a value, the remote job: the query, and where each session is.
It opens the segments of the book by their paths.  What it cannot do, because a segment is damaged or gone, is
an error of all of it, and the job is done here instead, where a damaged segment is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from agcx_format.errors import PersistenceError
from agcx_format.search.blocks import Damaged
from agcx_format.search.book import Entry
from agcx_format.search.examine import Outcome, Request, Stopped, examine, unsearched
from agcx_format.search.filters import allowed_by
from agcx_format.search.query import Query
from agcx_format.search.results import SessionRef, Unsearched
from agcx_format.search.scope import BookText, Task
from agcx_format.search.segment import Segment

__all__ = ["Asked", "Job", "RemoteJob", "jobs_of", "run_remote_job"]

# Blocks that a job reads: few at first, so that the first results come at once, then twice as many each time.
_FIRST_JOBS, _SMALL, _LARGE = 8, 8, 256
# What is larger cannot be stopped soon enough in another process.
_LARGEST_REMOTE = 512
# Segments that another process keeps open: those of the jobs that it gets are next to each other.
_OPEN_SEGMENTS = 16


class Asked(msgspec.Struct, frozen=True):
    """What a search asks of each session; see `Request`."""

    query: Query
    rows: int
    context: int
    counted: bool
    scored: bool
    runs: tuple[bytes, ...]

    def request(self, stopped: Callable[[], bool]) -> Request:
        query = self.query
        return Request(
            query,
            query.matchers,
            tuple(term.matcher for term in query.unwanted),
            allowed_by(query.within),
            not query.within.messages,
            self.rows,
            self.context,
            self.counted,
            self.scored,
            self.runs,
            stopped,
        )


class _Shelved(msgspec.Struct, frozen=True, gc=False):
    """Sessions of one segment: of each its path, its row, the blocks to read, and `Task.is_common`."""

    segment: Path
    store: bytes
    sessions: list[tuple[str, int, tuple[int, ...], bool]]


# Path and size of a session that is searched in its file; tuples are pickled much faster than structs.
_Filed = tuple[str, int | None]


class RemoteJob(msgspec.Struct, frozen=True):
    """A job for another process: it can be pickled."""

    asked: Asked
    parts: list[_Shelved | list[_Filed]]

    def outcomes(self) -> Iterator[Outcome]:
        """Raises `Damaged` or `PersistenceError` when a segment is damaged or gone."""
        request = self.asked.request(lambda: False)
        for part in self.parts:
            if isinstance(part, list):
                from agcx_format.search.direct import search_file

                for path, size in part:
                    yield search_file(path, size, request)
                continue
            segment = _opened(part.segment, part.store)
            for path, number, blocks, is_common in part.sessions:
                task = Task(SessionRef(path), Entry(segment, number), blocks, is_common)
                yield _outcome(task, request)


class Job:
    """Some sessions to look at.

    Fields:
        weight: about how many blocks have to be read.
    """

    def __init__(
        self, asked: Asked, tasks: Sequence[Task], weight: int, drop: Callable[[Segment], None]
    ) -> None:
        """`drop` is called with a segment that turns out to be damaged."""
        self.weight = weight
        self._asked = asked
        self._tasks = tasks
        self._drop = drop

    def run(self, stopped: Callable[[], bool]) -> list[Outcome]:
        """An outcome for each session.  Raises `Stopped` once `stopped` says so."""
        request = self._asked.request(stopped)
        return [self._outcome(task, request) for task in self._tasks]

    def _outcome(self, task: Task, request: Request) -> Outcome:
        if task.entry is None:
            return _outcome(task, request)
        try:
            return _outcome(task, request)
        except Damaged:
            self._drop(task.entry.segment)
        except PersistenceError:
            # A read that failed, which the next one may not: the segment stays.
            pass
        return _outcome(Task(task.ref), request)

    def remote(self) -> RemoteJob | None:
        """The same for another process; None for what is better done here."""
        if self.weight > _LARGEST_REMOTE:
            return None
        parts: list[_Shelved | list[_Filed]] = []
        last: Segment | None = None
        for task in self._tasks:
            segment = None if task.entry is None else task.entry.segment
            if not parts or segment is not last:
                parts.append([] if segment is None else _Shelved(segment.path, segment.store, []))
                last = segment
            part = parts[-1]
            if isinstance(part, list):
                part.append((task.ref.path, task.ref.size))
            else:
                assert task.entry is not None
                part.sessions.append(
                    (task.ref.path, task.entry.number, task.blocks, task.is_common)
                )
        return RemoteJob(self._asked, parts)


def jobs_of(tasks: Iterable[Task], asked: Asked, drop: Callable[[Segment], None]) -> Iterator[Job]:
    """The tasks in jobs, in order; see `Job`."""
    group: list[Task] = []
    weight, made, enough = 0, 0, _SMALL
    for task in tasks:
        group.append(task)
        weight += task.weight
        if weight >= enough:
            yield Job(asked, group, weight, drop)
            made, group, weight = made + 1, [], 0
            if made >= _FIRST_JOBS:
                enough = min(2 * enough, _LARGE)
    if group:
        yield Job(asked, group, weight, drop)


def run_remote_job(remote: RemoteJob | None) -> list[Outcome]:
    """What `Job.run` gives, in another process; None to see that it is there.

    Raises `Damaged` or `PersistenceError` when a segment is damaged or gone.
    """
    return [] if remote is None else list(remote.outcomes())


@lru_cache(maxsize=_OPEN_SEGMENTS)
def _opened(path: Path, store: bytes) -> Segment:
    return Segment(path, store)


def _outcome(task: Task, request: Request) -> Outcome:
    """Raises `Stopped`; `Damaged` or `PersistenceError` when the book cannot be read there."""
    if request.stopped():
        raise Stopped
    if task.entry is None:
        from agcx_format.search.direct import search_file

        return search_file(task.ref.path, task.ref.size, request)
    ref, text = task.ref, BookText(task, task.entry)
    if not task.entry.row.readable and text.error is not None:
        return Outcome(unsearched=Unsearched(ref.path, text.error))
    hits = examine(text, request, ref.path)
    return Outcome(hits, unsearched(ref.path, text))
