"""MessagePack in the forms that Rust takes beside the one that it writes, and what must stay as it is."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import msgpack
import pytest
from msgspec.structs import replace

from agcx_format import from_session_json, read_session, write_session
from agcx_format.codec import messagepack
from agcx_format.errors import MessagePackDecodeError
from agcx_format.exporting.json_document import session_json
from agcx_format.model.items import (
    ExecAction,
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    LocalShellCall,
    LocalShellStatus,
    Message,
    MessageSnapshot,
    Other,
    OutputText,
    PlainText,
    Reasoning,
    ReasoningText,
    SummaryText,
    UnknownItem,
)
from agcx_format.session.lazy import SessionFile
from tests.support.stores import golden_session

FIRST: MessageSnapshot = golden_session("full")[1].messages[0]
# The bytes of its item, to be put in the place of others.
ITEM = messagepack.encode(FIRST.item)


def with_item(item: bytes) -> bytes:
    """A message with these bytes as its item."""
    whole = messagepack.encode(FIRST)
    assert whole.count(ITEM) == 1
    return whole.replace(ITEM, item)


# A tag alone whose text is no UTF-8, in each of the lengths that a text may have, and as plain bytes.
TAGS_OF_NO_TEXT = [
    b"\x91\xa3\xff\xfe!",
    b"\x91\xd9\x03\xffab",
    b"\x91\xda\x00\x03a\xc3(",
    b"\x91\xdb\x00\x00\x00\x02\xed\xa0",
    b"\x91\xc4\x02\xff\xfe",
    b"\xdc\x00\x01\xa2\x80\x80",
    # As a map, where Rust looks for the tag under its name.
    b"\x81\xa4type\xa2\xff\xfe",
    b"\x81\xc4\x04type\xa2\xff\xfe",
]


@pytest.mark.parametrize("item", TAGS_OF_NO_TEXT, ids=repr)
def test_a_tag_that_is_no_utf8_and_stands_alone_is_kept_as_any_unknown_one(item: bytes, tmp_path):
    """Rust reads it as `other`: it must not cost the session."""
    raw = with_item(item)
    message = messagepack.decode(MessageSnapshot, raw)
    assert message.item == UnknownItem(item)
    assert isinstance(message.item.tag, str)
    message.item.fields()
    assert messagepack.encode(message) == raw
    assert messagepack.decode_messages(b"\x92" + raw + raw) == [message, message]
    # Through a file of each layout, lazily and whole, and through JSON.
    metadata, conversation, state = golden_session("full")
    conversation = replace(conversation, messages=[message, FIRST])
    for layout in (1, 2):
        path = tmp_path / f"{layout}.agcx"
        write_session(path, metadata, conversation, state, layout=layout)
        assert read_session(path)[1].messages == [message, FIRST]
        with SessionFile(path) as session:
            assert list(session) == [message, FIRST]
            assert session.raw(0) == raw
    again = from_session_json(session_json(metadata, conversation, state))
    assert again[1].messages == [message, FIRST]


@pytest.mark.parametrize(
    "item",
    [
        # With a field behind it it is damage to Rust as well.
        b"\x92\xa2\xff\xfe\xc0",
        b"\x93\xa2\xff\xfe\xa1x\x90",
        b"\x82\xa4type\xa2\xff\xfe\xa1x\xc0",
        # Nor is a content part of such a tag one.
        messagepack.encode(Message(None, "user", [])).replace(b"\x90", b"\x91\x91\xa2\xff\xfe"),
        # A bare text that names nothing, an item without a tag, a tag that is no name.
        b"\xa2\xff\xfe",
        b"\x90",
        b"\x80",
        b"\x81\xa1x\xc0",
        b"\x91\xc0",
        b"\x91\x05",
    ],
    ids=repr,
)
def test_other_items_that_rust_refuses_are_errors_that_say_where(item: bytes):
    raw = with_item(item)
    with pytest.raises(MessagePackDecodeError) as caught:
        messagepack.decode(MessageSnapshot, raw)
    assert caught.value.offset is not None
    assert 0 < caught.value.offset <= len(raw)


ITEMS = [
    Message("m", "user", [InputText("a"), InputImage("data:b"), OutputText("c")]),
    Reasoning("r", [SummaryText("s")], [ReasoningText("t"), PlainText("u")], "v"),
    Reasoning("r", [], None, None),
    LocalShellCall(
        None, "c", LocalShellStatus.COMPLETED, ExecAction(["ls"], 5, "/", {"A": "b"}, None)
    ),
    FunctionCall(None, "f", "{}", "c"),
    FunctionCallOutput("c", "out"),
    Other(),
]


def as_map(value: object, *, tag_last: bool = False) -> object:
    """The value as serde reads it with field names: tagged ones have `type` among them."""
    if isinstance(value, list):
        return [as_map(each, tag_last=tag_last) for each in value]
    if not hasattr(value, "__struct_fields__"):
        return getattr(value, "value", value)
    fields = {
        name: as_map(getattr(value, name), tag_last=tag_last) for name in value.__struct_fields__
    }
    tag = {"type": value.__struct_config__.tag}
    return fields | tag if tag_last else tag | fields


@pytest.mark.parametrize("tag_last", [False, True], ids=["tag first", "tag last"])
@pytest.mark.parametrize("item", ITEMS, ids=lambda item: type(item).__name__)
def test_an_item_may_be_a_map_with_field_names(item, tag_last: bool):
    named = msgpack.packb(as_map(item, tag_last=tag_last))
    message = messagepack.decode(MessageSnapshot, with_item(named))
    assert message.item == item
    # It is written in the form of today.
    assert messagepack.encode(message) == with_item(messagepack.encode(item))


def test_a_map_may_leave_out_what_may_be_absent_and_hold_what_nobody_knows():
    named = {
        "later": [1, {2: 3}],
        "name": "f",
        "type": "function_call",
        "call_id": "c",
        "arguments": "",
    }
    message = messagepack.decode(MessageSnapshot, with_item(msgpack.packb(named)))
    assert message.item == FunctionCall(None, "f", "", "c")


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ([("type", "function_call"), ("name", "f"), ("call_id", "c")], "arguments is missing"),
        (
            [("type", "message"), ("role", "a"), ("role", "b"), ("content", [])],
            "role appears twice",
        ),
        ([("type", "message"), (7, "a")], "expected a field name"),
        ([("role", "user"), ("content", [])], "an item without a tag"),
    ],
)
def test_a_map_that_is_no_item_says_why(named: list[tuple], reason: str):
    packer = msgpack.Packer()
    item = packer.pack_map_pairs(named)
    with pytest.raises(MessagePackDecodeError, match=reason):
        messagepack.decode(MessageSnapshot, with_item(item))


def test_an_unknown_item_that_is_a_map_is_kept_as_it_is():
    for named in ({"type": "web_search_call", "query": "x"}, {"a": 1, "type": "later", "b": [{}]}):
        item = msgpack.packb(named)
        message = messagepack.decode(MessageSnapshot, with_item(item))
        assert message.item == UnknownItem(item)
        assert message.item.tag == named["type"]
        assert message.item.fields() == {k: v for k, v in named.items() if k != "type"}
        assert messagepack.encode(message) == with_item(item)


def test_many_maps_in_one_list_are_not_gone_through_again_and_again(monkeypatch):
    """Each map costs its own length, however many stand around it."""
    from agcx_format import limits

    parts = [as_map(InputText(str(number)), tag_last=True) for number in range(2_000)]
    item = as_map(Message(None, "user", []), tag_last=True) | {"content": parts}
    # Enough for every map and field to be counted a few times, and not for the square of it.
    monkeypatch.setattr(limits, "SLOW_ITEMS", 50_000)
    message = messagepack.decode(MessageSnapshot, with_item(msgpack.packb(item)))
    assert [part.text for part in message.item.content] == [str(n) for n in range(2_000)]
    monkeypatch.setattr(limits, "SLOW_ITEMS", 1_000)
    with pytest.raises(MessagePackDecodeError, match="more than 1,000 items"):
        messagepack.decode(MessageSnapshot, with_item(msgpack.packb(item)))


def test_ids_and_numbers_of_a_wrong_kind_are_refused(tmp_path: Path):
    whole = messagepack.encode(FIRST)
    id_bytes = b"\xc4\x10" + FIRST.metadata.message_id.bytes
    assert id_bytes in whole
    for wrong in (b"\xc4\x02ab", b"\xa2ab", b"\xc0"):
        with pytest.raises(MessagePackDecodeError):
            messagepack.decode(MessageSnapshot, whole.replace(id_bytes, wrong))
    assert messagepack.decode(UUID, id_bytes) == FIRST.metadata.message_id
