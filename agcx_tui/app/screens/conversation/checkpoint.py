"""One checkpoint of a session, as a conversation: what can be done with it is to make a session of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual import work

from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.core.conversation.subject import open_checkpoint

if TYPE_CHECKING:
    from agcx_format.store import StoredCheckpoint

__all__ = ["CheckpointScreen", "show_checkpoint"]


class CheckpointScreen(ConversationScreen):
    """A conversation whose opener opens a checkpoint; `path` is the file of its session."""

    BINDINGS = bindings("checkpoint")

    @work
    async def action_make_session(self) -> None:
        if self.opened is not None and self.opened.checkpoint is not None:
            await self.derived.restore_checkpoint(self, self.opened, self.opened.checkpoint)

    def action_reopen(self) -> None:
        """Does nothing: a checkpoint does not change, whatever happens to its session."""


def show_checkpoint(screen: ConversationScreen, checkpoint: StoredCheckpoint) -> None:
    """Open a checkpoint of the session on a screen, above it; does nothing if there is no store."""
    store, session = screen.panes.store, screen.opened
    if store is None or session is None:
        return
    opened = CheckpointScreen(
        screen.path,
        screen.derived,
        opener=partial(open_checkpoint, store, session.metadata, checkpoint),
        export=screen.handoff.export_file,
        follow=screen.file.store,
    )
    screen.app.push_screen(opened)
