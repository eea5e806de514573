"""Metadata edits, duplicates and both layouts: one act each, everything else byte for byte."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from uuid import UUID

import msgpack
import pytest
from msgspec.structs import replace

from agcx_format import (
    SessionStorage,
    SessionStore,
    Store,
    UnknownItem,
    new_message,
    new_session,
    open_store,
)
from agcx_format.codec import bincode
from agcx_format.codec.zstd import frames
from agcx_format.errors import (
    InvalidCheckpoint,
    LayoutCannotHold,
    PersistenceError,
    StaleSession,
)
from agcx_format.layout import index as index_module
from agcx_format.layout import v1_sections, v2
from agcx_format.layout.elements import split
from agcx_format.model.session import Checkpoint, CheckpointMetadata, SessionMetadata
from tests.support.golden_files import GOLDEN, V1, V2
from tests.support.stores import contents, copy_of, golden_session, id_of

STORES = ["v1", "v2", "manager-store"]


@pytest.fixture(params=STORES)
def root(request, tmp_path: Path) -> Path:
    return copy_of(request.param, tmp_path / "store")


def some_entry(store):
    titles = ("Every optional field is present", "Made by the session manager")
    return next(entry for entry in store.scan() if entry.title in titles)


def test_an_edit_changes_the_metadata_alone_and_can_be_undone(root: Path):
    before = contents(root)
    store = open_store(root)
    entry = some_entry(store)
    session = store.load_session(entry.id)
    act = store.update_metadata(
        entry.id, title="Another title ★", tags=["a", "b"], is_favorite=True
    )
    assert (act.kind, act.titles) == ("edit", ["Another title ★"])
    metadata, conversation, state = open_store(root).load_session(entry.id)
    assert (metadata.title, metadata.tags, metadata.is_favorite) == (
        "Another title ★",
        ["a", "b"],
        True,
    )
    assert (
        replace(
            metadata,
            title=session[0].title,
            tags=session[0].tags,
            is_favorite=session[0].is_favorite,
            file_size=session[0].file_size,
        )
        == session[0]
    )
    assert (conversation, state) == session[1:]
    assert open_store(root).resolve(str(entry.id)).title == "Another title ★"
    listed = {m.id: m for m in open_store(root).list_sessions()}
    assert listed[entry.id].title == "Another title ★"
    store.undo()
    assert contents(root) == before


def test_the_other_sections_are_copied_byte_for_byte(tmp_path: Path):
    root = copy_of("v1", tmp_path / "store")
    path = root / f"{id_of('every-item')}.agcx"
    data = path.read_bytes() + b"trailing bytes that Rust ignores"
    path.write_bytes(data)
    store = open_store(root)
    store.update_metadata(id_of("every-item"), title="x" * 5000)
    after = path.read_bytes()
    old, new = v1_sections.split(data), v1_sections.split(after)
    assert after[new[0].end :] == data[old[0].end :]
    metadata = bincode.decode(SessionMetadata, after[new[0].start : new[0].end])
    assert metadata.title == "x" * 5000
    assert metadata.file_size == len(after)


def test_in_layout_2_the_other_elements_stay_byte_for_byte(tmp_path: Path):
    root = copy_of("v2", tmp_path / "store")
    golden = next(g for g in V2 if g.name == "every-item")
    path = root / "sessions" / f"{golden.id}.agcx"
    store = open_store(root)
    entry = store.resolve(golden.id)
    store.update_metadata(entry.id, tags=["new"])
    old, new = v2.decompress(golden.data), v2.decompress(path.read_bytes())
    for before, after in zip(split(old)[1:], split(new)[1:], strict=True):
        assert old[before.start : before.end] == new[after.start : after.end]


def test_mode_of_an_edited_file_stays(root: Path):
    store = open_store(root)
    entry = some_entry(store)
    os.chmod(entry.path, 0o644)
    store.update_metadata(entry.id, title="x")
    assert stat.S_IMODE(os.stat(entry.path).st_mode) == 0o644


def test_many_edits_are_one_act(root: Path):
    before = contents(root)
    store = open_store(root)
    entries = list(store.scan())
    act = store.update_many([(entry, {"is_favorite": True}) for entry in entries])
    assert act.count == len(entries)
    assert all(metadata.is_favorite for metadata in store.list_sessions())
    assert len(store.acts()) == 1
    store.undo()
    assert contents(root) == before


def test_a_file_that_changed_since_it_was_scanned_is_not_edited(root: Path):
    store = open_store(root)
    entries = list(store.scan())
    os.utime(entries[-1].path, ns=(1, 1))
    before = contents(root, trash=True)
    with pytest.raises(StaleSession):
        store.update_many([(entry, {"title": "x"}) for entry in entries])
    assert contents(root, trash=True) == before


def test_an_unreadable_file_cannot_be_edited(tmp_path: Path):
    path = tmp_path / f"{id_of('full')}.agcx"
    path.write_bytes(b"AGCX\x01\x00")
    with pytest.raises(PersistenceError) as raised:
        open_store(tmp_path).update_metadata(id_of("full"), title="x")
    assert raised.value.path == str(path)


def test_a_wrong_value_changes_nothing(root: Path):
    store = open_store(root)
    entry = some_entry(store)
    before = contents(root, trash=True)
    with pytest.raises(ValueError, match="SessionMetadata"):
        store.update_metadata(entry.id, title="\ud800")
    assert contents(root, trash=True) == before


def test_a_duplicate_is_the_same_under_another_id(root: Path):
    before = contents(root)
    store = open_store(root)
    entry = some_entry(store)
    original = store.load_session(entry.id)
    new_id, act = store.duplicate(entry.id, "A copy")
    metadata, conversation, state = open_store(root).load_session(new_id)
    assert metadata.id == new_id != entry.id
    assert metadata.title == "A copy"
    assert conversation.messages == original[1].messages
    assert state == original[2]
    assert store.list_checkpoints(new_id) == []
    assert store.load_session(entry.id) == original
    assert act.kind == "duplicate"
    store.undo()
    assert contents(root) == before


def test_both_layouts_in_one_folder_are_listed_and_changed_together(tmp_path: Path):
    root = copy_of("v1", tmp_path / "store")
    shutil.copytree(GOLDEN / "v2", root, dirs_exist_ok=True, copy_function=shutil.copyfile)
    store = open_store(root)
    entries = list(store.scan())
    assert sorted((e.layout, str(e.id)) for e in entries) == sorted(
        [(1, g.id) for g in V1] + [(2, g.id) for g in V2]
    )
    assert len(store.list_sessions()) == len(V1) + len(V2)
    # Many are in both layouts under one id, and the index has room for one.
    (root / "sessions.idx").unlink()
    before = contents(root)
    store.delete(entries)
    assert list(store.scan()) == []
    store.undo()
    after = contents(root)
    del after["sessions.idx"]
    assert after == before


def test_a_session_is_saved_in_the_layout_that_it_has(tmp_path: Path):
    session = golden_session("full")
    SessionStore(tmp_path).save_session(session[0].id, *session)
    path = tmp_path / "sessions" / f"{session[0].id}.agcx"
    # Opened as layout 1, but the session is there in layout 2 already.
    SessionStorage(tmp_path).save_session(
        session[0].id, replace(session[0], title="x"), *session[1:]
    )
    assert [p.name for p in tmp_path.rglob("*.agcx")] == [path.name]
    assert path.read_bytes()[4] == 2
    assert open_store(tmp_path).load_session(session[0].id)[0].title == "x"
    assert open_store(tmp_path).layout == 2


def test_layout_2_lists_the_sizes_that_the_index_has_measured(tmp_path: Path):
    session = golden_session("large")
    store = SessionStore(tmp_path)
    store.save_session(session[0].id, *session)
    (metadata,) = store.list_sessions()
    size = (tmp_path / "sessions" / f"{metadata.id}.agcx").stat().st_size
    # As Rust counts: without the header.
    assert (metadata.message_count, metadata.file_size) == (3000, size - v2.HEADER)
    assert 0 < metadata.compression_ratio < 1
    assert store.load_index().sessions == {metadata.id: metadata}


def test_a_copy_of_the_metadata_that_is_older_than_the_file_is_not_believed(tmp_path: Path):
    root = copy_of("v2", tmp_path / "store")
    golden = next(g for g in V2 if g.name == "full")
    file, copy = root / "sessions" / f"{golden.id}.agcx", root / "metadata" / f"{golden.id}.meta"
    metadata = bincode.decode(SessionMetadata, copy.read_bytes())
    copy.write_bytes(bincode.encode(replace(metadata, title="stale copy")))
    store = open_store(root)
    assert store.resolve(golden.id).title == "stale copy"
    os.utime(copy, ns=(1, file.stat().st_mtime_ns - 1))
    assert open_store(root).resolve(golden.id).title == metadata.title
    # The index speaks for the same save, and has the sizes measured.
    # (Rust counts the section alone, without the header of 16 bytes.)
    indexed = open_store(root).resolve(golden.id).metadata
    assert indexed.file_size == len(golden.data) - v2.HEADER
    (root / "sessions.idx").unlink()
    assert open_store(root).resolve(golden.id).metadata == metadata
    copy.write_bytes(b"broken")
    os.utime(copy)
    assert open_store(root).resolve(golden.id).metadata == metadata


def test_a_file_that_was_truncated_in_place_is_shown_as_broken(tmp_path: Path):
    root = copy_of("v2", tmp_path / "store")
    golden = next(g for g in V2 if g.name == "full")
    (root / "sessions" / f"{golden.id}.agcx").write_bytes(b"")
    (entry,) = [entry for entry in open_store(root).scan() if entry.error]
    assert "too few for a header" in entry.error.reason


def test_a_file_that_is_cut_off_behind_its_metadata_keeps_its_title(tmp_path: Path):
    golden = next(g for g in V1 if g.name == "full")
    span = v1_sections.split(golden.data)[1]
    for size in (span.end - 1, span.start, span.start - 2, span.start - 4):
        (tmp_path / f"{golden.id}.agcx").write_bytes(golden.data[:size])
        for use_mmap in (True, False):
            (entry,) = SessionStorage(tmp_path, use_mmap=use_mmap).scan()
            assert entry.metadata is not None
            assert entry.title == "Every optional field is present"
            assert entry.error.reason == "cut off in the messages"
            assert entry.error.path == entry.path


def test_a_broken_or_stale_index_is_made_anew_from_the_files(root: Path):
    store = open_store(root)
    entry = some_entry(store)
    for wrong in (b"\xff\xff", index_module.encode(index_module.empty())):
        (root / "sessions.idx").write_bytes(wrong)
        store.update_metadata(entry.id, is_favorite=not entry.metadata.is_favorite)
        assert set(store.load_index().sessions) == {m.id for m in store.list_sessions()}
        favorites = store.load_index().favorite_sessions
        assert (entry.id in favorites) != entry.metadata.is_favorite
        store.undo()
        # Nothing is kept of what can be made anew: an undo makes it from the files as well.
        assert store.load_index().sessions.keys() == {m.id for m in store.list_sessions()}
        assert (entry.id in store.load_index().favorite_sessions) == entry.metadata.is_favorite


def test_an_index_can_be_made_from_nothing(root: Path):
    (root / "sessions.idx").unlink(missing_ok=True)
    store = open_store(root)
    store.rebuild_index()
    assert set(open_store(root).load_index().sessions) == {m.id for m in store.list_sessions()}


def test_checkpoints_are_listed_and_loaded():
    store = open_store(GOLDEN / "manager-store")
    (entry,) = [e for e in store.scan() if e.title == "Made by the session manager"]
    listed = store.list_checkpoints(entry.id)
    assert [each.name for each in listed] == ["halfway", "with the trap"]
    for each in listed:
        value = store.load_checkpoint(entry.id, each.id)
        assert value.metadata == each
        assert len(value.conversation.messages) == each.message_index
    with pytest.raises(InvalidCheckpoint):
        store.load_checkpoint(entry.id, entry.id)


def test_a_checkpoint_comes_back_as_it_was_saved(root: Path):
    store = open_store(root)
    entry = some_entry(store)
    _, conversation, state = store.load_session(entry.id)
    made = CheckpointMetadata(UUID(int=7), "here", "2026-01-01T00:00:00Z", 2, None)
    then = replace(conversation, messages=conversation.messages[:2])
    store.save_checkpoint(entry.id, Checkpoint(made, then, state))
    named = {each.id: each for each in store.list_checkpoints(entry.id)}
    assert made.id in named
    value = store.load_checkpoint(entry.id, made.id)
    assert (value.conversation, value.state) == (then, state)
    # Layout 2's file does not hold its own name: that stands in the session's metadata.
    assert entry.layout == 2 or value.metadata == made


def test_sections_over_four_gigabytes_are_refused_before_anything_is_written(monkeypatch, tmp_path):
    from agcx_format import limits

    monkeypatch.setattr(limits, "SECTION_ON_DISK", 100)
    session = golden_session("full")
    with pytest.raises(ValueError, match="does not fit layout 1"):
        SessionStorage(tmp_path / "store").save_session(session[0].id, *session)
    assert contents(tmp_path) == {}


def test_the_level_of_a_store_is_that_of_its_files(tmp_path: Path):
    session = golden_session("large")
    sizes = []
    for level in (1, 9, 19):
        storage = SessionStorage(tmp_path / str(level), level)
        storage.save_session(session[0].id, *session)
        (path,) = (tmp_path / str(level)).glob("*.agcx")
        span = v1_sections.split(path.read_bytes())[1]
        raw = v1_sections.decompress_section(path.read_bytes(), span)
        assert frames.compress(raw, level) == path.read_bytes()[span.start : span.end]
        sizes.append(path.stat().st_size)
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("field", ["message_count", "file_size", "compression_ratio", "id", "mood"])
def test_what_follows_from_the_file_cannot_be_edited(root: Path, field: str):
    before = contents(root)
    store = open_store(root)
    with pytest.raises(ValueError, match=field):
        store.update_many([(some_entry(store), {"title": "x", field: 1})])
    assert contents(root) == before


@pytest.mark.parametrize("layout", [1, 2])
def test_a_checkpoint_with_an_item_of_an_unknown_kind(layout: int, tmp_path: Path):
    """The messages of a session are MessagePack, which holds it in either layout."""
    store = Store(tmp_path, layout=layout)
    unknown = UnknownItem(msgpack.packb(["web_search_call", "id"]))
    session = new_session(messages=[new_message(unknown)])
    store.save_session(session.metadata.id, *session)
    about = CheckpointMetadata(UUID(int=1), "here", session.metadata.created_at, 1, None)
    checkpoint = Checkpoint(about, session.conversation, session.state)
    if layout == 1:
        with pytest.raises(LayoutCannotHold, match="message 1: .*'web_search_call'"):
            store.save_checkpoint(session.metadata.id, checkpoint)
        with pytest.raises(LayoutCannotHold), store.editing(session.metadata.id) as editor:
            editor.checkpoint("here")
    else:
        store.save_checkpoint(session.metadata.id, checkpoint)
        assert (
            store.load_checkpoint(session.metadata.id, about.id).conversation.messages[0].item
            == unknown
        )
