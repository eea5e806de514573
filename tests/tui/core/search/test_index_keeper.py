"""The index is built beside the program, follows the store, and leaves nothing running."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agcx_format import open_store
from agcx_format.disk.locks import locked
from agcx_format.search import Index
from agcx_format.search.book import Book
from agcx_tui.core.local.config import Config
from agcx_tui.core.local.paths import search_index
from agcx_tui.core.search import index_keeper
from agcx_tui.core.search.index_keeper import IndexKeeper, IndexPhase
from agcx_tui.core.store.opened_store import OpenedStore
from tests.support.browsing import demo_copy
from tests.support.waiting import LIMIT, soon


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return demo_copy(tmp_path / "history")


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    for name in ("_FIRST_AFTER", "_QUIET", "_REST"):
        monkeypatch.setattr(index_keeper, name, 0.01)


@asynccontextmanager
async def running(keeper: IndexKeeper, store: Path) -> AsyncIterator[OpenedStore]:
    opened = OpenedStore()
    task = asyncio.create_task(keeper.run(opened))
    opened.use(open_store(store), None)
    try:
        yield opened
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def built(keeper: IndexKeeper) -> bool:
    state = keeper.state
    return state.phase is IndexPhase.WAITING and state.book is not None and state.book.complete


async def test_the_index_is_built_followed_deleted_and_built_when_asked_for(store, tmp_path):
    keeper = IndexKeeper(tmp_path / "cache")
    said: list[str] = []
    keeper.changed.subscribe(lambda state: said.append(keeper.words(3)))
    async with running(keeper, store) as opened:
        await soon(lambda: built(keeper), "the index")
        assert "indexing 0 of 15" in said
        index = Index(store, tmp_path / "cache")
        assert index.state().complete
        # A session that comes.
        first = open_store(store).list_sessions()[0]
        open_store(store).duplicate(first.id)
        opened.saved.publish({str(store): None})
        await soon(lambda: built(keeper) and keeper.state.book.total == 16, "the new session")
        await keeper.delete(store)
        assert keeper.state.phase is IndexPhase.DELETED
        assert keeper.words(3) == "without the index: deleted"
        assert not index.state().size
        opened.saved.publish({str(store): None})
        await asyncio.sleep(0.1)
        assert keeper.state.phase is IndexPhase.DELETED
        keeper.build()
        await soon(lambda: built(keeper), "the index that was asked for")
        assert index.state().sessions == index.state().total


async def test_a_build_ends_with_the_program_and_nothing_keeps_running(store, tmp_path):
    keeper = IndexKeeper(tmp_path / "cache")
    async with running(keeper, store):
        await soon(lambda: keeper.process is not None, "the process")
        process = keeper.process
    assert process is not None
    assert process.returncode is not None


async def test_what_is_left_of_an_index_that_is_not_to_be_is_deleted_when_asked_for(
    store, tmp_path
):
    place = search_index(tmp_path)
    Index(store, place).update()
    keeper = IndexKeeper.of(tmp_path, Config(search_index=False))
    assert keeper.left == place
    await keeper.delete(store)
    assert Index(store, place).state().size == 0
    assert keeper.state.phase is IndexPhase.OFF


async def test_where_another_program_builds_it_nothing_is_done_until_that_has_ended(
    store, tmp_path
):
    keeper = IndexKeeper(tmp_path / "cache")
    book = Book(tmp_path / "cache", store)
    book.make_directory()
    async with running(keeper, store):
        with locked(book.directory, timeout=LIMIT):
            await soon(lambda: keeper.state.phase is IndexPhase.ELSEWHERE, "the other one")
            assert keeper.words(0) == "indexing in another program"
        await soon(lambda: built(keeper), "the index")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_an_index_that_cannot_be_written_is_said(store, tmp_path):
    (tmp_path / "cache").mkdir(mode=0o500)
    await said_to_fail(IndexKeeper(tmp_path / "cache" / "search"), store)


async def said_to_fail(keeper: IndexKeeper, store: Path) -> None:
    async with running(keeper, store):
        await soon(lambda: keeper.state.phase is IndexPhase.FAILED, "the failure")
    assert keeper.words(5).startswith("no index: ")


async def test_an_index_where_a_file_is_in_the_way_is_said(store, tmp_path):
    (tmp_path / "cache").write_text("")
    await said_to_fail(IndexKeeper(tmp_path / "cache"), store)


async def test_an_index_whose_process_could_not_be_started_is_built_when_asked_for(
    store, tmp_path, monkeypatch
):
    keeper = IndexKeeper(tmp_path / "cache")
    with monkeypatch.context() as without:
        without.setattr(sys, "executable", "/nowhere/python3")
        async with running(keeper, store):
            await soon(lambda: keeper.state.phase is IndexPhase.FAILED, "the failure")
            without.undo()
            keeper.build()
            await soon(lambda: built(keeper), "the index")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        # Killed while it wrote a line.
        ("""printf '{"sess'; kill -9 $$""", "the process ended with status -9"),
        ("echo what is this", "JSON is malformed"),
        # More than fits into a pipe.
        ("head -c 300000 /dev/zero >&2; printf '\\nno space\\n' >&2; exit 1", "no space"),
    ],
)
async def test_a_process_that_fails_in_any_way_is_said_to_and_the_next_one_builds_the_index(
    store, tmp_path, monkeypatch, script, reason
):
    keeper = IndexKeeper(tmp_path / "cache")
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", str(a_program(tmp_path / "python", script)))
        async with running(keeper, store):
            await soon(lambda: keeper.state.phase is IndexPhase.FAILED, "the failure")
            assert keeper.state.problem.startswith(reason)
            broken.undo()
            keeper.build()
            await soon(lambda: built(keeper), "the index")


def a_program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return path


_WITHOUT_LOCKS = """
import errno, fcntl, os, sys
from agcx_format.search.build import main

