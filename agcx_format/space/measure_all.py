"""Measures many files, in several processes if they are worth their start, with the results in order.

Strategy: files are measured a few dozen at a time, so that passing them around costs nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from agcx_format.processes.pool import Ended, Pool, processes_for
from agcx_format.space.measure import FileStats, Stopped, gather, measure
from agcx_format.store.entries import ScanEntry

__all__ = ["measure_all"]

# Bytes on disk of files that are measured in the time that a process takes to start.
_WORTH_A_PROCESS = 6 * 1024 * 1024
# Files and bytes that a process measures at once.
_FILES, _BYTES = 64, 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Job:
    entries: list[ScanEntry]
    activity: bool


def measure_all(
    entries: Sequence[ScanEntry],
    should_stop: Stopped = lambda: False,
    *,
    activity: bool = False,
    processes: int | None = None,
) -> Generator[FileStats, None, None]:
    """Measure each file until stopped, in `processes`; by default in as many as are worth it."""
    if processes is None:
        processes = processes_for((entry.size for entry in entries), _WORTH_A_PROCESS)
    if processes < 2:
        yield from gather(entries, should_stop, activity=activity)
        return
    pool = Pool(_measured, processes)
    with closing(pool):
        jobs = (_Job(part, activity) for part in _parts(entries))
        for job, outcome in pool.run(jobs, should_stop):
            try:
                found = outcome.result()
            except Ended:
                # It may have been too much for that process; here it can be stopped.
                yield from gather(job.entries, should_stop, activity=activity)
                continue
            for file in found:
                if should_stop():
                    return
                yield file


def _parts(entries: Sequence[ScanEntry]) -> Iterator[list[ScanEntry]]:
    """The entries in short lists."""
    part: list[ScanEntry] = []
    size = 0
    for entry in entries:
        part.append(entry)
        size += entry.size
        if len(part) == _FILES or size >= _BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _measured(job: _Job) -> list[FileStats]:
    """In another process: what each file holds."""
    found = (measure(entry, activity=job.activity) for entry in job.entries)
    return [file for file in found if file is not None]
