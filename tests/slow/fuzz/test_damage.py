"""However a file is damaged, it gives a value or a `PersistenceError`, soon and in little memory."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from agcx_format import (
    PersistenceError,
    SessionFile,
    limits,
    open_store,
    read_session,
    write_session,
)
from agcx_format.codec import bincode, messagepack
from agcx_format.codec import json as serde_json
from agcx_format.codec.zstd import seekable
from agcx_format.layout import checkpoint, index, v1_sections
from agcx_format.model.items import ResponseItem, UnknownItem
from agcx_format.model.session import Checkpoint, CheckpointMetadata, SessionMetadata, SessionState
from tests.slow.fuzz import damage
from tests.slow.fuzz.conftest import Fuzzing
from tests.slow.fuzz.limits import limited
from tests.slow.fuzz.sameness import as_rust_writes, same
from tests.support.golden_files import GOLDEN

FILES = sorted(p for p in GOLDEN.rglob("*.agcx"))
FIRST_LAYOUT = [p for p in FILES if p.parent.name == "v1" and p.stat().st_size < 10_000]
CHECKPOINTS = sorted(GOLDEN.rglob("*.ckpt"))
INDEXES = sorted(GOLDEN.rglob("sessions.idx"))
METAS = sorted(GOLDEN.rglob("*.meta"))

# The largest golden file decompresses to a megabyte or two.
MEMORY = 400 * limits.MIB
SECONDS = 20.0

# Small files first: of these more of the damage is to what matters.
sizes = sorted(FILES, key=lambda path: path.stat().st_size)
files = st.one_of(st.sampled_from(sizes[: len(sizes) // 2]), st.sampled_from(FILES)).map(
    Path.read_bytes
)


def test_there_is_something_to_damage():
    assert len(FILES) >= 38 + 30
    assert len(CHECKPOINTS) >= 2
    assert len(INDEXES) >= 5


@pytest.fixture
def read_all(tmp_path: Path):
    """Everything that can be read of a file, by every way; true when all of it could be."""
    store = tmp_path / "store"
    store.mkdir()
    path = store / "5af40c88-028e-4622-be8e-79c474100258.agcx"

    def read(data: bytes) -> bool:
        path.write_bytes(data)
        with limited(MEMORY, SECONDS):
            (entry,) = open_store(store).scan()
            whole = attempt(lambda: read_session(path))
            lazy = attempt(lambda: lazily(path))
            if whole is not None:
                # The lenient way reads whatever the strict one does, and the same.
                assert lazy is not None
                assert lazy[3] is None
                assert entry.error is None
                assert same(lazy[0], whole[0])
                assert same(lazy[1], whole[1].messages)
                serde_json.to_json(whole)
                written_again_is_the_same(whole, store / "again")
        return whole is not None

    return read


def attempt(action) -> Any:
    """What it gives, or None for an error of the kind that a file may cause."""
    try:
        return action()
    except PersistenceError as error:
        assert str(error)
        assert error.offset is None or error.offset >= 0
        return None


def lazily(path: Path) -> tuple:
    with SessionFile(path) as lazy:
        messages = [attempt(lambda i=i: lazy[i]) for i in range(len(lazy))]
        context = attempt(lambda: lazy.context)
        attempt(lambda: lazy.state)
        assert lazy.complete
        for i in range(lazy.known()):
            assert lazy.size_of(i) >= 0
        return lazy.metadata, messages, context, lazy.error


def written_again_is_the_same(session: tuple, path: Path) -> None:
    metadata, conversation, state = session
    write_session(path, *session, level=1)
    again = read_session(path)
    assert same(again[0], metadata)
    assert same(again[1].messages, as_rust_writes(conversation.messages))
    assert same(again[1].context, conversation.context)
    assert same(again[2], state)


def test_damaged_files(read_all, fuzzing: Fuzzing):
    def check(case: tuple) -> None:
        data, changes = case
        read_all(damage.apply(data, changes))

    fuzzing(check, st.tuples(files, damage.rough_edits), examples=400)


def test_files_damaged_inside_their_compressed_sections(read_all, fuzzing: Fuzzing):
    outcomes = set()

    def check(case: tuple) -> None:
        data, which, changes = case
        outcomes.add(read_all(damage.inside(data, which, changes)))

    fuzzing(check, st.tuples(files, st.integers(0, 3), damage.edits), examples=500)
    # Both must happen, or the damage is too rough or too gentle to tell anything.
    assert outcomes == {True, False}


def test_files_whose_lengths_lie(read_all, fuzzing: Fuzzing):
    lengths = st.one_of(st.integers(0, 300), st.integers(0, 2**64 - 1), st.just(2**60))

    def check(case: tuple) -> None:
        data, which, length = case
        read_all(damage.with_lengths(data, which, length))

    fuzzing(check, st.tuples(files, st.integers(0, 3), lengths), examples=100)


def test_bytes_that_are_no_file_at_all(read_all, fuzzing: Fuzzing):
    beginnings = st.sampled_from([b"", b"AGCX", b"AGCX\x01\x00", b"AGCX\x02\x00\x00\x00"])

    def check(case: tuple) -> None:
        read_all(b"".join(case))

    fuzzing(check, st.tuples(beginnings, st.binary(max_size=200)), examples=150)


def in_frames(golden: Path) -> bytes:
    """The same file with its messages in many frames and a seek table, as large ones are written."""
    data = golden.read_bytes()
    raw = v1_sections.decompress_section(data, v1_sections.split(data)[1])
    sections = [data[span.start : span.end] for span in v1_sections.split(data)]
    sections[1] = seekable.compress(raw, messagepack.find_messages(raw), 1)
    return b"".join(v1_sections.join(*sections))


def test_files_with_a_seek_table(read_all, fuzzing: Fuzzing, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(seekable, "FRAME", 300)
    in_many = [data for path in FIRST_LAYOUT if (data := in_frames(path))]
    assert all(read_all(data) for data in in_many)

    def check(case: tuple) -> None:
        data, near_the_end, changes = case
        messages = v1_sections.split(data)[1]
        # Half of the damage is to the table and the counts, which lie at the end of the section.
        start = max(messages.start, messages.end - 120) if near_the_end else messages.start
        section = damage.apply(data[start : messages.end], changes)
        section = data[messages.start : start] + section
        length = len(section).to_bytes(4, "little")
        read_all(data[: messages.start - 4] + length + section + data[messages.end :])

    fuzzing(check, st.tuples(st.sampled_from(in_many), st.booleans(), damage.edits), examples=200)


def test_damaged_checkpoints(fuzzing: Fuzzing):
    known = bincode.decode(
        CheckpointMetadata, b"\x10" + bytes(16) + b"\0\x141970-01-01T00:00:00Z\0\0"
    )

    def check(case: tuple) -> None:
        path, changes, deep = case
        data = path.read_bytes()
        if deep and data[:4] == b"AGCX":
            data = damage.inside(data, 0, changes)
        elif deep:
            data = damage.frames.compress(damage.apply(damage.frames.decompress(data), changes), 1)
        else:
            data = damage.apply(data, changes)
        with limited(MEMORY, SECONDS):
            value = attempt(lambda: checkpoint.decode(data, known))
            if value is not None:
                serde_json.to_json(value)

    cases = st.tuples(st.sampled_from(CHECKPOINTS), damage.rough_edits, st.booleans())
    fuzzing(check, cases, examples=250)


def test_damaged_indexes_and_copies_of_metadata(tmp_path: Path, fuzzing: Fuzzing):
    (tmp_path / "metadata").mkdir()

    def check(case: tuple) -> None:
        path, changes = case
        (tmp_path / "sessions.idx").write_bytes(damage.apply(path.read_bytes(), changes))
        with limited(MEMORY, SECONDS):
            value = attempt(open_store(tmp_path).load_index)
            if value is not None:
                assert same(index.decode(index.encode(value))[0], value)
                serde_json.to_json(value)

    fuzzing(check, st.tuples(st.sampled_from(INDEXES), damage.rough_edits), examples=150)


@pytest.mark.parametrize("type_", [SessionMetadata, SessionState, Checkpoint])
def test_bytes_that_are_no_bincode(type_: type, fuzzing: Fuzzing):
    def check(data: bytes) -> None:
        with limited(MEMORY, SECONDS):
            attempt(lambda: bincode.decode(type_, data))

    fuzzing(check, st.binary(max_size=300), examples=100)


def test_json_cannot_bring_in_bytes_that_are_no_item(fuzzing: Fuzzing):
    def check(raw: bytes) -> None:
        text = serde_json.to_json({"type": "new", "raw": base64.b64encode(raw).decode()})
        try:
            item = serde_json.from_json(ResponseItem, text)
        except ValueError:
            return
        assert isinstance(item, UnknownItem)
        assert isinstance(item.tag, str)
        assert messagepack.decode(ResponseItem, messagepack.encode(item)) == item

    items = st.binary(max_size=12) | st.sampled_from([b"\x92\xa1x\x01", b"\x81\xa4type\xa1x"])
    fuzzing(check, items, examples=200)


def test_an_unknown_item_of_any_bytes_never_raises(fuzzing: Fuzzing):
    """Its bytes were only skipped when they were read: they need not be a value of Python's."""

    def check(case: tuple) -> None:
        tag, rest = case
        import msgpack

        raw = b"\x92" + msgpack.packb(tag) + rest
        unpacker = msgpack.Unpacker()
        unpacker.feed(raw)
        try:
            unpacker.skip()
        except (ValueError, msgpack.UnpackException):
            return
        item = UnknownItem(raw[: unpacker.tell()])
        assert item.tag == tag
        assert isinstance(item.fields(), list)

    fuzzing(check, st.tuples(st.text(max_size=5), st.binary(max_size=40)), examples=300)
