"""One checkpoint of a session, as a conversation: what can be done with it is to make a session of it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from agcx_tui.app.screens.conversation.conversation import ConversationScreen

__all__ = ["CheckpointScreen"]


class CheckpointScreen(ConversationScreen):
    """A conversation whose opener opens a checkpoint; `path` is the file of its session."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Left out of the footer, where there is no room for all: `e` only says how to come to an export.
        Binding("e", "export", "export", show=False, id="conversation.export"),
        Binding("tab,ctrl+pagedown", "next_tab(1)", "tabs", show=False, id="conversation.next-tab"),
        # There is no tab of checkpoints, and one number less.
        Binding("3", "tab_number(3)", "show the details", show=False, id="checkpoint.tab-3"),
        Binding("c", "make_session", "new session", id="checkpoint.session"),
    ]

    def action_make_session(self) -> None:
        if self.opened is not None and self.opened.checkpoint is not None:
            self.ask_for_session(self.opened.checkpoint)

    def reopen(self) -> None:
        """A checkpoint stays as it is, whatever becomes of its session."""
