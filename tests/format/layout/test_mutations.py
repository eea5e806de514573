"""Thousands of damaged files: where Rust loads, the same value; where it fails, a PersistenceError.

The one class of differences is on purpose: an item or content part whose tag is not known is
kept as it is, where Rust refuses the session (or, when no field follows the tag, reads it as `other`
and so loses the tag on the next save).  Those are named one by one below.
"""

from __future__ import annotations

import zlib

import pytest

from agcx_format.codec import bincode, messagepack
from agcx_format.errors import PersistenceError
from agcx_format.layout.v1 import LAYOUT
from agcx_format.layout.v1_sections import decompress_section, split
from agcx_format.model.items import Message, UnknownItem
from tests.support.golden_files import MUTATED, Mutation, mutations, v1

# (file, offset, value) of `set` mutations after which a tag is no longer one that is known.
# Each byte is a literal in a zstd block: one letter of `message`, `input_text`, `output_text`, … .
KEPT_UNKNOWN = {
    ("times", 380, 34), ("full", 348, 60), ("full", 360, 34), ("full", 504, 20),
    ("unicode", 264, 99), ("unicode", 271, 20), ("unicode", 267, 15), ("unicode", 268, 16),
    ("unicode", 250, 119), ("unicode", 269, 5), ("unicode", 251, 96), ("unicode", 268, 23),
    ("unicode", 479, 28), ("unicode", 253, 114), ("every-item", 1014, 86),
    ("every-item", 673, 237), ("every-item", 669, 166),
}  # fmt: skip


def is_kept_unknown(mutation: Mutation) -> bool:
    return (mutation.name, mutation.offset, mutation.value) in KEPT_UNKNOWN


@pytest.mark.parametrize("name", MUTATED)
def test_damaged_sessions_load_as_in_rust_or_not_at_all(name: str):
    data = v1(name).data
    differences = []
    for mutation in mutations(name):
        if is_kept_unknown(mutation):
            continue
        ours = load(mutation.apply(data))
        if ours != (int(mutation.detail, 16) if mutation.rust_load == "ok" else "error"):
            differences.append((mutation, ours))
    assert differences == []


def load(data: bytes) -> int | str:
    """The CRC-32 of the four sections encoded anew, or `error`."""
    try:
        metadata, conversation, state = LAYOUT.decode(data)
    except PersistenceError as error:
        assert error.section is not None
        assert error.reason
        return "error"
    sections = (
        bincode.encode(metadata),
        messagepack.encode_messages(conversation.messages),
        messagepack.encode(conversation.context),
        bincode.encode(state),
    )
    return zlib.crc32(b"".join(sections))


@pytest.mark.parametrize("name", MUTATED)
def test_damaged_metadata_reads_as_in_rust_or_not_at_all(name: str):
    data = v1(name).data
    differences = []
    for mutation in mutations(name):
        # `panic`: a file of 6 to 9 bytes crashes the Rust reader.
        expected = "ok" if mutation.rust_metadata == "ok" else "error"
        if (ours := load_metadata(mutation.apply(data))) != expected:
            differences.append((mutation, ours))
    assert differences == []


def load_metadata(data: bytes) -> str:
    try:
        LAYOUT.metadata(data)
    except PersistenceError:
        return "error"
    return "ok"


@pytest.mark.parametrize("key", sorted(KEPT_UNKNOWN), ids=str)
def test_an_item_of_an_unknown_kind_is_kept_byte_for_byte(key: tuple[str, int, int]):
    name, offset, value = key
    (mutation,) = [
        m for m in mutations(name) if m.op == "set" and (m.offset, m.value) == (offset, value)
    ]
    data = mutation.apply(v1(name).data)
    _, messages_at, _, _ = split(data)
    raw = decompress_section(data, messages_at)
    messages = messagepack.decode_messages(raw)
    assert any(has_unknown(message) for message in messages)
    assert messagepack.encode_messages(messages) == raw


def has_unknown(message) -> bool:
    items = [message.item, *(item for _, item in message.metadata.edit_history)]
    parts = [part for item in items if isinstance(item, Message) for part in item.content]
    return any(isinstance(part, UnknownItem) for part in items + parts)


def test_every_class_of_damage_is_there():
    kinds = {mutation.op for name in MUTATED for mutation in mutations(name)}
    assert kinds == {"cut", "append", "u32", "set"}
