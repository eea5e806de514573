"""Where the space goes: measuring a store, and measuring it again."""

from __future__ import annotations

import os
from pathlib import Path

from agcx_format import open_store
from agcx_format.space.measure import Stats
from agcx_format.space.measure_cache import StatsCache
from tests.bench import floors
from tests.bench.registry import measure
from tests.bench.timing import Outcome, against, clock, rated
from tests.bench.workspace import Workspace


@measure(
    "stats.cold",
    "scanning and measuring many sessions, and keeping the outcome",
    "decompress + msgpack.unpackb of all their messages",
)
def cold(work: Workspace) -> Outcome:
    store, paths = _sessions(work)
    cache = StatsCache(work.folder("stats"), store)
    size = 0

    def gather() -> None:
        nonlocal size
        size = _gather(cache, store).total.plain

    found = against(
        clock(gather, cache.clear),
        clock(lambda: _unpack(paths)),
        pairs=work.pairs(3),
        note=f"{len(paths):,} sessions",
    )
    return rated(found, size)


@measure(
    "stats.warm",
    "scanning many sessions, all of them measured before",
    "open + read 4 KB + close of the same files",
)
def warm(work: Workspace) -> Outcome:
    store, paths = _sessions(work)
    cache = StatsCache(work.folder("stats"), store)
    _gather(cache, store)
    return against(
        clock(lambda: _gather(cache, store)),
        clock(lambda: floors.read_heads(paths)),
        pairs=work.pairs(7),
        note=f"{len(paths):,} sessions",
    )


def _gather(cache: StatsCache, store: Path) -> Stats:
    found = Stats()
    for file in cache.gather(open_store(store).scan()):
        found.add(file)
    return found


def _unpack(paths: list[str]) -> None:
    for path in paths:
        floors.unpack(floors.messages_section(Path(path)))


def _sessions(work: Workspace) -> tuple[Path, list[str]]:
    store = work.store(work.scaled(10_000, 300))
    return store, [entry.path for entry in os.scandir(store)]
