"""Deleting and undoing: all of an act or none of it, and byte for byte back."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import open_store
from agcx_format.disk.durable import Signature
from agcx_format.errors import (
    CorruptData,
    NothingToUndo,
    StaleSession,
    StoreNotWritable,
    UndoConflict,
)
from agcx_format.store.acts.act_dirs import unfinished
from agcx_format.store.acts.emptying import destroy
from agcx_format.store.acts.journal import read_acts
from agcx_format.store.acts.manifest import ActSession, Step
from agcx_format.store.acts.perform import perform
from agcx_format.store.acts.recovery import recover
from agcx_format.store.acts.undo import undo
from tests.slow.crash.processes import killed_at
from tests.support.privileges import without_privileges
from tests.support.stores import contents, copy_of, golden_session, id_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_of("manager-store", tmp_path / "store")


def test_deleting_takes_the_checkpoints_along_and_undo_brings_every_byte_back(root: Path):
    before = contents(root)
    store = open_store(root)
    entries = sorted(store.scan(), key=lambda entry: entry.title)
    act = store.delete(entries[1:])
    assert act.kind == "delete"
    assert act.titles == ["Made by the session manager"]
    assert act.size == sum(len(v) for k, v in before.items() if str(entries[1].id) in k)
    left = contents(root)
    assert [name for name in left if str(entries[1].id) in name] == []
    assert len(left) < len(before)
    assert set(store.load_index().sessions) == {entries[0].id}
    store.undo()
    assert contents(root) == before


def test_many_sessions_are_one_act(root: Path):
    before = contents(root)
    store = open_store(root)
    act = store.delete(store.scan())
    assert act.count == 2
    assert contents(root).keys() == {"sessions.idx"}
    assert [a.id for a in store.acts()] == [act.id]
    store.undo()
    assert contents(root) == before


def test_sessions_that_share_one_file_are_deleted_and_come_back(root: Path):
    """As a program leaves them that links files of the same bytes to save space."""
    first, *_ = (Path(entry.path) for entry in open_store(root).scan())
    for number in (7, 8):
        os.link(first, first.with_name(f"{UUID(int=number)}.agcx"))
    before, store = contents(root), open_store(root)
    act = store.delete(store.scan())
    assert act.count == 4
    assert not any(name.endswith(".agcx") for name in contents(root))
    store.undo()
    assert contents(root).items() >= before.items()


def test_acts_are_undone_one_after_the_other_also_by_another_process(root: Path):
    before = contents(root)
    for entry in list(open_store(root).scan()):
        open_store(root).delete([entry])
    open_store(root).undo()
    assert len(list(open_store(root).scan())) == 1
    open_store(root).undo()
    assert contents(root) == before
    with pytest.raises(NothingToUndo, match="nothing is left"):
        open_store(root).undo()
    with pytest.raises(NothingToUndo, match="no change 'another'"):
        open_store(root).undo("another")


def test_a_session_that_changed_since_it_was_scanned_stops_the_whole_act(root: Path):
    store = open_store(root)
    entries = list(store.scan())
    changed = Path(entries[1].path)
    changed.write_bytes(changed.read_bytes())
    os.utime(changed, ns=(1, 1))
    before = contents(root, trash=True)
    with pytest.raises(StaleSession) as raised:
        store.delete(entries)
    assert raised.value.path == str(changed)
    assert contents(root, trash=True) == before


CHANGES: dict[str, Callable] = {
    "duplicate": lambda store, entry: store.duplicate(entry.id),
    "edit": lambda store, entry: store.update_metadata(entry.id, title="x"),
    "convert": lambda store, entry: store.convert([entry], 3 - entry.layout),
    "delete": lambda store, entry: store.delete([entry]),
    "restore": lambda store, entry: (store.delete([entry]), store.restore(store.trash())),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_store_that_was_copied_with_its_times_keeps_its_undo(
    root: Path, tmp_path: Path, change: str
):
    """Its files have other inodes, as after each mount of a file system that keeps no numbers of them."""
    store = open_store(root)
    before = contents(root)
    CHANGES[change](store, next(entry for entry in store.scan() if entry.metadata))
    copied = tmp_path / "copied"
    shutil.copytree(root, copied)
    for _ in open_store(copied).acts():
        open_store(copied).undo()
    now = contents(copied)
    assert {name: now[name] for name in now if name.endswith((".agcx", ".ckpt"))} == {
        name: before[name] for name in before if name.endswith((".agcx", ".ckpt"))
    }


def test_undo_never_overwrites_what_was_saved_meanwhile(root: Path):
    store = open_store(root)
    entry = next(iter(store.scan()))
    store.delete([entry])
    Path(entry.path).write_bytes(b"saved anew by a running agent")
    before = contents(root, trash=True)
    with pytest.raises(UndoConflict) as raised:
        store.undo()
    assert raised.value.path == entry.path
    assert contents(root, trash=True) == before


def test_unreadable_files_are_deleted_and_come_back_too(root: Path):
    path = root / "not a session \udcff\n.agcx"
    path.write_bytes(b"broken")
    store = open_store(root)
    (entry,) = [entry for entry in store.scan() if entry.error]
    store.delete([entry])
    assert not path.exists()
    store.undo()
    assert path.read_bytes() == b"broken"


def test_the_trash_is_its_owners_alone(root: Path):
    root.chmod(0o755)
    store = open_store(root)
    store.delete(store.scan())
    for folder, names, _ in os.walk(root / "trash"):
        for name in names:
            assert stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) == 0o700


def test_a_read_only_store_browses_and_says_that_it_cannot_be_changed():
    with without_privileges() as folder:
        root = copy_of("manager-store", folder / "store")
        root.chmod(0o555)
        store = open_store(root)
        entries = list(store.scan())
        with pytest.raises(StoreNotWritable):
            store.delete(entries)
        with pytest.raises(StoreNotWritable):
            store.save_session(entries[0].id, *store.load_session(entries[0].id))
        assert len(list(store.scan())) == 2
        root.chmod(0o755)


# --- the engine, with every kind of step


def steps_for(root: Path) -> list[Step]:
    (root / "b").write_bytes(b"before")
    return [
        Step("move", "a", expected=Signature.at(root / "a")),
        Step("replace", "b", parts=[b"af", b"ter"], expected=Signature.at(root / "b")),
        Step("create", "new/c", parts=[b"created"]),
    ]


@pytest.fixture
def plain_root(tmp_path: Path) -> Path:
    (tmp_path / "a").write_bytes(b"moved")
    return tmp_path


SESSIONS = [ActSession("id", "title", 5)]


def test_every_kind_of_step_is_done_and_undone(plain_root: Path):
    act = perform(plain_root, "edit", steps_for(plain_root), SESSIONS)
    assert contents(plain_root) == {"b": b"after", "new/c": b"created"}
    assert read_acts(plain_root) == [act]
    undo(plain_root)
    assert contents(plain_root) == {"a": b"moved", "b": b"before"}
    (undone,) = read_acts(plain_root)
    assert undone.undone


def test_a_replaced_file_that_changed_again_is_not_undone(plain_root: Path):
    perform(plain_root, "edit", steps_for(plain_root), SESSIONS)
    (plain_root / "b").write_bytes(b"third")
    with pytest.raises(UndoConflict):
        undo(plain_root)
    assert contents(plain_root)["b"] == b"third"


def test_what_was_put_there_and_is_destroyed_does_not_keep_the_rest_from_being_undone(
    plain_root: Path,
):
    steps = [Step("create", f"new/{name}", parts=[b"created"]) for name in "cd"]
    act = perform(plain_root, "import", steps, SESSIONS)
    (plain_root / "new/c").unlink()
    assert undo(plain_root).id == act.id
    assert contents(plain_root) == {"a": b"moved"}
    (undone,) = read_acts(plain_root)
    assert undone.undone


def test_what_was_put_there_and_is_in_the_trash_is_not_destroyed(plain_root: Path):
    """Its deletion can be undone: an import that is undone must not be there again afterwards."""
    steps = [Step("create", f"new/{name}", parts=[b"created"]) for name in "cd"]
    act = perform(plain_root, "import", steps, SESSIONS)
    deletion = perform(plain_root, "delete", [Step("move", "new/c")], SESSIONS)
    before = contents(plain_root, trash=True)
    with pytest.raises(UndoConflict):
        undo(plain_root, act.id)
    assert contents(plain_root, trash=True) == before
    destroy(plain_root, [deletion])
    assert undo(plain_root, act.id).id == act.id
    assert contents(plain_root) == {"a": b"moved"}


def fresh(root: Path) -> Path:
    root.mkdir()
    (root / "a").write_bytes(b"moved")
    (root / "b").write_bytes(b"before")
    return root


def test_an_act_that_is_killed_at_any_step_is_taken_back(
    tmp_path: Path, strides: Callable[[int], int]
):
    seen, step, killed = set(), 0, True
    while killed:
        root = fresh(tmp_path / f"run{step}")
        before, steps = contents(root), steps_for(root)
        killed = killed_at(step, lambda r=root, s=steps: perform(r, "edit", s, SESSIONS))
        recover(root)
        assert unfinished(root) == [] or not list(root.glob("trash/*/manifest.json"))
        seen.add(contents(root) == before)
        assert contents(root) in (before, {"b": b"after", "new/c": b"created"})
        step += strides(3)
    assert seen == {True, False}
    assert step > 10


def test_an_undo_that_is_killed_at_any_step_is_finished(
    tmp_path: Path, strides: Callable[[int], int]
):
    step, killed = 0, True
    while killed:
        root = fresh(tmp_path / f"run{step}")
        before = contents(root)
        perform(root, "edit", steps_for(root), SESSIONS)
        after = contents(root)
        killed = killed_at(step, lambda root=root: undo(root))
        recovered = recover(root)
        assert contents(root) == (before if recovered or not killed else contents(root))
        assert contents(root) in (before, after)
        assert unfinished(root) == []
        step += strides(3)
    assert step > 10


def test_a_manifest_cannot_reach_out_of_its_store(tmp_path: Path):
    root = tmp_path / "store"
    root.mkdir()
    (root / "a").write_bytes(b"moved")
    act = perform(root, "delete", [Step("move", "a")], SESSIONS)
    manifest = root / "trash" / act.id / "manifest.json"
    for path in ("../outside", "/etc/passwd", "x/../../outside"):
        plain = json.loads(manifest.read_text())
        plain["steps"][0]["path"] = path
        manifest.write_text(json.dumps(plain))
        (shown,) = read_acts(root)
        assert shown.problem
        with pytest.raises(CorruptData) as raised:
            undo(root)
        assert act.id in str(raised.value)


def test_what_recovery_cannot_place_is_kept_and_can_be_restored(tmp_path: Path):
    home = tmp_path / "trash" / "20250101T000000.000000Z-delete-abcdef.pending"
    (home / "files").mkdir(parents=True)
    (home / "files" / "a.agcx").write_bytes(b"precious")
    (home / "manifest.json").write_text("{ not json")
    store = open_store(tmp_path)
    (session,) = store.trash()
    assert Path(session.path).read_bytes() == b"precious"
    with pytest.raises(CorruptData, match="20250101T000000"):
        store.undo()
    store.restore([session])
    assert contents(tmp_path) == {"a.agcx": b"precious"}


def test_leftovers_of_a_killed_writer_are_swept_and_those_of_rust_are_not(root: Path):
    ours = root / ".5af40c88-028e-4622-be8e-79c474100258.agcx.0123456789ab.agcx-tmp"
    ours.write_bytes(b"half")
    rusts = root / "5af40c88-028e-4622-be8e-79c474100258.tmp"
    rusts.write_bytes(b"half")
    session = golden_session("full")
    open_store(root).save_session(id_of("full"), *session)
    assert not ours.exists()
    assert rusts.exists()
    shutil.rmtree(root)
