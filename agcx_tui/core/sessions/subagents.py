"""The subagents among the rows of a table: below the sessions that started them, or hidden and counted with
these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from typing import NamedTuple, TypeVar

from agcx_format.subagents import is_link
from agcx_tui.core.sessions.families import Families
from agcx_tui.core.sessions.rows import SessionRows

__all__ = ["StartedSubagent", "Subagents"]

N = TypeVar("N", int, float)


class StartedSubagent(NamedTuple):
    """The session of a subagent, as a list knows it."""

    id: str
    path: str
    title: str
    messages: int


class Subagents:
    """Those of one table; they are worked out again when its rows have changed."""

    def __init__(self, rows: SessionRows) -> None:
        self._rows = rows
        # Whether they are shown, and whether the filter names them, so that it shows them anyhow.
        self.shown = True
        self.named = False
        self._families = Families(rows.parent)
        # The version of the rows that these are of.
        self._families_of = -1
        # The sets of tags that a subagent has, among the first so many of the columns.
        self._sets_of_subagents: set[int] = set()
        self._sets_looked_at = 0

    @property
    def there(self) -> bool:
        """Whether there may be any."""
        return bool(self._sets())

    @property
    def hidden(self) -> bool:
        """Whether those whose parent is in the store are left out."""
        return not self.shown and not self.named

    @property
    def left_out(self) -> int:
        """How many the list leaves out, regardless of its filter."""
        return self._known().members if self.hidden and self.there else 0

    def arranged(self, rows: list[int]) -> list[int]:
        """The rows with the subagents of sessions in the store below these, or without them."""
        sets, tags = self._sets(), self._rows.columns.arrays["tags"]
        if not sets:
            return rows
        if self.hidden:
            self._families.flat()
            parent = self.parent
            return [row for row in rows if tags[row] not in sets or parent(row) is None]
        return self._known().nested(rows)

    def parent(self, row: int) -> int | None:
        """The row of the session that a subagent belongs to; None for a top-level session."""
        return self._known().parent(row)

    def depth(self, row: int) -> int:
        """How many levels a row is below the top, as last arranged."""
        return self._families.depth(row)

    def measured(self, row: int, measure: Callable[[int], N]) -> N:
        """What a row measures, together with the subagents that it represents in the list."""
        return self._known().sum(row, measure) if self.hidden else measure(row)

    def total(self, rows: Iterable[int], measure: Callable[[int], N]) -> N | int:
        """What rows measure, together with the subagents that they represent in the list."""
        if not self.hidden:
            return sum(map(measure, rows))
        families = self._known()
        return sum(families.sum(row, measure) for row in rows)

    def started_by(self, rows: Iterable[int]) -> list[int]:
        """The rows of those that these started, directly or not, and that are not among them."""
        rows = list(dict.fromkeys(rows))
        return self._known().below(rows) if self.there else []

    def of(self, row: int) -> list[StartedSubagent]:
        """Those that a session started itself, the oldest first."""
        rows, created = self._rows, self._rows.columns.arrays["created"]
        found = sorted(
            self._known().children(row), key=lambda each: (created[each], rows.columns.tie(each))
        )
        return [
            StartedSubagent(rows.id(each), rows.path(each), rows.title(each), rows.messages(each))
            for each in found
        ]

    def size_below(self, row: int) -> int:
        """Bytes of all subagents below a row, shown or not."""
        return self._known().sum(row, self._rows.size) - self._rows.size(row)

    def _sets(self) -> Set[int]:
        """The sets of tags that a subagent has, as the columns number them; a number keeps its set."""
        pool = self._rows.columns.pools["tags"]
        new = range(self._sets_looked_at, len(pool))
        self._sets_of_subagents.update(n for n in new if any(map(is_link, pool[n])))
        self._sets_looked_at = new.stop
        return self._sets_of_subagents

    def _known(self) -> Families:
        if self._families_of != self._rows.version:
            self._families_of = self._rows.version
            sets, tags = self._sets(), self._rows.columns.arrays["tags"]
            rows = self._rows.present() if sets else ()
            self._families.know(row for row in rows if tags[row] in sets)
        return self._families
