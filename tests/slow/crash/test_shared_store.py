"""One store used by several threads, by several processes of which some are killed, and removed meanwhile."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from agcx_format import SessionStorage, SessionStore, Store, open_store
from agcx_format.errors import NothingToUndo, PersistenceError, StaleSession, UndoConflict
from tests.slow.crash.file_calls import watched
from tests.slow.crash.processes import child
from tests.slow.crash.test_kill_at_every_step import ACTIONS, A, Action, B, each_action, fresh_copy
from tests.slow.crash.versions import assert_clean, session, version_of
from tests.support.stores import contents
from tests.support.waiting import LIMIT

WORKERS = 4
ROUNDS = 12

each_layout = pytest.mark.parametrize(
    "facade", [SessionStorage, SessionStore], ids=["layout 1", "layout 2"]
)


def every_version(root: Path) -> set[tuple[UUID, int]]:
    """What any session file in the store or its trash holds; each can be read."""
    return {version_of(path) for path in root.glob("**/*.agcx")}


def change(store: Store, chance: random.Random, version: int) -> tuple[UUID, int] | None:
    """One change as a person or a program makes it; the session that was saved, if one was."""
    kind = chance.randrange(5)
    if kind == 0:
        new = uuid4()
        store.save_session(new, *session(new, version))
        return new, version
    entries = list(store.scan())
    if kind == 1 and entries:
        store.delete([chance.choice(entries)])
    elif kind == 2 and entries:
        store.update_many([(chance.choice(entries), {"tags": [str(version)]})])
    elif kind == 3:
        store.undo()
    elif trashed := store.trash():
        store.restore(trashed[:1])
    return None


def change_often(store: Store, seed: int, saved: Callable[[tuple[UUID, int]], object]) -> None:
    chance = random.Random(seed)
    for number in range(ROUNDS):
        try:
            if (done := change(store, chance, seed * 1000 + number)) is not None:
                saved(done)
        except (StaleSession, UndoConflict, NothingToUndo, FileNotFoundError):
            # Another one was first; the person is told.
            continue
        except PersistenceError as error:
            # What a scan found may be gone when it is read.
            assert "no such file" in str(error) or "any more" in str(error), error


@each_layout
def test_threads_share_one_store(facade: type[Store], tmp_path: Path):
    store = facade(tmp_path / "store")
    store.save_session(A, *session(A, 1))
    store.rebuild_index()
    saved: list[tuple[UUID, int]] = []
    failed: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            with store.saving_many():
                change_often(store, seed, saved.append)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert failed == []
    assert set(saved) <= every_version(store.path)
    assert_clean(store.path)
    store.save_session(A, *session(A, 2))
    assert set(store.load_index().sessions) == {entry.id for entry in store.scan()}


@each_layout
def test_processes_share_one_store_and_some_are_killed(facade: type[Store], tmp_path: Path):
    root = tmp_path / "store"
    facade(root).save_session(A, *session(A, 1))
    chance, saved = random.Random(facade.__name__), set[tuple[UUID, int]]()
    for turn in range(3):
        reading, writing = os.pipe()

        def work(seed: int, writing: int = writing) -> None:
            def tell(done: tuple[UUID, int]) -> None:
                os.write(writing, f"{done[0]} {done[1]}\n".encode())

            change_often(open_store(root), seed, tell)

        seeds = range(turn * WORKERS, (turn + 1) * WORKERS)
        running = [child(lambda seed=seed: work(seed)) for seed in seeds]
        pids = [each.__enter__() for each in running]
        os.close(writing)
        # One is killed after each of some saves.
        for victim in pids[: WORKERS // 2]:
            os.read(reading, chance.randint(1, 200)) and None
            os.kill(victim, signal.SIGKILL)
        with os.fdopen(reading) as lines:
            for line in lines:
                words = line.split()
                if len(words) == 2 and len(words[0]) == 36:
                    saved.add((UUID(words[0]), int(words[1])))
        for each in running:
            each.__exit__(None, None, None)
        assert saved <= every_version(root)
        open_store(root).save_session(A, *session(A, turn + 2))
        assert_clean(root)


@each_action
def test_a_store_that_is_moved_away_in_the_middle_ends_an_act_with_its_own_error(
    action: Action, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strides: Callable[[int], int]
):
    template = SessionStorage(tmp_path / "template")
    for session_id in (A, B):
        template.save_session(session_id, *session(session_id, 1))
    moment, is_moved, elsewhere = 0, True, tmp_path / "elsewhere"
    while is_moved:
        root = fresh_copy(template.path, tmp_path / f"run{moment}", action)
        kept = {data for name, data in contents(root).items() if name.endswith(".agcx")}
        left, is_moved = moment, False

        def move(name: str, arguments: tuple, root: Path = root) -> None:
            nonlocal left, is_moved
            if left == 0:
                os.replace(root, elsewhere)
                is_moved = True
            left -= 1

        store = open_store(root)
        with watched(monkeypatch, before=move):
            try:
                action.does(store)
            except PersistenceError as error:
                assert str(root) in str(error)
        if is_moved:
            # What an act did not finish is recovered where the store is now.
            now = open_store(elsewhere)
            if not action.loses:
                assert kept <= set(contents(elsewhere, trash=True).values())
            assert_clean(now.path)
            shutil.rmtree(elsewhere)
        shutil.rmtree(root, ignore_errors=True)
        moment += strides(9)
    assert moment > 3


# In one process of its own, in which a file that is forgotten is an error and goes to stderr.
_WATCH_OPEN_FILES = """
import gc, os, sys
from pathlib import Path
from agcx_format import SessionStore, open_store
from tests.slow.crash.test_kill_at_every_step import ACTIONS, A, B
from tests.slow.crash.versions import session

# As in all tests here, nothing is synced.
os.fsync = lambda fd: None

def opened():
    # The memory that maps are copied through is the process's own, and libffi keeps itself open.
    fds = [f'/proc/self/fd/{name}' for name in os.listdir('/proc/self/fd')]
    paths = [os.readlink(fd) for fd in fds if os.path.islink(fd)]
    return sorted(path for path in paths if not path.startswith('/memfd:') and 'libffi' not in path)

for number, action in enumerate(ACTIONS):
    store = SessionStore(Path(sys.argv[1], str(number), 's'))
    for each in (A, B):
        store.save_session(each, *session(each, 1))
    action.before(open_store(store.path))
    before = opened()
    action.does(open_store(store.path))
    assert opened() == before, action.name
    gc.collect()
    print(action.name, flush=True)
"""


def test_no_act_leaves_a_file_open(tmp_path: Path):
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("open files cannot be counted here")
    command = [sys.executable, "-W", "error", "-X", "dev", "-c", _WATCH_OPEN_FILES, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (done.returncode, done.stderr) == (0, ""), f"after {done.stdout}"
    assert done.stdout.splitlines() == [action.name for action in ACTIONS]
