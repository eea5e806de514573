"""Which blocks of a segment cannot hold a needle: one bit for each block and each of 2^15 sets of trigrams.

    row    the bits of all blocks, the first block lowest
    rows   2^15 of them, by the hash of three bytes of folded text, or of two; CRC-32 after every 16th,
           of these rows and their place

Strategy: a text that holds a needle holds every three bytes of it, so only blocks whose bit is set in the
rows of all of them have to be read; of two letters, likewise.  A bit too many costs a look at a block; a bit
too few would lose a result, so each row that is used is checked.  A needle is judged by its words, without
the white space.
What is folded is what `casefold` makes of the text and, where that is not the same, of what `unify` and
`fold` of `folding` make of it as well: needles are looked for in all of them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any
from zlib import crc32

from agcx_format.search import native
from agcx_format.search.blocks import SEPARATOR, Damaged
from agcx_format.search.traits import EVERY
from agcx_format.transcript.folding import fold, unify

__all__ = [
    "ROWS",
    "Rows",
    "RowsAsked",
    "SignatureMaker",
    "WholeSignature",
    "folded_forms",
    "rows_asked",
    "rows_size",
]

_BITS = 15
ROWS = 1 << _BITS
_FACTOR = 2654435761
_CRC = struct.Struct("<I")
# Rows that have one checksum, and are read together.
_PAGE = 16
_PAGES = ROWS // _PAGE
# The most rows that are looked up for one string: more would exclude nothing more.
_MOST_ROWS = 48
# Strings that are looked up in the time in which a block is read and searched.
_STRINGS_A_BLOCK = 16
# Two bytes alone are stored as three, the first of which occurs in no needle.
_PAIR = 0
# The lowest bit of a byte of each row.
_LOWEST = int.from_bytes(b"\1" * ROWS, "little")


def rows_size(blocks: int) -> int:
    """Bytes of all rows with their checksums."""
    return _PAGES * _page_size(blocks)


def _page_size(blocks: int) -> int:
    return _PAGE * _width(blocks) + _CRC.size


def _width(blocks: int) -> int:
    """Bytes of one row."""
    return -(-blocks // 8)


def _checked(page: bytes, number: int, size: int) -> bytes:
    """The rows of a page.  Raises `Damaged`."""
    rows = page[: -_CRC.size]
    if len(page) != size or _CRC.unpack(page[-_CRC.size :])[0] != crc32(rows, number):
        raise Damaged("a damaged row")
    return rows


def _row(a: int, b: int, c: int) -> int:
    return ((a << 8 | b << 16 | c << 24) * _FACTOR & 0xFFFFFFFF) >> (32 - _BITS)


RowsAsked = tuple[tuple[tuple[int, ...], ...], ...]
"""For each set of strings, the rows of each of them: a text with one of these strings is in all its rows."""


def rows_asked(required: Iterable[Iterable[bytes]]) -> RowsAsked:
    """What to ask for texts that hold one of each of these sets of folded bytes."""
    asked = [tuple(map(_rows_of, either)) for either in required]
    # What is too short is in no row, and nothing is known of a set with such a string.
    return tuple(either for either in asked if all(either))


def _rows_of(text: bytes) -> tuple[int, ...]:
    words = text.split()
    rows = {_row(*word[at : at + 3]) for word in words for at in _spread(len(word) - 2)}
    rows |= {_row(_PAIR, *word) for word in words if len(word) == 2}
    return tuple(rows)[:_MOST_ROWS]


def _spread(count: int) -> range:
    """Up to `_MOST_ROWS` of `count` places, evenly spread."""
    return range(0, count, max(1, count // _MOST_ROWS))


def folded_forms(payload: bytes, traits: int) -> list[bytes]:
    """The forms of a block's text in which needles are looked for, folded."""
    forms = [native.casefold(payload)]
    if traits & EVERY:
        # All forms of ASCII are the same.
        texts = payload.decode().split(SEPARATOR)
        text = SEPARATOR.join([each for each in texts if not each.isascii()])
        # As needles are, by Python: a library may know letters that are newer than its tables.
        forms += {each.casefold().encode() for each in (text, unify(text), fold(text))}
    return forms


