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
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import accumulate
from pathlib import Path

import msgspec

from agcx_format.disk.checked_frames import frame
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError
from agcx_format.search.blocks import Block, Facts
from agcx_format.search.packing import decompress
from agcx_format.search.segment_rows import MAGIC, BlockRow, Details, Head, SessionRow
from agcx_format.search.signature import ROWS, Damaged, Rows, RowsAsked, WholeSignature, rows_size

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
        if self._rows_at + rows_size(head.blocks) > self.size:
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
        """Where each block's frames begin; `Damaged` when the details are not of this file."""
        following = 0
        for row in self.sessions:
            if row.first != following:
                raise Damaged("sessions that do not follow each other")
            following += row.count
        at = self._rows_at + rows_size(self.block_count)
        starts = list(accumulate((block.on_disk for block in self.blocks), initial=at))
        if following != self.block_count or starts.pop() != self.size:
            raise Damaged("lengths that do not fit")
        return starts

    def candidates(self, asked: RowsAsked) -> int:
        """The blocks that may hold what is asked for, as bits.  Raises `Damaged` when a row is damaged."""
        return self._rows.blocks(asked)

    def read(self, numbers: Iterable[int]) -> Iterator[Block]:
        """Blocks by number, ascending.  Raises `Damaged` when one is damaged."""
        starts, rows = self._starts, self.blocks
        for run in self._runs(numbers):
            start = starts[run[0]]
            data = memoryview(self._read(self._end(run[-1]) - start, start))
            for number in run:
                row = rows[number]
                at = starts[number] - start
                packed = data[at : at + row.packed]
                facts = data[at + row.packed : at + row.on_disk]
                yield self._block(row, packed, bytes(facts))

    def signature(self) -> WholeSignature:
        """All rows.  Raises `Damaged` when one is damaged."""
        size = rows_size(self.block_count)
        return WholeSignature(self._read(size, self._rows_at), self.block_count)

    def frames(self, number: int) -> bytes:
        """The frames of a block as they are."""
        return self._read(self._end(number) - self._starts[number], self._starts[number])

    def close(self) -> None:
        self._file.close()

    @staticmethod
    def _block(row: BlockRow, packed: memoryview, facts: bytes) -> Block:
        payload = decompress(packed, row.size)

        def known() -> Facts:
            try:
                found = _decode_facts(decompress(facts, row.facts_size))
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
