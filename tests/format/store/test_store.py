"""What a store shows, finds, saves, and leaves alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from agcx_format import CompressionLevel, SessionStorage, Store, open_store
from agcx_format.disk.locks import locked
from agcx_format.errors import (
    AmbiguousSession,
    CorruptData,
    IndexCorrupted,
    LockFailed,
    PersistenceError,
    SessionNotFound,
    StaleSession,
)
from agcx_format.layout import index as index_module
from agcx_format.model.timestamps import ns_of
from tests.support.golden_files import GOLDEN, V1
from tests.support.privileges import without_privileges
from tests.support.stores import contents, copy_of, golden_session, id_of
from tests.support.waiting import LIMIT

both_ways = pytest.mark.parametrize("use_mmap", [True, False], ids=["map", "read"])


@both_ways
def test_every_session_is_listed_newest_access_first(use_mmap: bool):
    store = SessionStorage(GOLDEN / "v1", use_mmap=use_mmap)
    assert repr(store) == f"SessionStorage({str(GOLDEN / 'v1')!r})"
    sessions = store.list_sessions()
    assert {str(metadata.id) for metadata in sessions} == {golden.id for golden in V1}
    accessed = [ns_of(metadata.last_accessed) for metadata in sessions]
    assert accessed == sorted(accessed, reverse=True)


def test_a_layout_that_does_not_exist_is_refused_before_anything_is_saved(tmp_path: Path):
    with pytest.raises(ValueError, match="no layout 3"):
        Store(tmp_path, layout=3)


@both_ways
def test_unreadable_files_are_shown_with_the_reason(tmp_path: Path, use_mmap: bool):
    store = copy_of("v1", tmp_path / "store")
    whole = store / f"{id_of('full')}.agcx"
    for name, size in (("cut", 60), ("tiny", 3), ("crashes-rust", 7), ("nothing", 0)):
        (store / f"{name}.agcx").write_bytes(whole.read_bytes()[:size])
    (store / "other.agcx").write_bytes(b"PK\x03\x04" + b"\0" * 100)
    os.mkfifo(store / "fifo.agcx")
    (store / "folder.agcx").mkdir()
    (store / "gone.agcx").symlink_to("nowhere")
    (store / "link.agcx").symlink_to(whole)
    entries = {Path(e.path).stem: e for e in SessionStorage(store, use_mmap=use_mmap).scan()}
    broken = {name: str(e.error) for name, e in entries.items() if e.error is not None}
    reasons = {
        "cut": "metadata, byte 6: its length is",
        "tiny": "3 bytes are too few for a header",
        "crashes-rust": "header, byte 7: the file ends inside the header",
        "nothing": "0 bytes are too few for a header",
        "other": "header, byte 0: does not begin with AGCX",
        "fifo": "not a regular file",
        "folder": "not a regular file",
        "gone": "a link to a file that does not exist",
    }
    assert broken.keys() == reasons.keys()
    for name, reason in reasons.items():
        assert reason in broken[name]
        assert broken[name].startswith(str(store / name))
        assert entries[name].metadata is None
    assert entries["link"].metadata == entries[str(id_of("full"))].metadata
    assert len(entries) == len(V1) + len(reasons) + 1


def test_a_file_without_permission_is_shown_with_the_reason():
    with without_privileges() as folder:
        store = copy_of("v1", folder / "store")
        (store / f"{id_of('full')}.agcx").chmod(0)
        (entry,) = [entry for entry in open_store(store).scan() if entry.error]
        assert "permission denied" in str(entry.error)


def test_a_store_without_permission_says_so():
    with without_privileges() as folder:
        (folder / "store").mkdir(mode=0)
        with pytest.raises(PersistenceError, match="permission denied"):
            list(open_store(folder / "store").scan())


def test_reading_writes_nothing(tmp_path: Path):
    store = copy_of("manager-store", tmp_path / "store")
    before = {path: path.stat().st_mtime_ns for path in [store, *store.rglob("*")]}
    reader = open_store(store)
    for entry in reader.scan():
        reader.open_session(entry.id).context  # noqa: B018
        reader.load_session(entry.id)
    reader.load_index()
    reader.acts()
    assert {path: path.stat().st_mtime_ns for path in [store, *store.rglob("*")]} == before


def test_a_store_that_is_not_there_is_empty_and_is_not_made(tmp_path: Path):
    store = open_store(tmp_path / "none")
    assert not store.exists
    assert list(store.scan()) == []
    assert store.list_sessions() == []
    assert store.load_index().sessions == {}
    assert not (tmp_path / "none").exists()


def test_a_file_is_no_store(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PersistenceError, match="not a directory"):
        open_store(tmp_path / "file")


def test_sessions_are_named_by_id_prefix_or_path():
    store = open_store(GOLDEN / "v1")
    full = id_of("full")
    assert store.resolve(str(full)).id == full
    assert store.resolve(str(full).upper()).id == full
    assert store.resolve("5af4").id == full
    assert store.resolve(str(GOLDEN / "v1" / f"{full}.agcx")).id == full
    for wrong in ("5af", "ffff", "", str(uuid4()), "none.agcx"):
        with pytest.raises(SessionNotFound):
            store.resolve(wrong)


def test_a_prefix_of_two_sessions_names_neither(tmp_path: Path):
    data = next(g for g in V1 if g.name == "full").data
    for tail in ("0001", "0002"):
        (tmp_path / f"5af40c88-028e-4622-be8e-79c47410{tail}.agcx").write_bytes(data)
    with pytest.raises(AmbiguousSession, match="2 sessions begin with '5af4': .*0001, .*0002$"):
        open_store(tmp_path).resolve("5af4")


def test_what_is_saved_is_loaded_again_with_measured_sizes(tmp_path: Path):
    storage = SessionStorage(tmp_path / "new", CompressionLevel.MAXIMUM)
    metadata, conversation, state = golden_session("large")
    wrong = replace(metadata, message_count=1, file_size=1, compression_ratio=9.0)
    storage.save_session(metadata.id, wrong, conversation, state)
    saved, same_conversation, same_state = storage.load_session(metadata.id)
    path = tmp_path / "new" / f"{metadata.id}.agcx"
    assert (same_conversation, same_state) == (conversation, state)
    assert saved.message_count == len(conversation.messages) == 3000
    assert saved.file_size == path.stat().st_size
    assert 0 < saved.compression_ratio < 1
    assert replace(saved, message_count=1, file_size=1, compression_ratio=9.0) == wrong
    assert contents(tmp_path / "new").keys() == {path.name}
    assert storage.load_metadata_mmap(path) == saved


def test_a_new_file_is_its_owners_alone_and_a_replaced_one_keeps_its_mode(tmp_path: Path):
    storage = SessionStorage(tmp_path / "store")
    session = golden_session("full")
    storage.save_session(session[0].id, *session)
    path = tmp_path / "store" / f"{session[0].id}.agcx"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    SessionStorage(tmp_path / "store").save_session(session[0].id, *session)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_what_another_program_saved_is_not_overwritten(tmp_path: Path):
    mine, other = SessionStorage(tmp_path), SessionStorage(tmp_path)
    session = golden_session("full")
    mine.save_session(session[0].id, *session)
    mine.load_session(session[0].id)
    theirs = replace(session[0], title="theirs")
    other.save_session(session[0].id, theirs, *session[1:])
    with pytest.raises(StaleSession):
        mine.save_session(session[0].id, *session)
    assert other.load_session(session[0].id)[0].title == "theirs"
    mine.load_session(session[0].id)
    mine.save_session(session[0].id, *session)
    assert mine.load_session(session[0].id)[0].title == session[0].title


@pytest.mark.parametrize(
    "wrong",
    [{"turn_count": -1}, {"turn_count": 2**64}, {"title": "\ud800"}],
    ids=str,
)
def test_a_value_without_a_form_leaves_the_old_file(tmp_path: Path, wrong: dict):
    storage = SessionStorage(tmp_path)
    metadata, conversation, state = golden_session("full")
    storage.save_session(metadata.id, metadata, conversation, state)
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="SessionMetadata"):
        storage.save_session(metadata.id, replace(metadata, **wrong), conversation, state)
    assert contents(tmp_path) == before


def test_a_session_that_is_not_there(tmp_path: Path):
    storage = SessionStorage(tmp_path)
    nobody = UUID(int=1)
    with pytest.raises(SessionNotFound) as raised:
        storage.load_session(nobody)
    assert raised.value.session_id == nobody
    with pytest.raises(SessionNotFound):
        storage.open_session(nobody)
    storage.delete_session(nobody)
    assert contents(tmp_path, trash=True) == {}


def test_an_index_comes_back_as_it_was_saved(tmp_path: Path):
    store = open_store(copy_of("manager-store", tmp_path / "store"))
    value = index_module.build(store.list_sessions())
    store.save_index(value)
    assert store.load_index() == value
    (tmp_path / "store" / "sessions.idx").write_bytes(b"\xff")
    with pytest.raises(IndexCorrupted) as raised:
        store.load_index()
    assert raised.value.path == str(tmp_path / "store" / "sessions.idx")


def test_an_index_counts_each_session_once():
    sessions = open_store(GOLDEN / "v1").list_sessions()
    value = index_module.build(sessions)
    # The sizes that these files claim do not fit 64 bits together.
    assert sum(metadata.file_size for metadata in sessions) > value.total_size_bytes == 2**64 - 1
    few = [metadata for metadata in sessions if metadata.file_size < 10**9]
    assert index_module.build(few).total_size_bytes == sum(m.file_size for m in few)
    assert len(value.recent_sessions) == 20
    favorites = {metadata.id for metadata in sessions if metadata.is_favorite}
    assert set(value.favorite_sessions) == favorites
    for tag, ids in value.tag_index.items():
        assert sorted(ids, key=str) == sorted((m.id for m in sessions if tag in m.tags), key=str)
    again = index_module.changed(value, dict.fromkeys(favorites))
    assert again.favorite_sessions == []
    assert set(again.sessions) == set(value.sessions) - favorites


def test_one_writer_at_a_time(tmp_path: Path):
    import threading

    with locked(tmp_path):
        failed = []

        def other() -> None:
            try:
                with locked(tmp_path, timeout=0.05):
                    pass
            except LockFailed as error:
                failed.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert "another part of this program" in str(failed[0])
        with locked(tmp_path, timeout=0.05):
            pass


def test_a_fifo_is_an_error_and_never_a_wait(tmp_path: Path):
    path = tmp_path / "5af40c88-028e-4622-be8e-79c474100258.agcx"
    os.mkfifo(path)
    with pytest.raises(CorruptData, match="not a regular file"):
        open_store(tmp_path).load_session(id_of("full"))


def test_a_program_that_only_reads_imports_nothing_that_changes_a_store(tmp_path: Path):
    """The start is quick: most programs begin with a list."""
    root = copy_of("manager-store", tmp_path / "store")
    open_store(root).delete(list(open_store(root).scan())[:1])
    code = (
        "import sys\n"
        "from agcx_format import open_store\n"
        "store = open_store(sys.argv[1])\n"
        "entry = next(iter(store.scan()))\n"
        "with store.open_session(entry.id) as session:\n"
        "    assert session.metadata == store.list_sessions()[0]\n"
        "print(*(name for name in sys.modules if name.startswith('agcx_format.store')))\n"
    )
    command = [sys.executable, "-c", code, root]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=True)
    names = {name.removeprefix("agcx_format.store.") for name in done.stdout.split()}
    assert "reader" in names
    assert {name for name in names if name.startswith("acts.")} == {"acts.act_dirs"}
    assert not names & {"writer", "trash", "index_keeper", "checkpoint_files", "at_work"}
