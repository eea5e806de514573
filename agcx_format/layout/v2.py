"""Layout 2: a header, and one zstd section with everything in it as MessagePack.

    0   4  magic `AGCX`        8   8  compressed length, u64
    4   4  version, u32 = 2   16   …  zstd of [metadata, conversation, state, checksum]

Strategy: the four elements are found first (`split`), and each is decoded from its own bytes, so that a
change of one leaves the others as they are.  Unlike layout 1 it stores the whole
conversation, mode history included; the checksum has always been nil.  Its checkpoints have the same
header and hold [conversation, state].  Mirrors `session_store.rs` of the Rust crate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, TypeVar

import msgpack
import msgspec
from msgspec import Meta
from msgspec.structs import replace

from agcx_format import limits
from agcx_format.codec import messagepack
from agcx_format.codec.messagepack import lenient as slow
from agcx_format.codec.zstd import frames
from agcx_format.counting import counted
from agcx_format.errors import (
    CorruptData,
    InvalidMagic,
    MessagePackDecodeError,
    PersistenceError,
    UnsupportedVersion,
)
from agcx_format.model.fields import Float32
from agcx_format.model.session import ConversationSnapshot, Session, SessionMetadata, SessionState

MAGIC = b"AGCX"
VERSION = 2
HEADER = 16
ELEMENTS = ("metadata", "conversation", "state", "checksum")

# What Rust's SessionStore uses; sessions take the level of their store.
CHECKPOINT_LEVEL = 6

_BEGINNING = MAGIC + VERSION.to_bytes(4, "little")
_NIL = b"\xc0"

# `Option<u32>`, nil in all files so far.
Checksum = Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] | None

T = TypeVar("T")


class Element(msgspec.Struct, frozen=True, gc=False):
    """Where an element lies in the decompressed bytes."""

    name: str
    start: int
    end: int


def section_end(head: bytes | memoryview, file_size: int) -> int:
    """Check the header; where the compressed section, which begins at byte 16, ends."""
    if head[:4] != MAGIC:
        raise InvalidMagic("does not begin with AGCX", section="header", offset=0)
    if head[:8] != _BEGINNING:
        version = int.from_bytes(head[4:8], "little")
        raise UnsupportedVersion(version, VERSION, section="header", offset=4)
    if len(head) < HEADER:
        raise CorruptData("the file ends inside the header", section="header", offset=len(head))
    length = int.from_bytes(head[8:16], "little")
    if length > file_size - HEADER:
        raise CorruptData(
            f"its length is {counted(length, 'byte')}, but the file has {file_size - HEADER:,} left",
            section="session",
            offset=8,
        )
    return HEADER + length


def decompress(data: bytes | memoryview) -> bytes:
    """The section of a whole file."""
    end = section_end(data[:HEADER], len(data))
    try:
        return frames.decompress(data[HEADER:end])
    except PersistenceError as error:
        raise error.located(section="session", base=HEADER) from None


def split(raw: bytes, names: tuple[str, ...] = ELEMENTS) -> list[Element]:
    """The elements of a decompressed section; bytes after the last are ignored."""
    unpacker = slow.unpacker(raw)
    elements: list[Element] = []
    try:
        if (count := unpacker.read_array_header()) != len(names):
            raise ValueError(f"{len(names)} elements were expected, not {count}")
        for name in names:
            start = unpacker.tell()
            unpacker.skip()
            elements.append(Element(name, start, unpacker.tell()))
    except slow.UNPACK_ERRORS as cause:
        raise MessagePackDecodeError(
            slow.in_words(cause),
            section=names[len(elements)] if len(elements) < len(names) else "session",
            offset=elements[-1].end if elements else 0,
            decompressed=True,
        ) from None
    return elements


def decode(data: bytes | memoryview) -> Session:
    """A whole session; `data` is a whole file."""
    raw = decompress(data)
    metadata, conversation, state, checksum = split(raw)
    element(raw, checksum, Checksum)
    return (
        element(raw, metadata, SessionMetadata),
        element(raw, conversation, ConversationSnapshot),
        element(raw, state, SessionState),
    )


def element(raw: bytes, place: Element, type_: type[T]) -> T:
    """Decode one element of a decompressed section."""
    try:
        return messagepack.decode(type_, memoryview(raw)[place.start : place.end])
    except PersistenceError as error:
        error.offset = place.start + (error.offset or 0)
        raise error.located(section=place.name, decompressed=True) from None


def read_metadata(pieces: Iterator[bytes]) -> SessionMetadata:
    """The metadata alone: only as much is decompressed as it takes."""
    raw, start = bytearray(), None
    # Fed on and on, so that it goes on where a piece ended inside the metadata.
    unpacker = msgpack.Unpacker(strict_map_key=False, max_buffer_size=2 * limits.METADATA)
    for piece in pieces:
        raw += piece
        try:
            unpacker.feed(piece)
            if start is None:
                unpacker.read_array_header()
                start = unpacker.tell()
            unpacker.skip()
        except msgpack.OutOfData:
            if len(raw) <= limits.METADATA:
                continue
            raise CorruptData(
                f"more than {limits.METADATA:,} bytes are too many",
                section="metadata",
                offset=start,
                decompressed=True,
            ) from None
        except slow.UNPACK_ERRORS:
            # What is wrong is said by `split`.
            break
        return element(bytes(raw), Element("metadata", start, unpacker.tell()), SessionMetadata)
    split(bytes(raw))
    raise CorruptData("it cannot be read", section="metadata", offset=0, decompressed=True)


def encode(
    metadata: SessionMetadata,
    conversation: ConversationSnapshot,
    state: SessionState,
    level: int,
) -> list[bytes]:
    """The parts of the file, to be written one after the other."""
    return pack(_elements(metadata, conversation, state), level)


def encode_measured(
    metadata: SessionMetadata,
    conversation: ConversationSnapshot,
    state: SessionState,
    level: int,
) -> tuple[SessionMetadata, list[bytes]]:
    """The parts of the file, and the metadata with count, size and ratio measured.

    As in Rust the measured size and ratio stand in the index, not inside the file, whose size would
    change with them; `as_stored` gives what stands inside.
    """
    metadata = replace(metadata, message_count=len(conversation.messages))
    elements = _elements(metadata, conversation, state)
    return _measured_parts(metadata, elements, level)


def as_stored(given: SessionMetadata, measured: SessionMetadata) -> SessionMetadata:
    """The metadata inside the file and in its copy `.meta`, after `encode_measured` of those given."""
    return replace(given, message_count=measured.message_count)


def measured(metadata: SessionMetadata, compressed: int, original: int | None) -> SessionMetadata:
    """The metadata as the index holds them: the bytes of the section, and compressed / original.

    The ratio stays where the original size is not known.
    """
    if original:
        # As Rust divides them: both are `f32` first.
        ratio = Float32(Float32(compressed) / Float32(original))
        metadata = replace(metadata, compression_ratio=ratio)
    return replace(metadata, file_size=compressed)


def with_metadata(
    data: bytes, metadata: SessionMetadata, level: int
) -> tuple[SessionMetadata, list[bytes]]:
    """The same file with other metadata; all else is the same MessagePack, byte for byte.

    Gives the metadata for the index as well, as `encode_measured` does.
    """
    raw = decompress(data)
    _, *others = split(raw)
    kept = [raw[other.start : other.end] for other in others]
    return _measured_parts(metadata, [messagepack.encode(metadata), *kept], level)


def _measured_parts(
    metadata: SessionMetadata, elements: list[bytes], level: int
) -> tuple[SessionMetadata, list[bytes]]:
    parts = pack(elements, level)
    return measured(metadata, len(parts[-1]), 1 + sum(map(len, elements))), parts


def pack(elements: list[bytes], level: int) -> list[bytes]:
    section = frames.compress(b"".join([bytes([0x90 + len(elements)]), *elements]), level)
    return [_BEGINNING + len(section).to_bytes(8, "little"), section]


def conversation_as_written(conversation: ConversationSnapshot) -> ConversationSnapshot:
    """The messages in the shape that Rust would write."""
    return replace(conversation, messages=list(map(messagepack.as_written, conversation.messages)))


def _elements(
    metadata: SessionMetadata, conversation: ConversationSnapshot, state: SessionState
) -> list[bytes]:
    values = (metadata, conversation_as_written(conversation), state)
    return [*map(messagepack.encode, values), _NIL]
