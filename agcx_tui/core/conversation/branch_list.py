"""The branches of a conversation as lines: for the tree in the app, and for `agcx show`.

Strategy: one pass over the messages collects where it branches and what each branch has; then each way on
from a branch point is one line, and below it how it ends and what only it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from agcx_format import MessageSnapshot, MessageSource
from agcx_format.counting import counted
from agcx_format.transcript import (
    BranchContents,
    Branches,
    BranchFinder,
    ChosenWays,
    Way,
    WayContent,
    safe_line,
)
from agcx_tui.core.conversation.find_message import all_messages
from agcx_tui.core.words.format import shortened

__all__ = ["BranchLister", "ListedBranch", "list_branches"]

# More commands and files than a person compares.
_NAMED = 3
# Characters that are left of each, however little room there is.
_LEAST = 20


@dataclass(frozen=True, slots=True)
class ListedBranch:
    """A way on from a branch point.

    Fields:
        origin: the message that it continues from, from 1; None if that is not known.
        depth: how many branches it is nested in.
        newest: whether it leads to the last message.
    """

    way: Way
    origin: int | None
    depth: int
    newest: bool
    content: WayContent

    @property
    def name(self) -> str:
        """Its first words."""
        return safe_line(self.way.name) or "(no words)"

    @property
    def facts(self) -> str:
        """How long it is, and where it comes from."""
        messages = counted(self.content.messages, "message")
        origin = "" if self.origin is None else f", continues from message {self.origin:,}"
        return f"message {self.way.start:,}: {messages}{origin}"

    def differences(self, width: int | None = None) -> Iterator[str]:
        """How it ends, and what only it ran or touched, one line each, cut to about `width` cells."""
        if self.content.ends:
            ends = f"ends: {safe_line(self.content.ends)}"
            yield ends if width is None else shortened(ends, max(_LEAST, width))
        yield from _only("commands", self.content.commands, width)
        yield from _only("files", self.content.files, width)


def _only(what: str, names: tuple[str, ...], width: int | None) -> Iterator[str]:
    if not names:
        return
    shown = [safe_line(name) for name in names[:_NAMED]]
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    label = f"{what} only here: "
    if width is not None:
        shown = _fitting(shown, width - len(label) - len(more))
    yield f"{label}{', '.join(shown)}{more}"


def _fitting(names: list[str], width: int) -> list[str]:
    """The names, cut to this much room: the long ones share what the short ones leave."""
    left = width - 2 * (len(names) - 1)
    rooms: dict[int, int] = {}
    for done, at in enumerate(sorted(range(len(names)), key=lambda at: len(names[at]))):
        rooms[at] = max(_LEAST, left // (len(names) - done))
        left -= min(rooms[at], len(names[at]))
    return [shortened(name, rooms[at]) for at, name in enumerate(names)]


class BranchLister:
    """Takes all messages of a conversation, in order."""

    def __init__(self) -> None:
        self._finder = BranchFinder()
        self._contents = BranchContents()

    def add(self, number: int, message: MessageSnapshot) -> None:
        """The next message; `number` counts from 1."""
        self._finder.add(number, message)
        self._contents.add(number, message)

    def listed(self) -> list[ListedBranch]:
        """Every way on, in the order of the messages; asked once, after the last message."""
        branches = self._finder.branches()
        newest = ChosenWays(branches)
        return [
            ListedBranch(
                way,
                branches.numbers.get(point) if point is not None else None,
                _depth(branches, way),
                newest.hidden(way.start) is None,
                self._contents.of(branches, way),
            )
            for point, way in _ways(branches)
        ]


def list_branches(
    source: MessageSource, stopped: Callable[[], bool] = lambda: False
) -> list[ListedBranch] | None:
    """Look at all messages of a complete source; None if `stopped`.  Blocks.

    Raises:
        PersistenceError: The file was closed or cannot be read.
    """
    lister = BranchLister()
    for number, message in all_messages(source, stopped):
        lister.add(number, message)
    return None if stopped() else lister.listed()


def _ways(branches: Branches) -> Iterable[tuple[UUID | None, Way]]:
    """Every path, in order, with the message that it continues from, and branches without a beginning."""
    if not branches.found:
        return ()
    ways: dict[int, tuple[UUID | None, Way]] = {
        branch.start: (branch.parent, Way(id, branch.start, branch.name))
        for id, branch in branches.found.items()
    }
    for point, several in branches.ways.items():
        if len(several) > 1:
            ways |= {way.start: (point, way) for way in several}
    return [ways[start] for start in sorted(ways)]


def _depth(branches: Branches, way: Way) -> int:
    branch = branches.found.get(way.branch) if way.branch is not None else None
    if branch is None:
        return 0
    # One of several continuations of the branch itself is in it.
    return branches.depth(branch) + (way.start != branch.start)
