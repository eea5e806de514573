"""Hands a conversation over: to a file, the clipboard, an editor, or its agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agcx_tui.app.screens.conversation.editing import open_in_editor
from agcx_tui.app.screens.resuming import resume_conversation
from agcx_tui.app.widgets.copying import copy

if TYPE_CHECKING:
    from textual.screen import Screen

    from agcx_tui.app.screens.conversation.panes import Panes
    from agcx_tui.core.conversation.subject import Conversation

__all__ = ["Handoff"]


class Handoff:
    """For one screen and its panes; `export`, if there is one, asks where a session file is to be exported
    to.
    """

    def __init__(
        self, screen: Screen[None], panes: Panes, export: Callable[[str], None] | None
    ) -> None:
        self.export_file = export
        self._screen, self._panes = screen, panes

    async def perform(self, name: str, conversation: Conversation | None) -> None:
        """Do what the table of actions calls `take(name)`, with the conversation that is open, if one is.

        Raises:
            KeyError: There is no such act.
        """
        if conversation is None:
            if name == "export":
                self._screen.notify("This cannot be exported.", markup=False)
        elif name == "export":
            self._export(conversation.path)
        elif name == "copy_id":
            copy(self._screen.app, str(conversation.metadata.id), "the id of the session")
        elif name == "editor":
            await open_in_editor(self._screen, conversation, self._panes.current_file())
        else:
            only_copy = {"resume": False, "copy_resume": True}[name]
            await resume_conversation(self._screen.app, conversation, only_copy=only_copy)

    def _export(self, path: str) -> None:
        if self.export_file is None:
            self._screen.notify("This cannot be exported.", markup=False)
        else:
            self.export_file(path)
