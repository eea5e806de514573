"""Sessions made out of others: the halves of one, a checkpoint of one; forward and back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agcx_format import open_store
from agcx_format.errors import InvalidCheckpoint, PersistenceError, SessionNotFound
from tests.slow.crash.processes import killed_at
from tests.support.stores import contents, copy_of, id_of


@pytest.fixture(params=["v1", "v2", "manager-store"])
def root(request, tmp_path: Path) -> Path:
    return copy_of(request.param, tmp_path / "store")


def long_one(store):
    """A session of several messages that reads."""
    titles = ("Every optional field is present", "Made by the session manager")
    entries = [entry for entry in store.scan() if entry.metadata and entry.title not in titles]
    wanted = [entry for entry in store.scan() if entry.title in titles]
    found = [e for e in [*wanted, *entries] if e.metadata.message_count > 1]
    return found[0]


def test_the_halves_together_are_the_whole(root: Path):
    before = contents(root)
    store = open_store(root)
    entry = long_one(store)
    metadata, conversation, _ = store.load_session(entry.id)
    at = len(conversation.messages) // 2
    new_id, act = store.split(entry.id, at)
    assert act.kind == "split"
    assert act.count == 2
    first, second = open_store(root).load_session(entry.id), open_store(root).load_session(new_id)
    assert [*first[1].messages, *second[1].messages] == conversation.messages
    assert first[1].context == second[1].context == conversation.context
    assert (first[0].message_count, second[0].message_count) == (
        at,
        len(conversation.messages) - at,
    )
    assert (first[0].title, second[0].title) == (metadata.title, f"{metadata.title} (2)")
    assert second[0].id == new_id
    assert second[0].created_at == conversation.messages[at].timestamp
    assert (first[0].checkpoints, second[0].checkpoints) == (metadata.checkpoints, [])
    # Last opened is touched only by choice.
    assert first[0].last_accessed == metadata.last_accessed
    assert first[2].cursor_position < at or first[2].cursor_position == 0
    assert {m.id for m in store.list_sessions()} >= {entry.id, new_id}
    store.undo()
    assert contents(root) == before


@pytest.mark.parametrize("at", [0, -1, 10**6])
def test_no_half_may_be_empty(root: Path, at: int):
    store = open_store(root)
    entry = long_one(store)
    before = contents(root, trash=True)
    with pytest.raises(ValueError, match="cannot be split"):
        store.split(entry.id, at)
    assert contents(root, trash=True) == before


def test_what_is_damaged_is_not_taken_apart(tmp_path: Path):
    root = copy_of("v1", tmp_path / "store")
    path = root / f"{id_of('every-item')}.agcx"
    path.write_bytes(path.read_bytes()[:-20])
    before = contents(root, trash=True)
    with pytest.raises(PersistenceError):
        open_store(root).split(id_of("every-item"), 1)
    assert contents(root, trash=True) == before


def test_a_killed_split_is_there_whole_or_not_at_all(tmp_path: Path):
    step, seen = 0, set()
    while True:
        root = copy_of("manager-store", tmp_path / f"run{step}")
        before = contents(root)
        entry = long_one(open_store(root))
        count = entry.metadata.message_count
        killed = killed_at(step, lambda root=root, e=entry: open_store(root).split(e.id, 1))
        store = open_store(root)
        if len(list(store.scan())) == 2:
            assert contents(root) == before
            seen.add("before")
        else:
            counts = [m.message_count for m in store.list_sessions()]
            assert {1, count - 1} <= set(counts)
            assert len(counts) == 3
            store.undo()
            assert contents(root) == before
            seen.add("after")
        if not killed:
            break
        step += 1
    assert seen == {"before", "after"}


def test_a_checkpoint_becomes_a_session(tmp_path: Path):
    root = copy_of("manager-store", tmp_path / "store")
    before = contents(root)
    store = open_store(root)
    entry = next(e for e in store.scan() if e.title == "Made by the session manager")
    for each in store.list_checkpoints(entry.id):
        value = store.load_checkpoint(entry.id, each.id)
        new_id, act = store.restore_checkpoint(entry.id, each.id)
        metadata, conversation, state = open_store(root).load_session(new_id)
        assert conversation.messages == value.conversation.messages
        assert state == value.state
        assert metadata.title == f"Made by the session manager ({each.name})"
        assert (metadata.message_count, metadata.checkpoints) == (each.message_index, [])
        assert metadata.file_size == os.path.getsize(store.resolve(str(new_id)).path)
        assert store.load_session(entry.id)[0] == entry.metadata
        assert act.kind == "checkpoint"
        store.undo()
        assert contents(root) == before


def test_a_checkpoint_that_is_not_there_changes_nothing(tmp_path: Path):
    root = copy_of("manager-store", tmp_path / "store")
    before = contents(root, trash=True)
    store = open_store(root)
    entry = next(iter(store.scan()))
    with pytest.raises(InvalidCheckpoint):
        store.restore_checkpoint(entry.id, entry.id)
    with pytest.raises(SessionNotFound):
        store.split(id_of("full"), 1)
    assert contents(root, trash=True) == before
