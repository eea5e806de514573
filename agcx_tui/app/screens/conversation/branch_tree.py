"""The branches of a conversation as a tree, from which one is chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

from textual import on
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from agcx_format.errors import PersistenceError
from agcx_format.transcript import Branches, ChosenWays, Way, safe_line
from agcx_tui.app.screens.options_screen import PagedScreen
from agcx_tui.core.conversation.branches import read_branches
from agcx_tui.core.words.format import counted

if TYPE_CHECKING:
    from textual.screen import Screen

    from agcx_format import MessageSource

__all__ = ["BranchTree", "ask_for_branch"]

# More branches than anybody made by hand.
_SHOWN = 1_000


class BranchTree(PagedScreen[int]):
    """Enter leaves with the index of a branch's first message."""

    def __init__(self, branches: Branches) -> None:
        super().__init__()
        self._branches = branches
        self._newest = ChosenWays(branches)

    def on_mount(self) -> None:
        count = counted(len(self._branches.found), "branch", "branches")
        self.show_title("branches", f"{count} · newest: leads to the last message")
        self.lines.add_options(self._options())
        self.lines.highlighted = 0

    def _options(self) -> Iterator[Option]:
        for point, way in islice(self._ways(), _SHOWN):
            yield Option(self._line(point, way), id=str(way.start - 1))

    def _ways(self) -> list[tuple[UUID | None, Way]]:
        """Every way on, in order, with the message that it goes on from, and branches that begin nowhere."""
        found = self._branches
        ways: dict[int, tuple[UUID | None, Way]] = {
            branch.start: (branch.parent, Way(id, branch.start, branch.name))
            for id, branch in found.found.items()
        }
        for point, several in found.ways.items():
            if len(several) > 1:
                ways |= {way.start: (point, way) for way in several}
        return [ways[start] for start in sorted(ways)]

    def _line(self, point: UUID | None, way: Way) -> Content:
        branch = self._branches.found.get(way.branch) if way.branch is not None else None
        space = "   " * (0 if branch is None else self._branches.depth(branch))
        begins = branch is not None and branch.start == way.start
        facts = [counted(branch.messages, "message")] if branch is not None and begins else []
        origin = self._branches.numbers.get(point) if point is not None else None
        facts += [f"continues from message {origin:,}"] if origin is not None else []
        words = f"   message {way.start:,}{': ' if facts else ''}{', '.join(facts)}"
        newest = "   newest" if self._newest.hidden(way.start) is None else ""
        name = safe_line(way.name) or "(no words)"
        return Content.assemble(f"{space}{name}", (words, "$text-muted"), (newest, "$secondary"))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(int(event.option_id or 0))


async def ask_for_branch(screen: Screen[None], source: MessageSource) -> int | None:
    """The index of the first message of the branch that the person chooses; None for none."""
    if not source.complete:
        screen.notify(
            "It is still loading: branches are known once all of it is read.", markup=False
        )
        return None
    try:
        branches = await asyncio.to_thread(read_branches, source)
    except PersistenceError as error:
        screen.notify(safe_line(str(error)), severity="error", markup=False)
        return None
    if branches is None or not branches.found:
        screen.notify("This conversation has no branches.", markup=False)
        return None
    return await screen.app.push_screen_wait(BranchTree(branches))
