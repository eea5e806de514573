"""What a crash left of an act is put right where files are not as they usually are.

In a copied store, and on file systems that give files new numbers at each mount, no file has the inode that
the act recorded.  A session may lie behind a link.  Another program may save one after the crash.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import Store, open_store, write_session
from tests.slow.crash.processes import killed_at
from tests.slow.crash.versions import session, version_of
from tests.support.stores import contents

A, B = (UUID(int=n << 96) for n in (1, 2))
FOREIGN = 99


@pytest.fixture
def root(tmp_path: Path) -> Path:
    store = open_store(tmp_path / "store")
    for session_id in (A, B):
        store.save_session(session_id, *session(session_id, 1, 300))
    return store.path


def edit(store: Store) -> None:
    store.update_many([(entry, {"title": "new"}) for entry in list(store.scan())])


def delete_and_restore(store: Store) -> None:
    store.delete(list(store.scan()))
    store.restore(store.trash())


ACTS: dict[str, Callable[[Store], object]] = {
    "edit": edit,
    "split": lambda store: store.split(A, 1),
    "convert": lambda store: store.convert(list(store.scan()), 2),
    "restore": delete_and_restore,
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_an_undo_in_a_copied_store_is_finished_after_a_crash(
    act: Callable[[Store], object], root: Path, tmp_path: Path, strides: Callable[[int], int]
):
    act(open_store(root))
    done = contents(root)
    shutil.copytree(root, tmp_path / "undone")
    open_store(tmp_path / "undone").undo()
    after = contents(tmp_path / "undone")
    step, killed = 1, True
    while killed:
        copy = tmp_path / f"copy{step}"
        shutil.copytree(root, copy)
        killed = killed_at(step, lambda copy=copy: open_store(copy).undo())
        open_store(copy)
        assert contents(copy) in (done, after), f"killed at step {step}"
        step += strides(5)
    assert contents(copy) == after
    assert step > 5


@pytest.mark.parametrize("is_undo", [False, True], ids=["edit", "undo"])
def test_an_edit_through_a_link_leaves_nothing_to_undo_if_it_was_taken_back(
    is_undo: bool, root: Path, tmp_path: Path, strides: Callable[[int], int]
):
    step, killed = 1, True
    while killed:
        top = tmp_path / f"run{step}"
        shutil.copytree(root, top / "store")
        store = open_store(top / "store")
        real, link = top / "real.agcx", Path(store.resolve(str(A)).path)
        os.rename(link, real)
        link.symlink_to(real)
        if is_undo:
            edit(store)
        killed = killed_at(
            step, (lambda store=store: store.undo()) if is_undo else lambda store=store: edit(store)
        )
        again = open_store(store.path)
        titles = {entry.title for entry in again.scan()}
        left = [act for act in again.log() if act.is_kept]
        assert (titles, len(left)) in (({"v1"}, 0), ({"new"}, 1)), f"killed at step {step}"
        assert sorted(os.listdir(top)) == ["real.agcx", "store"]
        assert link.is_symlink()
        step += strides(5)
    assert step > 5


def test_an_undo_that_cannot_be_finished_keeps_what_it_had_removed(
    root: Path, tmp_path: Path, strides: Callable[[int], int]
):
    """Another program saves the session that was split right after the crash."""
    step, killed, interrupted = 1, True, 0
    while killed:
        copy = tmp_path / f"copy{step}"
        shutil.copytree(root, copy)
        second, _ = open_store(copy).split(A, 1)
        words = Path(open_store(copy).resolve(str(second)).path).read_bytes()
        killed = killed_at(step, lambda copy=copy: open_store(copy).undo())
        was_interrupted = any(name.endswith(".undoing") for name in os.listdir(copy / "trash"))
        interrupted += was_interrupted
        write_session(copy / "saved.tmp", *session(A, FOREIGN, 300))
        os.rename(copy / "saved.tmp", copy / f"{A}.agcx")
        store = open_store(copy)
        if was_interrupted:
            assert Path(store.resolve(str(second)).path).read_bytes() == words
            assert store.acts()[0].can_be_undone
        assert version_of(copy / f"{A}.agcx") == (A, FOREIGN)
        step += strides(5)
    assert interrupted > 2


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_an_act_is_taken_back_although_each_file_has_another_inode_after_the_crash(
    act: Callable[[Store], object], root: Path, tmp_path: Path, strides: Callable[[int], int]
):
    if act is delete_and_restore:
        open_store(root).delete(list(open_store(root).scan()))
    before, step, killed, changed = said_by_sessions(root), 1, True, 0
    while killed:
        first, again = tmp_path / f"first{step}", tmp_path / f"again{step}"
        shutil.copytree(root, first)
        store = open_store(first)
        last = (lambda s: s.restore(s.trash())) if act is delete_and_restore else act
        killed = killed_at(step, lambda store=store, last=last: last(store))
        is_pending = bool(list(first.glob("trash/*.pending")))
        now = said_by_sessions(first)
        changed += is_pending and now != before
        shutil.copytree(first, again)
        open_store(again)
        expected = before if is_pending else now
        assert said_by_sessions(again) == expected, f"killed at step {step}"
        step += strides(5)
    assert changed


def said_by_sessions(root: Path) -> dict[str, bytes]:
    return {name: data for name, data in contents(root).items() if name.endswith(".agcx")}
