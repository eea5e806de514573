"""Writes segments of the book; see `segment`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from unicodedata import unidata_version
from zlib import crc32

import msgspec

from agcx_format.disk.checked_frames import framed
from agcx_format.search.blocks import SEPARATOR, TITLE_NUMBER, Block
from agcx_format.search.file_keys import path_in
from agcx_format.search.packing import compress, compress_with_beginning
from agcx_format.search.segment import Segment
from agcx_format.search.segment_rows import (
    MAGIC,
    Beginning,
    BlockRow,
    Details,
    Head,
    SessionRow,
)
from agcx_format.search.signature import SignatureMaker, rows_size

__all__ = ["SegmentMaker"]

# At least this many bytes are the beginning of a session: it is read first when what is looked for is common.
_BEGINNING = 4_000

_encode = msgspec.msgpack.Encoder().encode


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

    @property
    def size(self) -> int:
        """Bytes of the file."""
        known, frames = sum(map(len, self._beginning())), sum(map(len, self._frames))
        return known + rows_size(self.blocks) + frames

    def add_block(self, block: Block) -> None:
        """A block of the session that `add_session` ends."""
        traits = block.traits & ~Block.ALWAYS
        facts = _encode(block.facts)
        packed, beginning = _packed(block)
        packed_facts = compress(facts)
        self._blocks.append(
            BlockRow(
                len(packed),
                len(block.payload),
                len(packed_facts),
                len(facts),
                traits,
                block.first,
                beginning,
            )
        )
        self._frames.append(packed_facts + packed)
        self._signature.add(block.payload, traits)

    def copy(self, segment: Segment, numbers: Iterable[int]) -> None:
        """Sessions of another segment, by number; those before the error are added whole.

        Raises `Damaged` when it is damaged, `PersistenceError` when it cannot be read now.
        """
        signature = segment.signature()
        for number in numbers:
            row = segment.sessions[number]
            blocks = range(row.first, row.first + row.count)
            # All of them are read before one is added, which would count as one of the next session.
            self._frames += [segment.frames(block) for block in blocks]
            self._blocks += [segment.blocks[block] for block in blocks]
            self._signature.add_marks(*(signature.marks(block) for block in blocks))
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
        yield from self._beginning()
        yield from self._signature.parts()
        yield from self._frames

    def _beginning(self) -> tuple[bytes, bytes]:
        details = framed(_encode(Details(self._sessions, self._blocks)))
        broken = [number for number, row in enumerate(self._sessions) if row.damage is not None]
        head = Head(
            self._store,
            self._keys,
            broken,
            len(self._blocks),
            len(details),
            unidata_version,
        )
        return MAGIC + framed(_encode(head)), details


def _packed(block: Block) -> tuple[bytes, Beginning | None]:
    """The text of a block as a frame, and its beginning if that is worth to be read alone."""
    payload = block.payload
    end = payload.find(SEPARATOR.encode(), _BEGINNING) if block.first == TITLE_NUMBER else -1
    if not 0 < end < len(payload) // 2:
        return compress(payload), None
    packed, size = compress_with_beginning(payload, end)
    return packed, Beginning(size, end, crc32(packed[:size]))
