"""What agents write comes by itself, in no history, and a person's word counts."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agcx_format import Store, open_store
from agcx_tui.core.importing import background, watching
from agcx_tui.core.importing.background import BackgroundImport, SyncState
from agcx_tui.core.importing.running import RunningImport
from agcx_tui.core.local.keeping_on_exit import LOG_FILE, log_to
from agcx_tui.core.store import store_work
from agcx_tui.core.store.opened_store import OpenedStore
from agcx_tui.core.store.store_work import Outcome
from tests.support import transcript_lines
from tests.support.processes import end_started
from tests.support.rollout_lines import SESSION, assistant, at_rest, meta, user, write
from tests.support.waiting import soon


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Codex keeps its conversations; one is there."""
    for name in ("CODEX_HOME", "CLAUDE_CONFIG_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = tmp_path / "home" / ".codex" / "sessions" / "2026" / "11"
    found.mkdir(parents=True)
    write(found / "old.jsonl", meta(), user("was there"))
    return found


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_FIRST_AFTER", "_REST", "_RETRY_AFTER"):
        monkeypatch.setattr(background, name, 0.01)
    monkeypatch.setattr(watching, "_TICK", 50)


@asynccontextmanager
async def running(sync: BackgroundImport, store: Store) -> AsyncIterator[OpenedStore]:
    opened = OpenedStore()
    task = asyncio.create_task(sync.run(opened))
    opened.use(store, None)
    try:
        yield opened
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def sizes(store: Store) -> dict[str, int]:
    return {entry.title: entry.metadata.message_count for entry in open_store(store.path).scan()}


def other(number: int) -> dict:
    return meta(id=f"{SESSION[:-1]}{number}")


async def test_what_an_agent_writes_comes_and_grows_and_no_undo_is_about_it(
    tmp_path, sessions, monkeypatch
):
    store = open_store(tmp_path / "store")
    # The process that reads is kept, and the list of those that were started ends none.
    monkeypatch.setattr(background, "_IDLE", 1e9)
    processes = end_started(monkeypatch, most=0)
    sync = BackgroundImport(on_start=True, watch=True)
    async with running(sync, store) as opened:
        await soon(lambda: sizes(store) == {"was there": 1}, "the first")
        # A folder of the next day, and a file in it.
        (sessions / "26").mkdir()
        live = write(sessions / "26" / "live.jsonl", other(1), user("live"))
        await soon(lambda: sizes(store) == {"was there": 1, "live": 1}, "the new one")
        write(live, other(1), user("live"), assistant("an answer"))
        await soon(lambda: sizes(store)["live"] == 2, "its growth")
        acts = await opened.opened()
        (entry,) = (each for each in store.scan() if each.title == "was there")
        await acts.run(lambda store: store_work.delete(store, [(entry.path, None)]))
        write(live, other(1), user("live"), assistant("an answer"), assistant("and more"))
        await soon(lambda: sizes(store) == {"live": 3}, "more of it")
        assert (await acts.undo()).act.kind == "delete"
        assert sizes(store) == {"was there": 1, "live": 3}
        assert [act.kind for act in store.log()] == ["delete"]
        # One process read all that, whenever nothing else wanted to; it is not kept for ever.
        (process,) = processes
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19
        monkeypatch.setattr(background, "_IDLE", 0.0)
        await soon(lambda: process.poll() is not None, "the end of a process without work")
        write(live, other(1), user("live"), *map(assistant, ["an answer", "and more", "and on"]))
        await soon(lambda: sizes(store)["live"] == 4, "what another process read")
    # A thread may still be removing it.
    await soon(lambda: not list((store.path / "trash").glob("staging*")), "what it removes")


async def test_a_start_imports_the_newest_first_and_nothing_that_a_person_deleted(
    tmp_path, sessions, monkeypatch
):
    store, opened = open_store(tmp_path / "store"), OpenedStore()
    opened.use(store, None)
    acts: list[list[str]] = []
    opened.acted.subscribe(
        lambda outcome: acts.append([each.title for each in outcome.act.sessions])
    )
    asked: list[bool] = []
    opened.acted.subscribe(lambda outcome: asked.append(not outcome.unasked))
    at_rest(sessions / "old.jsonl")
    await BackgroundImport(on_start=True).run(opened)
    queue = await opened.opened()
    (entry,) = store.scan()
    await queue.run(lambda store: store_work.delete(store, [(entry.path, None)]))
    # Two that are put in place at once take too many bytes.
    monkeypatch.setattr(background, "_MOST_BYTES", 1)
    for number, (words, age) in enumerate({"older": 60, "newer": 30, "oldest": 90}.items(), 1):
        changed = time.time_ns() - age * 10**9
        path = write(sessions / f"{words}.jsonl", other(number), user(words))
        os.utime(path, ns=(changed, changed))
    sync, found = BackgroundImport(on_start=True), set[int]()
    sync.changed.subscribe(lambda state: found.add(state.found))
    await sync.run(opened)
    # What was deleted is not even read again.
    assert found == {3, 0}
    assert acts == [["was there"], ["was there"], ["newer"], ["older"], ["oldest"]]
    assert asked == [False, True, False, False, False]


async def test_a_large_file_is_left_alone_for_a_time_that_has_a_limit(
    tmp_path, sessions, monkeypatch
):
    store = open_store(tmp_path / "store")
    monkeypatch.setattr(background, "_REST_PER_BYTE", 1e9)
    monkeypatch.setattr(background, "_LONGEST_REST", 1e9)
    sync = BackgroundImport(on_start=True, watch=True)
    async with running(sync, store):
        await soon(lambda: sizes(store) and not sync.state.found, "the end of the first round")
        # From now on nothing rests.
        monkeypatch.setattr(background, "_LONGEST_REST", 0.0)
        write(sessions / "old.jsonl", meta(), user("was there"), assistant("an answer"))
        live = write(sessions / "live.jsonl", other(1), user("live"))
        await soon(lambda: "live" in sizes(store), "the new one")
        write(live, other(1), user("live"), assistant("an answer"))
        await soon(lambda: sizes(store)["live"] == 2, "its growth")
        assert sizes(store)["was there"] == 1


async def test_watching_alone_leaves_what_is_there_and_sees_an_agent_that_comes(
    tmp_path, sessions, monkeypatch
):
    store, looks, places_of = open_store(tmp_path / "store"), list[int](), watching.places_of
    monkeypatch.setattr(
        watching, "places_of", lambda agents: [looks.append(1), places_of(agents)][1]
    )
    async with running(BackgroundImport(watch=True), store):
        # Before the second look it knows what is there.
        await soon(lambda: len(looks) > 1, "the watch")
        claude = tmp_path / "home" / ".claude" / "projects" / "p"
        claude.mkdir(parents=True)
        write(claude / "b.jsonl", transcript_lines.user("said to Claude"))
        await soon(lambda: sizes(store) == {"said to Claude": 1}, "the other agent's")


async def test_what_another_program_saves_at_that_moment_is_tried_again(
    tmp_path, sessions, monkeypatch
):
    store, saved = open_store(tmp_path / "store"), list[str]()
    finish = RunningImport.finish

    def finish_after_a_save(running: RunningImport, store: Store) -> Outcome | None:
        if sizes(store) and not saved:
            (entry,) = open_store(store.path).scan()
            open_store(store.path).save_session(entry.id, *store.load_session(entry.id))
            saved.append(entry.title)
        return finish(running, store)

    monkeypatch.setattr(RunningImport, "finish", finish_after_a_save)
    async with running(BackgroundImport(on_start=True, watch=True), store):
        await soon(lambda: sizes(store), "the first")
        write(sessions / "old.jsonl", meta(), user("was there"), assistant("an answer"))
        await soon(lambda: sizes(store) == {"was there": 2}, "its growth")
    assert saved == ["was there"]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """The log of what failed."""
    log_to(tmp_path / "state")
    yield tmp_path / "state" / LOG_FILE
    log_to(None)


async def test_what_fails_is_said_and_tried_again(tmp_path, sessions, log):
    store = open_store(tmp_path / "store")
    store.path.mkdir()
    (store.path / "trash").write_text("in the way", encoding="utf-8")
    sync = BackgroundImport(on_start=True, watch=True)
    said: list[str] = []
    sync.changed.subscribe(lambda state: said.append(state.problem))
    ended: list[SyncState] = []
    sync.changed.subscribe(lambda state: ended.append(state) if not state.found else None)
    async with running(sync, store):
        await soon(lambda: len(ended) > 2, "a problem that lasts for rounds")
        assert all(state.problem for state in ended)
        (store.path / "trash").unlink()
        await soon(lambda: sizes(store) == {"was there": 1}, "what was tried again")
        await soon(lambda: not sync.state.problem, "the end of the problem")
    # While it lasts it is one problem, not one a round, also in the log.
    (line,) = log.read_text(encoding="utf-8").splitlines()
    assert "conversations were not imported in the background: " in line
    assert (
        len([each for each, before in zip(said, ["", *said], strict=False) if each != before]) == 2
    )
