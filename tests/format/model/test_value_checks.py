"""Values that a field cannot hold are refused when they are written, by both encoders and in both layouts."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agcx_format.codec import bincode, messagepack
from agcx_format.model.items import (
    ExecAction,
    FileContext,
    FunctionCall,
    InputText,
    LocalShellCall,
    Message,
    MessageSnapshot,
    Reasoning,
    SummaryText,
    UnknownItem,
)
from agcx_format.model.session import (
    Checkpoint,
    CheckpointMetadata,
    ConversationContext,
    ConversationSnapshot,
    SessionMetadata,
    SessionState,
)
from agcx_format.model.value_checks import check
from agcx_format.session.whole import write_session
from agcx_format.store.store import Store
from tests.slow.fuzz.strategies import sessions, values
from tests.support.stores import contents, golden_session

METADATA, CONVERSATION, STATE = golden_session("every-item")
MESSAGE = CONVERSATION.messages[0]

# Made past the checks of construction: those of writing are tried here.
WRONG_ITEMS = [
    Message.unchecked(None, 5, [InputText.unchecked(7)]),
    Message.unchecked(None, "user", [InputText.unchecked(7)]),
    Message.unchecked(None, "user", "text"),
    Message.unchecked(None, "user", {"text": 1}),
    Message.unchecked(7, "user", []),
    Message.unchecked(None, None, []),
    Message.unchecked(None, "user", [SummaryText.unchecked("of another kind")]),
    Message.unchecked(None, "user", ["text"]),
    Reasoning.unchecked("id", [InputText.unchecked("x")], None, None),
    FunctionCall.unchecked(None, "name", {"a": 1}, "call"),
    FunctionCall.unchecked(None, b"name", "{}", "call"),
    LocalShellCall.unchecked(
        None, None, "completed", ExecAction.unchecked([], None, None, None, None)
    ),
    ExecAction.unchecked([], None, None, None, None),
    InputText.unchecked("x"),
    "text",
    None,
    {},
]
WRONG_METADATA_OF_MESSAGES = [
    {"edited": 1},
    {"edited": "yes"},
    {"message_id": str(METADATA.id)},
    {"branch_id": 5},
    {"edit_history": [("2026-01-01T00:00:00Z",)]},
    {"edit_history": [("2026-01-01T00:00:00Z", "text")]},
    {"file_context": [FileContext.unchecked("a", (1, "2"), None, None)]},
    {"tool_calls": [None]},
]
WRONG_METADATA = [
    {"title": 5},
    {"title": b"bytes"},
    {"title": None},
    {"tags": "text"},
    {"tags": [5]},
    {"tags": {"a": 1}},
    {"is_favorite": 1},
    {"is_favorite": None},
    {"turn_count": "1"},
    {"turn_count": True},
    {"turn_count": 1.0},
    {"turn_count": -1},
    {"turn_count": 2**64},
    {"current_mode": "Build"},
    {"created_at": 5},
    {"created_at": "yesterday"},
    {"checkpoints": [MESSAGE]},
]
WRONG_STATES = [
    {"cursor_position": None},
    {"selected_message": "id"},
    {"expanded_messages": [b"0" * 16]},
    {"panel_sizes": {"list": "wide"}},
    {"panel_sizes": {5: 0.5}},
    {"panel_sizes": [("list", 0.5)]},
    {"filter_settings": None},
]

both_layouts = pytest.mark.parametrize("layout", [1, 2])


def refused(tmp_path: Path, layout: int, session: tuple) -> None:
    """Refused by a store, which stays as it was, by the writer of files, and in a checkpoint."""
    store = Store(tmp_path / "store", layout=layout)
    store.save_session(METADATA.id, METADATA, CONVERSATION, STATE)
    before = contents(tmp_path)
    with pytest.raises((TypeError, ValueError)):
        store.save_session(METADATA.id, *session)
    with pytest.raises((TypeError, ValueError)):
        write_session(tmp_path / "one.agcx", *session, layout=layout)
    assert contents(tmp_path) == before


@both_layouts
@pytest.mark.parametrize("item", WRONG_ITEMS, ids=repr)
def test_an_item_of_wrong_values_is_refused(tmp_path: Path, layout: int, item: Any):
    conversation = replace(CONVERSATION, messages=[MESSAGE, replace(MESSAGE, item=item)])
    refused(tmp_path, layout, (METADATA, conversation, STATE))
    made = CheckpointMetadata(UUID(int=1), "", "2026-01-01T00:00:00Z", 0, None)
    store = Store(tmp_path / "store", layout=layout)
    with pytest.raises((TypeError, ValueError)):
        store.save_checkpoint(METADATA.id, Checkpoint.unchecked(made, conversation, STATE))
    history = [("2026-01-01T00:00:00Z", item)]
    edited = replace(MESSAGE, metadata=replace(MESSAGE.metadata, edit_history=history))
    with pytest.raises((TypeError, ValueError)):
        messagepack.encode_messages([edited])
    with pytest.raises((TypeError, ValueError)):
        bincode.encode(edited, MessageSnapshot)


@both_layouts
@pytest.mark.parametrize("wrong", WRONG_METADATA_OF_MESSAGES, ids=repr)
def test_facts_of_a_message_of_wrong_types_are_refused(tmp_path: Path, layout: int, wrong: dict):
    message = replace(MESSAGE, metadata=replace(MESSAGE.metadata, **wrong))
    refused(tmp_path, layout, (METADATA, replace(CONVERSATION, messages=[message]), STATE))


def test_a_version_that_no_file_can_hold_is_refused():
    """Files have that of their layout, whatever the metadata say."""
    with pytest.raises((TypeError, ValueError), match="Metadata"):
        bincode.encode(replace(METADATA, format_version=70_000))


@both_layouts
@pytest.mark.parametrize("wrong", WRONG_METADATA, ids=repr)
def test_metadata_of_wrong_values_are_refused(tmp_path: Path, layout: int, wrong: dict):
    refused(tmp_path, layout, (replace(METADATA, **wrong), CONVERSATION, STATE))
    with pytest.raises((TypeError, ValueError), match="Metadata"):
        bincode.encode(replace(METADATA, **wrong))
    with pytest.raises((TypeError, ValueError), match="Metadata"):
        messagepack.encode(replace(METADATA, **wrong))


@both_layouts
@pytest.mark.parametrize("wrong", WRONG_STATES, ids=repr)
def test_a_state_of_wrong_values_is_refused(tmp_path: Path, layout: int, wrong: dict):
    refused(tmp_path, layout, (METADATA, CONVERSATION, replace(STATE, **wrong)))


@both_layouts
@pytest.mark.parametrize("messages", [None, MESSAGE, "text", {0: MESSAGE}, [None]], ids=repr)
def test_messages_that_are_no_list_of_them_are_refused(tmp_path: Path, layout: int, messages: Any):
    refused(tmp_path, layout, (METADATA, replace(CONVERSATION, messages=messages), STATE))


def test_an_edit_to_a_wrong_value_changes_nothing(tmp_path: Path):
    store = Store(tmp_path, layout=1)
    store.save_session(METADATA.id, METADATA, CONVERSATION, STATE)
    before = contents(tmp_path, trash=True)
    for wrong in ({"title": 5}, {"tags": "text"}, {"is_favorite": "yes"}):
        with pytest.raises((TypeError, ValueError)):
            store.update_metadata(METADATA.id, **wrong)
    assert contents(tmp_path, trash=True) == before


@given(sessions())
def test_right_values_pass(session: tuple):
    metadata, conversation, state = session
    check(SessionMetadata, metadata)
    check(ConversationSnapshot, conversation)
    check(SessionState, state)


@given(values(MessageSnapshot))
def test_items_that_are_not_known_pass(message: MessageSnapshot):
    check(MessageSnapshot, message)
    unknown = UnknownItem(b"\x91\xa1x")
    check(MessageSnapshot, replace(message, item=unknown))


@given(values(MessageSnapshot), st.data())
def test_every_field_is_looked_at(message: MessageSnapshot, data: st.DataObject):
    """Whatever field, however deep, is given an object of no type at all: it is refused."""
    with pytest.raises((TypeError, ValueError)):
        check(MessageSnapshot, _spoilt(message, data.draw))


def _spoilt(value: Any, draw) -> Any:
    """The same value with one leaf that is nothing any field can hold."""
    fields = getattr(value, "__struct_fields__", ())
    if fields:
        name = draw(st.sampled_from(fields))
        return replace(value, **{name: _spoilt(getattr(value, name), draw)})
    if isinstance(value, (list, tuple)) and value:
        place = draw(st.integers(0, len(value) - 1))
        spoilt = [*value[:place], _spoilt(value[place], draw), *value[place + 1 :]]
        return type(value)(spoilt)
    return object()


def test_a_ratio_that_is_no_number_is_refused_where_it_is_written():
    for encode in (bincode.encode, messagepack.encode):
        with pytest.raises(TypeError, match=r"SessionMetadata.compression_ratio"):
            encode(replace(METADATA, compression_ratio="0.5"))


def test_a_context_is_checked_as_well():
    context = ConversationContext.unchecked("/", {"A": 5}, [], None, None)
    with pytest.raises(TypeError, match=r"ConversationContext.environment_variables"):
        messagepack.encode(context)
