"""Full-text search, beside ripgrep over the same text as files, and zstd over the same sections."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from agcx_format import SessionFile, open_store
from agcx_format.search import Index
from agcx_format.search.text import as_read
from tests.bench import floors
from tests.bench.registry import measure, median_ms, p95_ms, times
from tests.bench.search_stores import HALF, RARE, TWO, make_search_store
from tests.bench.timing import Outcome, Samples, against, clock, outcome, rated
from tests.bench.workspace import Workspace

_RG = "rg -ci over the same text, a file for each session"
_FIRST = 50
_NO_LITERAL = r"\b[qx]\d{3}z\b"
_NO_RUN = r"\bq\w*\d\w*z\b"


@measure("search.first", f"the first {_FIRST} of the sessions with a common word", _RG, times(0.3))
def first(work: Workspace) -> Outcome:
    return _beside_rg(work, HALF, first=True)


@measure("search.rare", "every session with a rare word", _RG, times(0.05))
def rare(work: Workspace) -> Outcome:
    return _beside_rg(work, RARE)


@measure(
    "search.start",
    "agcx search of a rare word, from process start",
    "agcx --version",
    median_ms(100),
)
def start(work: Workspace) -> Outcome:
    store, _ = _store(work)
    search = work.program("--store", store, "search", RARE)

    def run(command: list[str]) -> None:
        subprocess.run(command, env=work.environment(), check=True, capture_output=True)

    run([*search, "--build"])
    return against(
        clock(lambda: run(search)),
        clock(lambda: run(work.program("--version"))),
        pairs=work.pairs(15),
        note=f"{sum(1 for _ in store.iterdir()):,} sessions",
    )


@measure("search.phrase", "every session with two words in different messages", _RG, times(0.05))
def two_words(work: Workspace) -> Outcome:
    return _beside_rg(work, TWO, pattern=TWO.split()[1])


@measure("search.half", "every session of half of them", _RG, times(2))
def half(work: Workspace) -> Outcome:
    return _beside_rg(work, HALF)


@measure("search.common", "every session with a word that nearly all have", _RG, times(2))
def common(work: Workspace) -> Outcome:
    return _beside_rg(work, "the")


@measure("search.counted", "the same, every match counted", _RG)
def counted(work: Workspace) -> Outcome:
    return _beside_rg(work, "the", counted=True)


@measure("search.letters", "every session with two letters that nearly all have", _RG, times(3))
def letters(work: Workspace) -> Outcome:
    return _beside_rg(work, "qu")


@measure("search.letter", "every session with one letter that all have", _RG, times(3))
def letter(work: Workspace) -> Outcome:
    return _beside_rg(work, "e")


@measure("search.regex", "an expression without a literal", "rg -c of the same", times(0.6))
def regex(work: Workspace) -> Outcome:
    return _beside_rg(work, f"/{_NO_LITERAL}/", pattern=_NO_LITERAL)


@measure("search.regex-all", "one for which RE2 has to read all text", "rg -c of the same")
def regex_of_all_text(work: Workspace) -> Outcome:
    return _beside_rg(work, f"/{_NO_RUN}/", pattern=_NO_RUN)


@measure(
    "search.direct",
    "every session with a rare word, without an index",
    "zstd -dc of the sections, as many processes",
    times(1.3),
)
def direct(work: Workspace) -> Outcome:
    store, _ = _store(work)
    zstd = _program("zstd")
    halves = _sections(work, store)
    index = Index(open_store(store))
    refs = index.sessions()

    def decompress() -> None:
        commands = [
            subprocess.Popen([zstd, "-dcq", path], stdout=subprocess.DEVNULL) for path in halves
        ]
        assert [command.wait() for command in commands] == [0] * len(commands)

    return against(
        clock(lambda: list(index.find(RARE, sessions=refs))),
        clock(decompress),
        pairs=work.pairs(5),
        note=f"{len(refs):,} sessions",
    )


@measure(
    "search.build", "building the index, of one core", "decompress + unpack of the same sections"
)
def build(work: Workspace) -> Outcome:
    store, size = _store(work)
    cache = work.folder("search-build")
    paths = [Path(entry.path) for entry in os.scandir(store)]
    index = Index(open_store(store), cache)
    on_disk = 0

    def run() -> float:
        nonlocal on_disk
        start = time.process_time()
        on_disk = index.update().size
        took = time.process_time() - start
        index.clear()
        return took

    def unpack() -> float:
        start = time.process_time()
        for path in paths:
            floors.unpack(floors.messages_section(path))
        return time.process_time() - start

    found = outcome([run()], [unpack()], note=f"{on_disk / size:.0%} of the text")
    return rated(found, size)


@measure(
    "search.delay",
    "how much longer a thread sleeps while a search goes through all text",
    "while nothing goes on",
    p95_ms(10),
)
def delay(work: Workspace) -> Outcome:
    index = _index(work)
    refs = index.sessions()

    def delays(action: Callable[[], object]) -> list[float]:
        found: list[float] = []
        done = threading.Event()

        def tick() -> None:
            while not done.is_set():
                start = time.perf_counter()
                time.sleep(0.004)
                found.append(max(1e-6, time.perf_counter() - start - 0.004))

        thread = threading.Thread(target=tick)
        thread.start()
        action()
        done.set()
        thread.join()
        return found

    ours = delays(lambda: [list(index.find(word, sessions=refs)) for word in ("the", "qx", "e")])
    idle = delays(lambda: time.sleep(1))
    middle = sorted(idle)[len(idle) // 2]
    return Outcome("s", Samples(tuple(ours)), Samples(tuple(idle)), tuple(x / middle for x in ours))


@measure(
    "search.many",
    "every session with a rare word among 100,000 that are listed and indexed",
    "the same among 1,000",
    median_ms(100),
)
def many(work: Workspace) -> Outcome:
    few = work.root / "search-few"
    make_search_store(few, work.scaled(1_000, 20), work.scaled(1_000, 20) * 800, work.seed)
    store = _linked(few, work.folder("search-many"), work.scaled(100, 10))
    runs = []
    for path in (store, few):
        index = Index(path, work.folder("search-many-cache"))
        index.update()
        refs = index.sessions()
        runs.append(clock(lambda index=index, refs=refs: list(index.find(RARE, sessions=refs))))
        # A list is held against the index once.
        runs[-1]()
    return against(
        *runs, pairs=work.pairs(15), note=f"{sum(1 for _ in store.iterdir()):,} sessions"
    )


def _linked(few: Path, store: Path, times: int) -> Path:
    """A store of `times` as many sessions, which share their files: made in seconds."""
    for number in range(times):
        for entry in os.scandir(few):
            os.link(entry.path, store / f"{number:08x}{entry.name[8:]}")
    return store


# --- what they have in common


def _beside_rg(
    work: Workspace, query: str, *, pattern: str = "", first: bool = False, counted: bool = False
) -> Outcome:
    rg, texts, index = _program("rg"), _texts(work), _index(work)
    refs = index.sessions()
    found = 0

    def search() -> None:
        nonlocal found
        found = 0
        results = index.find(query, sessions=refs, rows=1, counted=counted)
        for _ in results:
            found += 1
            if first and found >= _FIRST:
                results.stop()

    words = ["-ci", pattern] if pattern else ["-ciF", query]

    def ripgrep() -> None:
        subprocess.run([rg, *words, texts], stdout=subprocess.DEVNULL, check=False)

    search()
    cpu = _processor_seconds(index, search) / max(1e-3, _processor_seconds(index, ripgrep))
    measured = against(clock(search), clock(ripgrep), pairs=work.pairs(7))
    note = f"{found:,} of {len(refs):,} sessions, CPU {cpu:.1f}×"
    index.close()
    return replace(measured, note=note)


def _processor_seconds(index: Index, action: Callable[[], object]) -> float:
    """What all processors do for an action: here, in helping processes and in those that it starts."""

    def spent() -> float:
        own, others = os.times(), 0.0
        for pid in index.helping:
            with open(f"/proc/{pid}/stat") as file:
                ticks = file.read().rpartition(")")[2].split()[11:13]
            others += sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
        return own.user + own.system + own.children_user + own.children_system + others

    runs, before = 5, spent()
    for _ in range(runs):
        action()
    return (spent() - before) / runs


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise LookupError(f"{name} is not on the path")
    return path


def _store(work: Workspace) -> tuple[Path, int]:
    """The store, and how many bytes of text it holds."""
    path = made_store(work)
    size = sum(entry.stat().st_size for entry in os.scandir(_texts(work)))
    return path, size


def made_store(work: Workspace) -> Path:
    path = work.root / "search-store"
    if not path.exists():
        count = work.scaled(10_000, 60)
        make_search_store(path, count, count * 42_000, work.seed, processes=os.cpu_count() or 1)
    return path


def _texts(work: Workspace) -> Path:
    """The text of each session as a file."""
    path = work.root / "search-texts"
    if not path.exists():
        store = made_store(work)
        path.mkdir()
        for entry in os.scandir(store):
            with SessionFile(entry.path) as session:
                text = "\n".join(as_read(message.item) for message in session)
            (path / f"{Path(entry.path).stem}.txt").write_text(text)
    return path


def _sections(work: Workspace, store: Path) -> list[Path]:
    """The compressed messages of all sessions, in as many files as there are processors."""
    count = min(4, os.cpu_count() or 1)
    paths = [work.root / f"search-sections-{number}.zst" for number in range(count)]
    if not paths[0].exists():
        files = [path.open("wb") for path in paths]
        for number, entry in enumerate(os.scandir(store)):
            files[number % count].write(floors.messages_section(Path(entry.path)))
        for file in files:
            file.close()
    return paths


def _index(work: Workspace) -> Index:
    index = Index(open_store(_store(work)[0]), work.folder("search-cache"))
    index.update()
    return index
