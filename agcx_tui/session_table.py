"""The sessions of a store as columns: sorted, filtered, marked.  Pure, no Textual.

Strategy: a session is a *row*, a number that never changes while the table lives, into columns of
numbers and strings; a hundred thousand objects would cost ten times the memory and time.  What is
shown is `order`, a list of rows.  Filtering makes it anew, or narrows it when the query only got
longer; rows that arrive are tested alone and sorted in (timsort finds the run that is there).
A removed row leaves a gap, so marks and cursor elsewhere stay what they are.

Times are microseconds since 1970, since 64 bits of nanoseconds end in 2262.
"""

from __future__ import annotations

import operator
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from agcx_format.timestamps import ns_of
from agcx_tui.filtering import Query, Term

if TYPE_CHECKING:
    from agcx_format.durable import Signature
    from agcx_format.errors import PersistenceError
    from agcx_format.store import ScanEntry

DATES: Final = ("accessed", "updated", "created")
SORTS: Final = (*DATES, "title", "messages", "size")
# What a person wants to see first by this key.
DESCENDING: Final = {"accessed", "updated", "created", "messages", "size"}

MODES: Final = ("Plan", "Build", "Review")

_FAVORITE, _BROKEN, _GONE, _READABLE = 1, 2, 4, 8
_MAX_COUNT = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Totals:
    """Of all rows, filtered or not: how many sessions, their bytes on disk, the unreadable."""

    sessions: int
    size: int
    broken: int


