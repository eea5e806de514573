"""Where a conversation branches: each branch named by its first words, each branch point with its ways on.

Strategy: one walk over all messages (`BranchFinder`), which keeps branch points, branches, and runs of
messages in one branch, so a long conversation takes no more memory than its branches.  The ids of all
messages are kept during the walk, in 16 bytes each, for messages that others continue from although they are
not marked as branch points.  `ChosenWays` says what is shown: at first the path to the last message, where
the conversation ended up.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from agcx_format.model.items import MessageSnapshot
from agcx_format.transcript.title import short_title
from agcx_format.transcript.words import genuine_user_text, text_of

__all__ = ["Branch", "BranchFinder", "Branches", "ChosenWays", "Way"]

# Levels of a tree of branches; what is nested deeper is shown at the last one.
DEEPEST = 8
_ID = 16
# Characters of a branch's first words that name it: as many as a wide terminal has room for.
_NAME = 120
# The name of a way whose first words were not kept.
_REST = "(goes on)"


@dataclass(slots=True)
class Branch:
    """One branch.

    Fields:
        name: its first words.
        start: the number of its first message, from 1.
        parent: the id of the message that it continues from; None if that is not known.
        messages: how many messages it has.
    """

    name: str
    start: int
    parent: UUID | None
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """One of the ways in which a conversation continues from a message.

    Fields:
        branch: the id of the branch; None for what is in no branch.
        start: the number of its first message, from 1.
        name: its first words.
    """

    branch: UUID | None
    start: int
    name: str = field(default="", compare=False)


@dataclass(slots=True)
class Branches:
    """The branches of a conversation.

    Fields:
        found: the branches in the order of their first messages, by id.
        numbers: the number of a message that another continues from, from 1, by its id.
        ways: the ways on from a branch point, by the id of the message.
        lines: the branch that a branch point is in; None for none.
        starts: the number of the first message of each run of messages in the same branch.
        runs: the branch of each run; None for none.
        last: the number of the last message, from 1.
    """

    found: dict[UUID, Branch] = field(default_factory=dict)
    numbers: dict[UUID, int] = field(default_factory=dict)
    ways: dict[UUID, list[Way]] = field(default_factory=dict)
    lines: dict[UUID, UUID | None] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)
    runs: list[UUID | None] = field(default_factory=list)
    last: int = 0

    def name(self, branch: UUID) -> str:
        """The first words of a branch; empty if there is no such branch."""
        return self.found[branch].name if branch in self.found else ""

    def line_of(self, number: int) -> UUID | None:
        """The branch that message `number` (from 1) is in; None if it is in none."""
        at = bisect_right(self.starts, number) - 1
        return self.runs[at] if at >= 0 else None

    def messages_on(self, way: Way) -> int:
        """How many messages of its branch a way has, from its first one on."""
        ends = (*self.starts[1:], self.last + 1)
        return sum(
            max(0, end - max(start, way.start))
            for start, end, branch in zip(self.starts, ends, self.runs, strict=True)
            if branch == way.branch
        )

    def origin(self, branch: Branch) -> int | None:
        """The number of the message that a branch continues from, from 1."""
        return self.numbers.get(branch.parent) if branch.parent is not None else None

    def depth(self, branch: Branch) -> int:
        """How many branches a branch is nested in, at most `DEEPEST`."""
        depth = 0
        holder = self._holder(branch)
        while holder is not None and depth < DEEPEST:
            depth, holder = depth + 1, self._holder(holder)
        return depth

    def _holder(self, branch: Branch) -> Branch | None:
        """The branch that holds the message that a branch continues from."""
        origin = self.origin(branch) or 0
        for each in reversed(self.found.values()):
            if each.start < branch.start and each.start <= origin < each.start + each.messages:
                return each
        return None


class BranchFinder:
    """Finds the branches of a conversation, whose messages it is given in order."""

    def __init__(self) -> None:
        self._found = Branches()
        self._previous: UUID | None = None
        # The branch and the parent of the message before.
        self._place: tuple[UUID | None, UUID | None] = None, None
        self._missing: set[UUID] = set()
        self._ids = bytearray()

    def add(self, number: int, message: MessageSnapshot) -> None:
        """The next message; those that cannot be decoded are left out, and leave a gap in the numbers."""
        found, metadata = self._found, message.metadata
        own, branch, parent = metadata.message_id, metadata.branch_id, metadata.parent_message_id
        self._ids.extend(bytes(_ID * (number - 1) - len(self._ids)) + own.bytes)
        if not found.starts or found.runs[-1] != branch:
            found.starts.append(number)
            found.runs.append(branch)
        # Without a parent a message goes on from the one before it; likewise in a branch of which each
        # message names the branch point as its parent.
        follows = parent is None or (branch is not None and (branch, parent) == self._place)
        before = self._previous if follows else parent
        if before is not None and before in found.numbers:
            way = Way(branch, number, _first_words(message))
            found.ways.setdefault(before, []).append(way)
        elif not follows and parent is not None and parent != self._previous:
            self._missing.add(parent)
        if metadata.branch_point:
            found.numbers[own] = number
            found.lines[own] = branch
        if branch is not None:
            if branch not in found.found:
                found.found[branch] = Branch(_first_words(message), number, before)
            found.found[branch].messages += 1
        self._previous, self._place = own, (branch, parent)
        found.last = number

    def branches(self) -> Branches:
        """All of them, once every message was added."""
        found, ids = self._found, self._ids
        for at in range(0, len(ids), _ID) if self._missing else ():
            own = UUID(bytes=bytes(ids[at : at + _ID]))
            if own in self._missing:
                found.numbers.setdefault(own, at // _ID + 1)
        self._add_unmarked()
        return found

    def _add_unmarked(self) -> None:
        """The ways on from messages that branches continue from although they are not marked."""
        found = self._found
        for id, branch in found.found.items():
            parent, origin = branch.parent, found.origin(branch)
            if parent is None or origin is None:
                continue
            if parent not in found.lines:
                found.lines[parent] = found.line_of(origin)
                found.ways[parent] = [Way(found.line_of(origin + 1), origin + 1, _REST)]
            if all(way.start != branch.start for way in found.ways[parent]):
                found.ways[parent].append(Way(id, branch.start, branch.name))


def _first_words(message: MessageSnapshot) -> str:
    return short_title(genuine_user_text(message.item) or text_of(message.item), _NAME)


class ChosenWays:
    """Which way on is chosen at each branch point: at first those that lead to the last message.

    Where a branch point is on another path, its last way is chosen; `everything` chooses none, which shows
    all of them.
    """

    def __init__(self, branches: Branches, *, everything: bool = False) -> None:
        self._branches = branches
        self._chosen: dict[UUID, Way] = {}
        self._points: dict[UUID | None, list[UUID]] = {}
        for point, line in branches.lines.items():
            self._points.setdefault(line, []).append(point)
        if not everything:
            self._chosen = {
                point: ways[-1] for point, ways in branches.ways.items() if len(ways) > 1
            }
            self.reveal(branches.last)

    def point(self, message: MessageSnapshot, number: int) -> UUID | None:
        """The branch point to choose at when message `number` (from 1) is current: itself, or before it."""
        own = message.metadata.message_id
        if len(self._branches.ways.get(own, ())) > 1:
            return own
        for point, ways in self._branches.ways.items():
            if len(ways) > 1 and any(way.start == number for way in ways):
                return point
        return None

    def number(self, point: UUID) -> int:
        """The number of a branch point, from 1."""
        return self._branches.numbers[point]

    def turn(self, point: UUID, direction: int) -> str:
        """Choose the next way (1) or the previous one (-1), or after the last one all; says which it is."""
        ways = self._branches.ways[point]
        chosen = self._chosen.get(point)
        place = -1 if chosen is None else ways.index(chosen)
        place = (place + 1 + direction) % (len(ways) + 1) - 1
        if place < 0:
            self._chosen.pop(point, None)
        else:
            self._chosen[point] = ways[place]
        return self.describe(point)

    def describe(self, point: UUID) -> str:
        """Which way is chosen at a branch point."""
        ways = self._branches.ways[point]
        chosen = self._chosen.get(point)
        if chosen is None:
            return f"all {len(ways):,} branches are shown"
        return f"branch {ways.index(chosen) + 1:,} of {len(ways):,}"

    def hidden(self, number: int) -> Way | None:
        """The way that is not chosen and that message `number` (from 1) is on; None if it is shown."""
        hidden = None
        for point, way in self._steps(number):
            chosen = self._chosen.get(point)
            if chosen is not None and chosen != way:
                # The one that begins first holds the others.
                hidden = way
        return hidden

    def reveal(self, number: int) -> bool:
        """Choose the ways that lead to message `number` where others are chosen; false if it is shown."""
        changed = False
        for point, way in self._steps(number):
            if self._chosen.get(point, way) != way:
                self._chosen[point] = way
                changed = True
        return changed

    def left_out(self) -> tuple[range, ...]:
        """The numbers of the messages that are not shown, from 1."""
        found = self._branches
        # Between these numbers nothing changes.
        steps = {way.start for ways in found.ways.values() for way in ways}
        steps |= {*found.starts, *(found.numbers[point] + 1 for point in found.lines)}
        ordered = [*sorted(steps), found.last + 1]
        return tuple(
            range(start, end)
            for start, end in pairwise(ordered)
            if start < end and self.hidden(start) is not None
        )

    def _steps(self, number: int) -> Iterator[tuple[UUID, Way]]:
        """The branch points on the way to a message, and which way leads there from each, last one first."""
        found = self._branches
        if not self._chosen:
            return
        branch, seen = found.line_of(number), set[UUID | None]()
        # A damaged file may have branches that lead to themselves.
        while branch not in seen:
            seen.add(branch)
            for point in reversed(self._points.get(branch, ())):
                if found.numbers[point] < number:
                    # The last way begins a run that other messages of the same branch are on.
                    for way in reversed(found.ways.get(point, ())):
                        if way.branch == branch and way.start <= number:
                            yield point, way
                            break
            if branch is None or branch not in found.found:
                return
            parent = found.found[branch].parent
            for way in found.ways.get(parent, ()) if parent is not None else ():
                if way.branch == branch and parent is not None:
                    yield parent, way
            if parent is None or parent not in found.lines:
                return
            branch, number = found.lines[parent], found.numbers[parent]
