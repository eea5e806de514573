"""A program adds to a session without having loaded it, and nothing of what others did is lost."""

from __future__ import annotations

import random
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import (
    FunctionCallOutput,
    InputText,
    Message,
    OperatingMode,
    SessionNotFound,
    SessionStorage,
    SessionStore,
    StaleSession,
    Store,
    limits,
    new_message,
    new_session,
    open_store,
)
from agcx_format.codec.zstd import seekable
from agcx_format.disk.open_file import OpenFile
from agcx_format.doctor import verify_store
from agcx_format.doctor.report import Severity
from agcx_format.layout.base import Addition
from agcx_format.store.appending import appended, parts_of
from tests.support.stores import contents

ID = UUID(int=5 << 96 | 0xC0FFEE)


def said(text: str):
    return new_message(Message(None, "user", [InputText(text)]))


@pytest.fixture(params=[SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    store: Store = request.param(tmp_path / "store")
    store.save_session(ID, *new_session(id=ID, title="Work", messages=[said("one")]))
    store.rebuild_index()
    return store


def texts(store: Store) -> list[str]:
    return [message.item.content[0].text for message in store.load_session(ID)[1].messages]


def problems(store: Store) -> list[str]:
    return [
        str(each)
        for report in verify_store(store)
        for each in report.findings
        if each.severity is not Severity.INFO
    ]


def indexed(store: Store):
    """What AGCodex lists."""
    return store.load_index().sessions[ID]


def test_messages_are_added_counted_and_listed(store: Store):
    metadata = open_store(store.path).append(ID, [said("two"), said("three")])
    assert texts(store) == ["one", "two", "three"]
    assert (metadata.message_count, metadata.turn_count) == (3, 3)
    assert indexed(store) == metadata
    assert store.list_sessions()[0] == metadata
    assert problems(store) == []


def test_a_session_of_many_frames_is_added_to_and_reads_as_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    """Those between the first and the last are copied from the old file in pieces."""
    monkeypatch.setattr(limits, "MIB", 20_000)
    monkeypatch.setattr(seekable, "THRESHOLD", 200_000)
    monkeypatch.setattr(seekable, "FRAME", 50_000)
    draw = random.Random(5)
    there = [said(draw.randbytes(10_000).hex()) for _ in range(20)]
    store.append(ID, there)
    store.append(ID, [said("two")])
    assert store.load_session(ID)[1].messages[1:-1] == there
    assert texts(store)[-1] == "two"
    assert problems(store) == []


def test_an_older_message_does_not_turn_the_clock_back(store: Store):
    before = store.load_session(ID)[0].updated_at
    said_then = new_message(
        Message(None, "user", [InputText("two")]), timestamp="2001-01-01T00:00:00Z"
    )
    store.append(ID, [said_then])
    assert store.load_session(ID)[0].updated_at == before


def test_a_file_that_is_written_while_it_is_copied_is_no_source(store: Store):
    """By a program that knows nothing of locks, and writes into the file itself."""
    with OpenFile(store.resolve(str(ID)).path) as file:
        new = appended(file, Addition([said("two")]), lambda metadata: metadata, 3)
        copy = parts_of(file, new)
        next(copy)
        with open(file.path, "ab") as other:
            other.write(b"more")
        with pytest.raises(StaleSession, match="changed while it was read"):
            list(copy)


def test_a_session_whose_program_counts_no_turns_still_counts_none(store: Store):
    session = new_session(id=ID, messages=[new_message(FunctionCallOutput("c", "done"))])
    store.save_session(ID, *session)
    assert store.append(ID, [said("two")]).turn_count == 0


def test_what_a_person_changed_stays(store: Store):
    program = open_store(store.path)
    program.load_session(ID)
    store.update_metadata(ID, title="Named by me", tags=["mine"], is_favorite=True)
    metadata = program.append(ID, [said("two")])
    assert (metadata.title, metadata.tags, metadata.is_favorite) == ("Named by me", ["mine"], True)


def test_a_save_after_it_is_still_checked_against_what_was_loaded(store: Store):
    program = open_store(store.path)
    session = program.load_session(ID)
    store.append(ID, [said("of another program")])
    program.append(ID, [said("two")])
    with pytest.raises(StaleSession):
        program.save_session(ID, *session)
    assert texts(store) == ["one", "of another program", "two"]


def test_a_program_that_loaded_it_may_save_after_appending(store: Store):
    metadata, conversation, state = store.load_session(ID)
    store.append(ID, [said("two")])
    store.save_session(ID, metadata, conversation, state)
    assert texts(store) == ["one"]


def test_nothing_to_add_changes_no_message(store: Store):
    store.append(ID, [])
    assert texts(store) == ["one"]


def test_no_such_session(store: Store):
    with pytest.raises(SessionNotFound):
        store.append(UUID(int=1), [said("two")])


# --- with store.editing(…)


def test_what_is_added_is_written_once_at_the_end(store: Store):
    with store.editing(ID) as session:
        session.add(Message(None, "user", [InputText("two")]))
        session.add(FunctionCallOutput("c", "three"))
        session.switch_mode(OperatingMode.PLAN)
        session.switch_mode(OperatingMode.PLAN)
        session.update(model="gpt-6")
        assert len(texts(store)) == 1
    metadata, conversation, _ = store.load_session(ID)
    assert [message.turn_index for message in conversation.messages] == [0, 1, 1]
    assert (metadata.current_mode, metadata.model) == (OperatingMode.PLAN, "gpt-6")
    if store.layout == 2:
        assert [mode.value for mode, _ in conversation.mode_history] == ["Build", "Plan"]
    assert indexed(store).message_count == 3
    assert problems(store) == []


def test_a_star_meanwhile_is_kept_and_stops_nothing(store: Store):
    person = open_store(store.path)
    with store.editing(ID) as session:
        session.add(Message(None, "user", [InputText("two")]))
        session.update(title="By the program", tags=["auto"])
        person.update_metadata(ID, title="Named by me", is_favorite=True)
    metadata = store.load_session(ID)[0]
    assert (metadata.title, metadata.is_favorite) == ("Named by me", True)
    assert metadata.tags == ["auto"]
    assert texts(store) == ["one", "two"]


def test_messages_of_another_program_meanwhile_make_it_stale(store: Store):
    before = contents(store.path)
    with (
        pytest.raises(StaleSession, match="another program added messages"),
        store.editing(ID) as session,
    ):
        session.add(Message(None, "user", [InputText("two")]))
        session.checkpoint("here")
        open_store(store.path).append(ID, [said("of another program")])
    assert texts(store) == ["one", "of another program"]
    assert contents(store.path).keys() == before.keys()


def test_an_error_in_the_block_writes_nothing(store: Store):
    before = contents(store.path)
    with pytest.raises(ZeroDivisionError), store.editing(ID) as session:
        session.add(Message(None, "user", [InputText("two")]))
        session.checkpoint("here")
        raise ZeroDivisionError
    assert contents(store.path) == before


def test_a_block_that_does_nothing_writes_nothing(store: Store):
    before = contents(store.path)
    with store.editing(ID) as session:
        assert len(session) == 1
    assert contents(store.path) == before


def test_a_checkpoint_is_the_conversation_at_its_moment(store: Store):
    with store.editing(ID) as session:
        session.add(Message(None, "user", [InputText("two")]))
        made = session.checkpoint("after two", description="all green")
        session.add(Message(None, "user", [InputText("three")]))
    (listed,) = store.load_session(ID)[0].checkpoints
    assert listed == made
    assert listed.message_index == 2
    kept = store.load_checkpoint(ID, listed.id).conversation.messages
    assert [message.item.content[0].text for message in kept] == ["one", "two"]
    assert problems(store) == []


def test_only_the_newest_checkpoints_are_kept_and_the_others_can_be_restored(store: Store):
    for number in range(4):
        with store.editing(ID) as session:
            session.add(Message(None, "user", [InputText(str(number))]))
            session.checkpoint(f"number {number}", keep=2)
    names = [each.name for each in store.load_session(ID)[0].checkpoints]
    assert names == ["number 2", "number 3"]
    assert [each.name for each in store.list_checkpoints(ID)] == names
    assert problems(store) == []
    store.undo()
    assert len(store.list_checkpoints(ID)) == 3


def test_no_checkpoint_at_all_cannot_be_kept(store: Store):
    with pytest.raises(ValueError, match="the new checkpoint"), store.editing(ID) as session:
        session.checkpoint("none", keep=0)
