"""Destroying sessions without the trash: it ends early, and what is said of it is true all the same."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import SessionStorage, SessionStore, Store, open_store
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.store import DestroyedInPart, paths
from agcx_format.store.acts.act_dirs import ASIDE, unfinished
from tests.slow.crash.file_calls import watched
from tests.slow.crash.versions import session
from tests.support.stores import contents

A, B, C = (UUID(int=n << 96) for n in (1, 2, 3))


@pytest.fixture(params=[SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Two sessions with a checkpoint each."""
    store = request.param(tmp_path / "store")
    for session_id in (A, B):
        store.save_session(session_id, *session(session_id, 1, 300))
        store.checkpoints.create(store.resolve(str(session_id)), "kept")
    store.rebuild_index()
    return open_store(store.path)


def entries(store: Store):
    return sorted(store.scan(), key=lambda entry: str(entry.id))


def owners_of_checkpoints(store: Store) -> set[str]:
    return {name.partition("_")[0] for name in os.listdir(store.path / paths.CHECKPOINTS)}


def test_one_that_is_refused_has_changed_nothing(store: Store):
    first, second = entries(store)
    os.utime(second.path, ns=(1, 1))
    before, log = contents(store.path, trash=True), store.log()
    with pytest.raises(StaleSession):
        store.destroy_sessions([first, second])
    assert contents(store.path, trash=True) == before
    assert store.log() == log
    # The next change does not believe otherwise.
    store.save_session(C, *session(C, 1, 300))
    assert set(store.load_index().sessions) == {A, B, C}


@pytest.mark.parametrize("call", ["rename", "unlink"])
def test_one_that_ends_early_says_what_is_gone(
    call: str, store: Store, monkeypatch: pytest.MonkeyPatch
):
    before = contents(store.path)

    def fail(name: str, arguments: tuple) -> None:
        # Nothing keeps the disk from removing its checkpoint.
        if name == call and f"{B}{paths.SUFFIX}" in str(arguments[0]):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with (
        watched(monkeypatch, before=fail),
        pytest.raises(
            DestroyedInPart, match="destroyed 1 session, then .*: input/output error"
        ) as failed,
    ):
        store.destroy_sessions(entries(store))
    assert failed.value.gone.ids == {A}
    there = contents(store.path)
    of_b = {name for name in before if str(B) in name}
    assert {name: there[name] for name in of_b} == {name: before[name] for name in of_b}
    assert not [name for name in there if str(A) in name]
    assert set(store.load_index().sessions) == {B}
    act = store.log()[0]
    assert (act.kind, act.count, act.is_kept) == ("delete", 1, False)
    # At most a second name of the same file is beside it, until another program changes the store.
    open_store(store.path).update_metadata(B, title="changed")
    assert not [name for name in contents(store.path) if name.endswith(".agcx-tmp")]


def test_what_belongs_to_a_session_goes_after_it_and_only_if_that_is_gone(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    def fail(name: str, arguments: tuple) -> None:
        if name == "rename" and str(arguments[0]).endswith(".ckpt"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with watched(monkeypatch, before=fail), pytest.raises(PersistenceError):
        store.destroy_sessions(entries(store))
    assert list(store.scan()) == []
    assert store.log()[0].count == 2
    assert owners_of_checkpoints(store) == {str(A), str(B)}


def test_a_folder_is_never_destroyed(store: Store):
    folder = store.path / paths.CHECKPOINTS / f"{A}_more.ckpt"
    folder.mkdir()
    (folder / "words").write_text("said")
    store.destroy_sessions([store.resolve(str(A))])
    assert (folder / "words").read_text() == "said"
    last = Path(store.resolve(str(B)).path)
    last.unlink()
    last.mkdir()
    before = contents(store.path, trash=True)
    (entry,) = store.scan()
    with pytest.raises(PersistenceError, match="is a folder"):
        store.destroy_sessions([entry])
    assert contents(store.path, trash=True) == before
    assert last.is_dir()


def test_what_an_act_keeps_in_the_trash_is_not_destroyed_alone(store: Store):
    before = contents(store.path)
    store.delete(entries(store))
    kept = [entry for each in store.trash() if (entry := each.entry()) is not None]
    with pytest.raises(ValueError, match="in the trash"):
        store.destroy_sessions(kept)
    store.undo()
    assert contents(store.path) == before


def test_an_act_whose_directory_cannot_be_renamed_does_not_keep_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    """As in the image of a container, with changes above it."""
    for entry in entries(store):
        store.delete([entry])
    act = store.log()[0]

    def fail(name: str, arguments: tuple) -> None:
        if name == "rename" and arguments[0] == act.id:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    with (
        watched(monkeypatch, before=fail),
        pytest.raises(PersistenceError, match="lower layer of an overlay"),
    ):
        store.empty_trash()
    assert [each.act.id for each in store.trash()] == [act.id]
    assert [each.id for each in store.log() if each.is_kept] == [act.id]
    assert unfinished(store.path) == []
    store.undo()
    assert [str(entry.id) for entry in store.scan()] == [act.sessions[0].id]


def test_what_is_named_as_if_it_was_left_aside_keeps_nothing_from_its_place(store: Store):
    path = Path(store.resolve(str(A)).path)
    # None of these is from here.
    others = [path.with_name(f"{name}.agcx-aside") for name in ("", ".folder", "..")]
    others[0].write_text("no name")
    others[1].mkdir()
    others[2].write_text("the folder itself")
    saved = path.read_bytes()
    path.rename(path.with_name(f".{path.name}.agcx-aside"))
    store = open_store(store.path)
    store.update_metadata(B, title="changed")
    assert path.read_bytes() == saved
    assert others[1].is_dir()
    assert not path.with_name("folder").exists()


@pytest.mark.parametrize("is_saved", [False, True])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.ENAMETOOLONG])
def test_where_nothing_can_be_moved_aside_what_was_saved_meanwhile_stays(
    code: int, is_saved: bool, store: Store, monkeypatch: pytest.MonkeyPatch
):
    first, _ = entries(store)
    path, saved, rename = Path(first.path), store.path / "saved", os.rename

    def refused(source: str, target: str, **folders: int) -> None:
        if target.endswith(ASIDE):
            if is_saved:
                saved.write_bytes(b"by another program")
                rename(saved, path)
            raise OSError(code, os.strerror(code))
        rename(source, target, **folders)

    monkeypatch.setattr(os, "rename", refused)
    if is_saved:
        with pytest.raises(StaleSession):
            store.destroy_sessions([first])
        assert path.read_bytes() == b"by another program"
        assert owners_of_checkpoints(store) == {str(A), str(B)}
    else:
        store.destroy_sessions([first])
        assert not path.exists()
        assert owners_of_checkpoints(store) == {str(B)}
