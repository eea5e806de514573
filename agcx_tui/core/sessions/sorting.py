"""How the sessions of the list are sorted: the keys, their directions, and the order of equal rows.

Rows without a title, or without a ratio, come last in both directions.  Equal rows are in the order of their
ids in both directions, the same in every list.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, get_args

import msgspec

from agcx_format.catalog import FAVORITE, Columns

__all__ = ["DESCENDING", "SORTS", "RowOrder", "SortKey"]

SortKey = Literal["accessed", "updated", "created", "title", "messages", "size", "ratio"]
SORTS: Final[tuple[SortKey, ...]] = get_args(SortKey)
# The keys by which one wants to see the largest or the newest first.
DESCENDING: Final = {"accessed", "updated", "created", "messages", "size", "ratio"}


class RowOrder(msgspec.Struct, frozen=True):
    """The order of rows of `columns` by a key of SORTS.

    Fields:
        size: Returns the size of a row, where that is more than the columns say.
        favorites_first: Whether favorites come before all others, in the same order among themselves.
    """

    columns: Columns
    key: str
    descending: bool
    size: Callable[[int], int] | None = None
    favorites_first: bool = False

    def sort(self, rows: list[int]) -> None:
        """Sort rows in place."""
        value = self._value()
        rows.sort(key=value, reverse=self.descending)
        values = list(map(value, rows))
        tie = self.columns.tie
        start = 0
        for end in [n for n, other in enumerate(map(operator.ne, values, values[1:]), 1) if other]:
            if end - start > 1:
                rows[start:end] = sorted(rows[start:end], key=tie)
            start = end
        if len(rows) - start > 1:
            rows[start:] = sorted(rows[start:], key=tie)
        if self.favorites_first:
            flags = self.columns.arrays["flags"]
            rows.sort(key=lambda row: not flags[row] & FAVORITE)

    def holds(self, rows: Iterable[int]) -> bool:
        """Whether the rows are sorted."""
        rows = list(rows)
        if self.favorites_first:
            expected = list(rows)
            self.sort(expected)
            return rows == expected
        values = list(map(self._value(), rows))
        follows = operator.ge if self.descending else operator.le
        if not all(map(follows, values, values[1:])):
            return False
        ties = [n for n, equal in enumerate(map(operator.eq, values, values[1:])) if equal]
        tie = self.columns.tie
        return all(tie(rows[n]) <= tie(rows[n + 1]) for n in ties)

    def _value(self) -> Callable[[int], Any]:
        """What a row is sorted by."""
        match self.key:
            case "ratio":
                return self._by_ratio()
            case "title":
                return self._by_title()
            case "size":
                return self.size or self.columns.arrays["sizes"].__getitem__
        return self.columns.arrays[self.key].__getitem__

    def _by_title(self) -> Callable[[int], tuple[bool, str]]:
        titles, descending = self.columns.titles, self.descending

        def by_title(row: int) -> tuple[bool, str]:
            title = titles[row]
            return bool(title) == descending, title.casefold()

        return by_title

    def _by_ratio(self) -> Callable[[int], float]:
        ratios, end = self.columns.arrays["ratios"], math.inf
        # A file may claim a negative ratio, or NaN.
        none = -1.0 if self.descending else end

        def by_ratio(row: int) -> float:
            ratio = ratios[row]
            return ratio if 0 <= ratio < end else none

        return by_ratio
