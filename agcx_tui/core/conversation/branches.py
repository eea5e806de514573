"""Reads where a conversation branches, from a source that shows it; blocks, so call it in a thread."""

from __future__ import annotations

from collections.abc import Callable

from agcx_format import MessageSource
from agcx_format.transcript import Branches, BranchFinder
from agcx_tui.core.conversation.find_message import all_messages

<<<<<<< HEAD
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
=======
__all__ = ["read_branches"]
>>>>>>> main


def read_branches(
    source: MessageSource, stopped: Callable[[], bool] = lambda: False
) -> Branches | None:
    """Look at all messages of a complete source; None if `stopped`.

    Raises:
        PersistenceError: The file was closed or cannot be read.
    """
    finder = BranchFinder()
    for number, message in all_messages(source, stopped):
        finder.add(number, message)
    return None if stopped() else finder.branches()
