"""The text of a zstd section in steps, which another thread may make than the one that reads the section.

Strategy: while one thread decompresses, without the interpreter lock, another continues with the headers
and with the text before.  Each step is one call of zstd for several blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, repeat
from typing import IO, cast

from agcx_format.codec.zstd.frames import (
    Block,
    Section,
    blocks_of,
    decompressor,
    pieces,
    skippable_frame,
)
from agcx_format.errors import CompressionError, PersistenceError

__all__ = ["steps", "with_all_before_damage"]

# Blocks in a step: few at first, where often only the beginning is wanted.
_FIRST_STEPS, _IN_STEP = (1, 2, 4), 8


def steps(section: Section) -> Iterator[Callable[[], bytes]]:
    """Decompress a mebibyte at a time at most: each call gives the next bytes.

    The iterator only reads the section. The calls are made in order, one at a time, and may be made in
    another thread, while the iterator continues: they hardly ever hold the interpreter lock.

    Raises:
        CompressionError: by the iterator or a call; the text of a call that fails is lost
            (`with_all_before_damage` gives it).
    """
    counts = chain(_FIRST_STEPS, repeat(_IN_STEP))
    at = 0
    while at == 0 or at < len(section):
        if (skippable := skippable_frame(section, at)) is not None:
            at = skippable.end
            continue
        stream = _FrameStream()
        for blocks in _grouped(blocks_of(section, at), counts):
            data = b"".join([section[block.start : block.end] for block in blocks])
            yield partial(stream.inflate, data, blocks)
            at = blocks[-1].end


def with_all_before_damage(section: Section, made: Iterable[bytes]) -> Iterator[bytes]:
    """What the `steps` of a section gave, and if one failed, also the text of the blocks before the damage.

    Raises:
        CompressionError: the section is damaged; everything before the damage has been yielded.
    """
    size = 0
    try:
        for piece in made:
            yield piece
            size += len(piece)
        return
    except CompressionError as error:
        if error.truncated:
            raise
    for piece in pieces(section):
        if len(piece) > size:
            yield piece[size:]
        size = max(0, size - len(piece))


class _Given:
    """What is to be decompressed next: for zstd, which takes it for a file."""

    def __init__(self) -> None:
        self.data = b""

    def read(self, size: int) -> bytes:
        """What was given, once."""
        given, self.data = self.data, b""
        return given


class _FrameStream:
    """Decompresses one frame, some blocks at a time, each time in one call of zstd."""

    def __init__(self) -> None:
        # Not the stream itself: Python finds no cycle through a reader, which would never be freed.
        self._given = _Given()
        # zstandard calls nothing but `read`; its types ask for a whole file.
        self._reader = decompressor().stream_reader(cast("IO[bytes]", self._given))

    def inflate(self, data: bytes, blocks: list[Block]) -> bytes:
        """The text of the blocks that `data` holds, the next ones of the frame.

        Raises:
            CompressionError: it is damaged.
        """
        import zstandard

        self._given.data = data
        bound = sum(block.bound for block in blocks)
        try:
            # A byte more than there can be: only then does zstd read all of the data.
            piece = self._reader.read1(bound + 1)
        except zstandard.ZstdError as cause:
            raise CompressionError(f"zstd: {cause}", offset=blocks[0].start) from None
        if not piece and not blocks[-1].last:
            # The stream took it for the end of the frame.
            raise CompressionError("blocks without text", offset=blocks[0].start)
        return piece


def _grouped(blocks: Iterable[Block], counts: Iterator[int]) -> Iterator[list[Block]]:
    """Lists of as many blocks as `counts` says."""
    group: list[Block] = []
    count = next(counts)
    try:
        for block in blocks:
            group.append(block)
            if len(group) == count:
                yield group
                group, count = [], next(counts)
    except PersistenceError:
        if group:
            yield group
        raise
    if group:
        yield group
