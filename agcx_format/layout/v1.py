"""Layout 1: header, metadata, messages, context, state, each after a u32 length.

    0   4  magic `AGCX`        6   4  metadata length M
    4   2  version, u16 = 1   10   M  SessionMetadata, bincode
    then, each as a u32 length and its bytes:
    messages (zstd of MessagePack), context (zstd of MessagePack), state (bincode)

Strategy: `split` finds the sections and checks every length against the bytes that are there; each codec
then sees its own section only. The lazy questions of `Layout1` follow a wrong length as far as the file
goes instead, so that damage in one section does not hide the others.

Mirrors `storage.rs` of the Rust crate.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from agcx_format import limits
from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames, seekable
from agcx_format.codec.zstd.frames import Section
from agcx_format.errors import CorruptData, PersistenceError, located
from agcx_format.layout.base import (
    Addition,
    Appended,
    Hold,
    Layout,
    MessagesPlace,
    Rewritten,
    SectionPlace,
    admit_all,
)  # fmt: skip
from agcx_format.layout.folders import FOLDERS
from agcx_format.layout.index_encodings import BINCODE
from agcx_format.layout.v1_errors import BEGINNING as BEGINNING
from agcx_format.layout.v1_errors import VERSION as VERSION
from agcx_format.layout.v1_errors import file_ends, refuse_header, refuse_length
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import (
    Checkpoint,
    CheckpointMetadata,
    ConversationContext,
    ConversationSnapshot,
    Session,
    SessionMetadata,
    SessionState,
)

HEADER = 10
SECTIONS = ("metadata", "messages", "context", "state")
_header = struct.Struct("<6sI").unpack_from

_CHECKPOINT_LEVEL = 3

T = TypeVar("T")


class Span(msgspec.Struct, frozen=True, gc=False):
    """Where a section's bytes are in the file; its u32 length is in the 4 bytes before."""

    section: str
    start: int
    end: int


# --- where the sections are


def metadata_end(head: bytes | memoryview, file_size: int) -> int:
    """Check the header and find where the metadata, which begin at byte 10, end.

    `head` needs the first 10 bytes of the file.

    Raises:
        InvalidMagic: when it does not begin with `AGCX`.
        UnsupportedVersion: when it has another version.
        CorruptData: when the header is cut off or the length is too large.
    """
    if len(head) < HEADER:
        refuse_header(head)
    beginning: bytes
    length: int
    beginning, length = _header(head)
    if beginning != BEGINNING:
        refuse_header(head)
    end: int = HEADER + length
    if length > limits.METADATA or end > file_size:
        refuse_length("metadata", HEADER, length, file_size)
    return end


def split(data: Section) -> list[Span]:
    """The sections of a whole file; bytes after the last are ignored, as in Rust.

    Raises:
        PersistenceError: when the header is damaged or a section is not there in full.
    """
    spans = [Span("metadata", HEADER, metadata_end(data[:HEADER], len(data)))]
    for section in SECTIONS[1:]:
        start = spans[-1].end + 4
        if start > len(data):
            raise file_ends("before it", section, spans[-1].end)
        length = int.from_bytes(data[start - 4 : start], "little")
        if start + length > len(data):
            refuse_length(section, start, length, len(data))
        spans.append(Span(section, start, start + length))
    return spans


def find(data: Section, wanted: str, most: int | None = None) -> Span:
    """A section after the metadata, as far as the file goes; the header is known to be good.

    Raises:
        CorruptData: when the file ends before it, or it has more than `most` bytes.
    """
    end = metadata_end(data[:HEADER], len(data))
    for name in SECTIONS[1:]:
        start = end + 4
        raw = data[end:start]
        if len(raw) < 4:
            raise file_ends("before it", wanted, end)
        end = start + int.from_bytes(raw, "little")
        if name == wanted:
            break
    span = Span(wanted, start, min(end, len(data)))
    if most is not None and span.end - start > most:
        raise CorruptData("it is too large", section=wanted, offset=start)
    return span


# --- reading sections


