"""The branches of a conversation as a tree, from which one is chosen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.options_screen import PagedScreen
from agcx_tui.app.themes import MUTED
from agcx_tui.core.conversation.branch_list import ListedBranch, list_branches
from agcx_tui.core.words.format import counted

if TYPE_CHECKING:
    from textual.screen import Screen

    from agcx_format import MessageSource

__all__ = ["BranchTree", "ask_for_branch"]

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
        self.lines.add_options(
            Option(_lines(branch), id=str(branch.way.start - 1))
            for branch in self._branches[:_SHOWN]
        )
        self.lines.highlighted = 0

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(int(event.option_id or 0))


def _lines(branch: ListedBranch) -> Content:
    space = "   " * branch.depth
    newest = "   newest" if branch.newest else ""
    first = Content.assemble(
        f"{space}{branch.name}", (f"   {branch.facts}", MUTED), (newest, "$secondary")
    )
    more = [Content.styled(f"{space}     {line}", MUTED) for line in branch.differences()]
    return Content("\n").join([first, *more])


async def ask_for_branch(screen: Screen[None], source: MessageSource | None) -> int | None:
    """The index of the first message of the branch that the person chooses; None for none.

    The source is None while it is being opened.
    """
    if source is None or not source.complete:
        screen.notify(
            "It is still loading: branches are known once all of it is read.", markup=False
        )
        return None
    try:
        branches = await asyncio.to_thread(list_branches, source)
    except PersistenceError as error:
        screen.notify(safe_line(str(error)), severity="error", markup=False)
        return None
    if not branches:
        screen.notify("This conversation has no branches.", markup=False)
        return None
    return await screen.app.push_screen_wait(BranchTree(branches))
