"""Emptying the trash: what is destroyed leaves nothing behind, and nothing else goes with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agcx_format import open_store
from agcx_format.doctor.checks import verify_store
from agcx_format.errors import (
    NothingToUndo,
)
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_format.store import DestroyedInPart
from agcx_format.store.acts import emptied as emptied_log
from agcx_format.store.acts import reserve
from agcx_format.store.acts.act_dirs import unfinished
from agcx_format.store.acts.journal import read_act
from tests.slow.crash.processes import killed_at
from tests.support.stores import contents, with_checkpoints, without_index


def test_emptying_leaves_no_byte_and_no_title_behind_and_tells_what_went(root: Path):
    store = open_store(root)
    entries = list(store.scan())
    store.update_metadata(
        entries[0].id, title="A title that is not to be found again", tags=["not to be found"]
    )
    store.delete(list(store.scan()))
    kept = sum(map(len, contents(root / "trash", trash=True).values())) - reserve.SIZE
    sizes = [act.size for act in store.log()]
    emptied = store.empty_trash()
    assert emptied.ids == {entry.id for entry in entries}
    assert emptied.size == kept
    left = contents(root / "trash", trash=True)
    names = {name for name in left if not name.startswith(f"{reserve.FOLDER}/")}
    assert names == {reserve.FILE, emptied_log.FILE}
    assert b"not to be found" not in b"".join(left.values())
    for entry in entries:
        assert str(entry.id).encode() not in b"".join(left.values())
    # The log still tells that there were acts, and how large.
    assert [(act.kind, act.size) for act in store.log()] == [
        ("delete", sizes[0]),
        ("edit", sizes[1]),
    ]
    assert all(act.emptied_at for act in store.log())
    assert store.trash() == []
    assert store.acts() == []
    with pytest.raises(NothingToUndo):
        store.undo()
    assert store.empty_trash().acts == ()
    # What is left is no riddle to whoever checks the store.
    assert [report.kind for report in verify_store(store) if report.kind == "act"] == []


def test_a_destruction_lies_between_an_act_and_its_undo_until_something_else_is_done(
    managed: Path,
):
    store = open_store(managed)
    kept, gone = list(store.scan())[:2]
    older = store.update_many([(kept, {"title": "older"})])
    assert store.destroyed_since(older) == []
    (destroyed,) = store.destroy_sessions([gone]).acts
    assert [act.id for act in store.destroyed_since(older)] == [destroyed.id]
    assert [act.id for act in store.destroyed_since(None)] == [destroyed.id]
    assert store.destroyed_since(store.delete(store.scan())) == []
    store.undo()
    assert store.next_to_undo() == older
    assert len(store.destroyed_since(older)) == 1


def test_what_was_undone_before_it_was_destroyed_is_no_change_that_was_lost(managed: Path):
    store = open_store(managed)
    one, two = list(store.scan())[:2]
    store.delete([one])
    store.undo()
    store.empty_trash()
    assert store.destroyed_since(None) == []
    store.delete([two])
    store.empty_trash()
    assert len(store.destroyed_since(None)) == 1


def test_emptying_what_is_older_leaves_the_younger_one_to_be_undone(managed: Path):
    store = open_store(managed)
    before = contents(managed)
    first, second = list(store.scan())
    old = store.delete([first])
    young = store.delete([second])
    assert [act.id for act in store.to_destroy(young.created_at)] == [old.id]
    emptied = store.empty_trash(young.created_at)
    assert emptied.ids == {first.id}
    assert [session.id for session in store.trash()] == [second.id]
    # The log has the emptied act as well, of which nothing is left.
    assert store.trash(store.log()) == store.trash()
    store.undo()
    assert (
        contents(managed)[os.path.relpath(second.path, managed)]
        == (before[os.path.relpath(second.path, managed)])
    )


def test_a_session_that_was_brought_back_is_not_destroyed_with_the_act_that_deleted_it(
    managed: Path,
):
    store = open_store(managed)
    files = without_index(managed)
    old = store.delete(list(store.scan()))
    restored = store.restore(store.trash())
    # Its undo would put files where nothing is any more: it goes along.
    limit = Timestamp.from_ns(ns_of(old.created_at) + 1)
    assert {act.id for act in store.to_destroy(limit)} == {old.id, restored.id}
    assert store.empty_trash(limit).ids == frozenset()
    assert without_index(managed) == files


def test_undone_acts_are_emptied_too(managed: Path):
    store = open_store(managed)
    entry = with_checkpoints(store)
    done = store.update_metadata(entry.id, title="taken back")
    store.undo()
    before = contents(managed)
    assert store.empty_trash().sessions == ()
    (act,) = store.log()
    assert act.id == done.id
    assert act.undone
    assert act.emptied_at
    assert act.titles == [""]
    assert contents(managed) == before


def test_only_what_was_shown_is_destroyed(managed: Path):
    store = open_store(managed)
    first, second = list(store.scan())
    store.delete([first])
    shown = store.to_destroy()
    open_store(managed).delete([second])
    assert store.destroy(shown).ids == {first.id}
    assert [session.id for session in store.trash()] == [second.id]


def test_what_was_restored_meanwhile_from_what_is_destroyed_leaves_no_undo(managed: Path):
    """Its undo would have nowhere to put it, and would be in the way of the undo of other acts."""
    store = open_store(managed)
    before = contents(managed)
    store.update_metadata(next(store.scan()).id, title="Before")
    store.delete(list(store.scan())[:1])
    shown = store.to_destroy()[:1]
    other = open_store(managed)
    other.restore(other.trash())
    assert store.destroy(shown).ids == set()
    store.undo()
    assert contents(managed) == before
    with pytest.raises(NothingToUndo):
        store.undo()
    assert [act.problem for act in store.log() if act.problem] == []


def test_a_killed_emptying_is_carried_on(
    managed: Path, tmp_path: Path, strides: Callable[[int], int]
):
    store = open_store(managed)
    before = contents(managed)
    for entry in list(store.scan()):
        store.delete([entry])
    # Modules that are imported for it would be steps of the first run alone.
    shutil.copytree(managed, tmp_path / "imports")
    open_store(tmp_path / "imports").empty_trash()
    step = 0
    seen = set()
    while True:
        root = tmp_path / f"run{step}"
        shutil.copytree(managed, root)
        killed = killed_at(step, lambda root=root: open_store(root).empty_trash())
        if killed and step % 3 == 0:
            killed_at(step % 5, lambda root=root: open_store(root))
        store = open_store(root)
        assert unfinished(root) == []
        seen.add(len(store.trash()))
        # Each act is there with every byte, or it is wholly gone.
        for act in store.log():
            homes = [path for path in (root / "trash").iterdir() if path.name.startswith(act.id)]
            if act.emptied_at:
                assert homes == []
                assert act.titles == [""]
            else:
                assert read_act(homes[0]) == act
        for session in store.trash():
            assert Path(session.path).read_bytes() == before[session.origin]
        shutil.rmtree(root)
        if not killed:
            break
        step += strides(3)
    assert step > 8
    assert seen == {0, 1, 2}


def test_what_cannot_be_removed_does_not_keep_anybody_from_the_store(managed: Path, monkeypatch):
    store = open_store(managed)
    deleted = {entry.id for entry in store.scan()}
    store.delete(list(store.scan()))

    def refuse(path: str, *, dir_fd: int) -> None:
        raise PermissionError(13, "Permission denied", path)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refuse)
        patch.setattr(os, "unlink", refuse)
        with pytest.raises(DestroyedInPart, match="permission denied") as failed:
            store.empty_trash()
        # It cannot be restored from now on: whoever shows it has to forget it.
        assert failed.value.gone.ids == deleted
        assert len(open_store(managed).trash()) == 0
    # Once it can be removed, it is, and only then the history has it as destroyed.
    assert emptied_log.read(managed) == []
    open_store(managed)
    assert unfinished(managed) == []
    assert [act.titles for act in emptied_log.read(managed)] == [["", ""]]