def decode_metadata(section: bytes) -> SessionMetadata:
    """The metadata in their section.

    Raises:
        BincodeDecodeError: when they are damaged; its offset is the one in the file.
    """
    # Not `with located(…)`: a list does this for every file.
    try:
        return bincode.decode(SessionMetadata, section)
    except PersistenceError as error:
        raise error.located(section="metadata", base=HEADER) from None


def conversation_of(
    metadata: SessionMetadata, messages: list[MessageSnapshot], context: ConversationContext
) -> ConversationSnapshot:
    """What the Rust reader makes of a layout 1 file: id and mode history come from the metadata."""
    history = [(metadata.current_mode, metadata.created_at)]
    return ConversationSnapshot(metadata.id, messages, context, history)


def decompress_section(data: Section, span: Span) -> bytes:
    """The text of a compressed section.

    Raises:
        CompressionError: when it is damaged; its offset is the one in the file.
    """
    with located(section=span.section, base=span.start):
        return frames.decompress(data[span.start : span.end])


def _decode_section(data: Section, span: Span, decoder: Callable[[bytes], T]) -> T:
    raw = decompress_section(data, span)
    with located(section=span.section, decompressed=True):
        return decoder(raw)


def _decode_context(data: Section, span: Span) -> ConversationContext:
    return _decode_section(data, span, lambda raw: messagepack.decode(ConversationContext, raw))


def _decode_state(data: Section, span: Span) -> SessionState:
    raw = bytes(data[span.start : span.end])
    with located(section=span.section, base=span.start):
        return bincode.decode(SessionState, raw)


# --- writing


def join(metadata: bytes, messages: bytes, context: bytes, state: bytes) -> list[bytes]:
    """The parts of a file in order, header included.

    Raises:
        ValueError: for a section over 4 GiB.
    """
    parts = [BEGINNING]
    for name, section in zip(SECTIONS, (metadata, messages, context, state), strict=True):
        parts += [length_of(name, len(section)), section]
    return parts


def length_of(name: str, size: int) -> bytes:
    """What precedes a section of `size` bytes.

    Raises:
        ValueError: for one over 4 GiB.
    """
    if size > limits.SECTION_ON_DISK:
        raise ValueError(f"{name} of {size:,} bytes does not fit layout 1")
    return size.to_bytes(4, "little")


def head(metadata: bytes) -> list[bytes]:
    """The parts of a file up to the end of the metadata's section."""
    return [BEGINNING, length_of("metadata", len(metadata)), metadata]


def compress_messages(messages: bytes, level: int) -> bytes:
    """The messages section; a large one is cut into frames with a seek table."""
    if len(messages) <= seekable.THRESHOLD:
        return frames.compress(messages, level)
    return seekable.compress(messages, messagepack.find_messages(messages), level)


def fitted(metadata: SessionMetadata, rest: int) -> tuple[SessionMetadata, bytes]:
    """The metadata with the size of their file, and their section.

    `rest` is how many bytes follow that section. A larger number may take more bytes itself, so this is
    repeated until the size fits.
    """
    while True:
        section = bincode.encode(metadata, SessionMetadata)
        size = HEADER + len(section) + rest
        if size == metadata.file_size:
            return metadata, section
        metadata = replace(metadata, file_size=size)


