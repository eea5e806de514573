"""Conversations of other agents: parsed, taken into a store, and recognized the next time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import UUID

import msgspec

from agcx_format import open_store
from agcx_format.importing import (
    Source,
    agent_named,
    import_sessions,
    look_at,
    read_rollout,
    read_transcript,
)
from tests.bench import child
from tests.bench.registry import measure, median_ms, megabytes, times
from tests.bench.rollouts import (
    tiny_rollout,
    write_droid,
    write_huge_rollout,
    write_huge_transcript,
    write_pi,
    write_rollout,
    write_transcript,
)
from tests.bench.timing import Outcome, against, clock, outcome
from tests.bench.workspace import Workspace

_FLOOR = "decoding the JSON of every line"


@measure("import.codex", "reading a large rollout of Codex", _FLOOR, times(3))
def codex(work: Workspace) -> Outcome:
    return _parsed(work, "rollout", write_rollout, read_rollout)


@measure("import.claude", "reading a large transcript of Claude Code", _FLOOR, times(3))
def claude(work: Workspace) -> Outcome:
    return _parsed(work, "transcript", write_transcript, read_transcript)


@measure("import.pi", "reading a large session of Pi", _FLOOR)
def pi(work: Workspace) -> Outcome:
    return _parsed(work, "pi", write_pi, partial(_read, "pi"))


@measure("import.droid", "reading a large session of Factory Droid", _FLOOR)
def droid(work: Workspace) -> Outcome:
    return _parsed(work, "droid", write_droid, partial(_read, "droid"))


def _read(agent: str, path: Path) -> object:
    return agent_named(agent).read(Source(path))


def _parsed(
    work: Workspace,
    name: str,
    write: Callable[[Path, int, int], None],
    read: Callable[[Path], object],
) -> Outcome:
    path = work.folder(name) / f"{name}.jsonl"
    write(path, work.scaled(30_000_000, 1_000_000), 1)

    def decode() -> None:
        with path.open("rb") as file:
            for line in file:
                msgspec.json.decode(line)

    return against(clock(lambda: read(path)), clock(decode), pairs=work.pairs(5))


@measure(
    "import.peak",
    "peak memory while importing a huge rollout of Codex",
    "the same process that imports nothing",
    megabytes(200),
)
def peak_memory(work: Workspace) -> Outcome:
    return _peak(work, "rollout", write_huge_rollout)


@measure(
    "import.peak.claude",
    "peak memory while importing a huge transcript of Claude Code",
    "the same process that imports nothing",
    megabytes(200),
)
def peak_memory_of_claude(work: Workspace) -> Outcome:
    return _peak(work, "transcript", write_huge_transcript)


def _peak(work: Workspace, name: str, write: Callable[[Path, int, int], None]) -> Outcome:
    path = work.folder(f"huge-{name}") / f"{name}.jsonl"
    write(path, work.scaled(1_000_000_000, 40_000_000), 1)

    def peak(job: str) -> float:
        return child.run(job, path, work.environment())["peak"]

    note = f"{path.stat().st_size / 1e6:,.0f} MB"
    return outcome([peak(f"import_{name}")], [peak("import_nothing")], unit="B", note=note)


@measure(
    "import.tiny",
    "importing 1,000 tiny rollouts in one act",
    "decoding the JSON of every line",
    median_ms(2000),
)
def tiny(work: Workspace) -> Outcome:
    folder = _many(work, work.scaled(1_000, 50), "tiny")
    target = work.folder("imported") / "store"

    def take() -> None:
        for _ in import_sessions(open_store(target), [folder], agent=agent_named("codex")):
            pass

    return against(
        clock(take, lambda: shutil.rmtree(target)),
        clock(lambda: _decode(folder)),
        pairs=work.pairs(5),
    )


@measure(
    "import.known",
    "looking at 10,000 rollouts that have not changed since their import",
    "decoding the JSON of every line",
    median_ms(500),
)
def known(work: Workspace) -> Outcome:
    folder = _many(work, work.scaled(10_000, 200), "known")
    store, agent = open_store(work.folder("known-store")), agent_named("codex")
    for _ in import_sessions(store, [folder], agent=agent):
        pass

    def look() -> None:
        assert all(True for _ in look_at(store, [folder], agent))

    return against(clock(look), clock(lambda: _decode(folder)), pairs=work.pairs(5))


def _many(work: Workspace, count: int, name: str) -> Path:
    folder = work.folder(name)
    for number in range(count):
        session_id = UUID(int=number + 1)
        tiny_rollout(folder / f"rollout-{session_id}.jsonl", session_id)
    return folder


def _decode(folder: Path) -> None:
    for path in folder.iterdir():
        for line in path.read_bytes().splitlines():
            msgspec.json.decode(line)
