"""Any value that the types allow is written and read back the same, in all three encodings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from agcx_format import SessionFile, open_store, read_session, write_session
from agcx_format.codec import bincode, messagepack
from agcx_format.codec import json as serde_json
from agcx_format.layout import checkpoint
from agcx_format.model import items, session
from agcx_format.model.fields import Float32, Value
from agcx_format.model.items import UnknownItem
from agcx_format.model.session import OperatingMode
from tests.slow.fuzz.conftest import Fuzzing
from tests.slow.fuzz.sameness import as_json_holds, as_rust_writes, same
from tests.slow.fuzz.strategies import sessions, values

TYPES = [
    value
    for value in (vars(items) | vars(session)).values()
    if isinstance(value, type) and issubclass(value, msgspec.Struct) and value is not Value
]

each_layout = pytest.mark.parametrize("layout", [1, 2])
each_type = pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.__name__)


def test_every_type_is_fuzzed():
    names = {type_.__name__ for type_ in TYPES}
    assert {"SessionMetadata", "Checkpoint", "SessionIndex", "Other", "MessageSnapshot"} <= names
    assert len(names) >= 28


@each_type
def test_bincode_gives_back_what_it_was_given(type_: type, fuzzing: Fuzzing):
    def check(value: Any) -> None:
        packed = bincode.encode(value, type_)
        again, used = bincode.decode_prefix(type_, packed + b"\xff")
        assert used == len(packed)
        assert same(again, value)

    fuzzing(check, values(type_, odd=False), examples=10)


@each_type
def test_messagepack_gives_back_what_it_was_given(type_: type, fuzzing: Fuzzing):
    def check(value: Any) -> None:
        packed = messagepack.encode(value)
        assert same(messagepack.decode(type_, packed), value)
        assert messagepack.encode(messagepack.decode(type_, packed + b"\xc1")) == packed

    fuzzing(check, values(type_), examples=10)


@each_type
def test_json_gives_back_what_it_was_given(type_: type, fuzzing: Fuzzing):
    def check(value: Any) -> None:
        text = serde_json.to_json(value)
        again = serde_json.from_json(type_, text)
        assert same(again, as_json_holds(value))
        assert serde_json.to_json(again) == text

    fuzzing(check, values(type_), examples=10)


@each_layout
def test_a_session_is_read_as_it_was_written_and_written_again_is_the_same_file(
    layout: int, tmp_path: Path, fuzzing: Fuzzing
):
    path = tmp_path / "a.agcx"

    def check(session: tuple) -> None:
        metadata, conversation, state = session
        write_session(path, *session, layout=layout)
        read = read_session(path)
        assert same(read[0], metadata)
        expected = conversation
        if layout == 1:
            # Its files have neither: a reader takes both from the metadata.
            history = [(metadata.current_mode, metadata.created_at)]
            expected = replace(conversation, id=metadata.id, mode_history=history)
        assert same(read[1], as_rust_writes(expected))
        assert same(read[2], state)
        first = path.read_bytes()
        write_session(path, *read, layout=layout)
        assert path.read_bytes() == first

    fuzzing(check, sessions(), examples=40)


@each_layout
def test_a_checkpoint_is_read_as_it_was_written(layout: int, fuzzing: Fuzzing):
    def check(value: session.Checkpoint) -> None:
        data = b"".join(checkpoint.encode(value, layout))
        assert same(checkpoint.decode(data, value.metadata), as_rust_writes(value))

    fuzzing(check, values(session.Checkpoint, odd=layout == 2), examples=30)


@each_layout
def test_a_lazy_reading_agrees_with_a_whole_one(layout: int, tmp_path: Path, fuzzing: Fuzzing):
    path = tmp_path / "a.agcx"

    def check(session: tuple) -> None:
        write_session(path, *session, layout=layout)
        metadata, conversation, state = read_session(path)
        with SessionFile(path) as lazy:
            assert same(lazy.metadata, metadata)
            assert same(list(lazy), conversation.messages)
            assert same(lazy.context, conversation.context)
            assert same(lazy.state, state)
            assert lazy.error is None

    fuzzing(check, sessions(), examples=30)


def test_a_store_keeps_all_but_what_it_measures(tmp_path: Path, fuzzing: Fuzzing):
    store = open_store(tmp_path / "store")

    def check(session: tuple) -> None:
        metadata, conversation, state = session
        store.save_session(metadata.id, *session)
        saved, read, read_state = store.load_session(metadata.id)
        measured = {
            "message_count": len(conversation.messages),
            "file_size": (tmp_path / "store" / f"{metadata.id}.agcx").stat().st_size,
            "compression_ratio": saved.compression_ratio,
            "format_version": saved.format_version,
        }
        assert saved.format_version == store.layout
        assert same(saved, replace(metadata, **measured))
        assert 0 < saved.compression_ratio < 10
        assert same(read.messages, as_rust_writes(conversation.messages))
        assert same(read_state, state)

    fuzzing(check, sessions(), examples=40)


def test_an_unknown_item_tells_its_tag_and_fields_and_never_raises(fuzzing: Fuzzing):
    def check(item: Any) -> None:
        if isinstance(item, UnknownItem):
            assert isinstance(item.tag, str)
            assert isinstance(item.fields(), list | dict)

    fuzzing(check, values(items.ResponseItem), examples=300)


def test_the_strategies_reach_the_corners(fuzzing: Fuzzing):
    """What the other tests rest on: that unkind values are drawn at all."""
    seen = set()

    def look_at_item(item: Any) -> None:
        seen.add(type(item).__name__)
        if not same(as_rust_writes(item), item):
            seen.add("trap")

    def look_at_metadata(metadata: session.SessionMetadata) -> None:
        seen.add(type(metadata.current_mode))
        if metadata.compression_ratio != metadata.compression_ratio:
            seen.add(metadata.compression_ratio.packed)
        if metadata.created_at[0] in "+-":
            seen.add("odd year")

    # What sessions are made of, which are drawn more slowly.
    fuzzing(look_at_item, values(items.ResponseItem), examples=600)
    fuzzing(look_at_metadata, values(session.SessionMetadata), examples=300)
    kinds = {v.cls.__name__ for v in types_of_items()}
    assert kinds | {"UnknownItem", "ReasoningWithoutContent", "trap", "odd year"} <= seen
    assert OperatingMode in seen
    assert any(Float32(kind) != Float32(kind) for kind in seen if isinstance(kind, bytes))


def types_of_items() -> tuple:
    from agcx_format.model import schema

    return schema.shape_of(items.ResponseItem).variants
