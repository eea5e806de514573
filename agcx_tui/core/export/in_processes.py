"""Render sessions in several processes, each into a temporary file, for this one to put where it belongs.

Strategy: processes render ahead, and the results are taken in the order of the jobs, so names, questions,
and messages are those of an export in one process.  No process waits until its file is on the disk: threads
of this program do, for several files at once, which the disk writes together.  What a process cannot do, as
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
from pathlib import Path
from typing import Self

from agcx_format.processes import Ended, Pool, processes_for
from agcx_tui.core.export.leftovers import temporary_beside
from agcx_tui.core.export.outgoing import Form, Progress
from agcx_tui.core.export.session_export import Exporter, Stopped

__all__ = ["Rendered", "Rendering"]

# Bytes on disk of sessions that are written in the time that a process takes to start.
_WORTH_A_PROCESS = 2 * 1024 * 1024
# Files that each process may have written and that are not in place yet.
_AHEAD = 2
# Files that are synced at once.
_SYNCS = 16


@dataclass(frozen=True, slots=True)
class _Job:
    """A session to write into a temporary file.

    Fields:
        target: The file that it is for; None for a part of a shared file.
        number: Of the part in the shared file, from 1.
    """

    source: str
    form: Form
    temporary: Path
    target: Path | None = None
    number: int = 1


@dataclass(frozen=True, slots=True)
class Rendered:
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
        self._jobs: list[_Job | None] = [None] * len(sources)
        self._outcomes: Iterator[tuple[_Job, Future[Rendered]]] = iter(())
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
            folder = Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="agcx-")))
        for index, source in enumerate(sources):
            if folder is not None:
                temporary = folder / str(index)
                self._jobs[index] = _Job(source, exporter.form, temporary, number=index + 1)
            elif targets is not None and _is_plain(targets[index], may_replace):
                target = targets[index]
                temporary = temporary_beside(Path(os.path.realpath(target.parent), target.name))
                self._jobs[index] = _Job(source, exporter.form, temporary, target)
        pool = Pool(_render, processes, ahead=_AHEAD)
        # Last, so that it is first: a process that still writes must not outlive its folder.
        self._cleanup.callback(self._remove_all)
        self._cleanup.callback(pool.close)
        outcomes = pool.run(filter(None, self._jobs), self._is_to_stop)
        self._outcomes = outcomes if folder is not None else _durable(outcomes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def take(self, index: int) -> Rendered | None:
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
        try:
            rendered = outcome.result()
        except Ended:
            self.remove(index)
            return None
        except BaseException:
            self.remove(index)
            self._progress.sessions += 1
            raise
        self._progress.written += rendered.size
        self._progress.sessions += 1
        return rendered

    def remove(self, index: int) -> None:
        """Remove the temporary file of a source, if it is there."""
        job, self._jobs[index] = self._jobs[index], None
        if job is not None:
            with suppress(OSError):
                job.temporary.unlink()

    def _remove_all(self) -> None:
        for index in range(len(self._jobs)):
            self.remove(index)

    def _is_to_stop(self) -> bool:
        # Asked while a session takes its time: the file that grows shows that something happens.
        current = next(filter(None, self._jobs), None)
        if current is not None:
            self._progress.written = self._written + _size(current.temporary)
        return self._should_stop()


def _durable(
    outcomes: Iterator[tuple[_Job, Future[Rendered]]],
) -> Iterator[tuple[_Job, Future[Rendered]]]:
    """The same outcomes, in the same order, once each file is on the disk."""
    waiting = deque[tuple[_Job, Future[Rendered]]]()
    with ThreadPoolExecutor(_SYNCS) as threads:
        for job, outcome in outcomes:
            waiting.append((job, threads.submit(_sync, outcome)))
            if len(waiting) == _SYNCS:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()


def _sync(outcome: Future[Rendered]) -> Rendered:
    from agcx_format.disk import sync_written

    rendered = outcome.result()
    sync_written(rendered.temporary)
    return rendered


def _render(job: _Job) -> Rendered:
    """In another process: write a session into its temporary file."""
    from agcx_format.disk import make_directory, write_unsynced

    with Exporter(job.form).session(job.source) as session:
        if job.target is None:
            with open(job.temporary, "xb") as file:
                size = sum(map(file.write, session.parts(alone=False, number=job.number)))
            return Rendered(job.temporary, None, size)
        make_directory(job.temporary.parent)
        size = write_unsynced(job.temporary, session.parts()).size
        return Rendered(job.temporary, session.named(job.target), size)


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
