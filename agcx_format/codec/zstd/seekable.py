"""Messages in many small zstd frames, with a table: any of them is a few milliseconds away.

Strategy: a section above 8 MiB that we write is cut into frames of about 1 MiB at message boundaries.
Behind them stand two skippable frames, which every zstd decoder passes over, Rust's among them:
ours with the number of messages in each frame, and the seek table of zstd's own seekable format
with the sizes of each.  The first frame also holds the array's header.

A table is a claim like any other.  `read_table` takes it only when its checksum is right and it adds up
with the section's length: a flipped bit in it must not hide messages that can be read without it.  A
frame that then holds something else is an error where its messages would stand.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from array import array
from collections.abc import Iterator, Sequence

import msgspec

from agcx_format import limits
from agcx_format.codec.zstd import frames
from agcx_format.errors import PersistenceError

__all__ = ["Table", "compress", "read_table"]

# Sections smaller than this are one frame, byte for byte as Rust writes it.
THRESHOLD = 8 * limits.MIB
FRAME = limits.MIB

_COUNTS_MAGIC = 0x184D2A5D
_TABLE_MAGIC = 0x184D2A5E
_FOOTER_MAGIC = 0x8F92EAB1
_SKIPPABLE = struct.Struct("<II")
_ENTRY = struct.Struct("<II")
_FOOTER = struct.Struct("<IBI")
_COUNT = struct.Struct("<I")

# A frame of 1 MiB that is one message of 4 GiB could not be told in the table's u32.
_MOST_FRAMES = 1 << 20


class Table(msgspec.Struct, frozen=True):
    """For each frame: where it begins in the section, in its text, and among the messages.

    Each has one entry more than there are frames: where the last one ends.
    """

    section: array[int]
    text: array[int]
    messages: array[int]

    @property
    def frames(self) -> int:
        return len(self.section) - 1


def compress(data: bytes, starts: Sequence[int], level: int) -> bytes:
    """The section for a `Vec` of messages of which message i begins at `starts[i]`.

    The last of `starts` is where the `Vec` ends.
    """
    cuts = list(_cuts(starts, len(data)))
    parts, entries, counts = [], [], []
    view = memoryview(data)
    for (start, first), (end, last) in itertools.pairwise(cuts):
        part = frames.compress(view[start:end], level)
        parts.append(part)
        entries.append((len(part), end - start))
        counts.append(last - first)
    return b"".join([*parts, *_tail(counts, entries)])


def _cuts(starts: Sequence[int], end: int) -> Iterator[tuple[int, int]]:
    """Offsets to cut at, with the number of the message that begins there."""
    yield 0, 0
    last = 0
    for number, start in enumerate(starts[1:-1], start=1):
        if start - last >= FRAME:
            yield start, number
            last = start
    yield end, len(starts) - 1


def _tail(counts: Sequence[int], entries: Sequence[tuple[int, int]]) -> list[bytes]:
    """The two skippable frames; the first ends with a checksum of what both say."""
    numbers = b"".join(map(_COUNT.pack, counts))
    sizes = b"".join(itertools.starmap(_ENTRY.pack, entries))
    numbers += _COUNT.pack(zlib.crc32(numbers + sizes))
    sizes += _FOOTER.pack(len(entries), 0, _FOOTER_MAGIC)
    return [
        _SKIPPABLE.pack(_COUNTS_MAGIC, len(numbers)) + numbers,
        _SKIPPABLE.pack(_TABLE_MAGIC, len(sizes)) + sizes,
    ]


def read_table(section: frames.Section) -> Table | None:
    """The table at the end of a section.

    None when there is none, one that does not add up, or one that cannot be read: messages are found
    without it.
    """
    try:
        return _read_table(section)
    except (struct.error, OverflowError, PersistenceError):
        return None


def _read_table(section: frames.Section) -> Table | None:
    size = len(section)
    count, descriptor, magic = _FOOTER.unpack(section[max(0, size - _FOOTER.size) : size])
    if magic != _FOOTER_MAGIC or descriptor != 0 or not 0 < count <= _MOST_FRAMES:
        return None
    table_size = count * _ENTRY.size + _FOOTER.size
    table_at = size - table_size - _SKIPPABLE.size
    counts_size = (count + 1) * _COUNT.size
    counts_at = table_at - counts_size - _SKIPPABLE.size
    if counts_at < 0:
        return None
    tail = bytes(section[counts_at:size])
    if _SKIPPABLE.unpack_from(tail) != (_COUNTS_MAGIC, counts_size):
        return None
    if _SKIPPABLE.unpack_from(tail, table_at - counts_at) != (_TABLE_MAGIC, table_size):
        return None
    *counts, checksum = struct.unpack_from(f"<{count + 1}I", tail, _SKIPPABLE.size)
    numbers = tail[_SKIPPABLE.size : _SKIPPABLE.size + count * _COUNT.size]
    if zlib.crc32(numbers + tail[-table_size : -_FOOTER.size]) != checksum:
        return None
    sizes = struct.unpack_from(f"<{2 * count}I", tail, table_at - counts_at + _SKIPPABLE.size)
    table = Table(_running(sizes[0::2]), _running(sizes[1::2]), _running(counts))
    if table.section[-1] != counts_at or not all(map(_fits, counts, sizes[1::2])):
        return None
    return table


def _fits(count: int, size: int) -> bool:
    """Whether a frame of so many bytes may hold so many messages."""
    return count > 0 and (count - limits.SMALLER_ALLOWED) * limits.SMALLEST_MESSAGE <= size


def _running(sizes: Sequence[int]) -> array[int]:
    return array("Q", itertools.accumulate(sizes, initial=0))
