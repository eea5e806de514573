"""The subagents of a conversation that none of its calls names, and its parent, from which one is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events, on
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from agcx_format.transcript import safe_line
from agcx_tui.app.blocks.lines import shorten
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.options_screen import PagedScreen
from agcx_tui.app.themes import MUTED
from agcx_tui.core.words.format import counted

if TYPE_CHECKING:
    from uuid import UUID

    from agcx_tui.core.sessions.subagents import StartedSubagent

__all__ = ["SubagentChoice"]

# Cells beside the lines: their margins, and the scrollbar.
_MARGIN = 6
_PARENT = Content.assemble("Parent", ("   the session that started this one", MUTED))
# Cells of a title, however little room there is.
_LEAST = 20


class SubagentChoice(PagedScreen[str]):
    """Enter leaves with the id of a subagent's session."""

    BINDINGS = bindings("subagents")

    def __init__(self, subagents: Sequence[StartedSubagent], parent: UUID | None = None) -> None:
        """`parent` is the session that started the one that the subagents are of, if it is a subagent."""
        super().__init__()
        self._subagents = subagents
        self._started_by = parent

    def on_mount(self) -> None:
        name = "Parent and subagents" if self._started_by else "Subagents"
        self.show_title(name, counted(len(self._subagents), "subagent"))

    def on_resize(self, event: events.Resize) -> None:
        """Show as much of the titles as there is room for."""
        room = event.size.width - _MARGIN
        parent = [Option(_PARENT, id=str(self._started_by))] if self._started_by else []
        subagents = [Option(_line(each, room), id=each.id) for each in self._subagents]
        self.show_lines(parent + subagents)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


def _line(subagent: StartedSubagent, width: int) -> Content:
    facts = f"   {counted(subagent.messages, 'message')}"
    title = safe_line(subagent.title).strip() or "(no title)"
    return Content.assemble(shorten(title, max(_LEAST, width - len(facts))), (facts, MUTED))
