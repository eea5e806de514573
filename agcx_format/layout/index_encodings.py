"""The two encodings of an index, as a whole and piece by piece: numbers, texts, list sizes, entries.

Strategy: of the pieces only the usual forms are read, those that Rust and this library write. Any other
form raises `Unexpected`, and the caller decodes the whole index.
"""

from __future__ import annotations

import re
from typing import Protocol

import msgpack

from agcx_format.codec import bincode, messagepack
from agcx_format.codec.bincode.decode import reader
from agcx_format.codec.messagepack.lenient import UNPACK_ERRORS
from agcx_format.model.session import SessionIndex, SessionMetadata

__all__ = ["BINCODE", "MESSAGE_PACK", "Encoding", "Unexpected", "encoding_of"]


class Unexpected(Exception):
    """The bytes are not laid out in the usual way."""


class Encoding(Protocol):
    """One encoding; its `read_…` methods return a value and where it ends.

    Fields:
        id_mark: precedes the 16 bytes of every id.
        entry: matches the beginning of a session's entry; its only group is the id.
        start: the first bytes of an index.
    """

    id_mark: bytes
    entry: re.Pattern[bytes]
    start: bytes

    def encode_index(self, index: SessionIndex) -> bytes:
        """A whole index."""

    def decode_index(self, data: bytes) -> SessionIndex:
        """A whole index.

        Raises:
            PersistenceError: when it is damaged or in the other encoding.
        """

    def entry_start(self, session_id: bytes) -> bytes:
        """The beginning of the entry of one session."""

    def title_at(self, start: int) -> int:
        """Where the title is in an entry that begins at `start`."""

    def read_uint(self, data: bytes, at: int) -> tuple[int, int]: ...

    def read_text(self, data: bytes, at: int) -> tuple[bytes, int]: ...

    def read_list(self, data: bytes, at: int) -> tuple[int, int]: ...

    def read_map(self, data: bytes, at: int) -> tuple[int, int]: ...

    def read_metadata(self, data: bytes, at: int, end: int) -> tuple[SessionMetadata, int]: ...

    def write_uint(self, value: int) -> bytes: ...

    def write_text(self, text: bytes) -> bytes: ...

    def write_list(self, size: int) -> bytes: ...

    def write_map(self, size: int) -> bytes: ...

    def write_metadata(self, metadata: SessionMetadata) -> bytes: ...


class _Bincode:
    id_mark = b"\x10"
    entry = re.compile(rb"(?s)\x10(.{16})\x10\1")
    start = b""

    def encode_index(self, index: SessionIndex) -> bytes:
        return bincode.encode(index, SessionIndex)

    def decode_index(self, data: bytes) -> SessionIndex:
        return bincode.decode(SessionIndex, data)

    def read_uint(self, data: bytes, at: int) -> tuple[int, int]:
        first = data[at]
        if first <= 250:
            return first, at + 1
        if first > 253:
            raise Unexpected
        size = 2 << (first - 251)
        return int.from_bytes(_cut(data, at + 1, size), "little"), at + 1 + size

    read_list = read_map = read_uint

    def read_text(self, data: bytes, at: int) -> tuple[bytes, int]:
        size, at = self.read_uint(data, at)
        return _cut(data, at, size), at + size

    def read_metadata(self, data: bytes, at: int, end: int) -> tuple[SessionMetadata, int]:
        return reader(SessionMetadata)(data, at)

    def entry_start(self, session_id: bytes) -> bytes:
        return 2 * (self.id_mark + session_id)

    def title_at(self, start: int) -> int:
        return start + 34

    def write_uint(self, value: int) -> bytes:
        if value <= 250:
            return bytes([value])
        tag = 0 if value <= 0xFFFF else 1 if value <= 0xFFFFFFFF else 2
        return bytes([251 + tag]) + value.to_bytes(2 << tag, "little")

    write_list = write_map = write_uint

    def write_text(self, text: bytes) -> bytes:
        return self.write_uint(len(text)) + text

    def write_metadata(self, metadata: SessionMetadata) -> bytes:
        return bincode.encode(metadata, SessionMetadata)


