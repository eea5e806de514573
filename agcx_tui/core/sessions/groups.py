"""The list line by line: its sessions, under a heading for each project, day, agent, or model.

Strategy: a line is a row of the table, or a `Section`.  Without grouping the lines are the table's own list
of rows, so that nothing is copied.  Sections come in the order of their first rows, days in the order of
time; within each, rows keep the table's order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Literal, get_args

import msgspec

from agcx_format.catalog import DATES
from agcx_format.importing import agent_of
from agcx_tui.core.sessions.project_labels import NO_PROJECT
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.words.format import capitalized, day_of, day_words, days_of_many

__all__ = ["GROUPINGS", "Grouping", "Line", "ListLines", "Section", "index_of", "rows_of"]

Grouping = Literal["none", "project", "day", "agent", "model"]
GROUPINGS: Final[tuple[Grouping, ...]] = get_args(Grouping)


class Section(msgspec.Struct, frozen=True, eq=False):
    """The heading of some rows.

    Fields:
        key: What the rows have in common; the same when the section is made again.
        label: The same in words, not yet made safe for a screen.
        rows: All of them, in the order of the list.
        size: Their bytes.
        folded: Whether the list leaves them out.
    """

    key: str
    label: str
    rows: tuple[int, ...]
    size: int
    folded: bool


Line = int | Section


class ListLines:
    """The lines of a table's list.

    Fields:
        grouping: What the sections have in common.
        folded: The keys of the sections that are folded.
    """

    def __init__(self, table: SessionTable, now: Callable[[], int]) -> None:
        """`now` gives microseconds since 1970, for the names of days."""
        self._table = table
        self._now = now
        self.grouping: Grouping = "none"
        self.folded: set[str] = set()

    def group_by(self, grouping: Grouping) -> None:
        """Make other sections, all of them open."""
        self.grouping = grouping
        self.folded.clear()

    def make(self) -> Sequence[Line]:
        """The lines as the table is now."""
        if self.grouping == "none":
            return self._table.order
        rows: dict[str, list[int]] = {}
        key = self._key()
        for row in self._table.order:
            rows.setdefault(key(row), []).append(row)
        keys = list(rows)
        if self.grouping == "day":
            ascending = self._table.sort_key in DATES and not self._table.descending
            keys.sort(reverse=not ascending)
        label, table = self._label(), self._table
        lines: list[Line] = []
        for name in keys:
            found = tuple(rows[name])
            folded = name in self.folded
            size = table.subagents.total(found, table.size)
            lines.append(Section(name, label(name), found, size, folded))
            if not folded:
                lines += found
        return lines

    def jump(self, lines: Sequence[Line], at: int, step: int) -> int:
        """The index of the next heading after line `at` (1) or the previous one (-1).

        Without sections, that of the first session of a day; the last or first line if there is no session.
        """
        if not lines:
            return 0
        indexes = range(at + 1, len(lines)) if step > 0 else range(at - 1, 0, -1)
        found = (index for index in indexes if self._starts(lines, index))
        return next(found, len(lines) - 1 if step > 0 else 0)

    def _starts(self, lines: Sequence[Line], index: int) -> bool:
        """Whether a section or a day begins at line `index`, which is not the first."""
        line, before = lines[index], lines[index - 1]
        if isinstance(line, Section) or isinstance(before, Section):
            return isinstance(line, Section)
        return self.grouping == "none" and self.day(line) != self.day(before)

    def section_of(self, row: int) -> str:
        """The key of the section that a row is in; empty without sections."""
        return "" if self.grouping == "none" else self._key()(row)

    def day(self, row: int) -> str:
        """The day of the date that the list shows of a row."""
        return day_of(self._table.date(row))

    def _key(self) -> Callable[[int], str]:
        """What the rows of a section have in common; to ask once for many rows."""
        match self.grouping:
            case "project":
                return self._pooled("projects")
            case "agent":
                return self._pooled("tags", agent_of)
            case "model":
                return self._pooled("models")
        dates, day = self._table.columns.arrays[self._table.shown_date], days_of_many()
        return lambda row: day(dates[row])

    def _pooled(self, name: str, key_of: Callable[[Any], str] = str) -> Callable[[int], str]:
        """By the values of a column, each of which many rows have."""
        numbers = self._table.columns.arrays[name]
        keys = list(map(key_of, self._table.columns.pools[name].values()))
        return lambda row: keys[numbers[row]]

    def _label(self) -> Callable[[str], str]:
        match self.grouping:
            case "project":
                labels = self._table.project_labels()
                return lambda key: labels.get(key, key) if key else NO_PROJECT
            case "model":
                return lambda key: key or "(no model)"
            case "day":
                today = self._now()
                return lambda key: capitalized(day_words(key, today))
        return str


def index_of(lines: Sequence[Line], line: Line) -> int | None:
    """Where a row is, or the section of the same key; None if it is not there."""
    if isinstance(line, Section):
        key = line.key
        return next(
            (n for n, x in enumerate(lines) if isinstance(x, Section) and x.key == key), None
        )
    try:
        return lines.index(line)
    except ValueError:
        return None


def rows_of(lines: Iterable[Line]) -> list[int]:
    """The rows of lines, those of folded sections too, each once and in their order."""
    found: dict[int, None] = {}
    for line in lines:
        if isinstance(line, int):
            found[line] = None
        elif line.folded:
            found.update(dict.fromkeys(line.rows))
    return list(found)
