"""Where a conversation branches: each branch named by its first words, each branch point with its ways on.

Strategy: one walk over all messages, beside what is shown; blocks, so call it in a thread.  Only branch
points and branches are kept, so a long conversation takes no more memory than its branches.  The ids of all
messages are kept during the walk, in 16 bytes each, for messages that others continue from although they are
not marked as branch points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from agcx_format import MessageSnapshot, MessageSource
from agcx_format.transcript import genuine_user_text, short_title, text_of
from agcx_tui.core.conversation.find_message import all_messages

__all__ = ["Branch", "Branches", "ChosenWays", "Way", "read_branches"]

# Levels of a tree of branches; what is nested deeper is shown at the last one.
DEEPEST = 8
_ID = 16
# Characters of a branch's first words that name it.
_NAME = 40


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
    """One of the ways in which a conversation goes on from a message.

    Fields:
        branch: the id of the branch; None for what is in no branch.
        start: the number of its first message, from 1.
    """

    branch: UUID | None
    start: int


@dataclass(slots=True)
class Branches:
    """The branches of a conversation.

    Fields:
        found: the branches in the order of their first messages, by id.
        counts: in how many ways the conversation goes on from a branch point, by the id of the message.
        numbers: the number of a message that another continues from, from 1, by its id.
        ways: the ways on from a branch point, by the id of the message.
        lines: the branch that a branch point is in; None for none.
    """

    found: dict[UUID, Branch] = field(default_factory=dict)
    counts: Counter[UUID] = field(default_factory=Counter)
    numbers: dict[UUID, int] = field(default_factory=dict)
    ways: dict[UUID, list[Way]] = field(default_factory=dict)
    lines: dict[UUID, UUID | None] = field(default_factory=dict)

    def name(self, branch: UUID) -> str:
        """The first words of a branch; empty if there is no such branch."""
        return self.found[branch].name if branch in self.found else ""

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


class ChosenWays:
    """Which way on a reader chose at each branch point; everything is shown where none is chosen."""

    def __init__(self, branches: Branches) -> None:
        self._branches = branches
        self._chosen: dict[UUID, Way] = {}

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
        """Choose the next way (1) or the one before (-1), or after the last one all; says which it is."""
        ways = self._branches.ways[point]
        chosen = self._chosen.get(point)
        place = -1 if chosen is None else ways.index(chosen)
        place = (place + 1 + direction) % (len(ways) + 1) - 1
        if place < 0:
            self._chosen.pop(point, None)
            return f"all {len(ways):,} branches are shown"
        self._chosen[point] = ways[place]
        return f"branch {place + 1:,} of {len(ways):,}"

    def hidden(self, message: MessageSnapshot, number: int) -> Way | None:
        """The way that is not chosen and that message `number` (from 1) is on; None if it is shown."""
        hidden = None
        for point, way in self._steps(message.metadata.branch_id, number):
            chosen = self._chosen.get(point)
            if chosen is not None and chosen != way:
                # The one that begins first holds the others.
                hidden = way
        return hidden

    def reveal(self, message: MessageSnapshot, number: int) -> bool:
        """Choose the ways that lead to a message where others are chosen; false if it is shown."""
        changed = False
        for point, way in self._steps(message.metadata.branch_id, number):
            if self._chosen.get(point, way) != way:
                self._chosen[point] = way
                changed = True
        return changed

    def _steps(self, branch: UUID | None, number: int) -> Iterator[tuple[UUID, Way]]:
        """The branch points on the way to a message, and which way leads there from each, last one first."""
        found = self._branches
        if not self._chosen:
            return
        for _ in range(DEEPEST + 1):
            for point, line in reversed(found.lines.items()):
                if line == branch and found.numbers[point] < number:
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


def read_branches(
    source: MessageSource, stopped: Callable[[], bool] = lambda: False
) -> Branches | None:
    """Look at all messages of a complete source; None if `stopped`.

    Raises:
        PersistenceError: The file was closed or cannot be read.
    """
    found = Branches()
    previous: UUID | None = None
    missing: set[UUID] = set()
    ids = bytearray()
    for number, message in all_messages(source, stopped):
        metadata = message.metadata
        own, branch, parent = metadata.message_id, metadata.branch_id, metadata.parent_message_id
        # Messages that cannot be decoded leave a gap.
        ids.extend(bytes(_ID * (number - 1) - len(ids)) + own.bytes)
        # Without a parent a message goes on from the one before it.
        before = previous if parent is None else parent
        if before is not None and before in found.numbers:
            found.counts[before] += 1
            found.ways.setdefault(before, []).append(Way(branch, number))
        elif parent is not None and parent != previous:
            missing.add(parent)
        if metadata.branch_point:
            found.numbers[own] = number
            found.lines[own] = branch
        if branch is not None:
            if branch not in found.found:
                words = genuine_user_text(message.item) or text_of(message.item)
                found.found[branch] = Branch(short_title(words, _NAME), number, before)
            found.found[branch].messages += 1
        previous = own
    for at in range(0, len(ids), _ID) if missing else ():
        own = UUID(bytes=bytes(ids[at : at + _ID]))
        if own in missing:
            found.numbers.setdefault(own, at // _ID + 1)
    return None if stopped() else found
