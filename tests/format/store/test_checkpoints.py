"""Checkpoints of a store: which there are, how they are named, and each change of them there and back."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import (
    InputText,
    Message,
    SessionStorage,
    SessionStore,
    Store,
    new_message,
    new_session,
    open_store,
)
from agcx_format.doctor import verify_store
from agcx_format.errors import InvalidCheckpoint, PersistenceError, SessionNotFound, StaleSession
from agcx_format.store import open_conversation
from tests.support.stores import contents, golden_session

A, GONE = UUID(int=0xA << 96 | 1), UUID(int=0xB << 96 | 1)


@pytest.fixture(params=[SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    made = request.param(tmp_path / "store")
    metadata, conversation, state = golden_session("every-item")
    metadata = replace(metadata, id=A, title="Every item", checkpoints=[])
    made.save_session(A, metadata, replace(conversation, id=A), state)
    return open_store(made.path)


def entry_of(store: Store):
    return store.resolve(str(A))


def kept(store: Store, name: str = "first"):
    store.checkpoints.create(entry_of(store), name)
    return store.checkpoints.resolve(f"{A}@{name}")


def shortened(store: Store, count: int) -> None:
    """Save the session with fewer messages, as if it had been shorter."""
    metadata, conversation, state = store.load_session(A)
    short = replace(conversation, messages=conversation.messages[:count])
    store.save_session(A, metadata, short, state)


def wrong(store: Store) -> list:
    return [
        (report.path, finding.reason)
        for report in verify_store(store)
        for finding in report.findings
        if finding.severity > "info" or finding.code in ("unlisted", "differs", "index-lacks")
    ]


def test_a_checkpoint_holds_the_session_as_it_is(store: Store):
    before, session = contents(store.path), store.load_session(A)
    new_id, act = store.checkpoints.create(entry_of(store), "first", "why")
    (found,) = store.checkpoints.of(entry_of(store))
    assert (found.metadata.id, found.name, found.metadata.description) == (new_id, "first", "why")
    assert found.metadata.message_index == len(session[1].messages)
    assert act.size == found.size == (store.path / (found.path or "")).stat().st_size
    value = store.load_checkpoint(A, new_id)
    assert (value.conversation.messages, value.state) == (session[1].messages, session[2])
    # The conversation itself did not change.
    assert store.load_session(A)[1:] == session[1:]
    assert wrong(store) == []
    assert store.undo().kind == "checkpoint-create"
    assert contents(store.path) == before


def test_a_new_name_is_in_the_list_and_in_the_file(store: Store):
    found = kept(store)
    before = contents(store.path)
    store.checkpoints.rename(found, "other")
    renamed = store.checkpoints.resolve(f"{A}@other")
    assert renamed.metadata == replace(found.metadata, name="other")
    with store.checkpoints.open(renamed) as file:
        assert file.checkpoint.metadata.name == "other"
        assert file.metadata.title == "Every item (other)"
    assert wrong(store) == []
    with pytest.raises(InvalidCheckpoint):
        store.checkpoints.resolve(f"{A}@first")
    store.undo()
    assert contents(store.path) == before


def test_a_deleted_checkpoint_is_listed_no_longer_and_comes_back(store: Store):
    kept(store)
    two = kept(store, "second")
    one = store.checkpoints.resolve(f"{A}@first")
    before = contents(store.path)
    act = store.checkpoints.delete([one])
    assert [each.name for each in store.checkpoints.of(entry_of(store))] == ["second"]
    assert act.size == one.size
    assert wrong(store) == []
    # What is known of the other one is of a session that changed since.
    with pytest.raises(StaleSession):
        store.checkpoints.delete([two])
    store.undo()
    assert contents(store.path) == before


def test_going_back_takes_the_messages_and_leaves_what_a_person_said(store: Store):
    whole = store.load_session(A)
    shortened(store, 3)
    found = kept(store)
    store.save_session(A, *whole)
    store.update_metadata(A, title="Another title", tags=["mine"], is_favorite=True)
    assert store.checkpoints.resolve(f"{A}@{found.metadata.id}").is_unlisted
    before = contents(store.path)
    store.checkpoints.go_back(store.checkpoints.resolve(f"{A}@{found.metadata.id}"))
    metadata, conversation, _ = store.load_session(A)
    assert conversation.messages == whole[1].messages[:3]
    assert (metadata.title, metadata.tags, metadata.is_favorite) == (
        "Another title",
        ["mine"],
        True,
    )
    assert metadata.message_count == 3
    assert [each for each in wrong(store) if "does not list" not in each[1]] == []
    store.undo()
    assert contents(store.path) == before
    assert store.load_session(A)[1] == whole[1]


def test_one_that_its_session_does_not_list_is_counted_from_its_own_file(store: Store):
    found = kept(store)
    store.save_session(A, *store.load_session(A)[:1], *golden_session("every-item")[1:])
    metadata = store.load_session(A)[0]
    store.save_session(A, replace(metadata, checkpoints=[]), *store.load_session(A)[1:])
    (left,) = store.checkpoints.unlisted()
    assert left.metadata.id == found.metadata.id
    assert left.metadata.message_index == found.metadata.message_index
    assert left.is_unlisted
    assert store.checkpoints.all() == [left]
    # A name lists it again.
    store.checkpoints.rename(left, "kept")
    assert [each.is_unlisted for each in store.checkpoints.of(entry_of(store))] == [False]
    assert wrong(store) == []


def test_of_a_session_that_is_gone_they_are_left_and_can_be_read_and_deleted(store: Store):
    found = kept(store)
    file = store.path / (found.path or "")
    left = file.with_name(file.name.replace(str(A), str(GONE)))
    left.write_bytes(file.read_bytes())
    (orphan,) = store.checkpoints.unlisted()
    assert (orphan.session, orphan.title) == (None, str(GONE))
    with open_conversation(left) as opened:
        assert len(opened) == orphan.metadata.message_index > 0
    assert store.checkpoints.resolve(f"{GONE}@{orphan.metadata.id}") == orphan
    with pytest.raises(SessionNotFound):
        store.checkpoints.go_back(orphan)
    store.checkpoints.delete([orphan])
    assert not left.exists()
    store.undo()
    assert left.exists()


def test_an_unreadable_session_says_nothing_of_what_it_lists(store: Store):
    kept(store)
    path = Path(entry_of(store).path)
    path.write_bytes(path.read_bytes()[:10])
    for copy in (store.path / "metadata").glob("*.meta"):
        copy.unlink()
    assert store.checkpoints.unlisted() == []
    assert len(store.checkpoints.all()) == 1


def test_a_damaged_checkpoint_is_named_and_its_reading_says_where(store: Store):
    file = store.path / (kept(store).path or "")
    file.write_bytes(file.read_bytes()[:40])
    (found,) = store.checkpoints.of(entry_of(store))
    assert found.name == "first"
    with pytest.raises(PersistenceError) as error:
        store.checkpoints.open(found)
    assert error.value.path == str(file)
    with pytest.raises(PersistenceError):
        store.checkpoints.go_back(found)


@pytest.mark.parametrize("name", ["{a}", "{a}@", "{a}@none", "@first", "ffff@first", "{a}@fir"])
def test_what_names_none_is_an_error(store: Store, name: str):
    kept(store)
    with pytest.raises((InvalidCheckpoint, SessionNotFound)):
        store.checkpoints.resolve(name.format(a=A))


def test_a_name_may_hold_anything(store: Store):
    for name in ("a@b", "x/y", "…", "  "):
        assert kept(store, name).metadata.name == name


def test_two_of_one_name_are_told_apart_by_their_ids(store: Store):
    one = kept(store)
    store.checkpoints.create(entry_of(store), "first")
    with pytest.raises(InvalidCheckpoint, match="2 checkpoints"):
        store.checkpoints.resolve(f"{A}@first")
    same = store.checkpoints.resolve(f"{str(A)[:8]}@{str(one.metadata.id)[:8]}")
    assert same.metadata == one.metadata


@pytest.mark.parametrize("layout", [1, 2])
def test_a_checkpoint_becomes_a_session_also_when_its_own_is_gone(tmp_path: Path, layout: int):
    store = Store(tmp_path, layout=layout)
    said = new_message(Message(None, "user", [InputText("one")]))
    session = new_session(title="Gone", messages=[said])
    store.save_session(session.metadata.id, *session)
    with store.editing(session.metadata.id) as editor:
        made = editor.checkpoint("kept")
    before = store.load_session(session.metadata.id)[1].messages
    next(tmp_path.glob("**/*.agcx")).unlink()
    new_id, act = store.restore_checkpoint(session.metadata.id, made.id)
    metadata, conversation, _ = store.load_session(new_id)
    assert conversation.messages == before
    assert metadata.title == act.titles[0]
    assert ("kept" in metadata.title) == (layout == 1)
    assert store.entry(next(map(str, tmp_path.glob("**/*.agcx")))).layout == layout
    assert [each for each in verify_store(store) if not each.ok] == []
    store.undo()
    assert new_id not in store
