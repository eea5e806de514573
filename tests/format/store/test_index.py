"""The index beside the sessions: it follows whatever is done, and nothing is read for it that need not be."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from agcx_format import SessionStore, new_session, open_store
from agcx_format.codec import bincode
from agcx_format.doctor.checks import verify_store
from agcx_format.layout import index as index_module
from agcx_format.layout import v2
from agcx_format.model.fields import Float32
from agcx_format.model.session import Checkpoint, CheckpointMetadata, SessionMetadata
from agcx_format.store import paths
from agcx_format.store.index_file import read_index
from agcx_format.store.paths import TRASH
from agcx_format.store.store import Store
from tests.support.golden_files import GOLDEN, V2
from tests.support.stores import copy_of, golden_session


def filled(root: Path, layout: int, count: int = 5) -> Store:
    """A store with an index and some sessions."""
    store = Store(root, layout=layout)
    _, conversation, state = golden_session("every-item")
    for number in range(count):
        metadata = replace(
            golden_session("every-item")[0], id=UUID(int=number + 1), title=f"No {number}"
        )
        store.save_session(metadata.id, metadata, conversation, state)
    store.rebuild_index()
    return store


def assert_follows(store: Store) -> None:
    """The index says of every session what its file says, in layout 2 with the sizes that Rust measures."""
    found = store.load_index().sessions
    assert set(found) == {entry.id for entry in store.scan()}
    for entry in store.scan():
        with store.open_session(entry.id) as file:
            inside = file.metadata
        if entry.layout == 1:
            assert found[entry.id] == inside
            continue
        data = Path(entry.path).read_bytes()
        raw = v2.decompress(data)
        size = len(data) - v2.HEADER
        ratio = Float32(size / len(raw))
        assert found[entry.id] == replace(inside, file_size=size, compression_ratio=ratio)
        copy = store.path / f"metadata/{entry.id}.meta"
        assert copy.read_bytes() == bincode.encode(inside, SessionMetadata)


def save_anew(store: Store) -> None:
    metadata, conversation, state = store.load_session(UUID(int=1))
    store.save_session(metadata.id, replace(metadata, title="Saved again"), conversation, state)


def save_new(store: Store) -> None:
    metadata, conversation, state = store.load_session(UUID(int=1))
    new_id = uuid4()
    store.save_session(new_id, replace(metadata, id=new_id), conversation, state)


def from_checkpoint(store: Store) -> None:
    _, conversation, state = store.load_session(UUID(int=1))
    made = CheckpointMetadata(UUID(int=7), "here", "2026-01-01T00:00:00Z", 2, None)
    store.save_checkpoint(UUID(int=1), Checkpoint(made, conversation, state))
    store.restore_checkpoint(UUID(int=1), made.id)


def delete_and_restore(store: Store) -> None:
    store.delete(list(store.scan())[:2])
    store.restore(store.trash()[:1])


DEEDS = {
    "star": lambda store: store.update_metadata(UUID(int=1), is_favorite=True),
    "rename": lambda store: store.update_metadata(UUID(int=2), title="Another title"),
    "tag": lambda store: store.update_metadata(UUID(int=2), tags=["a", "b"]),
    "delete": lambda store: store.delete(list(store.scan())[:2]),
    "duplicate": lambda store: store.duplicate(UUID(int=3)),
    "split": lambda store: store.split(UUID(int=3), 2),
    "checkpoint": from_checkpoint,
    "restore": delete_and_restore,
    "save": save_anew,
    "save new": save_new,
}
every_deed = pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
both_layouts = pytest.mark.parametrize("layout", [1, 2])


@both_layouts
@every_deed
def test_the_index_follows_whatever_is_done_and_undone(tmp_path: Path, layout: int, deed):
    store = filled(tmp_path, layout)
    deed(store)
    assert_follows(store)
    while store.acts():
        store.undo()
        assert_follows(store)


@every_deed
def test_a_store_of_layout_2_without_an_index_gets_one(tmp_path: Path, deed):
    store = filled(tmp_path, 2)
    (tmp_path / paths.INDEX).unlink()
    deed(store)
    if (tmp_path / paths.INDEX).exists():
        assert_follows(store)
    else:
        assert store.acts()[0].kind == "delete"


@both_layouts
def test_a_session_that_another_program_adds_or_removes_is_noticed(tmp_path: Path, layout: int):
    store = filled(tmp_path, layout)
    store.update_metadata(UUID(int=1), is_favorite=True)
    other = Store(tmp_path, layout=layout)
    # As a program that knows of no index.
    path = other.resolve(str(UUID(int=5))).path
    os.unlink(path)
    if layout == 2:
        (tmp_path / f"metadata/{UUID(int=5)}.meta").unlink()
    index = (tmp_path / paths.INDEX).read_bytes()
    save_new(other)
    (tmp_path / paths.INDEX).write_bytes(index)
    store.update_metadata(UUID(int=1), is_favorite=False)
    assert_follows(store)


@every_deed
def test_layout_1_needs_no_index(tmp_path: Path, deed):
    store = filled(tmp_path, 1)
    (tmp_path / paths.INDEX).unlink()
    deed(store)
    assert not (tmp_path / paths.INDEX).exists()


@both_layouts
@every_deed
def test_the_trash_holds_no_copy_of_what_can_be_made_again(tmp_path: Path, layout: int, deed):
    store = filled(tmp_path, layout)
    deed(store)
    for _ in range(2):
        trash = tmp_path / TRASH
        assert [path for path in trash.rglob(paths.INDEX) if "new" not in path.parts] == []
        assert list(trash.rglob("before/metadata/*")) == []
        if store.acts():
            store.undo()


@both_layouts
@pytest.mark.parametrize("name", ["star", "tag", "rename", "save"])
def test_a_change_of_one_session_reads_no_other(
    tmp_path: Path, layout: int, name: str, monkeypatch
):
    """The cost of an act must not grow with the store."""
    store = filled(tmp_path, layout, count=40)
    store.update_metadata(UUID(int=9), is_favorite=True)
    store.undo()
    for number in range(10, 41):
        path = Path(store.resolve(str(UUID(int=number))).path)
        path.write_bytes(b"whoever reads this takes it for an unreadable session")
    listed: list[int] = []
    for name_of_listing in ("scandir", "listdir"):
        listing = getattr(os, name_of_listing)
        monkeypatch.setattr(os, name_of_listing, _noting(listed, listing))
    DEEDS[name](store)
    monkeypatch.undo()
    folders = [tmp_path / folder for folder in paths.folders().values()]
    assert not [path for path in folders if path.exists() and path.stat().st_ino in listed]
    # What cannot be read any more is still in the index: nobody looked.
    assert len(store.load_index().sessions) == 40


def _noting(noted: list[int], listing):
    """Notes the inode of each folder that is listed, by its path or by a descriptor."""

    def call(path="."):
        noted.append(os.stat(path).st_ino)
        return listing(path)

    return call


def test_many_sessions_are_put_into_the_index_at_once(tmp_path: Path):
    store = filled(tmp_path, 2)
    before = (tmp_path / paths.INDEX).read_bytes()
    with store.saving_many():
        save_new(store)
        save_anew(store)
        assert (tmp_path / paths.INDEX).read_bytes() == before
    assert_follows(store)
    # What was saved before something went wrong is in it as well.
    with pytest.raises(RuntimeError), store.saving_many():
        save_new(store)
        raise RuntimeError
    assert_follows(store)


def test_the_index_written_late_knows_what_changed_sessions_after_they_were_saved(tmp_path: Path):
    store, other = filled(tmp_path, 2), Store(tmp_path)
    made = [new_session(title=title) for title in ("kept", "renamed", "deleted")]
    kept, renamed, deleted = (each.metadata.id for each in made)
    with store.saving_many():
        for each in made:
            store.save_session(each.metadata.id, *each)
        other.update_metadata(renamed, title="by a person")
        other.delete([entry for entry in other.scan() if entry.id == deleted])
    assert_follows(store)
    listed = store.load_index().sessions
    assert (listed[kept].title, listed[renamed].title) == ("kept", "by a person")
    assert deleted not in listed


def test_the_copy_of_the_metadata_is_that_in_the_file(tmp_path: Path):
    golden = next(g for g in V2 if g.name == "full")
    root = copy_of("v2", tmp_path / "store")
    store = SessionStore(root)
    session_id = UUID(golden.id)
    before = store.load_index().sessions[session_id]
    store.save_session(session_id, *store.load_session(session_id))
    # Rust's own numbers, of Rust's own bytes.
    assert store.load_index().sessions[session_id] == before
    copy = Path("metadata", f"{golden.id}.meta")
    assert (root / copy).read_bytes() == (GOLDEN / "v2" / copy).read_bytes()


def test_an_index_in_layout_1_is_one_again_when_it_was_broken(tmp_path: Path):
    store = filled(tmp_path, 1)
    (tmp_path / paths.INDEX).write_bytes(b"\xff" * 9)
    store.update_metadata(UUID(int=1), is_favorite=True)
    assert read_index(tmp_path / paths.INDEX)[1] == 1
    assert_follows(store)


def codes(root: Path) -> set[tuple[str, str, str]]:
    reports = verify_store(open_store(root))
    found = ((report.kind, finding) for report in reports for finding in report.findings)
    return {(kind, each.severity.value, each.code) for kind, each in found if kind != "session"}


def test_verify_warns_of_sessions_that_only_the_index_would_show(tmp_path: Path):
    store = filled(tmp_path, 2)
    assert codes(tmp_path) == set()
    some = list(store.load_index().sessions.values())[1:]
    store.save_index(index_module.build(some))
    assert codes(tmp_path) == {("index", "warning", "index-lacks")}
    (tmp_path / paths.INDEX).unlink()
    assert codes(tmp_path) == {("store", "warning", "index-lacks")}


def test_verify_warns_of_nothing_where_nobody_reads_the_index(tmp_path: Path):
    filled(tmp_path, 1)
    (tmp_path / paths.INDEX).unlink()
    assert codes(tmp_path) == set()


def test_an_index_that_cannot_be_read_stops_no_act(tmp_path: Path):
    store = filled(tmp_path, 1)
    (tmp_path / paths.INDEX).write_bytes(b"")
    store.delete(list(store.scan())[:1])
    assert_follows(store)


def test_the_state_of_a_session_that_is_unreadable_is_not_in_the_index(tmp_path: Path):
    store = filled(tmp_path, 1)
    (tmp_path / f"{uuid4()}.agcx").write_bytes(b"AGCX")
    (tmp_path / paths.INDEX).write_bytes(b"")
    store.update_metadata(UUID(int=1), is_favorite=True)
    assert len(store.load_index().sessions) == 5
