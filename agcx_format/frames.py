"""zstd sections: whether they are whole, how large they get, and their bytes.

Strategy: walk the headers of frames and blocks before anything is decompressed.  The walk costs
a few steps for each 128 KiB block and settles what the decompressor would not say: whether the last
frame is whole (a stream reader returns what there is of half a frame, without an error), where
each frame ends, and an upper bound of the decompressed size, which is what a bomb is refused by.

A section is one frame or several, skippable ones among them, as Rust's reader takes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import zstandard

from agcx_format import limits
from agcx_format.errors import CompressionError

__all__ = ["Frame", "compress", "decompress", "pieces", "walk"]

_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_BLOCK_MAX = 128 * 1024
_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes `start` to `end` of a section; `bound` is the most that it can decompress to."""

    start: int
    end: int
    bound: int

    @property
    def skippable(self) -> bool:
        return self.bound == 0


def walk(section: bytes | memoryview) -> list[Frame]:
    """The frames of a section, whole ones only.

    `CompressionError` when it is empty, ends inside a frame, or holds anything else.
    """
    frames, at = [], 0
    while True:
        frame = _frame(section, at)
        frames.append(frame)
        at = frame.end
        if at == len(section):
            return frames


def decompress(section: bytes | memoryview, limit: int = limits.WHOLE_SECTION) -> bytes:
    """The whole section, decompressed; `CompressionError` when that is more than `limit` bytes.

    The walk's upper bound is many times the size of dense text, so only a section that *could*
    pass the limit is counted while it is decompressed.
    """
    frames = [frame for frame in walk(section) if not frame.skippable]
    if sum(frame.bound for frame in frames) <= limit:
        return b"".join(_whole_frame(section, frame) for frame in frames)
    out, size = [], 0
    for piece in pieces(section):
        size += len(piece)
        if size > limit:
            raise CompressionError(f"it decompresses to more than {limit:,} bytes")
        out.append(piece)
    return b"".join(out)


def pieces(section: bytes | memoryview) -> Iterator[bytes]:
    """Decompress piece by piece, about 256 KiB at a time."""
    for frame in walk(section):
        if frame.skippable:
            continue
        reader = _decompressor().stream_reader(section[frame.start : frame.end])
        try:
            while piece := reader.read(_PIECE):
                yield piece
        except zstandard.ZstdError as cause:
            raise _damaged(cause, frame) from None


def compress(data: bytes | memoryview, level: int) -> bytes:
    """One frame, as the streaming encoder of Rust's zstd crate writes it: no content size."""
    stream = _compressor(level).compressobj()
    return stream.compress(data) + stream.flush()


# Neither object may be used by two threads at once, and they cost some time to make.


def _decompressor() -> zstandard.ZstdDecompressor:
    return zstandard.ZstdDecompressor(max_window_size=limits.WINDOW)


def _compressor(level: int) -> zstandard.ZstdCompressor:
    return zstandard.ZstdCompressor(level=level, write_content_size=False)


def _whole_frame(section: bytes | memoryview, frame: Frame) -> bytes:
    try:
        return _decompressor().decompressobj().decompress(section[frame.start : frame.end])
    except zstandard.ZstdError as cause:
        raise _damaged(cause, frame) from None


def _damaged(cause: zstandard.ZstdError, frame: Frame) -> CompressionError:
    return CompressionError(f"zstd: {cause}", offset=frame.start)


def _frame(section: bytes | memoryview, start: int) -> Frame:
    """Walk one frame; layout in RFC 8878, section 3.1."""
    if (magic := _number(section, start, 4)) in _SKIPPABLE:
        end = start + 8 + _number(section, start + 4, 4)
        if end > len(section):
            raise _cut_off(section)
        return Frame(start, end, 0)
    if magic != int.from_bytes(_MAGIC, "little"):
        raise CompressionError("not a zstd frame", offset=start)
    at, checksum = _after_frame_header(section, start + 4)
    bound, last = 0, False
    while not last:
        header = _number(section, at, 3)
        last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
        if kind == 3:
            raise CompressionError("a block of a reserved type", offset=at)
        # 0: raw, 1: one byte, repeated `size` times, 2: compressed
        bound += size if kind < 2 else _BLOCK_MAX
        at += 3 + (1 if kind == 1 else size)
        if at > len(section):
            raise _cut_off(section)
    at += checksum
    if at > len(section):
        raise _cut_off(section)
    # An empty frame is no skippable one.
    return Frame(start, at, max(bound, 1))


def _after_frame_header(section: bytes | memoryview, at: int) -> tuple[int, int]:
    """Where the first block begins, and the size of the checksum after the last."""
    descriptor = _number(section, at, 1)
    single_segment = descriptor >> 5 & 1
    content_size = (single_segment, 2, 4, 8)[descriptor >> 6]
    dictionary_id = (0, 1, 2, 4)[descriptor & 3]
    return at + 1 + (1 - single_segment) + dictionary_id + content_size, (descriptor >> 2 & 1) * 4


def _number(section: bytes | memoryview, at: int, size: int) -> int:
    raw = section[at : at + size]
    if len(raw) < size:
        raise _cut_off(section)
    return int.from_bytes(raw, "little")


def _cut_off(section: bytes | memoryview) -> CompressionError:
    return CompressionError("the data ends inside a zstd frame", offset=len(section))
