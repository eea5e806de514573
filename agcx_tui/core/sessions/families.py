"""Subagents below the sessions that started them: their order in a list, and what they add to its sums.

Sessions that would have started each other in a circle are top-level sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from agcx_format.subagents import in_circles

__all__ = ["Families", "indentation"]

N = TypeVar("N", int, float)
# A subagent stands this much further right than the session that started it, down to some level.
_STEP, _DEEPEST = "  ", 4


def indentation(depth: int) -> str:
    """What precedes the title of a session this many levels below another."""
    return f"{_STEP * (min(depth, _DEEPEST) - 1)}└ " if depth else ""


class Families:
    """The families of the rows of one table; `parent` gives the row of the session that started another."""

    def __init__(self, parent: Callable[[int], int | None]) -> None:
        self._row_of_parent = parent
        self._parents: dict[int, int] = {}
        # How deep each row is below a top-level session; those at the top are left out.
        self._depths: dict[int, int] = {}
        self._children: dict[int, list[int]] = {}

    def know(self, candidates: Iterable[int]) -> None:
        """Find out which of these rows, which may have a parent, belong to which."""
        found = ((row, self._row_of_parent(row)) for row in candidates)
        parents = {row: parent for row, parent in found if parent is not None}
        for row in in_circles(parents):
            del parents[row]
        self._parents, self._children = parents, {}
        for row, parent in parents.items():
            self._children.setdefault(parent, []).append(row)

    def parent(self, row: int) -> int | None:
        """The row that a row belongs to; None for a top-level session."""
        return self._parents.get(row)

    def children(self, row: int) -> Sequence[int]:
        """The rows that belong to a row, without those that belong to these in turn."""
        return self._children.get(row, ())

    def depth(self, row: int) -> int:
        """How many levels a row is below the top in the list, as `nested` arranged it."""
        return self._depths.get(row, 0)

    @property
    def members(self) -> int:
        """How many rows belong to another row."""
        return len(self._parents)

    def flat(self) -> None:
        """Make every row a top-level row again."""
        self._depths = {}

    def nested(self, rows: list[int]) -> list[int]:
        """The rows, each followed by its subagents in their order; one without its parent stays in place."""
        self._depths = {}
        there = set(rows)
        below = {row: self._children[row] for row in self._children.keys() & there}
        if not below:
            return rows
        moved = {child for children in below.values() for child in children if child in there}
        place = {row: number for number, row in enumerate(rows) if row in moved}
        found: list[int] = []
        seen: set[int] = set()
        for row in rows:
            if row not in moved:
                self._add(row, below, place, found, seen)
        return found

    def _add(
        self,
        root: int,
        below: dict[int, list[int]],
        place: dict[int, int],
        found: list[int],
        seen: set[int],
    ) -> None:
        waiting = [(root, 0)]
        while waiting:
            row, depth = waiting.pop()
            if row in seen:
                continue
            seen.add(row)
            found.append(row)
            if depth:
                self._depths[row] = depth
            children = [each for each in below.get(row, ()) if each in place]
            children.sort(key=place.__getitem__, reverse=True)
            waiting += [(each, depth + 1) for each in children]

    def below(self, rows: Sequence[int]) -> list[int]:
        """All subagents below rows that are not among them, each once, those of a row together."""
        found, waiting = set(rows), list(rows)
        for row in waiting:
            new = [each for each in self._children.get(row, ()) if each not in found]
            found.update(new)
            waiting += new
        return waiting[len(rows) :]

    def sum(self, row: int, measure: Callable[[int], N]) -> N:
        """What a row and all subagents below it measure."""
        total = measure(row)
        if row not in self._children:
            return total
        waiting, seen = list(self._children[row]), {row}
        while waiting:
            each = waiting.pop()
            if each not in seen:
                seen.add(each)
                total += measure(each)
                waiting += self._children.get(each, ())
        return total
