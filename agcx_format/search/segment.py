"""A segment of the book: the text of some sessions in one immutable file.

    magic      8 bytes, with the version
    head       framed (length, CRC-32): whose store, and the key of each session
    details    framed: its sessions, its blocks
    rows       the signature of the blocks
    frames     of each block: the facts of its messages, then its text, each a zstd frame with checksum

Strategy: nothing is believed.  Head, details and each row have checksums, so has every frame, and all lengths
are held against the size of the file.  What is wrong is a `Damaged`: the segment is dropped, and its sessions
are searched in their own files.  A read that fails says nothing about what was written: it is a
`PersistenceError`, the sessions are searched in their own files this time, and the segment stays.  The
details are read when a block may hold something: to prove of ten thousand sessions that they are as they
were takes only their keys.  What nearly every session says is said at its beginning: that of its first block
can be read alone, and has a checksum of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property, partial
from itertools import accumulate
from pathlib import Path
from unicodedata import unidata_version
from zlib import crc32

import msgspec

from agcx_format.disk.checked_frames import frame
from agcx_format.disk.open_file import OpenFile
from agcx_format.search.blocks import Block, Damaged, Facts
from agcx_format.search.packing import decompress, decompress_beginning
from agcx_format.search.segment_rows import MAGIC, BlockRow, Details, Head, SessionRow
from agcx_format.search.signature import ROWS, Rows, RowsAsked, WholeSignature, rows_size

__all__ = ["Segment"]

# Bytes in head and details for one session.
_ROW_SIZE = 192
# Frames that are read at once, in bytes.
_READ_FIRST, _READ_AT_ONCE = 64 << 10, 4 << 20

_decode_head = msgspec.msgpack.Decoder(Head).decode
_decode_details = msgspec.msgpack.Decoder(Details).decode
_decode_facts = msgspec.msgpack.Decoder(Facts).decode


class Segment:
    """An open segment.  May be read from any thread.

    Fields:
        path: of its file.
        store: whose text it is.
        size: of its file, in bytes.
        keys: of its sessions, see `key_of`.
        broken: the numbers of sessions that have damage.
        block_count: how many blocks there are.

    What is beyond raises `Damaged` when it is first asked for, if it is, and `PersistenceError` when it
    cannot be read; `check` asks for all of it.
    """

    def __init__(self, path: Path, store: bytes) -> None:
        """Raises `Damaged` when it is, or of another store; `PersistenceError` when it cannot be read."""
        self.path = path
        self.store = store
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
        if head.letters != unidata_version:
            raise Damaged("folded by another version of Unicode")
        if head.broken and max(head.broken) >= len(head.keys):
            raise Damaged("a session that is not there")
        self.size = file.size
        self.keys = head.keys
        self.broken = head.broken
        self.block_count = head.blocks
        self._rows_at = self._details_at + head.details
        if self._rows_at + rows_size(head.blocks) > self.size:
            raise Damaged("it ends early")
        self._rows = Rows(self._read_row, head.blocks)

    def check(self) -> None:
        """Raises `Damaged` when that shows without the blocks, `PersistenceError` when a read fails."""
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
        # Each block counts with its share of the signature.
        blocks = list(accumulate((block.on_disk + ROWS // 8 for block in self.blocks), initial=0))
        return [
            blocks[row.first + row.count] - blocks[row.first] + _ROW_SIZE for row in self.sessions
        ]

    @cached_property
    def _details(self) -> Details:
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
        """Where each block's frames begin, and the end; `Damaged` when the details are not of this file."""
        following = 0
        for row in self.sessions:
            if row.first != following:
                raise Damaged("sessions that do not follow each other")
            following += row.count
        at = self._rows_at + rows_size(self.block_count)
        starts = list(accumulate((block.on_disk for block in self.blocks), initial=at))
        if following != self.block_count or starts[-1] != self.size:
            raise Damaged("lengths that do not fit")
        return starts

    def candidates(self, asked: RowsAsked) -> int:
        """The blocks that may hold what is asked for, as bits.  Raises `Damaged` when a row is damaged."""
        return self._rows.blocks(asked)

    def read(self, numbers: Sequence[int]) -> Iterator[Block]:
        """Blocks by number, ascending.  Raises `Damaged` when one is damaged."""
        starts, rows = self._starts, self.blocks
        at, largest = 0, _READ_FIRST
        while at < len(numbers):
            begin = starts[numbers[at]]
            after = at + 1
            # Those are read together that lie next to each other, or nearly so.
            while (
                after < len(numbers)
                and numbers[after] <= numbers[after - 1] + 2
                and starts[numbers[after] + 1] - begin <= largest
            ):
                after += 1
            data = memoryview(self._read(starts[numbers[after - 1] + 1] - begin, begin))
            for number in numbers[at:after]:
                yield _block(rows[number], data[starts[number] - begin :])
            # Often the first blocks are enough.
            at, largest = after, _READ_AT_ONCE

    def beginning(self, number: int) -> Block | None:
        """The first messages of a block; None when they cannot be read by themselves.

        Raises `Damaged` when they are, or `PersistenceError`.
        """
        start, row = self._starts[number], self.blocks[number]
        beginning = row.beginning
        if beginning is None:
            return None
        if beginning.packed > row.packed:
            raise Damaged("lengths that do not fit")
        data = self._read(row.packed_facts + beginning.packed, start)
        packed = data[row.packed_facts :]
        if crc32(packed) != beginning.crc:
            raise Damaged("a damaged beginning")
        facts = partial(_facts, data[: row.packed_facts], row.facts_size)
        payload = decompress_beginning(packed, beginning.size, row.size)
        return Block(payload, row.traits, row.first, facts)

    def signature(self) -> WholeSignature:
        """All rows.  Raises `Damaged` when one is damaged."""
        size = rows_size(self.block_count)
        return WholeSignature(self._read(size, self._rows_at), self.block_count)

    def frames(self, number: int) -> bytes:
        """The frames of a block as they are."""
        start, end = self._starts[number : number + 2]
        return self._read(end - start, start)

    def close(self) -> None:
        self._file.close()

    def _read_row(self, size: int, offset: int) -> bytes:
        return self._read(size, self._rows_at + offset)

    def _read(self, size: int, offset: int) -> bytes:
        # Most often all of it comes at once.
        with suppress(OSError):
            data = os.pread(self._file.fd, size, offset)
            if len(data) == size:
                return data
        # Fewer at the end of the file; or it says why it cannot be read.
        return self._file.read(size, offset)


def _block(row: BlockRow, frames: memoryview) -> Block:
    """A block out of the bytes from its frames on.  Raises `Damaged`."""
    facts = bytes(frames[: row.packed_facts])
    payload = decompress(frames[row.packed_facts : row.on_disk], row.size)
    return Block(payload, row.traits, row.first, partial(_facts, facts, row.facts_size))


def _facts(packed: bytes, size: int) -> Facts:
    """The facts about a block.  Raises `Damaged`."""
    try:
        return _decode_facts(decompress(packed, size))
    except (ValueError, msgspec.DecodeError) as error:
        raise Damaged(str(error)) from None
