"""The search on the screen: keys while it runs and while the index is built, and what it takes in memory."""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from agcx_tui.core.local.paths import search_index
from tests.bench.bare_terminal import bare_terminal
from tests.bench.measures_search import made_store
from tests.bench.registry import measure, megabytes, p95_ms
from tests.bench.search_stores import HALF, RARE
from tests.bench.terminal import DOWN, Terminal
from tests.bench.timing import Outcome, Samples, against
from tests.bench.workspace import Workspace
from tests.support.waiting import LIMIT

_BARE_KEY = "a letter typed in a Textual app with one Static"
_BARE_HELD = "the same key in a Textual app with one Static"
_BARE_MEMORY = "a Textual app with one Static"
_SECONDS, _RATE = 2, 30
# Words that nearly every session has: each letter makes another search of all text.
_TYPED = ("the ", "halfs", "and q")
_CLEAR = b"\x15"


@measure(
    "search.key",
    "a letter typed in the search, to the first picture after it",
    _BARE_KEY,
    p95_ms(30),
)
def key(work: Workspace) -> Outcome:
    ours: list[float] = []
    beside: list[float] = []
    with _searching(work, made_store(work)) as search, bare_terminal(work) as bare:
        for _ in range(work.pairs(5)):
            for letter in "".join(_TYPED).encode():
                mark, sent = search.mark(), search.write(bytes([letter]))
                while search.mark() == mark:
                    time.sleep(0.0005)
                ours.append(search.pieces[mark][0] - sent)
                beside.append(bare.press(bytes([letter])))
                # Typing goes on while the search runs.
                time.sleep(0.05)
            search.write(_CLEAR)
    ratios = tuple(mine / its for mine, its in zip(ours, beside, strict=True))
    return Outcome("s", Samples(tuple(ours)), Samples(tuple(beside)), ratios)


@measure(
    "search.key-building",
    "the down key held at 30 Hz in the list while the index is built",
    _BARE_HELD,
    p95_ms(25),
)
def key_while_building(work: Workspace) -> Outcome:
    found: tuple[list[float], list[float]] = ([], [])
    ratios = []
    presses = work.scaled(_SECONDS * _RATE, 20)
    # Made in seconds, and what the list reads at first is read before: only the index is missing.  So many
    # that building it takes five times as long as the keys, also where that is fast.
    store = work.store(work.scaled(20_000, 3_000), "to-index")
    home = work.folder("home-of-search-building")
    environment = work.environment() | {"HOME": str(home)}
    place = search_index(home / ".cache" / "agcx")
    with _open(work, store, environment):
        pass
    with bare_terminal(work) as bare:
        for _ in range(work.pairs(5)):
            shutil.rmtree(place, ignore_errors=True)
            with _open(work, store, environment) as ours:
                _await_builder(ours, place)
                mine = ours.hold(DOWN, presses, _RATE)
                if not _is_building(ours):
                    raise LookupError("the index was complete before the last key")
                its = bare.hold(DOWN, presses, _RATE)
            found[0].extend(mine)
            found[1].extend(its)
            ratios.append(statistics.median(mine) / statistics.median(its))
    samples = (Samples(tuple(values)) for values in found)
    return Outcome("s", *samples, tuple(ratios))


def _await_builder(app: Terminal, place: Path) -> None:
    """Until the process that builds the index, in `place`, has begun to read."""
    limit = time.monotonic() + LIMIT
    while not _is_building(app):
        if any(place.rglob("*.seg")):
            raise LookupError("the index was complete before the first key")
        if time.monotonic() > limit:
            raise LookupError(f"no index is built; the screen ends with {app.screen()[-1]!r}")
        time.sleep(0.05)
    time.sleep(0.5)


def _is_building(app: Terminal) -> bool:
    with contextlib.suppress(OSError):
        for child in _children(app):
            if b"search.build" in Path(f"/proc/{child}/cmdline").read_bytes():
                return True
    return False


def _children(app: Terminal) -> Iterator[str]:
    for task in Path(f"/proc/{app.pid}/task").iterdir():
        yield from (task / "children").read_text().split()


@measure(
    "search.memory",
    "resident memory after a search of all text, with the processes that helped",
    _BARE_MEMORY,
    megabytes(150),
)
def memory(work: Workspace) -> Outcome:
    def ours() -> float:
        with _searching(work, made_store(work)) as search:
            search.write(HALF.encode())
            search.wait_for(r"searched [\d,]+ sessions")
            # Between two blinks of the caret.
            search.wait_quiet()
            helped = [Path(f"/proc/{child}/statm").read_text() for child in _children(search)]
            others = sum(int(each.split()[1]) for each in helped) * os.sysconf("SC_PAGE_SIZE")
            return search.memory() + others

    def bare() -> float:
        with bare_terminal(work) as app:
            return app.memory()

    return against(ours, bare, pairs=work.pairs(3), unit="B")


def _searching(work: Workspace, store: Path) -> Terminal:
    """With an index that is complete: else the app would build one meanwhile."""
    build = work.program("--store", store, "search", RARE, "--build")
    subprocess.run(build, env=work.environment(), check=True, capture_output=True)
    terminal = _open(work, store, work.environment())
    terminal.write(b"f")
    terminal.wait_for("Search inside all")
    terminal.wait_quiet()
    return terminal


def _open(work: Workspace, store: Path, environment: dict[str, str]) -> Terminal:
    terminal = Terminal(work.program("--store", store), environment)
    terminal.wait_for(r"10,000|sessions")
    terminal.wait_quiet(0.5)
    return terminal
