"""A third layout is one module and its entries in the registry: everything else works for its files.

The layout here is made for this test. What it implements is all that a layout must implement.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import SessionFile, open_store, read_session, write_session
from agcx_format.codec import messagepack
from agcx_format.codec.zstd import frames
from agcx_format.codec.zstd.frames import Section
from agcx_format.doctor import repair_file, verify_file, verify_store
from agcx_format.doctor.report import Severity
from agcx_format.errors import CorruptData
from agcx_format.layout import LAYOUTS
from agcx_format.layout.base import (
    MAGIC,
    Layout,
    MessagesPlace,
    Rewritten,
    SectionPlace,
    admit_all,
)
from agcx_format.layout.folders import FOLDERS
from agcx_format.layout.index_encodings import MESSAGE_PACK
from agcx_format.layout.metadata_copies import MetadataCopies
from agcx_format.model.fields import Moment
from agcx_format.model.session import (
    Checkpoint,
    CheckpointMetadata,
    ConversationContext,
    ConversationSnapshot,
    OperatingMode,
    Session,
    SessionMetadata,
    SessionState,
)
from agcx_format.store.store import Store
from tests.support.messages import user
from tests.support.stores import contents, golden_session

HEADER = struct.Struct("<4sIII")
History = list[tuple[OperatingMode, Moment]]


class Copies(MetadataCopies):
    folder = "summaries"
    suffix = ".summary"

    def encode(self, metadata: SessionMetadata) -> bytes:
        return messagepack.encode(metadata)

    def decode(self, data: bytes) -> SessionMetadata:
        return messagepack.decode(SessionMetadata, data)


class Layout3(Layout):
    """Magic, version, length of metadata and rest; metadata, zstd of context, history, state; messages."""

    version = 3
    beginning = MAGIC + (3).to_bytes(4, "little")
    header = HEADER.size
    folder = "third"
    copies = Copies()
    index = MESSAGE_PACK
    checkpoint_beginning = b"CKP3"

    def ends(self, data: Section) -> tuple[int, int]:
        if len(data) < HEADER.size or bytes(data[:8]) != self.beginning:
            raise CorruptData("no header of layout 3", section="header", offset=0)
        _, _, metadata, rest = HEADER.unpack(data[: HEADER.size])
        if HEADER.size + metadata > len(data):
            raise CorruptData("the file ends inside it", section="metadata", offset=8)
        return HEADER.size + metadata, HEADER.size + metadata + rest

    def metadata(self, data: Section, admit: Callable[[int], None] = admit_all) -> SessionMetadata:
        end, _ = self.ends(data)
        admit(end)
        return messagepack.decode(SessionMetadata, data[HEADER.size : end])

    def sections(self, data: Section) -> list[SectionPlace]:
        first, second = self.ends(data)
        return [
            SectionPlace("metadata", HEADER.size, first, False),
            SectionPlace("rest", first, min(second, len(data)), True),
            SectionPlace("messages", second, max(second, len(data)), True),
        ]

    def messages(self, data: Section) -> MessagesPlace:
        _, second = self.ends(data)
        if second > len(data):
            raise CorruptData("the file ends before it", section="messages", offset=len(data))
        return MessagesPlace(second, len(data))

    def rest(self, data: Section) -> list[bytes]:
        first, second = self.ends(data)
        raw = frames.decompress(data[first:second])
        sizes = struct.unpack("<III", raw[:12])
        ends = [12, 12 + sizes[0], 12 + sum(sizes[:2]), 12 + sum(sizes)]
        return [raw[start:end] for start, end in pairwise(ends)]

    def context(self, data: Section) -> ConversationContext:
        return messagepack.decode(ConversationContext, self.rest(data)[0])

    def state(self, data: Section) -> SessionState:
        return messagepack.decode(SessionState, self.rest(data)[2])

    def end(self, data: Section) -> int:
        return len(data)

    def decode(self, data: Section) -> Session:
        metadata = self.metadata(data)
        place = self.messages(data)
        messages = messagepack.decode_messages(frames.decompress(data[place.start : place.end]))
        history = messagepack.decode(History, self.rest(data)[1])
        conversation = ConversationSnapshot(metadata.id, messages, self.context(data), history)
        return metadata, conversation, self.state(data)

    def encode(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
    ) -> list[bytes]:
        messages = messagepack.encode_messages(conversation.messages)
        context = messagepack.encode(conversation.context)
        history = messagepack.encode(conversation.mode_history)
        return self.assemble(metadata, messages, context, history, state, level)

    def encode_measured(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
    ) -> tuple[SessionMetadata, list[bytes]]:
        metadata = replace(metadata, message_count=len(conversation.messages))
        return metadata, self.encode(metadata, conversation, state, level)

    def assemble(
        self,
        metadata: SessionMetadata,
        messages: bytes,
        context: bytes,
        history: bytes | None,
        state: SessionState,
        level: int,
    ) -> list[bytes]:
        parts = [context, history or b"\x90", messagepack.encode(state)]
        sizes = struct.pack("<III", *map(len, parts))
        rest = frames.compress(b"".join([sizes, *parts]), level)
        first = messagepack.encode(metadata)
        return [self.head(first, len(rest)), first, rest, frames.compress(messages, level)]

    def head(self, metadata: bytes, rest: int) -> bytes:
        return HEADER.pack(MAGIC, self.version, len(metadata), rest)

    def with_metadata(
        self,
        data: Section,
        change: Callable[[SessionMetadata], SessionMetadata],
        level: int,
        admit: Callable[[int], None] = admit_all,
    ) -> Rewritten:
        old = self.metadata(data, admit)
        new = change(old)
        first, second = self.ends(data)
        section = messagepack.encode(new)
        parts = [self.head(section, second - first), section]
        return Rewritten(new, new, parts, first, new != old)

    def encode_checkpoint(self, checkpoint: Checkpoint) -> list[bytes]:
        raw = messagepack.encode(checkpoint)
        return [self.checkpoint_beginning, frames.compress(raw, 3)]

    def decode_checkpoint(self, data: bytes, metadata: CheckpointMetadata) -> Checkpoint:
        return messagepack.decode(Checkpoint, frames.decompress(data[4:]))


SESSION = golden_session("full")
ID = SESSION[0].id
ENTRY = Layout3()


@pytest.fixture(autouse=True)
def third(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registration: nothing else knows of the layout."""
    monkeypatch.setitem(LAYOUTS, ENTRY.version, ENTRY)
    monkeypatch.setitem(FOLDERS, ENTRY.version, "third")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store", layout=3)
    made.save_session(ID, *SESSION)
    return made


