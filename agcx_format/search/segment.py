"""A segment of the book: the text of some sessions in one immutable file.

    magic      8 bytes, with the version
    head       framed (length, CRC-32): whose store, and the key of each session
    details    framed: its sessions, its blocks
    rows       the signature of the blocks
    frames     of each block: its text, then the facts of its messages, each a zstd frame with checksum

Strategy: nothing is believed.  Head, details and each row have checksums, so has every frame, and all lengths
are held against the size of the file.  What is wrong is a `Damaged`: the segment is dropped, and its sessions
are searched in their own files.  The details are read when a block may hold something: to prove of ten
thousand sessions that they are as they were takes only their keys.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Annotated

import msgspec

from agcx_format.disk.checked_frames import frame, framed
from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.search.blocks import BLOCK_SIZE, Block, Facts
from agcx_format.search.signature import (
    ROWS,
    Damaged,
    Rows,
    SignatureMaker,
    WholeSignature,
    row_size,
)

__all__ = [
    "MAGIC", "MOST_BLOCKS", "BlockRow", "Segment", "SegmentMaker", "SessionRow", "key_of", "path_in",
    "signature_in",
]  # fmt: skip

MAGIC = b"AGCXbok4"
# Blocks of a segment: 32 MB of text.  A longer session is a segment of its own.
MOST_BLOCKS = 512

_LEVEL = 1
# Bytes in head and details for one session.
_ROW_SIZE = 192
# Frames that are read at once, in bytes.
_READ_FIRST, _READ_AT_ONCE = 64 << 10, 4 << 20


_Natural = Annotated[int, msgspec.Meta(ge=0)]

_KEY = struct.Struct("<QQQ")
_pack_key = _KEY.pack
_MOST = (1 << 64) - 1


def key_of(path: bytes, inode: int, size: int, mtime_ns: int) -> bytes:
    """One version of one file: its signature, and its path below the store."""
    return _pack_key(inode & _MOST, size & _MOST, mtime_ns & _MOST) + path


def path_in(key: bytes) -> bytes:
    return key[_KEY.size :]


def signature_in(key: bytes) -> Signature:
    """Raises `struct.error` for what is no key."""
    return Signature(*_KEY.unpack_from(key))


class BlockRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One block.

    Fields:
        packed, size: bytes of its text, compressed and not.
        packed_facts, facts_size: of the facts likewise.
        traits: of its text.
        first: the number of its first message in the session, from -1.
    """

    packed: _Natural
    size: _Natural
    packed_facts: _Natural
    facts_size: _Natural
    traits: _Natural
    first: Annotated[int, msgspec.Meta(ge=-1)]

    @property
    def on_disk(self) -> int:
        return self.packed + self.packed_facts


class SessionRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One session.

    Fields:
        title, updated: as its metadata had them.
        messages: how many were read.
        first, count: its blocks.
        damage: reason, section, offset and whether that is of decompressed bytes, when it is broken.
    """

    title: str
    updated: str
    messages: _Natural
    first: _Natural = 0
    count: _Natural = 0
    damage: tuple[str, str | None, int | None, bool] | None = None

    @property
    def readable(self) -> bool:
        """Whether at least the metadata could be read."""
        return bool(self.updated)

    def error(self, path: str) -> PersistenceError | None:
        """The damage after the last message that was read."""
        if self.damage is None:
            return None
        reason, section, offset, decompressed = self.damage
        return CorruptData(
            reason, path=path, section=section, offset=offset, decompressed=decompressed
        )


class _Head(msgspec.Struct, array_like=True, frozen=True):
    """The beginning of a segment.

    Fields:
        store: the store whose sessions these are.
        keys: of each session, see `key_of`.
        broken: the sessions among them that have damage.
        blocks: how many there are.
        details: bytes of the frame that follows.
    """

    store: bytes
    keys: list[bytes]
    broken: list[_Natural]
    blocks: _Natural
    details: _Natural


class _Details(msgspec.Struct, array_like=True, frozen=True):
    """What is known of the sessions and blocks of a segment."""

    sessions: list[SessionRow]
    blocks: list[BlockRow]


_decode_head = msgspec.msgpack.Decoder(_Head).decode
_decode_details = msgspec.msgpack.Decoder(_Details).decode
_decode_facts = msgspec.msgpack.Decoder(Facts).decode
_encode = msgspec.msgpack.Encoder().encode


class Segment:
    """An open segment.  May be read from any thread.

    Fields:
        path: of its file.
        size: of its file, in bytes.
        keys: of its sessions, see `key_of`.
        broken: the numbers of sessions that have damage.
        block_count: how many blocks there are.

    What is beyond raises `Damaged` when it is first asked for, if it is; `check` asks for all of it.
    """

    def __init__(self, path: Path, store: bytes) -> None:
        """Raises `Damaged` when it is, or of another store; `PersistenceError` when it cannot be opened."""
        self.path = path
        self._file = OpenFile(path)
        try:
            self._read_head(store)
        except BaseException:
            self._file.close()
            raise

    def _read_head(self, store: bytes) -> None:
        file = self._file
        if file.read(len(MAGIC), 0) != MAGIC:
            raise Damaged("another format")
        try:
            payload, self._details_at = frame(file, len(MAGIC))
            head = _decode_head(payload)
        except (ValueError, msgspec.DecodeError) as error:
            raise Damaged(str(error)) from None
        if head.store != store:
            raise Damaged("of another store")
        if head.broken and max(head.broken) >= len(head.keys):
            raise Damaged("a session that is not there")
        self.size = file.size
        self.keys = head.keys
        self.broken = head.broken
        self.block_count = head.blocks
        self._rows_at = self._details_at + head.details
        if self._rows_at + ROWS * row_size(head.blocks) > self.size:
            raise Damaged("it ends early")
        self._rows = Rows(self._read_row, head.blocks)

    def check(self) -> None:
        """Raises `Damaged` when that shows without reading the blocks."""
        _ = self._starts

    @property
    def sessions(self) -> list[SessionRow]:
        return self._details.sessions

    @property
    def blocks(self) -> list[BlockRow]:
        return self._details.blocks

    @cached_property
    def owners(self) -> list[int]:
        """The session of each block."""
        _ = self._starts
        return [number for number, row in enumerate(self.sessions) for _ in range(row.count)]

    @cached_property
    def sizes(self) -> list[int]:
        """About what each session takes on disk, in bytes."""
        # The signature is as good as divided among the blocks.
        blocks = list(accumulate((block.on_disk + ROWS // 8 for block in self.blocks), initial=0))
        return [
            blocks[row.first + row.count] - blocks[row.first] + _ROW_SIZE for row in self.sessions
        ]

    @cached_property
    def _details(self) -> _Details:
        try:
            payload, end = frame(self._file, self._details_at)
            details = _decode_details(payload)
        except (ValueError, msgspec.DecodeError) as error:
            raise Damaged(str(error)) from None
        lengths = len(details.sessions), len(details.blocks), end
        if lengths != (len(self.keys), self.block_count, self._rows_at):
            raise Damaged("lengths that do not fit")
        return details

    @cached_property
    def _starts(self) -> list[int]:
        """Where each block's frames begin; `Damaged` when the details are not of this file."""
        following = 0
        for row in self.sessions:
            if row.first != following:
                raise Damaged("sessions that do not follow each other")
            following += row.count
        at = self._rows_at + ROWS * row_size(self.block_count)
        starts = list(accumulate((block.on_disk for block in self.blocks), initial=at))
        if following != self.block_count or starts.pop() != self.size:
            raise Damaged("lengths that do not fit")
        return starts

    def candidates(self, rows: tuple[int, ...]) -> int:
        """The blocks that are in all rows, as bits.  Raises `Damaged` when one is damaged."""
        return self._rows.blocks(rows)

    def read(self, numbers: Iterable[int]) -> Iterator[Block]:
        """Blocks by number, ascending.  Raises `Damaged` when one is damaged."""
        for run in self._runs(numbers):
            start = self._starts[run[0]]
            data = memoryview(self._read(self._end(run[-1]) - start, start))
            for number in run:
                row = self.blocks[number]
                at = self._starts[number] - start
                packed = data[at : at + row.packed]
                facts = data[at + row.packed : at + row.on_disk]
                yield self._block(row, packed, bytes(facts))

    def signature(self) -> WholeSignature:
        """All rows.  Raises `Damaged` when one is damaged."""
        size = ROWS * row_size(self.block_count)
        return WholeSignature(self._read(size, self._rows_at), self.block_count)

    def frames(self, number: int) -> bytes:
        """The frames of a block as they are."""
        return self._read(self._end(number) - self._starts[number], self._starts[number])

    def close(self) -> None:
        self._file.close()

    @staticmethod
    def _block(row: BlockRow, packed: memoryview, facts: bytes) -> Block:
        payload = _decompress(packed, row.size)

        def known() -> Facts:
            try:
                found = _decode_facts(_decompress(facts, row.facts_size))
                found.check(block.messages)
            except (ValueError, msgspec.DecodeError) as error:
                raise Damaged(str(error)) from None
            return found

        block = Block(payload, row.traits, row.first, known)
        return block

    def _runs(self, numbers: Iterable[int]) -> Iterator[list[int]]:
        """Blocks that are read together: they lie next to each other, or nearly so."""
        run: list[int] = []
        # Often the first blocks are enough.
        largest = _READ_FIRST
        for number in numbers:
            if run and (number > run[-1] + 2 or self._end(number) - self._starts[run[0]] > largest):
                yield run
                run, largest = [], _READ_AT_ONCE
            run.append(number)
        if run:
            yield run

    def _end(self, number: int) -> int:
        return self._starts[number] + self.blocks[number].on_disk

    def _read_row(self, size: int, offset: int) -> bytes:
        return self._read(size, self._rows_at + offset)

    def _read(self, size: int, offset: int) -> bytes:
        try:
            # Most often all of it comes at once.
            data = os.pread(self._file.fd, size, offset)
            return data if len(data) == size else self._file.read(size, offset)
        except (PersistenceError, OSError) as error:
            raise Damaged(str(error)) from None


