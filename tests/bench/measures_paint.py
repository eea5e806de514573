"""First paint: from the start of the process to the rows of the last page."""

from __future__ import annotations

from pathlib import Path

from tests.bench.measures_start import hundred_thousand, make_warm, note
from tests.bench.prose import ANY_TITLE
from tests.bench.registry import measure, median_ms
from tests.bench.terminal import Terminal
from tests.bench.timing import Outcome, against
from tests.bench.workspace import Workspace

_FLOOR = "a Python that prints one word to the terminal"


@measure("paint.rows", "process start to the last page, warm", _FLOOR, median_ms(60))
def rows(work: Workspace) -> Outcome:
    return _painted(work, work.store(work.scaled(10_000, 300)))


@measure("paint.rows-100k", "process start to the last page, warm", _FLOOR, median_ms(60))
def rows_of_many(work: Workspace) -> Outcome:
    return _painted(work, hundred_thousand(work))


def _painted(work: Workspace, store: Path) -> Outcome:
    command = work.program("--store", store)
    make_warm(work, store)

    def ours() -> float:
        with Terminal(command, work.environment()) as terminal:
            return terminal.wait_for(ANY_TITLE) - terminal.started

    def floor() -> float:
        with Terminal([command[0], "-c", "print('READY')"], work.environment()) as terminal:
            return terminal.wait_for("READY") - terminal.started

    return against(ours, floor, pairs=work.pairs(9), note=note(store))
