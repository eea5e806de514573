"""The sessions of a store: sorted, filtered, marked.  Pure, no Textual.

Strategy: a session is a *row* of `Columns`, a number that stays the same as long as the table exists; a
hundred thousand objects would cost ten times the memory and time.  `order` lists the rows that are shown.
Filtering derives it from `_everything`, all rows in order, which saves a sort, or narrows it further when
the query only got longer.  New rows are tested alone and sorted in (timsort detects the run that exists);
`sorting` says how, and `matching` which rows a query selects.  A removed row leaves a gap, so that marks and
the cursor elsewhere stay valid.

Times are microseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from agcx_format.catalog import DATES, GONE
from agcx_tui.core.sessions.matching import matching
from agcx_tui.core.sessions.query import Query
from agcx_tui.core.sessions.selectable import SelectableRows
from agcx_tui.core.sessions.sorting import DESCENDING, OF_OPENING, SUMMED, RowOrder
from agcx_tui.core.sessions.subagents import StartedSubagent

if TYPE_CHECKING:
    from agcx_format import ScanEntry
    from agcx_format.catalog import Block, Opening
    from agcx_format.errors import PersistenceError
    from agcx_format.space import ActivityFacts

__all__ = ["SessionTable", "Totals"]

# Sessions of which the rows are made in a fiftieth of a second.
_PART = 1000


class Totals(msgspec.Struct, frozen=True):
    """Counts of sessions, of their bytes on disk, and of the broken among them."""

    sessions: int
    size: int
    broken: int


class SessionTable(SelectableRows):
    """Rows in, `order` out.

    Other threads may read `columns`; only the table changes them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.order: list[int] = []
        self.descending = True
        # Whether favorites come before all others.
        self.favorites_first = False
        self.query = Query()
        # What the catalog says of the whole store while not all of it is loaded.
        self.expected: Totals | None = None
        # All rows in sort order; None when they must be sorted again.
        self._everything: list[int] | None = []
        # False while a catalog is loaded that was saved in another order.
        self._sorted = True
        self._size = self._broken = 0

    # --- all rows

    def __len__(self) -> int:
        return len(self._flags) - self._gone

    @property
    def totals(self) -> Totals:
        return self.expected or Totals(len(self), self._size, self._broken)

    def totals_of(self, rows: Iterable[int]) -> Totals:
        rows = list(rows)
        return Totals(len(rows), sum(map(self.size, rows)), sum(map(self.broken, rows)))

    def subagents_of(self, path: str) -> list[StartedSubagent]:
        """The subagents that the session in a file started, whether they are shown or not."""
        row = self.row_of(path)
        return [] if row is None else self.subagents.of(row)

    def paths(self) -> set[str]:
        return set(map(self.path, self.present()))

    @property
    def came_in_order(self) -> bool:
        """Whether the catalog was saved in the current sort order."""
        return self._sorted

    def in_order(self) -> list[int]:
        """All rows in sort order, filtered or not."""
        return list(self._all_sorted())

    # --- changes

    def expect(self, sessions: int | None, size: int = 0, broken: int = 0) -> None:
        """Announce the totals of a store that is being loaded; None when it is complete."""
        self.expected = None if sessions is None else Totals(sessions, size, broken)
        if sessions is None and not self._sorted:
            self._sorted = True
            self._row_order().sort(self.order)
            self.order = self.subagents.arranged(self.order)

    def count_checkpoints(self, sizes: Mapping[str, int]) -> None:
        """Count the checkpoints of sessions, in bytes by their ids, to their sizes."""
        if sizes != self._checkpoints:
            self._checkpoints = sizes
            self._size = sum(map(self.size, self.present()))
            if self.sort_key == "size":
                self.sort_by("size", self.descending)

    def put(self, entries: Iterable[ScanEntry]) -> list[int]:
        """Add sessions, or update those whose path is known; returns their rows."""
        rows = list(dict.fromkeys(self._store(entry) for entry in entries))
        self.version += 1
        if rows:
            self._show(rows)
        return rows

    def put_in_parts(self, entries: Sequence[ScanEntry]) -> Generator[list[int], None, None]:
        """Put those that are news, some at a time, so that others have their turn; yields the rows of all.

        What was put is shown at the end, or when this is closed: it takes a sort of the whole list.
        """
        put: dict[int, None] = {}
        try:
            for start in range(0, len(entries), _PART):
                part = entries[start : start + _PART]
                put |= dict.fromkeys(map(self._store, self.news_in(part)))
                self.version += 1
                yield [row for entry in part if (row := self.row_of(entry.path)) is not None]
        finally:
            if put:
                self._show(list(put))

    def extend(self, block: Block) -> list[int]:
        """Add rows of a catalog.

        Raises:
            ValueError: The block is not valid; nothing was added.
        """
        everything = self._all_sorted() if self._sorted else []
        rows = self.columns.extend(block)
        self.version += 1
        self._size += sum(map(self.size, rows))
        self._broken += sum(map(self.broken, rows))
        fitting = self.subagents.arranged(self._matching(rows))
        if self.order is everything and len(fitting) < len(rows):
            self.order = list(everything)
        if (
            self._sorted
            and not self._adds_up
            and self._row_order().holds([*everything[-1:], *rows])
        ):
            # Saved in the order in which it is shown: no sort.
            if self.order is not everything:
                everything += rows
            self.order += fitting
        else:
            # Sorted once, after the last block; a subagent in one may count for a row of an earlier one.
            self._sorted = False
            self._everything = None
            self.order = [*self.order, *fitting]
        if self.subagents.there:
            # The session that one of the others belongs to may have come.
            self.order = self.subagents.arranged(self.order)
        return rows

    def remove(self, rows: Iterable[int]) -> None:
        """Remove rows whose files were deleted or have vanished, and their marks."""
        gone = {row for row in rows if not self._flags[row] & GONE}
        if not gone:
            return
        for row in gone:
            self._forget_totals(row)
            self.columns.set_gone(row)
            self.activity.pop(row, None)
        self._gone += len(gone)
        self.version += 1
        self.marks -= gone
        self._everything = None
        self.order = [row for row in self.order if row not in gone]
        if self.subagents.there:
            # What belonged to a session that is gone is now at the top level.
            self.order = self.subagents.arranged(self._matching(self._all_sorted()))

    def sort_by(self, key: str, descending: bool | None = None) -> None:
        """Sort by a key of SORTS; without a direction, in the usual one of the key."""
        date_changes = key in DATES or self.sort_key in DATES
        self.sort_key = key
        self.descending = key in DESCENDING if descending is None else descending
        self._everything = None
        if date_changes and any(term.key in ("before", "after") for term in self.query.terms):
            self.order = self.subagents.arranged(self._matching(self._all_sorted()))
        else:
            order = list(self.order)
            self._row_order().sort(order)
            self.order = self.subagents.arranged(order)

    def put_favorites_first(self, wanted: bool) -> None:
        """Show favorites before all others, or among them."""
        if wanted != self.favorites_first:
            self.favorites_first = wanted
            self.sort_by(self.sort_key, self.descending)

    def filter_by(self, query: Query) -> None:
        """Show the rows that match the query; marks are kept, visible or not."""
        before, self.query = self.query, query
        self.subagents.named = query.names_subagents
        if query.names_subagents != before.names_subagents:
            self._show_everything_again()
            return
        # Marks and listed paths may have changed since the last result.
        changes = any(term.value in ("marked", "listed") for term in query.terms)
        among = self.order if query.narrows(before) and not changes else self._all_sorted()
        self.order = self.subagents.arranged(self._matching(among))

    def show_subagents(self, shown: bool) -> None:
        """Show the sessions of subagents, or hide those whose parent is in the store."""
        self.subagents.shown = shown
        self._show_everything_again()

    def set_openings(self, found: Iterable[tuple[int, Opening]]) -> bool:
        """Set first words, directories, and branches of rows; whether that changes what is shown."""
        rows = []
        for row, opening in found:
            if not self._flags[row] & GONE:
                self.columns.set_opening(row, opening)
                rows.append(row)
        self.version += bool(rows)
        filtered = any(term.is_of_facts or term.is_of_opening for term in self.query.terms)
        if not filtered and self.sort_key not in OF_OPENING:
            return False
        before = self.order
        self._show(rows)
        return self.order != before

    def set_damage(self, row: int, error: PersistenceError) -> bool:
        """Say that a part of a session turned out to be unreadable; whether that was not known."""
        if self._flags[row] & GONE or self.broken(row):
            return False
        self.columns.set_error(row, error)
        self._broken += 1
        self.version += 1
        self._show([row])
        return True

    def rows_to_read(self) -> list[int]:
        """The rows that only the beginning of their session can match with the query."""
        if not any(term.is_of_opening for term in self.query.terms):
            return []
        terms = [t for t in self.query.terms if not (t.is_of_opening or t.is_of_messages)]
        rows = matching(self._all_sorted(), terms, self)
        return [row for row in rows if not self.opening_is_known(row) and self.readable(row)]

    def rows_to_measure(self) -> list[int]:
        """The rows that only what happened in them can match with the query."""
        if not self.query.is_of_messages:
            return []
        terms = [term for term in self.query.terms if not term.is_of_messages]
        rows = matching(self._all_sorted(), terms, self)
        return [row for row in rows if row not in self.activity and self.readable(row)]

    def set_activity(self, found: Iterable[tuple[int, ActivityFacts]]) -> bool:
        """Set what happened in rows; whether that changes what is shown."""
        new = {row: facts for row, facts in found if not self._flags[row] & GONE}
        self.activity |= new
        if not self.query.is_of_messages:
            return False
        before = self.order
        self._show(list(new))
        return self.order != before

    def toggle_mark(self, row: int) -> None:
        self.marks ^= {row}

    def mark_all_shown(self) -> None:
        """Mark all rows that are shown, or unmark them if all are marked."""
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
        self.activity.pop(row, None)
        self._size += self.size(row)
        self._broken += self.broken(row)
        return row

    def _forget_totals(self, row: int) -> None:
        self._size -= self.size(row)
        self._broken -= self.broken(row)

    def _all_sorted(self) -> list[int]:
        if self._everything is None:
            self._everything = self.present()
            self._row_order().sort(self._everything)
        return self._everything

    def _row_order(self) -> RowOrder:
        return RowOrder(
            self.columns,
            self.sort_key,
            self.descending,
            self._measure(),
            favorites_first=self.favorites_first,
        )

    @property
    def _adds_up(self) -> bool:
        """Whether rows are sorted by what they and their hidden subagents measure together."""
        return self.sort_key in SUMMED and self.subagents.there and self.subagents.hidden

    def _measure(self) -> Callable[[int], float] | None:
        """What rows are sorted by where that is not in the columns."""
        match self.sort_key:
            case "size" if self._checkpoints or self._adds_up:
                return lambda row: self.subagents.measured(row, self.size)
            case "tokens" if self._adds_up:
                return lambda row: self.subagents.measured(row, self.tokens)
            case "cost" if self._adds_up:
                return lambda row: self.subagents.measured(row, self.cost)
        return None

    def _show_everything_again(self) -> None:
        """Filter all rows, after subagents were hidden or shown, with which sums change."""
        if self.subagents.there:
            self._everything = None
        self.order = self.subagents.arranged(self._matching(self._all_sorted()))

    def _matching(self, rows: Iterable[int]) -> list[int]:
        return matching(rows, self.query.terms, self)

    def _show(self, rows: list[int]) -> None:
        if self.subagents.there and any(t.key in ("larger", "smaller") for t in self.query.terms):
            # A subagent counts for the session that started it.
            self._show_everything_again()
            return
        known = set(rows)
        order = self.order
        # Without a filter the count tells; with one, any of them may already be shown.
        may_be_there = (
            bool(self.query) or self.subagents.there or len(order) + len(rows) > len(self)
        )
        renewed = may_be_there and not known.isdisjoint(order)
        order = [row for row in order if row not in known] if renewed else list(order)
        order += self._matching(rows)
        self._row_order().sort(order)
        self.order = self.subagents.arranged(order)
        is_all = not self.query and len(self.order) == len(self) and not self.subagents.there
        self._everything = self.order if is_all else None
