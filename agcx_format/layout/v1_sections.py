"""The sections of a file of layout 1: where they are, what is in them, and how they are written.

`split` finds the sections and checks every length against the bytes that are there; each codec then sees
its own section only.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from agcx_format import limits
from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames, seekable
from agcx_format.codec.zstd.frames import Section
from agcx_format.errors import CorruptData, PersistenceError, located
from agcx_format.layout.v1_errors import BEGINNING, file_ends, refuse_header, refuse_length
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import (
    ConversationContext,
    ConversationSnapshot,
    SessionMetadata,
    SessionState,
)

__all__ = [
    "HEADER",
    "SECTIONS",
    "Span",
    "compress_messages",
    "conversation_of",
    "decode_context",
    "decode_metadata",
    "decode_section",
    "decode_state",
    "decompress_section",
    "find",
    "fitted",
    "head",
    "join",
    "length_of",
    "metadata_end",
    "split",
]

HEADER = 10
SECTIONS = ("metadata", "messages", "context", "state")
_header = struct.Struct("<6sI").unpack_from

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


def decode_section(data: Section, span: Span, decoder: Callable[[bytes], T]) -> T:
    raw = decompress_section(data, span)
    with located(section=span.section, decompressed=True):
        return decoder(raw)


def decode_context(data: Section, span: Span) -> ConversationContext:
    return decode_section(data, span, lambda raw: messagepack.decode(ConversationContext, raw))


def decode_state(data: Section, span: Span) -> SessionState:
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
