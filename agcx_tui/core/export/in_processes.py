"""Render sessions in several processes, each into a temporary file, for this one to put where it belongs.

Strategy: processes render ahead, and the results are taken in the order of the sessions, so names, questions,
and messages are those of an export in one process.  A process gets a few sessions at a time, since a small
one takes no longer than to ask for it.  No process waits until its file is on the disk: threads of this
program do, for several files at once, which the disk writes together.  What a process cannot do, as
writing to a FIFO, or did not do, because the system ended it, is left to the caller.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from agcx_format.processes import Ended, Failed, Pool, processes_for
from agcx_tui.core.export.leftovers import temporary_name
from agcx_tui.core.export.outgoing import Progress
from agcx_tui.core.export.render_batch import Rendered, RenderJob, render_batch
from agcx_tui.core.export.session_export import Exporter, Stopped

__all__ = ["Placed", "Rendering"]

# Bytes on disk of sessions that are written in the time that a process takes to start.
_WORTH_A_PROCESS = 2 * 1024 * 1024
# Sessions that a process gets at a time, at most, and their bytes on disk.
_MOST, _BYTES = 16, 512 * 1024
# How often each process gets some, at least, so that all end at about the same time.
_TIMES = 8
# Batches that each process may have written and that are not in place yet.
_AHEAD = 2
# Files that are synced at once, and those that are, or wait for it or to be put in place.  A file system
# commits together what it is asked for meanwhile: with 16 threads the processes waited for the disk.
_SYNCS, _WAITING = 64, 256


@dataclass(frozen=True, slots=True)
class Placed:
    """A session in a temporary file.

    Fields:
        target: With the name that fits what was written, unless it is a part of a shared file.
        size: How many bytes were written.
    """

    temporary: Path
    target: Path | None
    size: int


class Rendering:
    """Sessions that are rendered in other processes if they are worth it; a context.

    Args:
        targets: A file for each source, or None to write parts of a shared file.
        may_replace: Whether existing files may be replaced, or it may be asked.
    """

    def __init__(
        self,
        exporter: Exporter,
        sources: Sequence[str],
        targets: Sequence[Path] | None,
        *,
        may_replace: bool = True,
    ) -> None:
        self.form = exporter.form
        self._progress: Progress = exporter.progress
        self._should_stop = exporter.should_stop
        self._targets = targets
        self._jobs: list[RenderJob | None] = [None] * len(sources)
        self._outcomes: Iterator[tuple[RenderJob, Rendered | Failed]] = iter(())
        self._written = 0
        self._cleanup = ExitStack()
        # Which placeholder a secret gets depends on the sessions before.
        if exporter.form.redact or len(sources) < 2:
            return
        sizes = list(map(_size, sources))
        processes = exporter.processes
        if processes is None:
            processes = processes_for(sizes, _WORTH_A_PROCESS)
        if processes < 2:
            return
        folder = None
        if targets is None:
            folder = self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="agcx-"))
        self._jobs = list(_jobs(sources, targets, folder, may_replace))
        pool = Pool(partial(render_batch, exporter.form), processes, ahead=_AHEAD)
        # Last, so that it is first: a process that still writes must not outlive its folder.
        self._cleanup.callback(self._remove_all)
        self._cleanup.callback(pool.close)
        batches = _batches(self._jobs, sizes, processes)
        outcomes = _one_by_one(pool.run(batches, self._is_to_stop))
        self._outcomes = outcomes if targets is None else _durable(outcomes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def take(self, index: int) -> Placed | None:
        """The result for a source, to be taken in order; None if the caller has to render it.

        Raises:
            Stopped: The export was canceled.
            PersistenceError: The session cannot be read.
            OSError: The file cannot be written.
        """
        if self._jobs[index] is None:
            return None
        self._written = self._progress.written
        job, outcome = next(self._outcomes, (None, None))
        if job is None or outcome is None:
            raise Stopped
        assert job is self._jobs[index]
        self._progress.written = self._written
        if isinstance(outcome, Failed):
            self.remove(index)
            if isinstance(outcome.error, Ended):
                return None
            self._progress.sessions += 1
            raise outcome.error
        self._progress.written += outcome.size
        self._progress.sessions += 1
        target = self._targets[index] if self._targets is not None else None
        if target is not None and outcome.name is not None and outcome.name != job.name:
            target = target.with_name(outcome.name)
        return Placed(Path(job.temporary), target, outcome.size)

    def remove(self, index: int) -> None:
        """Remove the temporary file of a source, if it is there."""
        job, self._jobs[index] = self._jobs[index], None
        if job is not None:
            with suppress(OSError):
                os.unlink(job.temporary)

    def _remove_all(self) -> None:
        for index in range(len(self._jobs)):
            self.remove(index)

    def _is_to_stop(self) -> bool:
        # Asked while a session takes its time: the file that grows shows that something happens.
        current = next(filter(None, self._jobs), None)
        if current is not None:
            self._progress.written = self._written + _size(current.temporary)
        return self._should_stop()


def _jobs(
    sources: Sequence[str], targets: Sequence[Path] | None, folder: str | None, may_replace: bool
) -> Iterator[RenderJob | None]:
    """A job for each source, for its target or a file in the folder; None if it has to be rendered here."""
    real: dict[str, str] = {}
    for index, source in enumerate(sources):
        if targets is None or folder is not None:
            yield RenderJob(source, os.path.join(folder or "", str(index)), number=index + 1)
            continue
        target = targets[index]
        parent = os.path.dirname(target)
        if parent not in real:
            real[parent] = os.path.realpath(parent)
        temporary = os.path.join(real[parent], temporary_name())
        yield RenderJob(source, temporary, target.name) if _is_plain(target, may_replace) else None


def _batches(
    jobs: Sequence[RenderJob | None], sizes: Sequence[int], processes: int
) -> Iterator[tuple[RenderJob, ...]]:
    """What a process gets at a time; `sizes` are those of the sources."""
    enough = min(_BYTES, sum(sizes) // (processes * _TIMES))
    batch: list[RenderJob] = []
    size = 0
    for job, of_it in zip(jobs, sizes, strict=True):
        if job is not None:
            batch.append(job)
            size += of_it
        if batch and (len(batch) == _MOST or size >= enough):
            yield tuple(batch)
            batch, size = [], 0
    if batch:
        yield tuple(batch)


def _one_by_one(
    outcomes: Iterator[tuple[tuple[RenderJob, ...], Future[list[Rendered | Failed]]]],
) -> Iterator[tuple[RenderJob, Rendered | Failed]]:
    """Each job with its own outcome."""
    for batch, outcome in outcomes:
        try:
            results = outcome.result()
        except Exception as error:
            results = [Failed(error)] * len(batch)
        yield from zip(batch, results, strict=True)


def _durable(
    outcomes: Iterator[tuple[RenderJob, Rendered | Failed]],
) -> Iterator[tuple[RenderJob, Rendered | Failed]]:
    """The same outcomes, in the same order, once each file is on the disk."""
    waiting = deque[tuple[RenderJob, Future[Rendered | Failed]]]()
    with ThreadPoolExecutor(_SYNCS) as threads:
        for job, outcome in outcomes:
            waiting.append((job, threads.submit(_synced, job, outcome)))
            if len(waiting) == _WAITING:
                job, synced = waiting.popleft()
                yield job, synced.result()
        for job, synced in waiting:
            yield job, synced.result()


def _synced(job: RenderJob, outcome: Rendered | Failed) -> Rendered | Failed:
    from agcx_format.disk import sync_written

    if isinstance(outcome, Failed):
        return outcome
    try:
        sync_written(job.temporary)
    except OSError as error:
        return Failed(error)
    return outcome


def _is_plain(target: Path, may_replace: bool) -> bool:
    """Whether a new file can take the place of this path."""
    try:
        mode = os.lstat(target).st_mode
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return may_replace and stat.S_ISREG(mode)


def _size(path: str | Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
