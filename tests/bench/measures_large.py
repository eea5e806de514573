"""A session of any size, through `SessionFile`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agcx_format import SessionFile
from tests.bench import child, floors
from tests.bench.registry import measure, median_ms, megabytes, times
from tests.bench.timing import Outcome, against, clock
from tests.bench.workspace import Workspace


@measure(
    "large.first",
    "opening a huge session to its first message, in a new process",
    "open + read 128 KB + decompress",
    median_ms(50),
)
def first_message(work: Workspace) -> Outcome:
    path = huge(work)
    return against(
        _job(work, "first_message", "seconds", path),
        _job(work, "first_piece", "seconds", path),
        pairs=work.pairs(5),
        note=f"{path.stat().st_size / 1e6:,.0f} MB",
    )


@measure(
    "large.peak",
    "peak memory while reading every message of a huge session",
    "the same process that only opens it",
    megabytes(150),
)
def peak_memory(work: Workspace) -> Outcome:
    path = huge(work)
    return against(
        _job(work, "stream", "peak", path),
        _job(work, "nothing", "peak", path),
        # The peak hardly varies, and a gigabyte is read each time.
        pairs=1,
        unit="B",
        note=f"{path.stat().st_size / 1e6:,.0f} MB",
    )


@measure("large.stream", "reading every message", "decompress + skip-scan", times(2))
def stream(work: Workspace) -> Outcome:
    path = work.session(work.scaled(10_000, 500), work.scaled(16_000_000, 500_000))
    section = floors.messages_section(path)

    def read_all() -> None:
        with SessionFile(path) as session:
            for _ in session:
                pass

    return against(
        clock(read_all),
        clock(lambda: floors.skip_through(section)),
        pairs=work.pairs(9),
        note=f"{path.stat().st_size / 1e6:,.0f} MB",
    )


def huge(work: Workspace) -> Path:
    """100,000 messages, 1 GB of text."""
    return work.session(work.scaled(100_000, 2_000), work.scaled(1_000_000_000, 20_000_000))


def _job(work: Workspace, job: str, value: str, path: Path) -> Callable[[], float]:
    return lambda: child.run(job, path, work.environment())[value]
