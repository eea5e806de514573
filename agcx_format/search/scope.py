"""The sessions that a search goes through: which of them the book has, and what of these may hold a needle.

Strategy: made once for a list of sessions and used for every key that is typed.  A query then costs a
look at a few rows of each segment, and only the sessions that they leave over are considered one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import repeat
from operator import or_

import msgspec

from agcx_format.errors import PersistenceError
from agcx_format.search.blocks import Block
from agcx_format.search.book import Book, Entry
from agcx_format.search.query import Query
from agcx_format.search.results import SessionRef
from agcx_format.search.segment import Segment
from agcx_format.search.signature import Damaged, rows_of

__all__ = ["BookText", "Scope", "Task"]


class Task(msgspec.Struct, frozen=True):
    """A session that has to be looked at: in the book, in these of its blocks, or in its file."""

    ref: SessionRef
    entry: Entry | None = None
    blocks: tuple[int, ...] = ()

    @property
    def weight(self) -> int:
        """About how many blocks have to be read."""
        if self.entry is not None:
            return len(self.blocks) or 1
        size = self.ref.signature.size if self.ref.signature else 0
        return 1 + size // 16_384


class BookText:
    """The text of a session as the book has it: see `SessionText`."""

    direct = False

    def __init__(self, task: Task, entry: Entry) -> None:
        row = entry.row
        self.title = row.title
        self.updated = row.updated
        self.messages = row.messages
        self.error: PersistenceError | None = row.error(task.ref.path)
        self._segment = entry.segment
        self._numbers = task.blocks

    def blocks(self) -> Iterator[Block]:
        """Raises `Damaged` when the book is damaged."""
        return self._segment.read(self._numbers)


class Scope:
    """Sessions in the order in which a search gives them.

    Fields:
        refs: the sessions.
        version: of the book for which it was made.
    """

    def __init__(self, refs: Sequence[SessionRef], book: Book | None) -> None:
        self.refs = refs
        self.version = book.version if book else 0
        self._direct: list[int] = []
        # Where each session of a segment is among `refs`, or -1.
        self._places: dict[Segment, list[int]] = {}
        # Those of which the book knows that they are broken: a search says so, whatever it finds.
        self._broken: list[tuple[int, Entry]] = []
        entries = book.located(refs) if book else repeat(None, len(refs))
        for place, entry in enumerate(entries):
            if entry is None:
                self._direct.append(place)
                continue
            places = self._places.get(entry.segment)
            if places is None:
                places = self._places[entry.segment] = [-1] * len(entry.segment.sessions)
            places[entry.number] = place
            if entry.row.damage is not None:
                self._broken.append((place, entry))

    @property
    def in_book(self) -> int:
        """How many sessions the book has."""
        return len(self.refs) - len(self._direct)

    def tasks(self, query: Query) -> tuple[list[Task], set[Segment]]:
        """What has to be looked at, in order; and segments that turned out to be damaged."""
        found: dict[int, Task] = {place: Task(self.refs[place]) for place in self._direct}
        for place, entry in self._broken:
            found[place] = Task(self.refs[place], entry)
        damaged = set()
        for segment, places in self._places.items():
            try:
                candidates = _candidates(segment, query)
            except Damaged:
                damaged.add(segment)
                candidates = {}
                found |= {place: Task(self.refs[place]) for place in places if place >= 0}
            for number, blocks in candidates.items():
                place = places[number]
                if place >= 0:
                    found[place] = Task(self.refs[place], Entry(segment, number), blocks)
        return [found[place] for place in sorted(found)], damaged


def _candidates(segment: Segment, query: Query) -> dict[int, tuple[int, ...]]:
    """Sessions that may fit, and which blocks of them have to be read."""
    count = len(segment.blocks)
    everything = (1 << count) - 1
    if not query.within.messages:
        return dict.fromkeys(range(len(segment.sessions)), ())
    wanted = [segment.candidates(rows_of(each.required)) for each in query.matchers]
    if query.within.title:
        # A word that no message has may be in the title.
        sessions = set(range(len(segment.sessions)))
    elif wanted:
        if 0 in wanted:
            return {}
        owners = segment.owners
        sessions = set.intersection(*({owners[b] for b in _bits(each)} for each in wanted))
    else:
        sessions = set(range(len(segment.sessions)))
    if not sessions:
        return {}
    unwanted = [segment.candidates(rows_of(term.matcher.required)) for term in query.unwanted]
    nothing_wanted = not wanted and not unwanted
    blocks = everything if nothing_wanted else reduce(or_, [*wanted, *unwanted])
    found: dict[int, list[int]] = {number: [] for number in sorted(sessions)}
    for block in _bits(blocks):
        if (mine := found.get(segment.owners[block])) is not None:
            mine.append(block)
    return {number: tuple(numbers) for number, numbers in found.items()}


def _bits(mask: int) -> Iterator[int]:
    """The places of the bits that are set, ascending."""
    digits = bin(mask)[:1:-1]
    at = digits.find("1")
    while at >= 0:
        yield at
        at = digits.find("1", at + 1)
