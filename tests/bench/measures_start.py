"""From the start of the process to something to look at, and what it takes in memory.

Warm is every start but the first: what the program keeps between runs is there.
"""

from __future__ import annotations

from pathlib import Path

from tests.bench.bare import READY
from tests.bench.prose import ANY_TITLE
from tests.bench.registry import measure, megabytes, times
from tests.bench.terminal import Terminal
from tests.bench.timing import Outcome, against
from tests.bench.workspace import Workspace

_BARE = "the start of a Textual app with one Static"
_BARE_KEY = "the same in a Textual app with one Static"
_BARE_MEMORY = "a Textual app with one Static"
# Seconds of rest after which the first words of all sessions are being read, if they were not before.  While
# that goes on, and until the catalog with them is written, the app takes up to 10 MB more.
_WORDS_BEGIN = 2.0


@measure("start.rows", "process start to first rows, cold", _BARE, times(1.5))
def rows(work: Workspace) -> Outcome:
    return _first_rows(work, _ten_thousand(work))


@measure("start.rows-100k", "process start to first rows, cold", _BARE)
def rows_of_many(work: Workspace) -> Outcome:
    return _first_rows(work, hundred_thousand(work))


@measure("start.key", "process start to a key obeyed, warm", _BARE_KEY, times(1.25))
def key(work: Workspace) -> Outcome:
    return _first_key(work, _ten_thousand(work))


@measure("start.key-100k", "process start to a key obeyed, warm", _BARE_KEY, times(1.25))
def key_among_many(work: Workspace) -> Outcome:
    return _first_key(work, hundred_thousand(work))


@measure("start.memory", "resident memory, all read", _BARE_MEMORY, megabytes(60))
def memory(work: Workspace) -> Outcome:
    store = _ten_thousand(work)
    make_warm(work, store, still=_WORDS_BEGIN)
    return _memory(work, store)


@measure("start.memory-100k", "resident memory, all read", _BARE_MEMORY, megabytes(120))
def memory_of_many(work: Workspace) -> Outcome:
    return _memory(work, hundred_thousand(work))


def _ten_thousand(work: Workspace) -> Path:
    return work.store(work.scaled(10_000, 300))


def hundred_thousand(work: Workspace) -> Path:
    return work.store(work.scaled(100_000, 600))


def make_warm(work: Workspace, store: Path, *, still: float = 0.5) -> None:
    """Run once, and leave as a person leaves: then catalog and page are kept.

    It is left when it did nothing for `still` seconds.
    """
    with Terminal(work.program("--store", store), work.environment()) as terminal:
        terminal.wait_for(ANY_TITLE)
        terminal.wait_quiet(still)
        terminal.write(b"q")
        terminal.wait_end()


def note(store: Path) -> str:
    return f"{sum(1 for _ in store.iterdir()):,} sessions"


def _first_rows(work: Workspace, store: Path) -> Outcome:
    def ours() -> float:
        work.forget_caches()
        with Terminal(work.program("--store", store), work.environment()) as terminal:
            return terminal.wait_for(ANY_TITLE) - terminal.started

    def bare() -> float:
        with Terminal(work.bare_app(), work.environment()) as terminal:
            return terminal.wait_for(READY) - terminal.started

    return against(ours, bare, pairs=work.pairs(9), note=note(store))


def _first_key(work: Workspace, store: Path) -> Outcome:
    """Typed as soon as there is something to look at, and obeyed when that can be seen."""
    make_warm(work, store)

    def ours() -> float:
        with Terminal(work.program("--store", store), work.environment()) as terminal:
            terminal.wait_for(ANY_TITLE)
            mark = terminal.mark()
            terminal.write(b"/")
            # The footer says what the keys do in the filter.
            return terminal.wait_for("done", mark) - terminal.started

    def bare() -> float:
        with Terminal(work.bare_app(), work.environment()) as terminal:
            terminal.wait_for(READY)
            mark = terminal.mark()
            terminal.write(b"z")
            return terminal.wait_for("z", mark) - terminal.started

    return against(ours, bare, pairs=work.pairs(7), note=note(store))


def _memory(work: Workspace, store: Path) -> Outcome:
    def ours() -> float:
        with Terminal(work.program("--store", store), work.environment()) as terminal:
            terminal.wait_for(ANY_TITLE)
            terminal.wait_quiet(0.5)
            return terminal.memory()

    def bare() -> float:
        with Terminal(work.bare_app(), work.environment()) as terminal:
            terminal.wait_for(READY)
            terminal.wait_quiet()
            return terminal.memory()

    return against(ours, bare, pairs=1 if work.quick else 2, unit="B", note=note(store))