class _MessagePack:
    id_mark = b"\xc4\x10"
    entry = re.compile(rb"(?s)\xc4\x10(.{16})\x9f\xc4\x10\1")
    # An array of six fields. As the beginning of the other encoding it would mean 150 sessions.
    start = b"\x96"

    def encode_index(self, index: SessionIndex) -> bytes:
        return messagepack.encode(index)

    def decode_index(self, data: bytes) -> SessionIndex:
        return messagepack.decode(SessionIndex, data)

    def read_uint(self, data: bytes, at: int) -> tuple[int, int]:
        if (first := data[at]) <= 0x7F:
            return first, at + 1
        return _sized(data, at, 0xCC, (1, 2, 4, 8))

    def read_text(self, data: bytes, at: int) -> tuple[bytes, int]:
        if 0xA0 <= (first := data[at]) <= 0xBF:
            size, at = first & 0x1F, at + 1
        else:
            size, at = _sized(data, at, 0xD9, (1, 2, 4))
        return _cut(data, at, size), at + size

    def read_list(self, data: bytes, at: int) -> tuple[int, int]:
        if 0x90 <= (first := data[at]) <= 0x9F:
            return first & 0xF, at + 1
        return _sized(data, at, 0xDC, (2, 4))

    def read_map(self, data: bytes, at: int) -> tuple[int, int]:
        if 0x80 <= (first := data[at]) <= 0x8F:
            return first & 0xF, at + 1
        return _sized(data, at, 0xDE, (2, 4))

    def read_metadata(self, data: bytes, at: int, end: int) -> tuple[SessionMetadata, int]:
        part = memoryview(data)[at:end]
        unpacker = msgpack.Unpacker(strict_map_key=False, max_buffer_size=len(part) + 1)
        unpacker.feed(part)
        try:
            unpacker.skip()
        except UNPACK_ERRORS:
            raise Unexpected from None
        return messagepack.decode(SessionMetadata, part), at + unpacker.tell()

    def entry_start(self, session_id: bytes) -> bytes:
        return self.id_mark + session_id + b"\x9f" + self.id_mark + session_id

    def title_at(self, start: int) -> int:
        return start + 37

    def write_uint(self, value: int) -> bytes:
        return bytes(msgpack.packb(value))

    def write_text(self, text: bytes) -> bytes:
        size = len(text)
        if size <= 31:
            return bytes([0xA0 | size]) + text
        tag = 0 if size <= 0xFF else 1 if size <= 0xFFFF else 2
        return bytes([0xD9 + tag]) + size.to_bytes(1 << tag, "big") + text

    def write_list(self, size: int) -> bytes:
        return bytes(msgpack.Packer().pack_array_header(size))

    def write_map(self, size: int) -> bytes:
        return bytes(msgpack.Packer().pack_map_header(size))

    def write_metadata(self, metadata: SessionMetadata) -> bytes:
        return messagepack.encode(metadata)


def _sized(data: bytes, at: int, first: int, sizes: tuple[int, ...]) -> tuple[int, int]:
    """A big-endian number after a tag that says how many bytes it takes."""
    tag = data[at] - first
    if not 0 <= tag < len(sizes):
        raise Unexpected
    return int.from_bytes(_cut(data, at + 1, sizes[tag]), "big"), at + 1 + sizes[tag]


def _cut(data: bytes, at: int, size: int) -> bytes:
    part = data[at : at + size]
    if len(part) != size:
        raise Unexpected
    return part


BINCODE: Encoding = _Bincode()
MESSAGE_PACK: Encoding = _MessagePack()


def encoding_of(data: bytes) -> Encoding:
    """The encoding of an index with these first bytes; an index of 150 sessions may have the other."""
    return MESSAGE_PACK if data.startswith(MESSAGE_PACK.start) else BINCODE
