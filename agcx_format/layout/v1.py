"""Layout 1: header, metadata, messages, context, state, each behind a u32 length.

Strategy: `split` finds the sections and checks every length against what is there; each codec then
sees its own section only.  No I/O: bytes in, values out, and errors that say section and offset.

    0   4  magic `AGCX`        6   4  metadata length M
    4   2  version, u16 = 1   10   M  SessionMetadata, bincode
    then, each as a u32 length and its bytes:
    messages (zstd of MessagePack), context (zstd of MessagePack), state (bincode)

Mirrors `storage.rs` of the Rust crate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

import msgspec
from msgspec.structs import replace

from agcx_format import limits
from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames, seekable
from agcx_format.counting import counted
from agcx_format.errors import (
    CorruptData,
    InvalidMagic,
    PersistenceError,
    UnsupportedVersion,
)
from agcx_format.model.fields import Float32
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import (
    ConversationContext,
    ConversationSnapshot,
    Session,
    SessionMetadata,
    SessionState,
)

MAGIC = b"AGCX"
VERSION = 1
BEGINNING = MAGIC + VERSION.to_bytes(2, "little")
HEADER = 10
SECTIONS = ("metadata", "messages", "context", "state")

T = TypeVar("T")


class Span(msgspec.Struct, frozen=True, gc=False):
    """Where a section's bytes lie in the file; its u32 length stands in the 4 bytes before."""

    section: str
    start: int
    end: int


def metadata_end(head: bytes | memoryview, file_size: int) -> int:
    """Check the header and find where the metadata, which begins at byte 10, ends.

    `head` needs the first 10 bytes of the file.  Raises `InvalidMagic`, `UnsupportedVersion` or
    `CorruptData`.
    """
    if head[:6] != BEGINNING:
        _refuse_header(head)
    if len(head) < HEADER:
        raise CorruptData("the file ends inside the header", section="header", offset=len(head))
    length = int.from_bytes(head[6:10], "little")
    if length > limits.METADATA or HEADER + length > file_size:
        _refuse_length("metadata", HEADER, length, file_size)
    return HEADER + length


def metadata_span(head: bytes | memoryview, file_size: int) -> Span:
    """Like `metadata_end`."""
    return Span("metadata", HEADER, metadata_end(head, file_size))


def _refuse_header(head: bytes | memoryview) -> NoReturn:
    if len(head) < 6:
        reason = f"{counted(len(head), 'byte is', 'bytes are')} too few for a header"
        raise CorruptData(reason, section="header", offset=0)
    if head[:4] != MAGIC:
        raise InvalidMagic("does not begin with AGCX", section="header", offset=0)
    version = int.from_bytes(head[4:6], "little")
    raise UnsupportedVersion(version, VERSION, section="header", offset=4)


def split(data: bytes | memoryview) -> list[Span]:
    """The four sections of a whole file; bytes after the last are ignored, as in Rust."""
    spans = [metadata_span(data[:HEADER], len(data))]
    for section in SECTIONS[1:]:
        start = spans[-1].end + 4
        if start > len(data):
            raise CorruptData("the file ends before it", section=section, offset=spans[-1].end)
        length = int.from_bytes(data[start - 4 : start], "little")
        spans.append(_span(section, start, length, len(data)))
    return spans


def join(metadata: bytes, messages: bytes, context: bytes, state: bytes) -> list[bytes]:
    """The parts of a file in order, headers included; `ValueError` for a section over 4 GiB."""
    parts = [BEGINNING]
    for name, section in zip(SECTIONS, (metadata, messages, context, state), strict=True):
        if len(section) > limits.SECTION_ON_DISK:
            raise ValueError(f"{name} of {len(section):,} bytes does not fit layout 1")
        parts += [len(section).to_bytes(4, "little"), section]
    return parts


def decode_metadata(section: bytes) -> SessionMetadata:
    try:
        return bincode.decode(SessionMetadata, section)
    except PersistenceError as error:
        raise error.located(section="metadata", base=HEADER) from None


