"""zstd sections: check that they are complete, bound their size, and decompress them.

Strategy: visit the headers of frames and blocks before anything is decompressed.  That takes a few steps for
each block of 128 KiB and finds what the decompressor does not report: whether the last frame is complete
(a stream reader returns half a frame without an error), where each frame ends, and an upper bound of
the decompressed size, which refuses decompression bombs.  The decompressor is then fed one block at a
time, which bounds the output of each step and locates damage.

A section has one or several frames, including skippable ones, as Rust's reader accepts them.  It is
anything with a length that can be sliced: bytes, or a part of a file that is read on demand.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

import msgspec

from agcx_format import limits
from agcx_format.errors import CompressionError

if TYPE_CHECKING:
    import zstandard

__all__ = [
    "MAGIC",
    "Block",
    "Frame",
    "Section",
    "blocks_of",
    "compress",
    "compress_each",
    "decompress",
    "decompressor",
    "first_end",
    "pieces",
    "skippable_frame",
    "walk",
]

MAGIC = 0xFD2FB528
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_MAGIC_BYTES = MAGIC.to_bytes(4, "little")
_BLOCK_MAX = 128 * 1024
# The header of a block: whether it is the last one, then its type in two bits, then its size.
_IS_LAST = 1
_RAW, _REPEATED_BYTE, _COMPRESSED = range(3)
# Bytes of a frame with a header and a block.
_SHORTEST = 9
# A frame of at most this many bytes is decompressed in one call.
_AT_ONCE = 4 << 20


class Section(Protocol):
    """The compressed bytes of one section."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice) -> bytes | memoryview: ...


class Frame(msgspec.Struct, frozen=True, gc=False):
    """Bytes `start` to `end` of a section, which decompress to at most `bound` bytes."""

    start: int
    end: int
    bound: int
    skippable: bool = False


class Block(msgspec.Struct, frozen=True, gc=False):
    """The bytes of a block; the first includes the frame's header, the last its checksum."""

    start: int
    end: int
    bound: int
    last: bool


def walk(section: Section) -> list[Frame]:
    """The frames of a section.

    Raises:
        CompressionError: it is empty, ends inside a frame, or contains anything else.
    """
    frames: list[Frame] = []
    at = 0
    while not frames or at < len(section):
        frame = skippable_frame(section, at) or _frame(section, at)
        frames.append(frame)
        at = frame.end
    return frames


def first_end(section: Section) -> int:
    """Where the first frame of a section ends.

    Raises:
        CompressionError: it begins with none, or ends inside it.
    """
    return (skippable_frame(section, 0) or _frame(section, 0)).end


def _frame(section: Section, start: int) -> Frame:
    bound, end = 0, start
    for block in blocks_of(section, start):
        bound, end = bound + block.bound, block.end
    return Frame(start, end, bound)


def decompress(section: bytes | memoryview, limit: int | None = None) -> bytes:
    """Decompress a whole section of at most `limit` bytes, by default `limits.WHOLE_SECTION`.

    The upper bound from the headers is many times the size of dense text, so only a section that *could*
    exceed the limit is counted while it is decompressed.

    Raises:
        CompressionError: it is damaged or larger than that.
    """
    limit = limits.WHOLE_SECTION if limit is None else limit
    bound = _bound_of_single(section)
    if 0 < bound <= limit:
        return _whole(section, Frame(0, len(section), bound))
    frames = [frame for frame in walk(section) if not frame.skippable]
    if sum(frame.bound for frame in frames) <= limit:
        return b"".join(_whole(section, frame) for frame in frames)
    out, size = [], 0
    for piece in pieces(section):
        size += len(piece)
        if size > limit:
            raise CompressionError(f"it decompresses to more than {limit:,} bytes")
        out.append(piece)
    return b"".join(out)


def _bound_of_single(section: bytes | memoryview) -> int:
    """The bound of a section that is one whole frame; 0 for any other.

    What `walk` says, in a third of the time: nearly every section of a store is one.
    """
    size = len(section)
    if size < _SHORTEST or section[:4] != _MAGIC_BYTES:
        return 0
    at, checksum = _layout_of_frame(section[4])
    bound = 0
    while at + 3 <= size:
        header = int.from_bytes(section[at : at + 3], "little")
        block = _sizes_of_block(header)
        if block is None:
            return 0
        stored, most = block
        bound += most
        at += 3 + stored
        if header & _IS_LAST:
            return bound if at + checksum == size else 0
    return 0


def _whole(section: bytes | memoryview, frame: Frame) -> bytes:
    """One frame; in one call where that takes little memory, even if its header lies."""
    if 0 < frame.bound <= _AT_ONCE:
        import zstandard

        data = memoryview(section)[frame.start : frame.end]
        try:
            if zstandard.frame_content_size(data) <= frame.bound:
                return _decompressor_of_thread().decompress(data, max_output_size=frame.bound)
        except zstandard.ZstdError:
            # What is damaged is left to the stream, which says how.
            pass
    return _inflate(decompressor().decompressobj(), section, frame.start, frame.end)


