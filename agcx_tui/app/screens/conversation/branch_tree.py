"""The branches of a conversation as a tree, from which one is chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.app.screens.options_screen import PagedScreen
from agcx_tui.core.conversation.branches import Branches, read_branches
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

    def on_mount(self) -> None:
        self.show_title("branches", counted(len(self._branches.found), "branch", "branches"))
        self.lines.add_options(self._options())
        self.lines.highlighted = 0

    def _options(self) -> Iterator[Option]:
        for branch in islice(self._branches.found.values(), _SHOWN):
            space = "   " * self._branches.depth(branch)
            name = safe_line(branch.name) or "(no words)"
            origin = self._branches.origin(branch)
            after = "" if origin is None else f", continues from message {origin:,}"
            messages = counted(branch.messages, "message")
            words = f"   message {branch.start:,}: {messages}{after}"
            yield Option(
                Content.assemble(f"{space}{name}", (words, "$text-muted")), id=str(branch.start - 1)
            )

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
