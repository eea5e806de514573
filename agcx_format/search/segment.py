"""A segment of the book: the text of some sessions in one immutable file.

    magic      8 bytes, with the version
    table      framed (length, CRC-32): whose store, its sessions, its blocks
    rows       the signature of the blocks
    frames     of each block: its text, then the facts of its messages, each a zstd frame with checksum

Strategy: nothing is believed.  The table and each row have checksums, so has every frame, and all lengths are
held against the size of the file.  What is wrong is a `Damaged`: the segment is dropped, and its sessions are
searched in their own files.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Annotated

import msgspec

from agcx_format.disk.checked_frames import frame, framed
from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.search.blocks import Block, Facts
from agcx_format.search.signature import (
    ROWS,
    Damaged,
    Rows,
    SignatureMaker,
    WholeSignature,
    row_size,
)

__all__ = ["MAGIC", "MOST_BLOCKS", "BlockRow", "Segment", "SegmentMaker", "SessionRow"]

MAGIC = b"AGCXbok1"
# Blocks of a segment: 32 MB of text.  A longer session is a segment of its own.
MOST_BLOCKS = 512

_LEVEL = 1
# Frames that are read at once, in bytes.
_READ_FIRST, _READ_AT_ONCE = 64 << 10, 4 << 20


_Natural = Annotated[int, msgspec.Meta(ge=0)]


class BlockRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One block.

    Fields:
        packed, size: bytes of its text, compressed and not.
        packed_facts, facts_size: of the facts likewise.
        traits: of its text.
        first: the number of its first message in the session.
    """

    packed: _Natural
    size: _Natural
    packed_facts: _Natural
    facts_size: _Natural
    traits: _Natural
    first: _Natural

    @property
    def on_disk(self) -> int:
        return self.packed + self.packed_facts


class SessionRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One session.

    Fields:
        path: of its file, below the store.
        inode, size, mtime_ns: the signature of the file that was read.
        title, updated: as its metadata had them.
        messages: how many were read.
        first, count: its blocks.
        damage: reason, section, offset and whether that is of decompressed bytes, when it is broken.
    """

    path: bytes
    inode: int
    size: int
    mtime_ns: int
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

    @property
    def signature(self) -> Signature:
        return Signature(self.inode, self.size, self.mtime_ns)

    def error(self, path: str) -> PersistenceError | None:
        """The damage after the last message that was read."""
        if self.damage is None:
            return None
        reason, section, offset, decompressed = self.damage
        return CorruptData(
            reason, path=path, section=section, offset=offset, decompressed=decompressed
        )


class _Table(msgspec.Struct, array_like=True, frozen=True):
    store: bytes
    sessions: list[SessionRow]
    blocks: list[BlockRow]


_decode_table = msgspec.msgpack.Decoder(_Table).decode
_decode_facts = msgspec.msgpack.Decoder(Facts).decode
_encode = msgspec.msgpack.Encoder().encode


class Segment:
    """An open segment.  May be read from any thread.

    Fields:
        path: of its file.
        size: of its file, in bytes.
        sessions, blocks: what is in it.
    """

    def __init__(self, path: Path, store: bytes) -> None:
        """Raises `Damaged` when it is, or of another store; `PersistenceError` when it cannot be opened."""
        self.path = path
        self._file = OpenFile(path)
        try:
            self._read_table(store)
        except BaseException:
            self._file.close()
            raise

    def _read_table(self, store: bytes) -> None:
        file = self._file
        if file.read(len(MAGIC), 0) != MAGIC:
            raise Damaged("another format")
        try:
            payload, at = frame(file, len(MAGIC))
            table = _decode_table(payload)
        except (ValueError, msgspec.DecodeError) as error:
            raise Damaged(str(error)) from None
        if table.store != store:
            raise Damaged("of another store")
        self.size = file.size
        self.sessions = table.sessions
        self.blocks = table.blocks
        self._rows_at = at
        self._rows = Rows(self._read_row, len(table.blocks))
        self._starts = self._check(at + ROWS * row_size(len(table.blocks)))
        self.owners = [
            number for number, row in enumerate(table.sessions) for _ in range(row.count)
        ]

    def _check(self, at: int) -> list[int]:
        """Where each block's frames begin; `Damaged` when the table is not of this file."""
        following = 0
        for row in self.sessions:
            if row.first != following:
                raise Damaged("sessions that do not follow each other")
            following += row.count
        starts = list(accumulate((block.on_disk for block in self.blocks), initial=at))
        if following != len(self.blocks) or starts.pop() != self.size:
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
        size = ROWS * row_size(len(self.blocks))
        return WholeSignature(self._read(size, self._rows_at), len(self.blocks))

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
            return self._file.read(size, offset)
        except PersistenceError as error:
            raise Damaged(str(error)) from None


class SegmentMaker:
    """Collects sessions, and gives the bytes of a segment."""

    def __init__(self, store: bytes) -> None:
        self._store = store
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
            self.add_session(row)

    def add_session(self, row: SessionRow) -> None:
        """The session of the blocks since the last one; its place among them is set here."""
        first = self._sessions[-1].first + self._sessions[-1].count if self._sessions else 0
        count = len(self._blocks) - first
        self._sessions.append(msgspec.structs.replace(row, first=first, count=count))

    def without(self, paths: Collection[bytes]) -> SegmentMaker:
        """The same without some sessions."""
        kept = SegmentMaker(self._store)
        for row in self._sessions:
            if row.path not in paths:
                part = slice(row.first, row.first + row.count)
                kept._blocks += self._blocks[part]
                kept._frames += self._frames[part]
                kept._signature.add_marks(*self._signature.marks(part))
                kept.add_session(row)
        return kept

    def drop_blocks(self) -> None:
        """Without the blocks since the last session: it could not be read to its end after all."""
        first = self._sessions[-1].first + self._sessions[-1].count if self._sessions else 0
        del self._blocks[first:]
        del self._frames[first:]
        self._signature.cut(first)

    def parts(self) -> Iterator[bytes]:
        """The bytes of the file."""
        table = _Table(self._store, self._sessions, self._blocks)
        yield MAGIC + framed(_encode(table))
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
        compressor = _of_thread.compressor = zstandard.ZstdCompressor(
            level=_LEVEL, write_content_size=True, write_checksum=True
        )
    return bytes(compressor.compress(data))
