"""Seekable sections: messages in many small zstd frames with a table, for access in milliseconds.

Strategy: a section of more than 8 MiB is written in frames of about 1 MiB, cut at message boundaries.  Two
skippable frames follow, which every zstd decoder ignores, including Rust's: one of ours with the number
of messages in each frame, and the seek table of zstd's own seekable format with their sizes.  The first
frame also holds the header of the array.

A table may be wrong like anything else in a file.  `read_table` accepts it only if its checksum is right and
its sizes add up to the section's length: a flipped bit in it must not hide messages that can be read
without it.  A frame that does not hold what the table says is an error in place of its messages.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from agcx_format import limits
from agcx_format.codec.zstd import frames
from agcx_format.errors import PersistenceError

__all__ = ["Table", "compress", "compress_each", "read_table", "with_ends"]

# Bytes.  Smaller sections are a single frame, byte for byte as Rust writes it.
THRESHOLD = 8 * limits.MIB
FRAME = limits.MIB

_COUNTS_MAGIC = 0x184D2A5D
_TABLE_MAGIC = 0x184D2A5E
_FOOTER_MAGIC = 0x8F92EAB1
_SKIPPABLE = struct.Struct("<II")
_ENTRY = struct.Struct("<II")
_FOOTER = struct.Struct("<IBI")
_COUNT = struct.Struct("<I")

# A table with more frames than this is refused.
_MOST_FRAMES = 1 << 20


class Table(msgspec.Struct, frozen=True):
    """The beginning of each frame, with one more entry for the end of the last.

    Fields:
        section: in compressed bytes from the start of the section.
        text: in decompressed bytes.
        messages: the number of its first message, from 0.
    """

    section: array[int]
    text: array[int]
    messages: array[int]

    @property
    def frames(self) -> int:
        return len(self.section) - 1


def compress(data: bytes, starts: Sequence[int], level: int) -> bytes:
    """Compress a `Vec` of messages; message `i` begins at `starts[i]`, the last entry is the end."""
    made = list(_frames(data, starts, level))
    sizes = [(len(part), text) for part, text, _ in made]
    return b"".join([*(part for part, _, _ in made), *tail_of([each[2] for each in made], sizes)])


def compress_each(header: bytes, messages: Iterable[bytes], level: int) -> Iterator[bytes]:
    """Compress a `Vec` whose messages come one at a time: the bytes that `compress` gives, in parts.

    No more of the text is held than fits a section of one frame. `header` is that of the array.
    """
    texts, begun, size = _texts(header, messages), [], 0
    for text, count in texts:
        begun.append((text, count))
        size += len(text)
        if size > THRESHOLD:
            break
    else:
        yield frames.compress(b"".join(text for text, _ in begun), level)
        return
    counts, sizes = [], []
    for text, count in itertools.chain(begun, texts):
        frame = frames.compress(text, level)
        counts.append(count)
        sizes.append((len(frame), len(text)))
        yield frame
    yield from tail_of(counts, sizes)


def _texts(header: bytes, messages: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """The text of each frame, cut where `_cuts` does, and how many messages it has."""
    pending, size = [header], len(header)
    count = 0
    for message in messages:
        if size >= FRAME and count:
            yield b"".join(pending), count
            pending, size, count = [], 0, 0
        pending.append(message)
        size += len(message)
        count += 1
    yield b"".join(pending), count


def with_ends(
    table: Table, first: bytes, last: bytes, starts: Sequence[int], level: int
) -> tuple[bytes, bytes]:
    """A section of two or more frames with another first and last one: the bytes around those that stay.

    `first` is the text of the first frame, with as many messages as before; `last` is the text in place of
    the last one, in which message `i` begins at `starts[i]`, and the last entry is the end.
    """
    head = frames.compress(first, level)
    stay = range(1, table.frames - 1)
    made = list(_frames(last, starts, level))
    sizes = [(len(head), len(first))]
    sizes += [(_difference(table.section, each), _difference(table.text, each)) for each in stay]
    sizes += [(len(part), text) for part, text, _ in made]
    counts = [_difference(table.messages, each) for each in range(table.frames - 1)]
    counts += [count for _, _, count in made]
    return head, b"".join([*(part for part, _, _ in made), *tail_of(counts, sizes)])


def _difference(sums: Sequence[int], number: int) -> int:
    return sums[number + 1] - sums[number]


def _frames(data: bytes, starts: Sequence[int], level: int) -> Iterator[tuple[bytes, int, int]]:
    """Each frame, the size of its text, and how many messages it has."""
    view = memoryview(data)
    for (start, first), (end, last) in itertools.pairwise(_cuts(starts, len(data))):
        yield frames.compress(view[start:end], level), end - start, last - first


def _cuts(starts: Sequence[int], end: int) -> Iterator[tuple[int, int]]:
    """Offsets of the cuts, with the number of the message that begins there."""
    yield 0, 0
    last = 0
    for number, start in enumerate(starts[1:-1], start=1):
        if start - last >= FRAME:
            yield start, number
            last = start
    yield end, len(starts) - 1


def tail_of(counts: Sequence[int], entries: Sequence[tuple[int, int]]) -> list[bytes]:
    """The two skippable frames; the first ends with a checksum of the contents of both."""
    numbers = b"".join(map(_COUNT.pack, counts))
    sizes = b"".join(itertools.starmap(_ENTRY.pack, entries))
    numbers += _COUNT.pack(zlib.crc32(numbers + sizes))
    sizes += _FOOTER.pack(len(entries), 0, _FOOTER_MAGIC)
    return [
        _SKIPPABLE.pack(_COUNTS_MAGIC, len(numbers)) + numbers,
        _SKIPPABLE.pack(_TABLE_MAGIC, len(sizes)) + sizes,
    ]


def read_table(section: frames.Section) -> Table | None:
    """The table at the end of a section; None if it is missing, wrong, or unreadable."""
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
    """Whether `count` messages fit into a frame of `size` decompressed bytes."""
    return count > 0 and (count - limits.SMALLER_ALLOWED) * limits.SMALLEST_MESSAGE <= size


def _running(sizes: Sequence[int]) -> array[int]:
    return array("Q", itertools.accumulate(sizes, initial=0))