class SegmentMaker:
    """Collects sessions, and gives the bytes of a segment."""

    def __init__(self, store: bytes) -> None:
        self._store = store
        self._keys: list[bytes] = []
        self._sessions: list[SessionRow] = []
        self._blocks: list[BlockRow] = []
        self._frames: list[bytes] = []
        self._signature = SignatureMaker()

    @property
    def blocks(self) -> int:
        return len(self._blocks)

    @property
    def sessions(self) -> int:
        return len(self._sessions)

    def add_block(self, block: Block) -> None:
        """A block of the session that `add_session` ends."""
        traits = block.traits & ~Block.ALWAYS
        facts = _encode(block.facts)
        packed, packed_facts = _compress(block.payload), _compress(facts)
        self._blocks.append(
            BlockRow(
                len(packed),
                len(block.payload),
                len(packed_facts),
                len(facts),
                traits,
                block.first,
            )
        )
        self._frames.append(packed + packed_facts)
        self._signature.add(block.payload, traits)

    def copy(self, segment: Segment, numbers: Iterable[int]) -> None:
        """Sessions of another segment, by number.  Raises `Damaged` when it is damaged."""
        signature = segment.signature()
        for number in numbers:
            row = segment.sessions[number]
            for block in range(row.first, row.first + row.count):
                self._blocks.append(segment.blocks[block])
                self._frames.append(segment.frames(block))
                self._signature.add_marks(signature.marks(block))
            self.add_session(segment.keys[number], row)

    def add_session(self, key: bytes, row: SessionRow) -> None:
        """The session of the blocks since the last one; its place among them is set here."""
        first = self._sessions[-1].first + self._sessions[-1].count if self._sessions else 0
        count = len(self._blocks) - first
        self._keys.append(key)
        self._sessions.append(msgspec.structs.replace(row, first=first, count=count))

    def without(self, paths: Collection[bytes]) -> SegmentMaker:
        """The same without some sessions."""
        kept = SegmentMaker(self._store)
        for key, row in zip(self._keys, self._sessions, strict=True):
            if path_in(key) not in paths:
                part = slice(row.first, row.first + row.count)
                kept._blocks += self._blocks[part]
                kept._frames += self._frames[part]
                kept._signature.add_marks(*self._signature.marks(part))
                kept.add_session(key, row)
        return kept

    def drop_blocks(self) -> None:
        """Without the blocks since the last session: it could not be read to its end after all."""
        first = self._sessions[-1].first + self._sessions[-1].count if self._sessions else 0
        del self._blocks[first:]
        del self._frames[first:]
        self._signature.cut(first)

    def parts(self) -> Iterator[bytes]:
        """The bytes of the file."""
        details = framed(_encode(_Details(self._sessions, self._blocks)))
        broken = [number for number, row in enumerate(self._sessions) if row.damage is not None]
        head = _Head(self._store, self._keys, broken, len(self._blocks), len(details))
        yield MAGIC + framed(_encode(head))
        yield details
        yield from self._signature.parts()
        yield from self._frames


# --- zstd

_of_thread = threading.local()


def _decompress(data: bytes | memoryview, size: int) -> bytes:
    """One frame; `size` is what it must decompress to.  Raises `Damaged`."""
    import zstandard

    try:
        if zstandard.frame_content_size(data) != size:
            raise Damaged("a frame of another size")
        decompressor = getattr(_of_thread, "decompressor", None)
        if decompressor is None:
            decompressor = _of_thread.decompressor = zstandard.ZstdDecompressor()
        return bytes(decompressor.decompress(data))
    except zstandard.ZstdError as error:
        raise Damaged(str(error)) from None


def _compress(data: bytes) -> bytes:
    import zstandard

    compressor = getattr(_of_thread, "compressor", None)
    if compressor is None:
        # Of the fast levels' strategy, with a larger table than they have for so little text.
        parameters = zstandard.ZstdCompressionParameters.from_level(
            _LEVEL,
            source_size=BLOCK_SIZE,
            hash_log=15,
            write_content_size=True,
            write_checksum=True,
        )
        compressor = _of_thread.compressor = zstandard.ZstdCompressor(compression_params=parameters)
    return bytes(compressor.compress(data))