class Rows:
    """Reads rows: `read(size, offset)` gives bytes of them."""

    def __init__(self, read: Callable[[int, int], bytes], blocks: int) -> None:
        self._read = read
        self._width, self._size = _width(blocks), _page_size(blocks)
        self._all = (1 << blocks) - 1

    def blocks(self, asked: RowsAsked) -> int:
        """The blocks that may hold what is asked for, as bits.

        Raises `Damaged` when a row that is needed for that is damaged.
        """
        found = self._all
        for either in asked:
            if len(either) <= found.bit_count() * _STRINGS_A_BLOCK:
                found = self._with_one(either, found)
        return found

    def _with_one(self, either: Iterable[tuple[int, ...]], among: int) -> int:
        """The blocks `among` these that are in all rows of one of these strings."""
        found = 0
        for rows in either:
            found |= self._with(rows, among)
            if found == among:
                break
        return found

    def _with(self, rows: Iterable[int], among: int) -> int:
        found = among
        for row in rows:
            page, number = divmod(row, _PAGE)
            rows_there = _checked(self._read(self._size, page * self._size), page, self._size)
            at = number * self._width
            found &= int.from_bytes(rows_there[at : at + self._width], "little")
            if not found:
                break
        return found


class WholeSignature:
    """All rows of a segment, to be taken apart by block."""

    def __init__(self, rows: bytes, blocks: int) -> None:
        """Raises `Damaged` when one is damaged: a copy would hide that."""
        self._width, size = _width(blocks), _page_size(blocks)
        if len(rows) != rows_size(blocks):
            raise Damaged("rows that end early")
        self._rows = b"".join(
            _checked(rows[page * size : (page + 1) * size], page, size) for page in range(_PAGES)
        )

    def marks(self, block: int) -> bytes:
        """A byte for each row: 1 if the block is in it."""
        group, bit = divmod(block, 8)
        bits = int.from_bytes(self._rows[group :: self._width], "little") >> bit
        return (bits & _LOWEST).to_bytes(ROWS, "little")


class SignatureMaker:
    """Collects blocks, and gives the rows of all of them."""

    def __init__(self) -> None:
        # For each block a byte of each row: 1 where it is in it.
        self._marks: list[bytes] = []

    def add(self, payload: bytes, traits: int) -> None:
        self._marks.append(_marks(folded_forms(payload, traits)))

    def add_marks(self, *marks: bytes) -> None:
        """Blocks of another segment."""
        self._marks += marks

    def marks(self, blocks: slice) -> list[bytes]:
        return self._marks[blocks]

    def cut(self, blocks: int) -> None:
        """Keep only the first blocks."""
        del self._marks[blocks:]

    def parts(self) -> Iterator[bytes]:
        """All rows."""
        width = _width(len(self._marks))
        table = bytearray(ROWS * width)
        for group in range(width):
            eight = 0
            for bit, marks in enumerate(self._marks[8 * group : 8 * group + 8]):
                eight |= int.from_bytes(marks, "little") << bit
            table[group::width] = eight.to_bytes(ROWS, "little")
        size = _PAGE * width
        pages = [bytes(table[page * size : (page + 1) * size]) for page in range(_PAGES)]
        yield b"".join(rows + _CRC.pack(crc32(rows, number)) for number, rows in enumerate(pages))


def _marks(forms: Sequence[bytes]) -> bytes:
    numpy = native.numpy()
    if numpy is None:
        return _marks_without_numpy(forms)
    marks = numpy.zeros(ROWS, numpy.uint8)
    pairs = numpy.zeros(1 << 16, bool)
    shift = numpy.uint32(32 - _BITS)

    def mark(numbers: Any, bits: int) -> None:
        # A factor that is shifted is one pass less than numbers that are.
        codes = numbers * numpy.uint32(_FACTOR << bits & 0xFFFFFFFF)
        # In place: for new arrays of this size, the system would have to provide pages.
        codes >>= shift
        # An index of another type takes four times as long.
        marks[codes.astype(numpy.intp)] = 1

    for form in forms:
        padded = form + b"\0\0\0"
        # From each byte on, as many of them as one number.
        two = numpy.ndarray((len(form),), "<u2", padded, strides=(1,))
        four = numpy.ndarray((len(form),), "<u4", padded, strides=(1,))
        mark(four[:-2], 8)
        pairs[two[:-1].astype(numpy.intp)] = True
    mark(numpy.flatnonzero(pairs).astype(numpy.uint32), 16)
    return bytes(marks.tobytes())


def _marks_without_numpy(forms: Sequence[bytes]) -> bytes:
    marks = bytearray(ROWS)
    for form in forms:
        for a, b, c in set(zip(form, form[1:], form[2:], strict=False)):
            marks[_row(a, b, c)] = 1
        for a, b in set(pairwise(form)):
            marks[_row(_PAIR, a, b)] = 1
    return bytes(marks)
