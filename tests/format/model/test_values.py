"""Values as a program makes them: checked, frozen, compared, hashed, copied; and those with defaults."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid5

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agcx_format import (
    FunctionCall,
    FunctionCallOutput,
    InputText,
    Message,
    MessageMetadata,
    MessageSnapshot,
    OutputText,
    Reasoning,
    SessionMetadata,
    SummaryText,
    Timestamp,
    ToolCallMetadata,
    UnknownItem,
    new_message,
    new_session,
    open_store,
    read_session,
    write_session,
)
from agcx_format.codec import bincode, messagepack
from agcx_format.model import unchecked
from agcx_format.model.fields import Value
from agcx_format.model.ids import DerivedIds
from tests.slow.fuzz.strategies import sessions, values

HELLO = Message(None, "user", [InputText("Hello")])


@pytest.mark.parametrize(
    ("make", "error", "place"),
    [
        (lambda: InputText(7), TypeError, "InputText.text"),
        (lambda: Message(None, "user", "Hello"), TypeError, "Message.content"),
        (lambda: Message(None, "user", ["Hello"]), TypeError, "Message.content"),
        (lambda: new_message(InputText("Hello")), TypeError, "MessageSnapshot.item"),
        (lambda: new_message(HELLO, turn_index=-1), ValueError, "MessageSnapshot.turn_index"),
        (lambda: new_message(HELLO, id="x"), TypeError, "MessageMetadata.message_id"),
        (lambda: new_message(HELLO, timestamp="noon"), ValueError, "not a timestamp"),
        (lambda: new_session(title=None), TypeError, "SessionMetadata.title"),
        (lambda: new_session(tags=[5]), TypeError, "SessionMetadata.tags"),
        (lambda: new_session(tags="ui"), TypeError, "not the text 'ui'"),
        (lambda: new_session(messages="Hello"), TypeError, "new_message, not 'H'"),
        (lambda: Timestamp.from_ns(1.5e9), TypeError, "whole number, not 1500000000.0"),
        (lambda: Timestamp.from_datetime(date(2026, 1, 2)), TypeError, "expected a datetime"),
        (lambda: HELLO.replace(role=5), TypeError, "Message.role"),
        (lambda: HELLO.replace(rank=5), TypeError, "rank"),
        (
            lambda: new_session().metadata.replace(updated_at="yesterday"),
            ValueError,
            "SessionMetadata.updated_at",
        ),
    ],
)
def test_a_wrong_field_is_refused_where_the_value_is_made(make, error, place):
    with pytest.raises(error, match=place):
        make()


@given(sessions())
def test_what_a_file_may_hold_may_be_constructed_with_checks_and_without(session: tuple):
    metadata, conversation, state = session
    for value in (metadata, state, *conversation.messages):
        fields = {name: getattr(value, name) for name in value.__struct_fields__}
        assert type(value)(**fields) == value
    for value in _all_within(conversation.messages):
        if make := _UNCHECKED.get(type(value)):
            assert make(*msgspec.structs.astuple(value)) == value


_UNCHECKED = {
    InputText: unchecked.input_text, OutputText: unchecked.output_text,
    SummaryText: unchecked.summary_text, Message: unchecked.message, Reasoning: unchecked.reasoning,
    FunctionCall: unchecked.function_call, FunctionCallOutput: unchecked.function_call_output,
    ToolCallMetadata: unchecked.tool_call_metadata, MessageMetadata: unchecked.message_metadata,
    MessageSnapshot: unchecked.message_snapshot,
}  # fmt: skip


def _all_within(value: object) -> Iterator[Value]:
    if isinstance(value, Value):
        yield value
        value = msgspec.structs.astuple(value)
    for each in value if isinstance(value, list | tuple) else ():
        yield from _all_within(each)


@given(st.uuids(), st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_ids_that_are_derived_together_are_those_that_are_derived_alone(namespace, names):
    ids = [uuid5(namespace, name) for name in names]
    derived = DerivedIds(namespace)
    assert derived.of_each(names) == ids
    assert [derived.hex(name) for name in names] == [each.hex for each in ids]


def test_decoders_do_not_check_again_what_they_have_checked(monkeypatch):
    metadata = new_session(title="One").metadata
    packed, binary = messagepack.encode(metadata), bincode.encode(metadata)

    def refuse(*args: object) -> None:
        raise AssertionError("checked twice")

    monkeypatch.setattr("agcx_format.model.fields.ValueType.check_of", refuse)
    assert messagepack.decode(SessionMetadata, packed) == metadata
    assert bincode.decode(SessionMetadata, binary) == metadata


@given(values(MessageSnapshot))
def test_equal_values_have_equal_hashes_and_copies(message: MessageSnapshot):
    again = messagepack.decode(MessageSnapshot, messagepack.encode_messages([message])[1:])
    if again == message:
        assert hash(again) == hash(message)
    assert copy.deepcopy(message) == pickle.loads(pickle.dumps(message)) == message


def test_values_are_members_of_sets_and_do_not_change():
    one, other = new_session(title="One").metadata, new_session(title="Other").metadata
    assert len({one, other, one.replace(title="One")}) == 2
    assert one.replace(title="Another") != one
    assert len({HELLO, HELLO.replace(), OutputText("Hello"), UnknownItem(b"\x91\xa1x")}) == 3
    with pytest.raises(AttributeError):
        one.title = "changed"


def test_what_is_no_session_is_refused_when_it_is_written(tmp_path: Path):
    metadata, conversation, state = new_session()
    for some in ((metadata, None, state), (conversation, metadata, state), (None, None, None)):
        with pytest.raises(TypeError, match="session: expected a? ?(Conversation|SessionMeta)"):
            write_session(tmp_path / "a.agcx", *some)
        with pytest.raises(TypeError, match="session: expected a? ?(Conversation|SessionMeta)"):
            open_store(tmp_path / "store").save_session(metadata.id, *some)
    assert list(tmp_path.rglob("*.agcx")) == []


def test_a_new_session_is_saved_and_read_back(tmp_path: Path):
    question = new_message(HELLO, timestamp="2026-01-02T03:04:05Z")
    answer = new_message(
        FunctionCallOutput("call-1", "done"),
        timestamp="2026-01-02T03:04:06.5Z",
        parent=question.metadata.message_id,
    )
    session = new_session(
        title="Greeting",
        model="gpt-5",
        messages=[question, answer],
        created_at="2026-01-02T03:04:05Z",
        id=UUID(int=5),
        tags=["a"],
        working_directory="/work",
    )
    metadata = session.metadata
    assert (metadata.message_count, metadata.turn_count) == (2, 1)
    assert metadata.updated_at == metadata.last_accessed == "2026-01-02T03:04:06.500Z"
    for layout in (1, 2):
        write_session(tmp_path / "one.agcx", *session, layout=layout)
        read = read_session(tmp_path / "one.agcx")
        assert read[0].title == "Greeting"
        assert read[0].id == UUID(int=5)
        assert read[1] == session.conversation
        assert read[2] == session.state


def test_times_have_parts():
    metadata = new_session(created_at="2025-08-01T14:30:00.000000001+02:00").metadata
    assert metadata.created_at == "2025-08-01T12:30:00.000000001Z"
    assert metadata.created.ns == 1_754_051_400_000_000_001
    assert metadata.created.datetime == datetime(2025, 8, 1, 12, 30, tzinfo=UTC)
    assert metadata.created == metadata.updated == metadata.accessed
    assert new_message(HELLO, timestamp="2025-08-01T12:30:00Z").time < metadata.created


MOMENTS = [
    "-0001-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z",
    "2016-12-31T23:59:59Z",
    "2016-12-31T23:59:59.5Z",
    "2016-12-31T23:59:60Z",
    "2016-12-31T23:59:60.5Z",
    "2017-01-01T00:00:00Z",
    "2017-01-01T00:00:00.000000001Z",
    "2017-01-01T00:00:00.001Z",
    "9999-01-01T00:00:00Z",
    "+10000-01-01T00:00:00Z",
]


@given(st.permutations(MOMENTS))
def test_timestamps_sort_as_the_moments_do(texts: list[str]):
    moments = [Timestamp(text) for text in MOMENTS]
    assert sorted(map(Timestamp, texts)) == moments
    assert sorted(moments, reverse=True) == moments[::-1]
    assert min(moments) is moments[0]
    assert moments[0] <= moments[0]
    assert moments[1] >= moments[0]
    assert moments[2] < MOMENTS[3]
    assert moments[3] > MOMENTS[2]
