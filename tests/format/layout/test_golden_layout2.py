"""Layout 2 and all checkpoints: read as what they mean, written back as they were."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import zstandard

from agcx_format.codec import bincode
from agcx_format.codec import json as serde_json
from agcx_format.errors import CompressionError, CorruptData, PersistenceError
from agcx_format.layout import checkpoint, index, v2
from agcx_format.layout.elements import split
from agcx_format.model.items import Reasoning, ReasoningWithoutContent
from agcx_format.model.session import CheckpointMetadata, SessionMetadata
from agcx_format.session.lazy import SessionFile
from agcx_format.session.whole import read_session, write_session
from agcx_format.store import checkpoint_files
from tests.format.layout.test_golden_layout1 import RUST_ZSTD, plain
from tests.support.golden_files import GOLDEN, V2, GoldenSession, read_json
from tests.support.stores import golden_session

each_session = pytest.mark.parametrize("golden", V2, ids=lambda golden: golden.name)

CHECKPOINTS = sorted(
    path for store in ("v2", "manager-store") for path in (GOLDEN / store / "checkpoints").iterdir()
)
each_checkpoint = pytest.mark.parametrize("path", CHECKPOINTS, ids=lambda path: path.stem[-12:])


@each_session
def test_reads_to_the_json_that_rust_gives(golden: GoldenSession):
    metadata, conversation, state = read_session(golden.path)
    assert plain(metadata) == golden.expected["metadata"]
    assert plain(conversation) == golden.expected["conversation"]
    assert plain(state) == golden.expected["state"]


@each_session
def test_written_again_it_is_the_same_file(golden: GoldenSession, tmp_path: Path):
    copy = tmp_path / "copy.agcx"
    write_session(copy, *read_session(golden.path), layout=2, level=golden.level)
    if zstandard.ZSTD_VERSION == RUST_ZSTD:
        assert copy.read_bytes() == golden.data
    assert v2.decompress(copy.read_bytes()) == v2.decompress(golden.data)


@each_session
def test_a_lazy_reading_gives_the_same_as_a_whole_one(golden: GoldenSession):
    metadata, conversation, state = read_session(golden.path)
    with SessionFile(golden.path) as lazy:
        assert lazy.layout == 2
        assert bincode.encode(lazy.metadata) == bincode.encode(metadata)
        assert list(lazy) == conversation.messages
        assert lazy.context == conversation.context
        assert bincode.encode(lazy.state) == bincode.encode(state)
        assert lazy.error is None


@each_session
def test_the_copy_of_the_metadata_reads(golden: GoldenSession):
    data = (GOLDEN / "v2" / "metadata" / f"{golden.id}.meta").read_bytes()
    copy = bincode.decode(SessionMetadata, data)
    assert plain(copy) == golden.expected["metadata"]
    assert bincode.encode(copy) == data


def test_the_index_reads_and_is_written_as_it_was():
    data = (GOLDEN / "v2" / "sessions.idx").read_bytes()
    value, layout = index.decode(data)
    assert layout == 2
    assert {str(session_id) for session_id in value.sessions} == {golden.id for golden in V2}
    assert index.encode(value, 2) == data


@each_checkpoint
def test_a_checkpoint_reads_and_is_written_as_it_was(path: Path):
    data = path.read_bytes()
    session_id, checkpoint_id = checkpoint.ids_of(path.name)
    named = CheckpointMetadata(checkpoint_id, "named", "2025-01-01T00:00:00Z", 0, None)
    value = checkpoint.decode(data, named)
    assert value.conversation.id == session_id
    assert value.metadata.id == checkpoint_id
    written = b"".join(checkpoint.encode(value, 2 if data.startswith(b"AGCX") else 1))
    if zstandard.ZSTD_VERSION == RUST_ZSTD:
        assert written == data
    assert checkpoint.decode(written, named) == value


def test_checkpoints_hold_the_conversation_as_it_was_then():
    for path in CHECKPOINTS:
        session_id, checkpoint_id = checkpoint.ids_of(path.name)
        file = next(path.parent.parent.rglob(f"{session_id}.agcx"))
        conversation = read_session(file)[1]
        unlisted = checkpoint_files.unlisted(checkpoint_id, path)
        then = checkpoint.decode(path.read_bytes(), unlisted).conversation.messages
        assert then == conversation.messages[: len(then)] or path.parent.parent.name == "v2"


def test_the_reasoning_item_that_bincode_cannot_tell_is_told():
    restored = {
        each["checkpoint"]: each["rust_restore"]
        for each in read_json(GOLDEN / "manager-store-expected.json")["checkpoints"]
    }
    short = 0
    for path in (GOLDEN / "manager-store" / "checkpoints").iterdir():
        _, checkpoint_id = checkpoint.ids_of(path.name)
        value = checkpoint.decode(path.read_bytes(), checkpoint_files.unlisted(checkpoint_id, path))
        items = [message.item for message in value.conversation.messages]
        # Rust reads back only the one without a message; ours reads all.
        assert (restored[str(checkpoint_id)] == "ok") == (items == [])
        short += sum(isinstance(item, ReasoningWithoutContent) for item in items)
        assert not items or any(isinstance(item, Reasoning) for item in items)
    assert short == 1


def test_a_checkpoint_that_is_cut_off_is_an_error():
    for path in CHECKPOINTS:
        data = path.read_bytes()
        _, checkpoint_id = checkpoint.ids_of(path.name)
        metadata = checkpoint_files.unlisted(checkpoint_id, path)
        for length in range(0, len(data), max(1, len(data) // 40)):
            with pytest.raises(PersistenceError):
                checkpoint.decode(data[:length], metadata)


@pytest.mark.parametrize("length", [0, 3, 7, 8, 15, 16, 40, -1])
def test_a_file_that_is_cut_off_is_an_error(length: int):
    data = next(golden for golden in V2 if golden.name == "full").data[:length]
    with pytest.raises((CorruptData, CompressionError, PersistenceError)):
        v2.LAYOUT.decode(data)


def test_a_truncated_file_still_gives_its_first_messages(tmp_path: Path):
    # Rust's writer of layout 2 truncates in place: this is what a crash leaves.
    metadata, conversation, state = golden_session("large")
    path, messages = tmp_path / "cut.agcx", conversation.messages
    write_session(path, metadata, conversation, state, layout=2)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with SessionFile(path) as session:
        known = len(session)
        assert 1000 < known < 3000
        assert [session[i] for i in range(known)] == messages[:known]
        assert session.error is not None
        assert session.error.path == str(path)
    with pytest.raises(PersistenceError):
        read_session(path)


def test_the_checksum_may_be_there_or_not():
    data = next(golden for golden in V2 if golden.name == "empty").data
    raw = v2.decompress(data)
    parts = [raw[e.start : e.end] for e in split(raw)[:3]]
    with_sum = b"".join(v2.pack([*parts, b"\xce\x01\x02\x03\x04"], 3))
    assert json.loads(serde_json.to_json(v2.LAYOUT.decode(with_sum))) == json.loads(
        serde_json.to_json(v2.LAYOUT.decode(data))
    )


def test_golden_folders_are_the_stores_they_look_like():
    assert sorted(os.listdir(GOLDEN / "v2")) == [
        "checkpoints", "metadata", "sessions", "sessions.idx",
    ]  # fmt: skip
