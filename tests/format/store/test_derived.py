"""Sessions made out of others: the halves of one, a checkpoint of one; forward and back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import (
    Checkpoint,
    CheckpointMetadata,
    OperatingMode,
    SessionStorage,
    SessionStore,
    open_store,
)
from agcx_format.doctor.checks import verify_store
from agcx_format.errors import InvalidCheckpoint, PersistenceError, SessionNotFound
from agcx_format.store.checkpoint_files import checkpoint_path
from tests.slow.crash.processes import killed_at
from tests.support.everything import everything
from tests.support.messages import user
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
    assert first[0].updated_at == conversation.messages[at - 1].timestamp
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


def test_a_killed_split_is_there_whole_or_not_at_all(tmp_path: Path, strides: Callable[[int], int]):
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
        step += strides(5)
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
        assert metadata.message_count == each.message_index
        assert metadata.updated_at == conversation.messages[-1].timestamp
        assert metadata.current_mode is value.conversation.mode_history[-1][0]
        assert metadata.file_size == os.path.getsize(store.resolve(str(new_id)).path)
        assert store.load_session(entry.id)[0] == entry.metadata
        assert act.kind == "checkpoint"
        store.undo()
        assert contents(root) == before


P, B, R = OperatingMode.PLAN, OperatingMode.BUILD, OperatingMode.REVIEW


def in_three_modes(root: Path, layout: int, turn_count: int = 0) -> UUID:
    """A session of 17 messages with a checkpoint after 2, 4 and 17, saved in its second and last mode."""
    kind = SessionStorage if layout == 1 else SessionStore
    store = kind(root)
    metadata, conversation, state = everything()
    messages = [user(f"word{n}", second=n).replace(turn_index=n) for n in range(17)]
    conversation = conversation.replace(messages=messages)
    times = [messages[0].timestamp, messages[3].timestamp, messages[6].timestamp]
    history = list(zip((P, B, R), times, strict=True))
    metadata = metadata.replace(current_mode=R, turn_count=turn_count)
    listed, values = [], []
    for count, modes in ((2, history[:1]), (4, history[:2]), (17, history)):
        part = conversation.replace(messages=messages[:count], mode_history=modes)
        created = messages[count - 1].timestamp
        listed.append(CheckpointMetadata(UUID(int=count), f"after {count}", created, count, None))
        values.append(Checkpoint(listed[-1], part, state))
    metadata = metadata.replace(checkpoints=listed)
    conversation = conversation.replace(mode_history=history)
    store.save_session(metadata.id, metadata, conversation, state)
    for value in values:
        store.save_checkpoint(metadata.id, value)
    return metadata.id


def checkpoints(store, session_id: UUID) -> list[tuple[str, int, int]]:
    """Name and number of messages of each checkpoint, as the session lists it and as its file has it."""
    found = []
    for each in store.load_session(session_id)[0].checkpoints:
        value = store.load_checkpoint(session_id, each.id)
        assert value.conversation.id == session_id
        found.append((each.name, each.message_index, len(value.conversation.messages)))
    assert len(store.list_checkpoints(session_id)) == len(found)
    return found


@pytest.mark.parametrize("layout", [1, 2])
def test_each_half_has_the_modes_and_checkpoints_of_its_messages(tmp_path: Path, layout: int):
    root = tmp_path / "store"
    session_id = in_three_modes(root, layout)
    before = contents(root)
    store = open_store(root)
    messages = store.load_session(session_id)[1].messages
    new_id, _ = store.split(session_id, 5)
    first, second = store.load_session(session_id), store.load_session(new_id)
    assert checkpoints(store, session_id) == [("after 2", 2, 2), ("after 4", 4, 4)]
    assert checkpoints(store, new_id) == [("after 17", 12, 12)]
    if layout == 2:
        times = [messages[0].timestamp, messages[3].timestamp]
        assert first[1].mode_history == list(zip((P, B), times, strict=True))
        assert first[0].current_mode is B
        times = [messages[5].timestamp, messages[6].timestamp]
        assert second[1].mode_history == list(zip((B, R), times, strict=True))
    assert second[0].current_mode is R
    assert (first[0].turn_count, second[0].turn_count) == (0, 0)
    assert all(report.ok for report in verify_store(store))
    store.undo()
    assert contents(root) == before


@pytest.mark.parametrize("layout", [1, 2])
def test_a_session_of_a_checkpoint_is_in_its_mode_and_has_those_before_it(tmp_path: Path, layout):
    root = tmp_path / "store"
    session_id = in_three_modes(root, layout)
    before = contents(root)
    store = open_store(root)
    new_id, _ = store.restore_checkpoint(session_id, UUID(int=4))
    metadata, conversation, _ = store.load_session(new_id)
    assert metadata.current_mode is B
    assert conversation.mode_history[-1][0] is B
    assert checkpoints(store, new_id) == [("after 2", 2, 2)]
    store.undo()
    assert contents(root) == before


def test_a_checkpoint_that_cannot_be_read_keeps_its_file(tmp_path: Path):
    root = tmp_path / "store"
    session_id = in_three_modes(root, 1)
    store = open_store(root)
    path = checkpoint_path(root, session_id, UUID(int=17))
    path.write_bytes(b"damaged")
    new_id, _ = store.split(session_id, 5)
    assert path.read_bytes() == b"damaged"
    assert store.load_session(new_id)[0].checkpoints == []


def test_turns_are_counted_by_their_numbers_if_the_writer_counted_them(tmp_path: Path):
    root = tmp_path / "store"
    session_id = in_three_modes(root, 1, turn_count=17)
    store = open_store(root)
    new_id, _ = store.split(session_id, 5)
    counts = [store.load_session(each)[0].turn_count for each in (session_id, new_id)]
    assert counts == [5, 12]


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
