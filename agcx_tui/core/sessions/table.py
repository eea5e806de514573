"""The sessions of a store: sorted, filtered, marked.  Pure, no Textual.

Strategy: a session is a *row* of `Columns`, a number that never changes while the table lives; a
hundred thousand objects would cost ten times the memory and time.  What is shown is `order`, a
list of rows.  Filtering makes it from `_everything`, all rows in order, which spares a sort, or
narrows it when the query only got longer; rows that arrive are tested alone and sorted in (timsort
finds the run that is there).  A removed row leaves a gap, so marks and cursor elsewhere stay
what they are.

Times are microseconds since 1970.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agcx_format.catalog import BROKEN, DATES, FAVORITE, GONE, MODES, READABLE, Columns, micros
from agcx_format.transcript import fold
from agcx_tui.core.sessions.query import IMPORTS, INCOMPLETE, WORD, Query, Term

if TYPE_CHECKING:
    from agcx_format import ScanEntry
    from agcx_format.catalog import Block
    from agcx_format.disk import Signature
    from agcx_format.errors import PersistenceError

__all__ = ["DATES", "DESCENDING", "MODES", "SORTS", "SessionTable", "Totals", "micros"]

SORTS: Final = (*DATES, "title", "messages", "size", "ratio")
# What a person wants to see first by this key.
DESCENDING: Final = {"accessed", "updated", "created", "messages", "size", "ratio"}


@dataclass(frozen=True, slots=True)
class Totals:
    """Of all rows, filtered or not: how many sessions, their bytes on disk, the unreadable."""

    sessions: int
    size: int
    broken: int


class SessionTable:
    """Rows in, `order` out.  A row's facts are asked for by `title(row)` and its like.

    `columns` may be read by another thread, but changed through the table only.
    """

    def __init__(self) -> None:
        self.columns = Columns()
        self.order: list[int] = []
        self.marks: set[int] = set()
        # Paths of what another screen wants to be seen, there or not.
        self.listed: frozenset[str] = frozenset()
        self.sort_key = "accessed"
        self.descending = True
        self.query = Query()
        # More of the store than is here yet, as a catalog tells it.
        self.expected: Totals | None = None
        # All that is there in the order of the sort, None when that has to be made anew.
        self._everything: list[int] | None = []
        # False while parts of a catalog come that was saved in another order.
        self._sorted = True
        self._arrays = self.columns.arrays
        self._flags = self._arrays["flags"]
        self._size = self._broken = self._gone = 0

    # --- facts of one row

    def path(self, row: int) -> str:
        return self.columns.path(row)

    def id(self, row: int) -> str:
        """The session's id as text, or the file's name where that is no id."""
        return self.columns.id(row)

    def title(self, row: int) -> str:
        return self.columns.titles[row]

    def model(self, row: int) -> str:
        return self.columns.model(row)

    def tags(self, row: int) -> tuple[str, ...]:
        return self.columns.tags(row)

    def directory(self, row: int) -> str:
        """Where the agent worked; empty as long as that is not known."""
        return self.columns.directory(row)

    def mode(self, row: int) -> str:
        return MODES[self._arrays["modes"][row]] if self.readable(row) else ""

    def messages(self, row: int) -> int:
        return self._arrays["messages"][row]

    def size(self, row: int) -> int:
        return self._arrays["sizes"][row]

    def ratio(self, row: int) -> float | None:
        """Compressed / original by its metadata; None where these tell none that can be."""
        ratio = self._arrays["ratios"][row]
        return ratio if 0 <= ratio < math.inf else None

    def favorite(self, row: int) -> bool:
        return bool(self._flags[row] & FAVORITE)

    def broken(self, row: int) -> bool:
        """Whether some of the file cannot be read."""
        return bool(self._flags[row] & BROKEN)

    def lacking(self, row: int) -> bool:
        """Whether something of the conversation is missing: some of the file, or of what was imported."""
        return self.broken(row) or INCOMPLETE in self.tags(row)

    def flag(self, row: int) -> str:
        """The character in front of a title: "!" for what lacks something, seen without colour, too."""
        return "!" if self.lacking(row) else "★" if self.favorite(row) else " "

    def readable(self, row: int) -> bool:
        """Whether its metadata can be read, whatever comes after."""
        return bool(self._flags[row] & READABLE)

    def error(self, row: int) -> PersistenceError | None:
        return self.columns.errors.get(row)

    def signature(self, row: int) -> Signature | None:
        """What the file was when it was scanned: for the check that it still is."""
        return self.columns.signature(row)

    def date(self, row: int, name: str | None = None) -> int:
        """By name, else the date that the list shows: the one it is sorted by, or accessed."""
        return self._arrays[name or self.shown_date][row]

    def changed(self, row: int) -> int:
        """When the file was last written."""
        return self._arrays["mtimes"][row] // 1000

    @property
    def shown_date(self) -> str:
        return self.sort_key if self.sort_key in DATES else "accessed"

    @property
    def shown_measure(self) -> str:
        """What the list shows behind the messages: the size, or the ratio when it is sorted by it."""
        return "ratio" if self.sort_key == "ratio" else "size"

    # --- all rows

    def __len__(self) -> int:
        return len(self._flags) - self._gone

    @property
    def totals(self) -> Totals:
        return self.expected or Totals(len(self), self._size, self._broken)

    def totals_of(self, rows: Iterable[int]) -> Totals:
        rows = list(rows)
        return Totals(len(rows), sum(map(self.size, rows)), sum(map(self.broken, rows)))

    def row_of(self, path: str) -> int | None:
        """The row of a file that is there, None for one that is not."""
        row = self.columns.row_of(path)
        return None if row is None or self._flags[row] & GONE else row

    def paths(self) -> set[str]:
        return set(map(self.path, self._present()))

    @property
    def came_in_order(self) -> bool:
        """Whether the parts of a catalog came as the list is sorted now."""
        return self._sorted

    def in_order(self) -> list[int]:
        """All that is there, filtered or not, in the order of the list."""
        return list(self._all_sorted())

    # --- changes

    def expect(self, sessions: int | None, size: int = 0, broken: int = 0) -> None:
        """What the totals will be when all is here; None when it is."""
        self.expected = None if sessions is None else Totals(sessions, size, broken)
        if sessions is None and not self._sorted:
            self._sorted = True
            self._sort(self.order)

    def put(self, entries: Iterable[ScanEntry]) -> list[int]:
        """Add sessions, or renew those whose path is known.  Gives their rows."""
        rows = list(dict.fromkeys(self._store(entry) for entry in entries))
        if rows:
            self._show(rows)
        return rows

    def extend(self, block: Block) -> range:
        """Add rows of a catalog; `ValueError`, and nothing is added, when they do not fit."""
        everything = self._all_sorted() if self._sorted else []
        rows = self.columns.extend(block)
        self._size += sum(self._arrays["sizes"][rows.start :])
        self._broken += sum(map(self.broken, rows))
        fitting = self._fitting(list(rows))
        if self._sorted and self._follow(everything[-1:], rows):
            # As it was saved, so it is shown: no sort.
            if self.order is not everything:
                everything += rows
            self.order += fitting
        else:
            # Once for all, when the last has come.
            self._sorted = False
            self._everything = None
            self.order = [*self.order, *fitting]
        return rows

    def remove(self, rows: Iterable[int]) -> None:
        """Take rows out: deleted, or vanished.  They lose their mark."""
        gone = {row for row in rows if not self._flags[row] & GONE}
        if not gone:
            return
        for row in gone:
            self._forget_totals(row)
            self.columns.set_gone(row)
        self._gone += len(gone)
        self.marks -= gone
        self._everything = None
        self.order = [row for row in self.order if row not in gone]

    def sort_by(self, key: str, descending: bool | None = None) -> None:
        """`key` of SORTS; without a direction, the one that suits the key."""
        date_changes = key in DATES or self.sort_key in DATES
        self.sort_key = key
        self.descending = key in DESCENDING if descending is None else descending
        self._everything = None
        if date_changes and any(term.key in ("before", "after") for term in self.query.terms):
            self.order = self._fitting(self._all_sorted())
        else:
            self.order = list(self.order)
            self._sort(self.order)

    def filter_by(self, query: Query) -> None:
        """Show what fits `query`; marks stay as they are, seen or not."""
        among = self.order if query.narrows(self.query) else self._all_sorted()
        # These may have changed since the last result was made.
        if any(term.value in ("marked", "listed") for term in query.terms):
            among = self._all_sorted()
        self.query = query
        self.order = self._fitting(among)

    def set_words(self, found: Iterable[tuple[int, str, str]]) -> bool:
        """Rows with the first words and the directory of each; whether the list is another by it."""
        rows = []
        for row, words, directory in found:
            if not self._flags[row] & GONE:
                self.columns.set_words(row, words, directory)
                rows.append(row)
        if not any(term.key == WORD for term in self.query.terms):
            return False
        before = self.order
        self._show(rows)
        return self.order != before

    def toggle_mark(self, row: int) -> None:
        self.marks ^= {row}

    def mark_all_shown(self) -> None:
        """Mark all that is shown; when all of it is marked, unmark it."""
        shown = set(self.order)
        if shown <= self.marks:
            self.marks -= shown
        else:
            self.marks |= shown

    # --- inside

    def _store(self, entry: ScanEntry) -> int:
        row = self.columns.row_of(entry.path)
        if row is not None:
            if self._flags[row] & GONE:
                self._gone -= 1
            else:
                self._forget_totals(row)
        row = self.columns.put(entry)
        self._size += entry.size
        self._broken += self.broken(row)
        return row

    def _forget_totals(self, row: int) -> None:
        self._size -= self.size(row)
        self._broken -= self.broken(row)

    def _present(self) -> list[int]:
        if not self._gone:
            return list(range(len(self._flags)))
        return [row for row, flags in enumerate(self._flags) if not flags & GONE]

    def _all_sorted(self) -> list[int]:
        if self._everything is None:
            self._everything = self._present()
            self._sort(self._everything)
        return self._everything

    def _show(self, rows: list[int]) -> None:
        known = set(rows)
        order = self.order
        # Without a filter the count tells; under one, any of them may be in what is shown already.
        may_be_there = bool(self.query) or len(order) + len(rows) > len(self)
        renewed = may_be_there and not known.isdisjoint(order)
        order = [row for row in order if row not in known] if renewed else list(order)
        order += self._fitting(rows)
        self._sort(order)
        self.order = order
        self._everything = None if self.query else order

    def _fitting(self, rows: list[int]) -> list[int]:
        """Those of the rows that fit the query, in their order; a new list unless it is empty."""
        for term in self.query.terms:
            if term.key == WORD and not term.negated:
                rows = self.columns.haystacks.holding(term.needle, rows)
                continue
            test = self._test(term)
            if term.negated:
                rows = [row for row in rows if not test(row)]
            else:
                rows = [row for row in rows if test(row)]
        return rows

    def _follow(self, last: list[int], rows: Iterable[int]) -> bool:
        """Whether the rows are in order, and come after the last one."""
        both = (*last, *rows)
        keys = list(map(self._key(), both))
        if not all(map(operator.ge if self.descending else operator.le, keys, keys[1:])):
            return False
        ties = [n for n, equal in enumerate(map(operator.eq, keys, keys[1:])) if equal]
        tie = self.columns.tie
        return all(tie(both[n]) <= tie(both[n + 1]) for n in ties)

    def _sort(self, order: list[int]) -> None:
        """Equal rows are in the order of their ids, both ways: wherever they are listed, it is the same."""
        key = self._key()
        order.sort(key=key, reverse=self.descending)
        keys = list(map(key, order))
        start = 0
        for end in [n for n, other in enumerate(map(operator.ne, keys, keys[1:]), 1) if other]:
            if end - start > 1:
                order[start:end] = sorted(order[start:end], key=self.columns.tie)
            start = end
        if len(order) - start > 1:
            order[start:] = sorted(order[start:], key=self.columns.tie)

    def _key(self) -> Callable[[int], Any]:
        if self.sort_key == "ratio":
            return self._by_ratio()
        if self.sort_key != "title":
            name = {"messages": "messages", "size": "sizes"}.get(self.sort_key, self.sort_key)
            return self._arrays[name].__getitem__
        titles, descending = self.columns.titles, self.descending

        def by_title(row: int) -> tuple[bool, str]:
            title = titles[row]
            # What has none comes last both ways.
            return bool(title) == descending, title.casefold()

        return by_title

    def _by_ratio(self) -> Callable[[int], float]:
        ratios, end = self._arrays["ratios"], math.inf
        # What has none comes last both ways; a file may claim less than nothing, or no number.
        none = -1.0 if self.descending else end

        def by_ratio(row: int) -> float:
            ratio = ratios[row]
            return ratio if 0 <= ratio < end else none

        return by_ratio

    def _test(self, term: Term) -> Callable[[int], bool]:
        """Whether a row fits, negation aside."""
        wanted, arrays = term.value, self._arrays
        match term.key:
            case "model":
                models = self.columns.pools["models"].fitting(lambda m: wanted in fold(m))
                return lambda row: arrays["models"][row] in models
            case "tag":
                sets = self.columns.pools["tags"].fitting(
                    lambda tags: any(wanted in fold(tag) for tag in tags)
                )
                return lambda row: arrays["tags"][row] in sets
            case "id":
                return lambda row: fold(self.id(row)).startswith(str(wanted))
            case "mode":
                return lambda row: self.mode(row).casefold() == wanted
            case "is":
                return self._state_test(str(wanted))
            case "before":
                dates = arrays[self.shown_date]
                return lambda row: dates[row] < wanted
            case "after":
                dates = arrays[self.shown_date]
                return lambda row: dates[row] >= wanted
            case "larger":
                return lambda row: arrays["sizes"][row] > wanted
            case "smaller":
                return lambda row: arrays["sizes"][row] < wanted
            case "messages":
                compare = _COMPARISONS[wanted[0]]
                count = wanted[1]
                return lambda row: self.readable(row) and compare(arrays["messages"][row], count)
        return self.columns.haystacks.holds(term.needle)

    def _state_test(self, state: str) -> Callable[[int], bool]:
        if state == "favorite":
            return self.favorite
        if state == "broken":
            return self.lacking
        if state == "imported":
            sets = self.columns.pools["tags"].fitting(lambda tags: not IMPORTS.isdisjoint(tags))
            return lambda row: self._arrays["tags"][row] in sets
        if state == "marked":
            return self.marks.__contains__
        if state == "listed":
            return {self.row_of(path) for path in self.listed}.__contains__
        return lambda row: not self._arrays["messages"][row] and self.readable(row)


_COMPARISONS = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
}