def pieces(section: Section, start: int = 0) -> Iterator[bytes]:
    """Decompress block by block, at most 128 KiB at a time, from the frame at `start`.

    Raises:
        CompressionError: the section is damaged; everything before the damage has been yielded.
    """
    at = start
    while at == start or at < len(section):
        if (skippable := skippable_frame(section, at)) is not None:
            at = skippable.end
            continue
        stream = decompressor().decompressobj()
        for block in blocks_of(section, at):
            piece = _inflate(stream, section, block.start, block.end)
            if piece:
                yield piece
            at = block.end


def compress(data: bytes | memoryview, level: int) -> bytes:
    """One frame, as the streaming encoder of Rust's zstd crate writes it: without content size."""
    stream = _compressor(level).compressobj()
    return stream.compress(data) + stream.flush()


def compress_each(pieces: Iterable[bytes], level: int) -> Iterator[bytes]:
    """Compress a text that comes piece by piece: the bytes that `compress` gives, in parts."""
    stream = _compressor(level).compressobj()
    for piece in pieces:
        if part := stream.compress(piece):
            yield part
    yield stream.flush()


# Imported late, since a list of sessions decompresses nothing and need not wait 30 ms for the import.

_of_thread = threading.local()


def _decompressor_of_thread() -> zstandard.ZstdDecompressor:
    """For a frame that is decompressed at once: a stream needs one of its own."""
    found: zstandard.ZstdDecompressor | None = getattr(_of_thread, "decompressor", None)
    if found is None:
        found = _of_thread.decompressor = decompressor()
    return found


def decompressor() -> zstandard.ZstdDecompressor:
    import zstandard

    return zstandard.ZstdDecompressor(max_window_size=limits.WINDOW)


def _compressor(level: int) -> zstandard.ZstdCompressor:
    import zstandard

    return zstandard.ZstdCompressor(level=level, write_content_size=False)


def _inflate(
    stream: zstandard.ZstdDecompressionObj, section: Section, start: int, end: int
) -> bytes:
    import zstandard

    try:
        return stream.decompress(section[start:end])
    except zstandard.ZstdError as cause:
        raise CompressionError(f"zstd: {cause}", offset=start) from None


def skippable_frame(section: Section, start: int) -> Frame | None:
    """The skippable frame at `start`; None when the frame there is another kind."""
    if _number(section, start, 4) not in _SKIPPABLE:
        return None
    end = start + 8 + _number(section, start + 4, 4)
    if end > len(section):
        raise _cut_off(section)
    return Frame(start, end, 0, skippable=True)


def blocks_of(section: Section, start: int) -> Iterator[Block]:
    """The blocks of the frame at `start`; their layout is that of RFC 8878, section 3.1."""
    if _number(section, start, 4) != MAGIC:
        raise CompressionError("not a zstd frame", offset=start)
    header, checksum = _layout_of_frame(_number(section, start + 4, 1))
    header += start
    last = False
    while not last:
        word = _number(section, header, 3)
        block = _sizes_of_block(word)
        if block is None:
            raise CompressionError("a block of a reserved type", offset=header)
        stored, bound = block
        last = bool(word & _IS_LAST)
        end = header + 3 + stored + (checksum if last else 0)
        if end > len(section):
            raise _cut_off(section)
        yield Block(start, end, bound, last)
        start = header = end


def _sizes_of_block(header: int) -> tuple[int, int] | None:
    """How many bytes follow the header of a block, and the most that they decompress to.

    None if the block is of the reserved type.
    """
    kind, size = header >> 1 & 3, header >> 3
    if kind == _RAW:
        return size, size
    if kind == _REPEATED_BYTE:
        return 1, size
    return (size, _BLOCK_MAX) if kind == _COMPRESSED else None


def _layout_of_frame(descriptor: int) -> tuple[int, int]:
    """Where the first block of a frame begins, and the size of the checksum after the last."""
    single_segment = descriptor >> 5 & 1
    content_size = (single_segment, 2, 4, 8)[descriptor >> 6]
    dictionary_id = (0, 1, 2, 4)[descriptor & 3]
    return 5 + (1 - single_segment) + dictionary_id + content_size, (descriptor >> 2 & 1) * 4


def _number(section: Section, at: int, size: int) -> int:
    raw = section[at : at + size]
    if len(raw) < size:
        raise _cut_off(section)
    return int.from_bytes(raw, "little")


def _cut_off(section: Section) -> CompressionError:
    return CompressionError(
        "the data ends inside a zstd frame", offset=len(section), truncated=True
    )
