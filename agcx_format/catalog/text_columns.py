"""Columns of a hundred thousand rows that cost no object a row: texts, shared values, places of ids.

Strategy: texts lie one behind the other in one block of UTF-8, numbers in arrays, and what many
rows have alike is kept once.  All of it only grows: a text that changes is put at the end, so a thread
may read while another adds, and `pack` takes out what is left over.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable
from itertools import accumulate
from typing import Generic, TypeVar

__all__ = ["Pool", "RowIndex", "Texts"]

T = TypeVar("T", bound=Hashable)


class Texts:
    """A text a row.  `find(word, row)` is what makes a filter quick: nothing is copied."""

    def __init__(self) -> None:
        self._block = bytearray()
        self._starts = array("I")
        self._ends = array("I")
        self._left_over = 0

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, row: int) -> str:
        return self.raw(row).decode("utf-8", "replace")

    def raw(self, row: int) -> bytes:
        return bytes(self._block[self._starts[row] : self._ends[row]])

    @property
    def size(self) -> int:
        """Bytes, with what is left over of texts that were replaced."""
        return len(self._block)

    def append(self, text: str = "") -> None:
        self._starts.append(0)
        self._ends.append(0)
        if text:
            self[len(self._starts) - 1] = text

    def __setitem__(self, row: int, text: str) -> None:
        start, data = len(self._block), _encoded(text)
        self._left_over += self._ends[row] - self._starts[row]
        self._block += data
        # A reader in between sees the old text or nothing.
        self._ends[row] = 0
        self._starts[row] = start
        self._ends[row] = start + len(data)

    def holds(self, word: str) -> Callable[[int], bool]:
        """Whether a row has `word` in it."""
        find, starts, ends, wanted = self._block.find, self._starts, self._ends, _encoded(word)
        return lambda row: find(wanted, starts[row], ends[row]) >= 0

    def holding(self, word: str, rows: Iterable[int]) -> list[int]:
        """Those of the rows that have `word` in them: 0.2 s for a million."""
        find, starts, ends, wanted = self._block.find, self._starts, self._ends, _encoded(word)
        return [row for row in rows if find(wanted, starts[row], ends[row]) >= 0]

    def take(self, rows: Iterable[int]) -> tuple[bytes, array]:
        """The texts of the rows joined, and the length of each in bytes."""
        parts = [self.raw(row) for row in rows]
        return b"".join(parts), array("I", map(len, parts))

    def extend(self, joined: bytes, lengths: array) -> None:
        """Add rows as `take` gave them; `ValueError` when the lengths do not fit."""
        ends = list(accumulate(lengths, initial=len(self._block)))
        if ends[-1] - len(self._block) != len(joined):
            raise ValueError("lengths do not fit the text")
        self._block += joined
        self._starts.extend(ends[:-1])
        self._ends.extend(ends[1:])

    def pack(self) -> None:
        """Take out what was replaced, once that is worth it."""
        if self._left_over * 8 < len(self._block):
            return
        parts = [self.raw(row) for row in range(len(self))]
        ends = list(accumulate(map(len, parts), initial=0))
        self._block = bytearray().join(parts)
        self._starts, self._ends = array("I", ends[:-1]), array("I", ends[1:])
        self._left_over = 0


class Pool(Generic[T]):
    """Values by number, each once: models, sets of tags, directories."""

    def __init__(self) -> None:
        self._values: list[T] = []
        self._numbers: dict[T, int] = {}

    def __getitem__(self, number: int) -> T:
        return self._values[number]

    def __len__(self) -> int:
        return len(self._values)

    def number(self, value: T) -> int:
        """The number of a value, a new one when it is new."""
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = len(self._values)
            self._values.append(value)
        return found

    def values(self) -> list[T]:
        return list(self._values)

    def fitting(self, test: Callable[[T], bool]) -> set[int]:
        """The numbers of the values that fit."""
        return {number for number, value in enumerate(self._values) if test(value)}


class RowIndex:
    """From a key of three numbers to a row: a hash table of four bytes a slot.

    A dict of a hundred thousand keys would take 15 MB.  The keys themselves are in the columns:
    `key_of(row)` gives them.
    """

    def __init__(self, key_of: Callable[[int], tuple[int, int, int]]) -> None:
        self._key_of = key_of
        self._slots = _empty(64)
        self._used = 0

    def find(self, key: tuple[int, int, int]) -> int | None:
        # All of it in one table, also when another takes its place meanwhile.
        slots = self._slots
        row = slots[_slot(slots, key, self._key_of)]
        return None if row < 0 else row

    def holds(self, key: tuple[int, int, int]) -> bool:
        return self._slots[_slot(self._slots, key, self._key_of)] >= 0

    def add(self, row: int) -> None:
        """`row` has a key that no row in here has."""
        if (self._used + 1) * 2 > len(self._slots):
            self._grow((self._used + 1) * 2)
        self._slots[_slot(self._slots, self._key_of(row), self._key_of)] = row
        self._used += 1

    def reserve(self, more: int) -> None:
        """There will be so many more: grow once."""
        if (self._used + more) * 2 > len(self._slots):
            self._grow((self._used + more) * 2)

    def _grow(self, least: int) -> None:
        slots = _empty(1 << least.bit_length())
        for row in self._slots:
            if row >= 0:
                slots[_slot(slots, self._key_of(row), self._key_of)] = row
        self._slots = slots


def _encoded(text: str) -> bytes:
    """What is no text, in the name of a file, is the same everywhere: in what is kept and what is sought."""
    return text.encode("utf-8", "replace")


def _empty(size: int) -> array:
    return array("i", [-1]) * size


def _slot(slots: array, key: tuple[int, int, int], key_of: Callable) -> int:
    """Where the key is, or where it would be put."""
    mask = len(slots) - 1
    at = hash(key) & mask
    while (row := slots[at]) >= 0 and key_of(row) != key:
        at = (at + 1) & mask
    return at
