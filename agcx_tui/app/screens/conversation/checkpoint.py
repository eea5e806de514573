"""One checkpoint of a session, as a conversation: what can be done with it is to make a session of it."""

from __future__ import annotations

from textual import work

from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.conversation.conversation import ConversationScreen

__all__ = ["CheckpointScreen"]


class CheckpointScreen(ConversationScreen):
    """A conversation whose opener opens a checkpoint; `path` is the file of its session."""

    BINDINGS = bindings("checkpoint")

    @work
    async def action_make_session(self) -> None:
        if self.opened is not None and self.opened.checkpoint is not None:
            await self.derived.restore_checkpoint(self, self.opened, self.opened.checkpoint)

    def action_reopen(self) -> None:
        """Does nothing: a checkpoint stays as it is, whatever becomes of its session."""