class Layout1(Layout):
    """Layout 1: `<uuid>.agcx` in the store itself, with nothing beside it."""

    version = VERSION
    beginning = BEGINNING
    header = HEADER
    folder = FOLDERS[VERSION]
    index = BINCODE

    def metadata(self, data: Section, admit: Callable[[int], None] = admit_all) -> SessionMetadata:
        end = metadata_end(data[:HEADER], len(data))
        admit(end)
        section = data[HEADER:end]
        if len(section) < end - HEADER:
            at = HEADER + len(section)
            raise CorruptData("the file was cut short while it was read", offset=at)
        return decode_metadata(bytes(section))

    def metadata_at_once(self, head: bytes, size: int) -> SessionMetadata | None:
        end = metadata_end(head, size)
        return decode_metadata(head[HEADER:end]) if end <= len(head) else None

    def damage_after_metadata(self, data: Section) -> PersistenceError | None:
        end, size = metadata_end(data[:HEADER], len(data)), len(data)
        length = data[end : end + 4]
        if len(length) == 4 and end + 4 + int.from_bytes(length, "little") <= size:
            return None
        reason = "cut off in the messages"
        return CorruptData(reason, section="messages", offset=size, truncated=True)

    def sections(self, data: Section) -> list[SectionPlace]:
        end = metadata_end(data[:HEADER], len(data))
        found = [SectionPlace("metadata", HEADER, end, False)]
        for name in SECTIONS[1:]:
            try:
                span = find(data, name)
            except CorruptData:
                break
            found.append(SectionPlace(name, span.start, span.end, name != "state"))
        return found

    def messages(self, data: Section) -> MessagesPlace:
        span = find(data, "messages")
        return MessagesPlace(span.start, span.end)

    def context(self, data: Section) -> ConversationContext:
        return _decode_context(data, find(data, "context", limits.WHOLE_SECTION))

    def state(self, data: Section) -> SessionState:
        return _decode_state(data, find(data, "state", limits.WHOLE_SECTION))

    def end(self, data: Section) -> int:
        end = HEADER - 4
        for _ in SECTIONS:
            end += 4 + int.from_bytes(data[end : end + 4], "little")
            if end >= len(data):
                break
        return end

    def decode(self, data: Section) -> Session:
        whole = data[:]
        metadata_at, messages_at, context_at, state_at = split(whole)
        metadata = decode_metadata(bytes(whole[metadata_at.start : metadata_at.end]))
        messages = _decode_section(whole, messages_at, messagepack.decode_messages)
        context = _decode_context(whole, context_at)
        state = _decode_state(whole, state_at)
        return metadata, conversation_of(metadata, messages, context), state

    # --- writing

    def encode(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
    ) -> list[bytes]:
        return join(
            bincode.encode(metadata, SessionMetadata),
            compress_messages(messagepack.encode_messages(conversation.messages), level),
            frames.compress(messagepack.encode(conversation.context), level),
            bincode.encode(state, SessionState),
        )

    def encode_measured(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
    ) -> tuple[SessionMetadata, list[bytes]]:
        """`file_size` is the file's own size; the ratio is that of the two compressed sections."""
        from agcx_format.layout import v1_measured

        return v1_measured.whole(metadata, conversation, state, level)

    def encode_held(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
        hold: Hold,
    ) -> tuple[SessionMetadata, Iterable[bytes]]:
        from agcx_format.layout import v1_measured

        return v1_measured.held(metadata, conversation, state, level, hold)

    def assemble(
        self,
        metadata: SessionMetadata,
        messages: bytes,
        context: bytes,
        history: bytes | None,
        state: SessionState,
        level: int,
    ) -> list[bytes]:
        from agcx_format.layout import v1_measured

        return v1_measured.measured(metadata, messages, context, state, level)[1]

    def with_metadata(
        self,
        data: Section,
        change: Callable[[SessionMetadata], SessionMetadata],
        level: int,
        admit: Callable[[int], None] = admit_all,
    ) -> Rewritten:
        """Only the metadata section is new; the others are not even decompressed."""
        old = self.metadata(data, admit)
        rest = metadata_end(data[:HEADER], len(data))
        new = change(old)
        fitting, section = fitted(new, len(data) - rest)
        return Rewritten(fitting, fitting, head(section), rest, new != old)

    def appended(
        self,
        data: Section,
        added: Addition,
        change: Callable[[SessionMetadata], SessionMetadata],
        level: int,
        admit: Callable[[int], None] = admit_all,
    ) -> Appended:
        """Frames of messages are copied as they are; there is no mode history to add to."""
        from agcx_format.layout import v1_append

        return v1_append.appended(data, self.metadata(data, admit), added.messages, change, level)

    def encode_checkpoint(self, checkpoint: Checkpoint) -> list[bytes]:
        return [frames.compress(bincode.encode(checkpoint, Checkpoint), _CHECKPOINT_LEVEL)]

    def decode_checkpoint(self, data: bytes, metadata: CheckpointMetadata) -> Checkpoint:
        """One bincode value; Rust cannot read it back, since its enums need a self-describing format."""
        with located(section="checkpoint"):
            raw = frames.decompress(data)
        with located(section="checkpoint", decompressed=True):
            return bincode.decode(Checkpoint, raw)


LAYOUT = Layout1()