def test_a_file_is_written_and_read(tmp_path: Path):
    path = tmp_path / f"{ID}.agcx"
    write_session(path, *SESSION, layout=3)
    assert read_session(path) == SESSION
    with SessionFile(path) as file:
        assert file.layout == 3
        assert list(file) == SESSION[1].messages
        assert (file.metadata, file.context, file.state) == (
            SESSION[0], SESSION[1].context, SESSION[2],
        )  # fmt: skip
        assert [place.name for place in file.sections()] == ["metadata", "rest", "messages"]


def test_a_store_finds_its_sessions_without_being_told(store: Store):
    assert sorted(contents(store.path)) == [f"summaries/{ID}.summary", f"third/{ID}.agcx"]
    again = open_store(store.path)
    assert again.layout == 3
    (entry,) = again.scan()
    assert (entry.layout, entry.metadata, entry.error) == (3, SESSION[0], None)
    assert again.list_sessions() == [SESSION[0]]
    assert again.load_session(ID) == SESSION
    assert again.rebuild_index().sessions == {ID: SESSION[0]}


def test_an_edit_leaves_the_conversation_alone_and_is_undone(store: Store):
    before = contents(store.path)
    store.update_metadata(ID, title="Another title", tags=["one"])
    metadata, *rest = store.load_session(ID)
    assert metadata == replace(SESSION[0], title="Another title", tags=["one"])
    assert rest == list(SESSION[1:])
    copy = (store.path / "summaries" / f"{ID}.summary").read_bytes()
    assert ENTRY.copies.decode(copy) == metadata
    store.undo()
    assert contents(store.path) == before


def test_a_deletion_takes_the_copy_along_and_is_undone(store: Store):
    before = contents(store.path)
    store.delete_session(ID)
    assert contents(store.path) == {}
    (trashed,) = store.trash()
    assert trashed.title == SESSION[0].title
    store.restore([trashed])
    assert contents(store.path) == before


def test_it_is_duplicated_split_and_made_of_a_checkpoint(store: Store):
    copied, _ = store.duplicate(ID)
    assert store.load_session(copied)[1] == replace(SESSION[1], id=copied)
    at = len(SESSION[1].messages) // 2
    second, _ = store.split(copied, at)
    halves = [store.load_session(each)[1].messages for each in (copied, second)]
    assert halves == [SESSION[1].messages[:at], SESSION[1].messages[at:]]
    named = CheckpointMetadata(UUID(int=9), "here", "2026-01-01T00:00:00Z", 2, None)
    store.save_checkpoint(ID, Checkpoint(named, SESSION[1], SESSION[2]))
    assert store.load_checkpoint(ID, named.id).conversation == SESSION[1]
    restored, _ = store.restore_checkpoint(ID, named.id)
    assert store.load_session(restored)[1].messages == SESSION[1].messages
    assert {entry.layout for entry in store.scan()} == {3}
    errors = [report for report in verify_store(store) if report.severity is Severity.ERROR]
    assert errors == []


def test_one_that_is_cut_off_is_told_and_saved_as_far_as_it_goes(store: Store, tmp_path: Path):
    # Compressed in several blocks: those before the last, with the messages in them, can be read.
    messages = [*SESSION[1].messages, user(random.Random(1).randbytes(200_000).hex())]
    metadata = replace(SESSION[0], message_count=len(messages))
    store.save_session(ID, metadata, replace(SESSION[1], messages=messages), SESSION[2])
    path = store.path / "third" / f"{ID}.agcx"
    data = path.read_bytes()
    path.write_bytes(data[:-40])
    assert verify_file(path).severity is Severity.ERROR
    with SessionFile(path) as file:
        known = len(file)
    assert known == len(SESSION[1].messages)
    done = repair_file(path, tmp_path / "saved")
    assert done.target is not None
    assert done.messages == known
    metadata, conversation, state = read_session(done.target)
    assert conversation.messages == SESSION[1].messages[:known]
    assert metadata == replace(SESSION[0], message_count=known)
    assert (conversation.context, state) == (SESSION[1].context, SESSION[2])
    assert verify_file(done.target).ok