class SessionTable:
    """Rows in, `order` out.  A row's facts are asked for by `title(row)` and its like."""

    def __init__(self) -> None:
        self.order: list[int] = []
        self.marks: set[int] = set()
        self.sort_key = "accessed"
        self.descending = True
        self.query = Query()
        self._paths: list[str] = []
        self._ids: list[str] = []
        self._titles: list[str] = []
        self._models: list[str] = []
        self._tags: list[tuple[str, ...]] = []
        self._haystacks: list[str] = []
        self._modes = bytearray()
        self._flags = bytearray()
        self._dates = {name: array("q") for name in DATES}
        self._messages = array("Q")
        self._sizes = array("Q")
        self._signatures: list[Signature | None] = []
        self._errors: dict[int, PersistenceError] = {}
        self._row_of: dict[str, int] = {}
        # One object for each model and each set of tags, however many rows have it.
        self._shared: dict[object, object] = {}
        self._size = self._broken = self._gone = 0

    # --- facts of one row

    def path(self, row: int) -> str:
        return self._paths[row]

    def id(self, row: int) -> str:
        """The session's id as text, or the file's name where that is no id."""
        return self._ids[row]

    def title(self, row: int) -> str:
        return self._titles[row]

    def model(self, row: int) -> str:
        return self._models[row]

    def tags(self, row: int) -> tuple[str, ...]:
        return self._tags[row]

    def mode(self, row: int) -> str:
        return MODES[self._modes[row]] if self.readable(row) else ""

    def messages(self, row: int) -> int:
        return self._messages[row]

    def size(self, row: int) -> int:
        return self._sizes[row]

    def favorite(self, row: int) -> bool:
        return bool(self._flags[row] & _FAVORITE)

    def broken(self, row: int) -> bool:
        """Whether some of the file cannot be read."""
        return bool(self._flags[row] & _BROKEN)

    def readable(self, row: int) -> bool:
        """Whether its metadata can be read, whatever comes after."""
        return bool(self._flags[row] & _READABLE)

    def error(self, row: int) -> PersistenceError | None:
        return self._errors.get(row)

    def signature(self, row: int) -> Signature | None:
        """What the file was when it was scanned: for the check that it still is."""
        return self._signatures[row]

    def date(self, row: int, name: str | None = None) -> int:
        """By name, else the date that the list shows: the one it is sorted by, or accessed."""
        return self._dates[name or self.shown_date][row]

    def changed(self, row: int) -> int:
        """When the file was last written."""
        signature = self._signatures[row]
        return signature.mtime_ns // 1000 if signature else 0

    @property
    def shown_date(self) -> str:
        return self.sort_key if self.sort_key in DATES else "accessed"

    # --- all rows

    def __len__(self) -> int:
        return len(self._paths) - self._gone

    @property
    def totals(self) -> Totals:
        return Totals(len(self), self._size, self._broken)

    def totals_of(self, rows: Iterable[int]) -> Totals:
        rows = list(rows)
        return Totals(
            len(rows), sum(map(self._sizes.__getitem__, rows)), sum(map(self.broken, rows))
        )

    def row_of(self, path: str) -> int | None:
        """The row of a file that is there, None for one that is not."""
        row = self._row_of.get(path)
        return None if row is None or self._flags[row] & _GONE else row

    def paths(self) -> set[str]:
        return {self._paths[row] for row in self._present()}

    # --- changes

    def put(self, entries: Iterable[ScanEntry]) -> list[int]:
        """Add sessions, or renew those whose path is known.  Gives their rows."""
        rows = [self._store(entry) for entry in entries]
        self._show(rows)
        return rows

    def remove(self, rows: Iterable[int]) -> None:
        """Take rows out: deleted, or vanished.  They lose their mark."""
        gone = {row for row in rows if not self._flags[row] & _GONE}
        for row in gone:
            self._forget_totals(row)
            self._flags[row] |= _GONE
        self._gone += len(gone)
        self.marks -= gone
        self.order = [row for row in self.order if row not in gone]

    def sort_by(self, key: str, descending: bool | None = None) -> None:
        """`key` of SORTS; without a direction, the one that suits the key."""
        date_changes = key in DATES or self.sort_key in DATES
        self.sort_key = key
        self.descending = key in DESCENDING if descending is None else descending
        if date_changes and any(term.key in ("before", "after") for term in self.query.terms):
            self._refilter(self._present())
        self._sort()

    def filter_by(self, query: Query) -> None:
        """Show what fits `query`; marks stay as they are, seen or not."""
        among = self.order if query.narrows(self.query) else self._present()
        # Marks may have changed since the last result was made.
        if any(term.value == "marked" for term in query.terms):
            among = self._present()
        widened = among is not self.order
        self.query = query
        self._refilter(among)
        if widened:
            self._sort()

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
        row = self._row_of.get(entry.path)
        if row is None:
            row = self._row_of[entry.path] = len(self._paths)
            self._paths.append(entry.path)
            for column in (self._ids, self._titles, self._models, self._haystacks):
                column.append("")
            self._tags.append(())
            self._signatures.append(None)
            self._modes.append(0)
            self._flags.append(_GONE)
            for numbers in (*self._dates.values(), self._messages, self._sizes):
                numbers.append(0)
            self._gone += 1
        if self._flags[row] & _GONE:
            self._gone -= 1
        else:
            self._forget_totals(row)
        self._fill(row, entry)
        return row

    def _fill(self, row: int, entry: ScanEntry) -> None:
        metadata = entry.metadata
        self._ids[row] = name = str(entry.id) if entry.id else PurePath(entry.path).name
        self._sizes[row] = entry.size
        self._signatures[row] = entry.signature
        self._errors.pop(row, None)
        if entry.error is not None:
            self._errors[row] = entry.error
        if metadata is None:
            self._flags[row] = _BROKEN
            self._titles[row], self._models[row], self._tags[row] = "", "", ()
            self._messages[row] = 0
            for column in self._dates.values():
                column[row] = entry.mtime_ns // 1000
        else:
            self._flags[row] = _READABLE | (_FAVORITE if metadata.is_favorite else 0)
            self._flags[row] |= _BROKEN if entry.error is not None else 0
            self._titles[row] = metadata.title
            self._models[row] = self._share(metadata.model)
            self._tags[row] = self._share(tuple(metadata.tags))
            self._modes[row] = MODES.index(metadata.current_mode.value)
            self._messages[row] = min(metadata.message_count, _MAX_COUNT)
            self._dates["accessed"][row] = micros(metadata.last_accessed)
            self._dates["updated"][row] = micros(metadata.updated_at)
            self._dates["created"][row] = micros(metadata.created_at)
        self._size += entry.size
        self._broken += self.broken(row)
        # Line by line, so that a word is not found across two of them.
        words = (self._titles[row], self._models[row], *self._tags[row], name)
        self._haystacks[row] = "\n".join(words).casefold()

    def _share(self, value):
        return self._shared.setdefault(value, value)

    def _forget_totals(self, row: int) -> None:
        self._size -= self._sizes[row]
        self._broken -= self.broken(row)

    def _present(self) -> list[int]:
        if not self._gone:
            return list(range(len(self._paths)))
        return [row for row, flags in enumerate(self._flags) if not flags & _GONE]

    def _show(self, rows: list[int]) -> None:
        known = set(rows)
        renewed = len(self.order) + len(rows) > len(self) and not known.isdisjoint(self.order)
        if renewed:
            self.order = [row for row in self.order if row not in known]
        self.order += self._fitting(rows)
        self._sort()

    def _refilter(self, rows: list[int]) -> None:
        self.order = self._fitting(rows)

    def _fitting(self, rows: list[int]) -> list[int]:
        for term in self.query.terms:
            test = self._test(term)
            if term.negated:
                rows = [row for row in rows if not test(row)]
            else:
                rows = [row for row in rows if test(row)]
        return rows

    def _sort(self) -> None:
        # By title, what has none comes last both ways; equal rows keep the order of their arrival.
        if self.sort_key == "title":
            titles = self._titles
            self.order.sort(
                key=lambda row: (bool(titles[row]) == self.descending, titles[row].casefold()),
                reverse=self.descending,
            )
            return
        columns = {"messages": self._messages, "size": self._sizes, **self._dates}
        self.order.sort(key=columns[self.sort_key].__getitem__, reverse=self.descending)

    def _test(self, term: Term) -> Callable[[int], bool]:
        """Whether a row fits, negation aside."""
        wanted = term.value
        match term.key:
            case "model":
                return lambda row: wanted in self._models[row].casefold()
            case "tag":
                return lambda row: any(wanted in tag.casefold() for tag in self._tags[row])
            case "id":
                return lambda row: self._ids[row].casefold().startswith(wanted)
            case "mode":
                return lambda row: self.mode(row).casefold() == wanted
            case "is":
                return self._state_test(str(wanted))
            case "before":
                dates = self._dates[self.shown_date]
                return lambda row: dates[row] < wanted
            case "after":
                dates = self._dates[self.shown_date]
                return lambda row: dates[row] >= wanted
            case "larger":
                return lambda row: self._sizes[row] > wanted
            case "smaller":
                return lambda row: self._sizes[row] < wanted
            case "messages":
                compare = _COMPARISONS[wanted[0]]
                count = wanted[1]
                return lambda row: self.readable(row) and compare(self._messages[row], count)
        haystacks = self._haystacks
        return lambda row: wanted in haystacks[row]

    def _state_test(self, state: str) -> Callable[[int], bool]:
        if state == "favorite":
            return self.favorite
        if state == "broken":
            return self.broken
        if state == "marked":
            return self.marks.__contains__
        return lambda row: not self._messages[row] and self.readable(row)


_COMPARISONS = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
}

# Seconds since 1970 of the days that were seen.
_midnights: dict[str, int] = {}


def micros(moment: str) -> int:
    """Microseconds since 1970; three of these are worked out for each session of a scan.

    Years of four digits, which is all but a few, take a fifth of the time of `ns_of(moment)`: a store
    has few days, and the parts stand at fixed places.
    """
    if moment[10] != "T" or moment[0] in "+-" or moment[:4] == "0000":
        return ns_of(moment) // 1000
    day = moment[:10]
    midnight = _midnights.get(day)
    if midnight is None:
        midnight = _midnights[day] = (date.fromisoformat(day) - date(1970, 1, 1)).days * 86_400
    seconds = int(moment[11:13]) * 3600 + int(moment[14:16]) * 60 + int(moment[17:19])
    return (midnight + seconds) * 1_000_000 + int(f"{moment[20:-1]:0<6}"[:6])