def decode(data: bytes | memoryview) -> Session:
    """A whole session; `data` is a whole file."""
    metadata_at, messages_at, context_at, state_at = split(data)
    metadata = decode_metadata(bytes(data[metadata_at.start : metadata_at.end]))
    messages = decode_section(data, messages_at, messagepack.decode_messages)
    context = decode_section(
        data, context_at, lambda raw: messagepack.decode(ConversationContext, raw)
    )
    state = decode_state(data, state_at)
    return metadata, conversation_of(metadata, messages, context), state


def conversation_of(
    metadata: SessionMetadata, messages: list[MessageSnapshot], context: ConversationContext
) -> ConversationSnapshot:
    """What the Rust reader makes of a layout-1 file: id and mode history from the metadata."""
    history = [(metadata.current_mode, metadata.created_at)]
    return ConversationSnapshot(metadata.id, messages, context, history)


def decode_section(data: bytes | memoryview, span: Span, decoder: Callable[[bytes], T]) -> T:
    """Decompress a section and decode it, errors located in the file or in what it inflates to."""
    raw = decompress_section(data, span)
    try:
        return decoder(raw)
    except PersistenceError as error:
        raise error.located(section=span.section, decompressed=True) from None


def decompress_section(data: bytes | memoryview, span: Span) -> bytes:
    return _in_section(
        span.section, span.start, lambda: frames.decompress(data[span.start : span.end])
    )


def decode_state(data: bytes | memoryview, span: Span) -> SessionState:
    raw = bytes(data[span.start : span.end])
    return _in_section("state", span.start, lambda: bincode.decode(SessionState, raw))


def encode(
    metadata: SessionMetadata,
    conversation: ConversationSnapshot,
    state: SessionState,
    level: int,
) -> list[bytes]:
    """The parts of the file, to be written one after the other; `level` is zstd's."""
    return join(
        bincode.encode(metadata, SessionMetadata),
        compress_messages(messagepack.encode_messages(conversation.messages), level),
        frames.compress(messagepack.encode(conversation.context), level),
        bincode.encode(state, SessionState),
    )


def encode_measured(
    metadata: SessionMetadata,
    conversation: ConversationSnapshot,
    state: SessionState,
    level: int,
) -> tuple[SessionMetadata, list[bytes]]:
    """Like `encode`, with the counts and sizes in the metadata measured, not believed.

    `file_size` is the file's own size in bytes; `compression_ratio` is compressed / original of
    the two compressed sections.
    """
    messages = messagepack.encode_messages(conversation.messages)
    context = messagepack.encode(conversation.context)
    packed = [compress_messages(messages, level), frames.compress(context, level)]
    ratio = sum(map(len, packed)) / (len(messages) + len(context))
    last = bincode.encode(state, SessionState)
    measured = replace(
        metadata, message_count=len(conversation.messages), compression_ratio=Float32(ratio)
    )
    # The size stands in the metadata, where a larger number may take more bytes: go on until it fits.
    while True:
        parts = join(bincode.encode(measured, SessionMetadata), *packed, last)
        if (size := sum(map(len, parts))) == measured.file_size:
            return measured, parts
        measured = replace(measured, file_size=size)


def as_stored(given: SessionMetadata, measured: SessionMetadata) -> SessionMetadata:
    """The metadata inside the file, after `encode_measured` of those given: all that was measured."""
    return measured


def compress_messages(messages: bytes, level: int) -> bytes:
    """The messages section; a large one is cut into frames with a seek table."""
    if len(messages) <= seekable.THRESHOLD:
        return frames.compress(messages, level)
    return seekable.compress(messages, messagepack.find_messages(messages), level)


def _span(section: str, start: int, length: int, file_size: int) -> Span:
    if start + length > file_size:
        _refuse_length(section, start, length, file_size)
    return Span(section, start, start + length)


def _refuse_length(section: str, start: int, length: int, file_size: int) -> NoReturn:
    left = max(0, file_size - start)
    if length > left:
        reason = f"its length is {counted(length, 'byte')}, but {counted(left, 'is', 'are')} left"
    else:
        reason = f"{length:,} bytes are too many"
    raise CorruptData(reason, section=section, offset=start - 4)


def _in_section(section: str, start: int, action: Callable[[], T]) -> T:
    try:
        return action()
    except PersistenceError as error:
        raise error.located(section=section, base=start) from None
