"""The part of a conversation that follows its file: reading it anew when it is another by now.

Strategy: what is shown stays as it was read until somebody asks: a view that changes under the eyes
helps nobody.  Who watches the store tells what changed; acts of this program are followed at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agcx_tui.app.screens.conversation.taking import TakingScreen

if TYPE_CHECKING:
    from agcx_format.disk.durable import Signature
    from agcx_tui.core.store.store_work import Outcome

__all__ = ["FollowingScreen"]


class FollowingScreen(TakingScreen):
    """`opening` while the file is being opened, for the first time or anew."""

    opening = True
    # It was said that the file is another than the one that is shown.
    told_of_change = False

    def reopen(self) -> None:
        """Show the file as it is now."""
        raise NotImplementedError

    def action_reopen(self) -> None:
        self.reopen()

    def files_changed(self, changed: Mapping[str, Signature]) -> None:
        """These files are others by now: say so, once, if what is shown is from one of them."""
        there = changed.get(self.path)
        shown = getattr(self.transcript.source, "signature", there)
        if there is None or there == shown or self.opening or self.told_of_change:
            return
        self.told_of_change = True
        self.notify("This session was saved again; F5 reads it anew.", markup=False)

    def follow_act(self, outcome: Outcome) -> None:
        """An act was done in this conversation, or in one that lies over it."""
        if self.path in [entry.path for entry in outcome.entries]:
            self.reopen()