def fail(*_):
    raise OSError(errno.EIO, os.strerror(errno.EIO))

fcntl.flock = fail
sys.exit(main(sys.argv[-2:]))
"""


async def test_a_directory_that_cannot_be_locked_is_not_said_to_be_in_use(
    store, tmp_path, monkeypatch
):
    script = f"exec {sys.executable} -c '{_WITHOUT_LOCKS}' \"$@\""
    monkeypatch.setattr(sys, "executable", str(a_program(tmp_path / "python", script)))
    keeper = IndexKeeper(tmp_path / "cache")
    async with running(keeper, store):
        await soon(lambda: keeper.state.phase is IndexPhase.FAILED, "the failure")
    assert keeper.state.problem.startswith("cannot be locked: input/output error")


async def test_an_index_is_built_although_every_thread_of_the_loop_is_busy(store, tmp_path):
    loop, free = asyncio.get_running_loop(), threading.Event()
    loop.set_default_executor(ThreadPoolExecutor(1))
    busy = loop.run_in_executor(None, free.wait)
    keeper = IndexKeeper(tmp_path / "cache")
    try:
        async with running(keeper, store):
            await soon(lambda: built(keeper), "the index")
    finally:
        free.set()
        await busy


async def test_an_index_that_could_not_be_built_is_built_once_it_can_be(
    store, tmp_path, monkeypatch
):
    """Without being asked, and without a change of a session: as a disk that is no longer full."""
    monkeypatch.setattr(index_keeper, "_RETRY", 0.01)
    keeper = IndexKeeper(tmp_path / "cache")
    said: list[IndexPhase] = []
    keeper.changed.subscribe(lambda state: said.append(state.phase))
    with monkeypatch.context() as without:
        without.setattr(sys, "executable", "/nowhere/python3")
        async with running(keeper, store):
            await soon(lambda: said.count(IndexPhase.FAILED) > 1, "a second failure")
            without.undo()
            await soon(lambda: built(keeper), "the index")


async def test_an_index_that_is_deleted_after_a_failure_is_not_built_again(
    store, tmp_path, monkeypatch
):
    for name in ("_RETRY", "_LONGEST_RETRY"):
        monkeypatch.setattr(index_keeper, name, 0.01)
    begun: list[Any] = []

    def fail(*where: Any) -> subprocess.Popen[bytes]:
        begun.append(where)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(index_keeper, "_start", fail)
    keeper = IndexKeeper(tmp_path / "cache")
    async with running(keeper, store):
        await soon(lambda: len(begun) > 2, "failures")
        await keeper.delete(store)
        before = len(begun)
        await asyncio.sleep(0.2)
        assert keeper.state.phase is IndexPhase.DELETED
        assert len(begun) == before


@pytest.mark.parametrize("starting", [True, False])
async def test_an_index_that_is_deleted_while_it_is_built_stays_deleted_until_it_is_asked_for(
    store, tmp_path, monkeypatch, starting
):
    keeper = IndexKeeper(tmp_path / "cache")
    go_on, processes = threading.Event(), []
    start = index_keeper._start

    def start_slowly(*where: Any) -> subprocess.Popen[bytes]:
        processes.append(start(*where))
        if len(processes) == 1:
            os.kill(processes[0].pid, signal.SIGSTOP)
            assert go_on.wait(LIMIT)
        return processes[-1]

    monkeypatch.setattr(index_keeper, "_start", start_slowly)
    said: list[IndexPhase] = []
    keeper.changed.subscribe(lambda state: said.append(state.phase))
    async with running(keeper, store):
        await soon(lambda: processes, "the process")
        if not starting:
            go_on.set()
            await soon(lambda: keeper.process is not None, "its output")
        deletion = asyncio.create_task(keeper.delete(store))
        await asyncio.sleep(0)
        go_on.set()
        await deletion
        assert set(said) == {IndexPhase.DELETED}
        assert processes[0].returncode is not None
        keeper.build()
        await soon(lambda: built(keeper), "the index that was asked for")


def test_the_configuration_says_whether_there_is_one_and_how_large(tmp_path):
    off, nowhere = (
        IndexKeeper.of(tmp_path, Config(search_index=False)),
        IndexKeeper.of(None, Config()),
    )
    assert off.directory is None
    assert off.words(5) == "without an index: search.index is false"
    assert nowhere.directory is None
    assert nowhere.words(5) == "without an index: no directory for caches"
    keeper = IndexKeeper.of(tmp_path, Config(search_largest="500MB"))
    assert keeper.directory is not None
    assert keeper.cap == 500_000_000
    assert IndexKeeper(None).words(5) == "without an index"
    assert keeper.words(5) == "5 without the index"
    assert keeper.words(0) == ""
