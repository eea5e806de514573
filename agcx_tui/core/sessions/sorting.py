"""How the sessions of the list are sorted: the keys, their directions, and the order of equal rows.

Rows without a title, a project, or a ratio come last in both directions.  Equal rows are in the order of
their ids in both directions, the same in every list.
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Literal, get_args

import msgspec

from agcx_format.catalog import FAVORITE, Columns, project_name

__all__ = ["DESCENDING", "OF_COLUMNS", "OF_OPENING", "SORTS", "SUMMED", "RowOrder", "SortKey"]

SortKey = Literal[
    "accessed",
    "updated",
    "created",
    "title",
    "project",
    "messages",
    "turns",
    "tokens",
    "cost",
    "size",
    "ratio",
]
SORTS: Final[tuple[SortKey, ...]] = get_args(SortKey)
_TEXTS: Final = frozenset({"title", "project"})
# The keys by which one wants to see the largest or the newest first.
DESCENDING: Final = frozenset(SORTS) - _TEXTS
# The keys that are offered while their columns are shown.
OF_COLUMNS: Final = frozenset({"project", "turns", "tokens", "cost"})
# The keys that are known only once the beginning of a session has been read.
OF_OPENING: Final = frozenset({"project", "tokens", "cost"})
# The keys by which a session counts together with the subagents that are hidden.
SUMMED: Final = frozenset({"tokens", "cost", "size"})


class RowOrder(msgspec.Struct, frozen=True):
    """The order of rows of `columns` by a key of SORTS.

    Fields:
        measure: What a row counts for a key of SUMMED, where that is more than the columns say.
        favorites_first: Whether favorites come before all others, in the same order among themselves.
    """

    columns: Columns
    key: str
    descending: bool
    measure: Callable[[int], float] | None = None
    favorites_first: bool = False

    def sort(self, rows: list[int]) -> None:
        """Sort rows in place."""
        values = self._values(rows)
        by_row = dict(zip(rows, values, strict=True))
        rows.sort(key=by_row.__getitem__, reverse=self.descending)
        if self.key in _TEXTS and not self.descending:
            empty = bisect_right(rows, "", key=by_row.__getitem__)
            rows[:] = rows[empty:] + rows[:empty]
        values = list(map(by_row.__getitem__, rows))
        start = 0
        for end in [n for n, other in enumerate(map(operator.ne, values, values[1:]), 1) if other]:
            if end - start > 1:
                rows[start:end] = self._by_id(rows[start:end])
            start = end
        if len(rows) - start > 1:
            rows[start:] = self._by_id(rows[start:])
        if self.favorites_first:
            flags = self.columns.arrays["flags"]
            rows.sort(key=lambda row: not flags[row] & FAVORITE)

    def _by_id(self, rows: list[int]) -> list[int]:
        """Rows of equal value, in the order of their ids."""
        half = self.columns.arrays["high"].__getitem__
        found = sorted(rows, key=half)
        halves = list(map(half, found))
        # The first half of an id tells nearly all apart, and all of it takes six times as long.
        if all(map(operator.ne, halves, halves[1:])):
            return found
        return sorted(rows, key=self.columns.tie)

    def holds(self, rows: Iterable[int]) -> bool:
        """Whether the rows are sorted."""
        rows = list(rows)
        if self.favorites_first:
            expected = list(rows)
            self.sort(expected)
            return rows == expected
        values = self._values(rows)
        if self.key in _TEXTS and not self.descending:
            values = [(not text, text) for text in values]
        follows = operator.ge if self.descending else operator.le
        if not all(map(follows, values, values[1:])):
            return False
        ties = [n for n, equal in enumerate(map(operator.eq, values, values[1:])) if equal]
        tie = self.columns.tie
        return all(tie(rows[n]) <= tie(rows[n + 1]) for n in ties)

    def _values(self, rows: Sequence[int]) -> list[Any]:
        """What each row is sorted by; rows without a text come last all the same."""
        match self.key:
            case "title":
                return [text.casefold() for text in self.columns.titles.of(rows)]
            case "project":
                names = [
                    project_name(each).casefold()
                    for each in self.columns.pools["projects"].values()
                ]
                numbers = self.columns.arrays["projects"]
                return [names[numbers[row]] for row in rows]
        return list(map(self._value(), rows))

    def _value(self) -> Callable[[int], Any]:
        """What a row is sorted by that is a number."""
        if self.measure is not None and self.key in SUMMED:
            return self.measure
        match self.key:
            case "ratio":
                return self._by_ratio()
            case "cost":
                return self._by_cost()
            case "size":
                return self.columns.arrays["sizes"].__getitem__
        return self.columns.arrays[self.key].__getitem__

    def _by_cost(self) -> Callable[[int], float]:
        costs, end = self.columns.arrays["costs"], math.inf

        def by_cost(row: int) -> float:
            cost = costs[row]
            return cost if 0 <= cost < end else 0.0

        return by_cost

    def _by_ratio(self) -> Callable[[int], float]:
        ratios, end = self.columns.arrays["ratios"], math.inf
        # A file may claim a negative ratio, or NaN.
        none = -1.0 if self.descending else end

        def by_ratio(row: int) -> float:
            ratio = ratios[row]
            return ratio if 0 <= ratio < end else none

        return by_ratio
