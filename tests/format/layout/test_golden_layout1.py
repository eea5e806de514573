"""Everything that Rust wrote in layout 1 reads as what it meant, and is written back as it was."""

from __future__ import annotations

import json

import pytest
import zstandard

from agcx_format.codec import bincode, messagepack
from agcx_format.codec import json as serde_json
from agcx_format.errors import PersistenceError
from agcx_format.layout import index, v1, v1_sections
from agcx_format.model.session import (
    ConversationContext,
    ConversationSnapshot,
    SessionMetadata,
    SessionState,
)
from agcx_format.session.lazy import SessionFile
from agcx_format.session.whole import read_session, write_session
from tests.support.golden_files import GOLDEN, V1, GoldenSession, read_json

# The libzstd that Rust's files were compressed with: only the same one gives the same bytes.
RUST_ZSTD = (1, 5, 7)

each_session = pytest.mark.parametrize("golden", V1, ids=lambda golden: golden.name)


def plain(value: object) -> object:
    return json.loads(serde_json.to_json(value))


@each_session
def test_reads_to_the_json_that_rust_gives(golden: GoldenSession):
    metadata, conversation, state = read_session(golden.path)
    expected = golden.expected
    # Layout 1 does not store the mode history; its reader makes it from the metadata.
    expected["conversation"]["mode_history"] = [
        [expected["metadata"]["current_mode"], expected["metadata"]["created_at"]]
    ]
    assert plain(metadata) == expected["metadata"]
    assert plain(conversation) == expected["conversation"]
    assert plain(state) == expected["state"]


@each_session
def test_written_again_it_is_the_same_file(golden: GoldenSession, tmp_path):
    copy = tmp_path / "copy.agcx"
    write_session(copy, *read_session(golden.path), level=golden.level)
    if zstandard.ZSTD_VERSION == RUST_ZSTD:
        assert copy.read_bytes() == golden.data
    assert decompressed(copy.read_bytes()) == decompressed(golden.data)


def decompressed(data: bytes) -> list[bytes]:
    metadata, messages, context, state = v1_sections.split(data)
    return [
        data[metadata.start : metadata.end],
        v1_sections.decompress_section(data, messages),
        v1_sections.decompress_section(data, context),
        data[state.start : state.end],
    ]


@each_session
def test_json_reads_back_to_the_same_value(golden: GoldenSession):
    for value in read_session(golden.path):
        text = serde_json.to_json(value)
        if b"null" in text and golden.name in ("f-inf", "f-ninf", "f-nan"):
            # JSON has no such numbers: they are written as null and come back as NaN.
            assert b"null" in serde_json.to_json(serde_json.from_json(type(value), text))
        else:
            assert serde_json.from_json(type(value), text) == value


@each_session
def test_a_lazy_reading_gives_the_same_as_a_whole_one(golden: GoldenSession):
    metadata, conversation, state = read_session(golden.path)
    with SessionFile(golden.path) as lazy:
        assert bincode.encode(lazy.metadata) == bincode.encode(metadata)
        assert list(lazy) == conversation.messages
        assert len(lazy) == len(conversation.messages)
        assert lazy.context == conversation.context
        assert bincode.encode(lazy.state) == bincode.encode(state)
        assert lazy.complete
        assert lazy.error is None


@pytest.mark.parametrize("name", ["index-v1-0", "index-v1-1", "index-v1-30"])
def test_indexes_read_and_are_written_as_they_were(name: str):
    data = (GOLDEN / name / "sessions.idx").read_bytes()
    value, layout = index.decode(data)
    assert layout == 1
    assert plain(value) == read_json(GOLDEN / name / "expected.json")
    assert index.encode(value) == data


def test_the_crates_first_day_reads(tmp_path):
    path = next((GOLDEN / "legacy").glob("*.agcx"))
    expected = read_json(GOLDEN / "legacy" / "expected.json")
    metadata, conversation, state = read_session(path)
    assert plain(metadata) == expected["metadata"]
    written = [message["item"] for message in plain(conversation)["messages"]]
    assert written == [internally_tagged(m["item"]) for m in expected["messages"]]
    times = [message.timestamp for message in conversation.messages]
    assert times == [message["timestamp"] for message in expected["messages"]]
    # Written anew it has today's form, and reads to the same.
    write_session(tmp_path / "new.agcx", metadata, conversation, state)
    assert read_session(tmp_path / "new.agcx")[1] == conversation


def internally_tagged(item: str | dict) -> dict:
    """`{"Message": {…}}` of the first day as `{"type": "message", …}`."""
    if isinstance(item, str):
        return {"type": item.lower()}
    ((variant, fields),) = item.items()
    tags = {"Message": "message", "InputText": "input_text", "OutputText": "output_text"}
    content = [internally_tagged(part) for part in fields.get("content", [])]
    return {"type": tags[variant], **fields} | ({"content": content} if content else {})


def test_bytes_after_the_last_section_are_ignored():
    golden = V1[0]
    assert v1.LAYOUT.decode(golden.data + b"more") == v1.LAYOUT.decode(golden.data)


def test_an_error_names_file_section_and_offset(tmp_path):
    path = tmp_path / "cut.agcx"
    data = next(g for g in V1 if g.name == "full").data
    path.write_bytes(data[:400])
    with pytest.raises(PersistenceError) as raised:
        read_session(path)
    error = raised.value
    assert error.path == str(path)
    assert error.section == "messages"
    assert error.offset is not None
    assert 0 < error.offset <= 400
    assert str(error).startswith(f"{path}: messages, byte {error.offset}: ")


@pytest.mark.parametrize("type_", [SessionMetadata, SessionState])
def test_bincode_of_values_is_what_lies_in_the_file(type_: type):
    for golden in V1:
        spans = {span.section: span for span in v1_sections.split(golden.data)}
        span = spans["metadata" if type_ is SessionMetadata else "state"]
        section = golden.data[span.start : span.end]
        assert bincode.encode(bincode.decode(type_, section)) == section


def test_messagepack_of_values_is_what_lies_in_the_file():
    for golden in V1:
        _, messages, context, _ = decompressed(golden.data)
        assert messagepack.encode_messages(messagepack.decode_messages(messages)) == messages
        assert messagepack.encode(messagepack.decode(ConversationContext, context)) == context


def test_a_conversation_in_messagepack_reads_back():
    for golden in V1:
        _, conversation, _ = read_session(golden.path)
        if golden.rust_load == "ok":
            packed = messagepack.encode(conversation)
            assert messagepack.decode(ConversationSnapshot, packed) == conversation
