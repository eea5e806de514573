"""The branches of a conversation as a tree, from which one is chosen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import events, on
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.app.blocks.lines import shorten
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.options_screen import PagedScreen
from agcx_tui.app.themes import MUTED
from agcx_tui.core.conversation.branch_list import ListedBranch, list_branches
from agcx_tui.core.words.format import counted

if TYPE_CHECKING:
    from textual.screen import Screen

    from agcx_format import MessageSource
    from agcx_tui.app.services import Opening

__all__ = ["BranchTree", "ask_for_branch"]

# Cells beside the lines: their margins, and the scrollbar.
_MARGIN = 6
# Cells of a name, however little room there is.
_LEAST = 20
# More branches than anybody made by hand.
_SHOWN = 1_000


class BranchTree(PagedScreen[int]):
    """Enter leaves with the index of a branch's first message."""

    BINDINGS = bindings("branches")

    def __init__(self, branches: list[ListedBranch]) -> None:
        super().__init__()
        self._branches = branches

    def on_mount(self) -> None:
        count = counted(len(self._branches), "branch", "branches")
        self.show_title("Branches", f"{count} · newest: leads to the last message")

    def on_resize(self, event: events.Resize) -> None:
        """Show as much of the words as there is room for."""
        self.show_lines(
            Option(_lines(branch, event.size.width - _MARGIN), id=str(branch.way.start - 1))
            for branch in self._branches[:_SHOWN]
        )

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(int(event.option_id or 0))


def _lines(branch: ListedBranch, width: int) -> Content:
    space = "   " * branch.depth
    facts, newest = f"   {branch.facts}", "   newest" if branch.newest else ""
    room = max(_LEAST, width - len(space + facts + newest))
    name = shorten(branch.name, room)
    first = Content.assemble(f"{space}{name}", (facts, MUTED), (newest, "$secondary"))
    below = f"{space}     "
    differences = branch.differences(width - len(below))
    more = [Content.styled(f"{below}{line}", MUTED) for line in differences]
    return Content("\n").join([first, *more])


async def ask_for_branch(
    screen: Screen[None], source: MessageSource | None, opening: Opening
) -> int | None:
    """The index of the first message of the branch that the person chooses; None if they choose none.

    The source is None while it is being opened.
    """
    if source is None or not source.complete:
        screen.notify("Still loading: branches are known once all of it is read.", markup=False)
        return None
    try:
        with opening():
            branches = await asyncio.to_thread(list_branches, source)
    except PersistenceError as error:
        screen.notify(safe_line(str(error)), severity="error", markup=False)
        return None
    if not branches:
        screen.notify("This conversation has no branches.", markup=False)
        return None
    return await screen.app.push_screen_wait(BranchTree(branches))
