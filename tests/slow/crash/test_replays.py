"""The power fails during an act, on a disk that writes directories in any order.

Nothing is lost before the act is reported as done, the store shows it whole or not at all, and once
it was reported it is there.  The long form, with `--full`, looks at every state.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from agcx_format import SessionStorage, SessionStore, open_store
from agcx_format.store.acts.act_dirs import UNFINISHED, unfinished
from tests.slow.crash.file_calls import watched
from tests.slow.crash.processes import child
from tests.slow.crash.replays import Recording
from tests.slow.crash.test_kill_at_every_step import ACTIONS, A, Action, B, nothing_is_lost, picture
from tests.slow.crash.test_poor_file_systems import without_links
from tests.slow.crash.versions import session
from tests.support.stores import contents

FEW = 12


@pytest.fixture(params=[SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def template(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    store = request.param(tmp_path / "template")
    for session_id in (A, B):
        store.save_session(session_id, *session(session_id, 1, 1000))
    (store.path / "checkpoints").mkdir(exist_ok=True)
    (store.path / "checkpoints" / f"{A}_{B}.ckpt").write_bytes(b"a checkpoint")
    store.rebuild_index()
    return store.path


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_whatever_the_disk_has_written_nothing_is_lost(
    action: Action,
    template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
):
    root = template
    action.before(open_store(root))
    before, originals = picture(root), contents(root, trash=True)
    recording = Recording(root, tmp_path / "vault")
    recording.run(lambda: action.does(open_store(root)), monkeypatch)
    after = picture(root)
    few = None if request.config.getoption("--full") else FEW
    for state, is_done in replayed_states(recording, tmp_path, action, few, least=5):
        look_after(state, action, is_done, before, after, originals)


RECOVERED = (
    "delete all", "undo a delete", "edit all", "undo an edit", "undo a copy", "bring back",
    "undo a bringing back",
)  # fmt: skip


@pytest.mark.parametrize(
    "action", [each for each in ACTIONS if each.name in RECOVERED], ids=lambda action: action.name
)
def test_nor_if_it_fails_again_while_the_store_is_set_right(
    action: Action, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """After a kill right before the act would have been marked as done; of that the disk had everything."""
    store = SessionStorage(tmp_path / "store")
    for session_id in (A, B):
        store.save_session(session_id, *session(session_id, 1, 1000))
    action.before(store)
    root, tried = store.path, tmp_path / "tried"
    before, originals = picture(root), contents(root, trash=True)
    shutil.copytree(root, tried)
    action.does(open_store(tried))
    after = picture(tried)

    def die_first(call: str, arguments: tuple) -> None:
        if call == "rename" and str(arguments[0]).endswith(UNFINISHED):
            os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        with watched(pytest.MonkeyPatch(), before=die_first):
            action.does(open_store(root))

    with child(work) as pid:
        _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status)
    recording = Recording(root, tmp_path / "vault")
    recording.run(lambda: open_store(root), monkeypatch)
    assert not unfinished(root)
    for state, _ in replayed_states(recording, tmp_path, action, FEW, least=2):
        look_after(state, action, False, before, after, originals)


@pytest.mark.parametrize(
    "action",
    [each for each in ACTIONS if each.name in ("delete all", "undo a delete", "bring back")],
    ids=lambda action: action.name,
)
def test_what_moved_is_there_once_it_was_reported_where_files_have_one_name_each(
    action: Action, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Such a file system may lose a file that moves; not one that was said to have moved."""
    without_links(monkeypatch)
    store = SessionStorage(tmp_path / "store")
    for session_id in (A, B):
        store.save_session(session_id, *session(session_id, 1, 1000))
    action.before(store)
    before, originals = picture(store.path), contents(store.path, trash=True)
    recording = Recording(store.path, tmp_path / "vault")
    recording.run(lambda: action.does(open_store(store.path)), monkeypatch)
    after = picture(store.path)
    for state, is_done in replayed_states(recording, tmp_path, action, few=0, least=1):
        look_after(state, action, is_done, before, after, originals)


@pytest.mark.parametrize("is_new", [True, False], ids=["after a first save", "of another program"])
def test_the_first_deletion_in_a_store_loses_nothing(
    is_new: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The name of the trash itself is on the disk before anything moves there."""
    root, begun = tmp_path / "store", 0
    originals: dict[str, bytes] = {}
    SessionStore(root).save_session(A, *session(A, 1, 1000))
    shutil.rmtree(root / "trash")
    recording = Recording(root, tmp_path / "vault")

    def work() -> None:
        nonlocal begun
        store = open_store(root)
        if is_new:
            store.save_session(A, *session(A, 2, 1000))
        begun = recording.events
        originals.update(contents(root / "sessions"))
        store.delete(list(store.scan()))

    recording.run(work, monkeypatch)
    states = {
        repr(state): (at, state) for at, state in recording.states(random.Random(7)) if at > begun
    }
    for number, (moment, state) in enumerate(states.values()):
        replayed = tmp_path / f"replay{number}"
        recording.make(state, moment, replayed)
        nothing_is_lost(originals, replayed)
        shutil.rmtree(replayed)


def replayed_states(
    recording: Recording, folder: Path, action: Action, few: int | None, *, least: int
) -> Iterator[tuple[Path, bool]]:
    """States of the disk that are possible, each made real for a moment, and whether all was done.

    Those in which it was, and `few` of the others; there are `least` in all, or nothing was tried.
    """
    done, chance = recording.events, random.Random(action.name)
    seen: dict[str, tuple] = {}
    for moment, state in recording.states(chance):
        reachable = repr((moment == done, sorted((k, sorted(v.items())) for k, v in state.items())))
        seen.setdefault(reachable, (moment, state))
    states = list(seen.values())
    last = [each for each in states if each[0] == done]
    if few is not None:
        states = [*chance.sample(states, min(few, len(states))), *last]
    assert len(states) >= least
    assert last
    for number, (moment, state) in enumerate(states):
        replayed = folder / f"replay{number}"
        recording.make(state, moment, replayed)
        yield replayed, moment == done
        shutil.rmtree(replayed)


def look_after(root: Path, action: Action, is_done: bool, before, after, originals) -> None:
    store = open_store(root)
    now = picture(root)
    # Of the index only what the files say counts: it is made again.
    if is_done:
        assert now[:2] == after[:2], "reported as done, and not there"
    else:
        assert now[:2] in (before[:2], after[:2])
    if not action.loses:
        sessions = {name: data for name, data in originals.items() if not name.endswith(".meta")}
        nothing_is_lost(sessions, root)
    store.save_index(store.load_index())
    assert picture(root)[:2] == now[:2]
