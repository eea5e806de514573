"""The trash: what lies in it, and what comes back, byte for byte."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agcx_format import SessionFile, open_store
from agcx_format.doctor.checks import verify_store
from agcx_format.errors import (
    CorruptData,
    PersistenceError,
    SessionNotFound,
    StaleSession,
    UndoConflict,
)
from agcx_format.store.acts import emptied as emptied_log
from agcx_format.store.entries import is_recent
from tests.support.bad_sectors import BadSectors
from tests.support.stores import (
    contents,
    golden_session,
    id_of,
    with_checkpoints,
    without_index,
)


def test_what_was_deleted_is_listed_with_title_size_and_what_belongs_to_it(managed: Path):
    store = open_store(managed)
    entry = with_checkpoints(store)
    act = store.delete([entry])
    (session,) = store.trash()
    assert (session.id, session.title, session.act) == (entry.id, entry.title, act)
    assert session.size == act.size
    assert len([path for path in session.belongings if path.startswith("checkpoints/")]) == 2
    assert session.entry().metadata == entry.metadata
    with SessionFile(session.path) as file:
        assert len(file) == entry.metadata.message_count


def test_a_session_whose_file_has_its_id_in_capitals_is_listed_as_the_same_one(managed: Path):
    """Another system may have named it so; what belongs to it is still its own."""
    store = open_store(managed)
    entry = with_checkpoints(store)
    store.delete([entry])
    (before,) = store.trash()
    store.undo()
    capitals = Path(entry.path).with_name(f"{str(entry.id).upper()}.agcx")
    Path(entry.path).rename(capitals)
    act = store.delete([store.resolve(str(entry.id))])
    (session,) = store.trash()
    assert session.origin == str(capitals.relative_to(managed))
    assert (session.id, session.name, session.title) == (entry.id, str(entry.id), entry.title)
    assert (session.size, session.belongings) == (before.size, before.belongings)
    assert not session.is_version
    assert store.empty_trash().sessions == (session,)
    assert act.sessions[0].id == str(entry.id)


def test_every_deleted_session_comes_back_and_undo_puts_it_where_it_lay(root: Path):
    before = contents(root)
    store = open_store(root)
    store.delete(list(store.scan()))
    deleted = contents(root, trash=True)
    listed = store.trash()
    act = store.restore(listed)
    assert (act.kind, act.count) == ("restore", len(listed))
    # The index is made anew: it names the same sessions, in bytes of its own.
    assert without_index(root) == {k: v for k, v in before.items() if k != "sessions.idx"}
    if "sessions.idx" in before:
        assert set(store.load_index().sessions) == {m.id for m in store.list_sessions()}
    assert store.trash() == []
    store.undo()
    back = contents(root, trash=True)
    assert {k: v for k, v in back.items() if act.id not in k} == deleted
    store.undo()
    assert contents(root) == before


def test_one_of_many_comes_back_alone(root: Path):
    store = open_store(root)
    entries = list(store.scan())
    before = contents(root)
    store.delete(entries)
    wanted = store.trash()[1]
    store.restore([wanted])
    assert [entry.id for entry in store.scan()] == [wanted.id]
    assert (root / wanted.origin).read_bytes() == before[wanted.origin]
    assert len(store.trash()) == len(entries) - 1
    # The first act cannot be undone in halves: the later one first, as a person would.
    with pytest.raises(UndoConflict):
        store.undo(store.acts()[1].id)
    store.undo()
    store.undo()
    assert contents(root) == before


def test_nothing_that_is_there_is_overwritten(root: Path):
    store = open_store(root)
    store.delete(list(store.scan()))
    wanted = store.trash()
    Path(root / wanted[0].origin).write_bytes(b"saved anew by an agent")
    before = contents(root, trash=True)
    with pytest.raises(StaleSession) as raised:
        store.restore(wanted)
    assert raised.value.path == str(root / wanted[0].origin)
    assert contents(root, trash=True) == before


def test_the_same_session_deleted_twice_lies_there_twice_and_one_comes_back(tmp_path: Path):
    store = open_store(tmp_path)
    session = golden_session("full")
    for _ in range(2):
        store.save_session(id_of("full"), *session)
        store.delete(list(store.scan()))
    both = store.trash()
    assert len(both) == 2
    with pytest.raises(StaleSession, match="two of them"):
        store.restore(both)
    store.restore(both[1:])
    assert store.trash() == both[:1]


def test_a_session_is_gone_once_its_last_version_is_destroyed(tmp_path: Path):
    """Caches forget what is gone, and a person reads how many that are."""
    store = open_store(tmp_path)
    session, session_id = golden_session("full"), id_of("full")
    for _ in range(2):
        store.save_session(session_id, *session)
        store.delete(list(store.scan()))
    (tmp_path / "no session.agcx").write_bytes(b"broken")
    store.delete([entry for entry in store.scan() if entry.error])
    nameless, last, first = store.trash()
    assert store.destroy([last.act]).sessions == ()
    store.save_session(session_id, *session)
    assert store.destroy([first.act]).sessions == ()
    store.delete(list(store.scan()))
    gone = store.empty_trash()
    assert (gone.ids, gone.count) == ({session_id}, 2)
    assert nameless in gone.sessions


def test_an_unreadable_file_comes_back_too(managed: Path):
    path = managed / "not a session \udcff.agcx"
    path.write_bytes(b"broken")
    store = open_store(managed)
    store.delete([entry for entry in store.scan() if entry.error])
    (session,) = store.trash()
    assert session.id is None
    assert session.entry().error is not None
    store.restore([session])
    assert path.read_bytes() == b"broken"


def test_what_was_brought_back_by_another_program_cannot_be_brought_back_again(managed: Path):
    store = open_store(managed)
    store.delete([with_checkpoints(store)])
    sessions = store.trash()
    open_store(managed).restore(sessions)
    with pytest.raises(SessionNotFound):
        store.restore(sessions)


@pytest.mark.parametrize("source", ["../outside", "/etc/passwd", "sessions/x", "trash/../../x"])
def test_a_manifest_brings_nothing_from_elsewhere(managed: Path, source: str):
    store = open_store(managed)
    store.delete(list(store.scan()))
    act = store.restore(store.trash())
    manifest = managed / "trash" / act.id / "manifest.json"
    plain = json.loads(manifest.read_text())
    plain["steps"][0]["source"] = source
    manifest.write_text(json.dumps(plain))
    shown = next(each for each in store.log() if each.id == act.id)
    assert "damaged, or not written by agcx" in shown.problem
    assert shown.steps == ()
    with pytest.raises(CorruptData):
        store.undo()


def test_a_file_that_changed_in_the_last_minutes_may_be_a_running_agents(managed: Path):
    entry = next(iter(open_store(managed).scan()))
    minute = 60 * 10**9
    assert is_recent(entry.mtime_ns, entry.mtime_ns + 4 * minute)
    assert not is_recent(entry.mtime_ns, entry.mtime_ns + 6 * minute)
    # Some clock is wrong: this file may have looked new for years.
    assert not is_recent(entry.mtime_ns, entry.mtime_ns - 4 * minute)


def test_a_damaged_deletion_is_in_the_way_of_undo_only_until_all_of_it_was_restored(managed: Path):
    store = open_store(managed)
    first, second = list(store.scan())
    store.update_metadata(first.id, title="edited")
    edited = store.acts()[0]
    act = store.delete([second])
    (managed / "trash" / act.id / "manifest.json").write_bytes(b"{")
    with pytest.raises(CorruptData, match="cannot be undone"):
        store.undo()
    restored = store.restore(store.trash())
    assert [each.id for each in store.acts()] == [restored.id, edited.id]
    # The undo of that puts it into the trash again.
    store.undo()
    with pytest.raises(CorruptData, match="cannot be undone"):
        store.undo()
    store.restore(store.trash())
    store.undo(edited.id)
    assert store.entry(first.path).title == first.title


@pytest.mark.parametrize("manifest", [None, b""], ids=["no manifest", "an empty one"])
def test_an_act_cut_off_before_its_manifest_was_written_is_swept_with_its_second_names(
    managed: Path, manifest: bytes | None
):
    entry = with_checkpoints(open_store(managed))
    name = os.path.basename(entry.path)
    before = contents(managed)
    act_dir = managed / "trash" / "20260101T000000.000000Z-delete-abcdef.pending"
    (act_dir / "files").mkdir(parents=True)
    os.link(entry.path, act_dir / "files" / name)
    # The power failed before anything of a new file was on the disk.
    (act_dir / "new").mkdir()
    (act_dir / "new" / name).touch()
    if manifest is not None:
        (act_dir / "manifest.json").write_bytes(manifest)
    store = open_store(managed)
    assert not act_dir.exists()
    assert store.log() == []
    assert contents(managed) == before
    # A file that has no other place is somebody's session.
    (act_dir / "files").mkdir(parents=True)
    os.rename(entry.path, act_dir / "files" / name)
    (act_dir / "new").mkdir()
    (act_dir / "new" / name).write_bytes(b"what was written")
    assert [each.title for each in open_store(managed).trash()] == [entry.title]
    assert [path.read_bytes() for path in managed.rglob(f"new/{name}")] == [b"what was written"]


def test_an_unreadable_list_of_emptied_acts_does_not_keep_one_from_undoing(managed: Path):
    store = open_store(managed)
    first, second = store.scan()
    store.delete([first])
    store.empty_trash()
    act = store.delete([second])
    log = managed / "trash" / emptied_log.FILE
    with BadSectors(managed, bad={log: 0}):
        with pytest.raises(PersistenceError, match="cannot be read"):
            store.log()
        assert [each.id for each in store.acts()] == [act.id]
        assert [each.id for each in store.trash()] == [second.id]
        assert [each.id for each in store.to_destroy()] == [act.id]
        problems = [f.reason for each in verify_store(store) for f in each.findings]
        assert any(emptied_log.FILE in each for each in problems)
        store.undo()
    assert [each.id for each in store.scan()] == [second.id]
