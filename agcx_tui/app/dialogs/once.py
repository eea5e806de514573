"""A screen that can be left once only.

Strategy: Textual closes whatever screen is on top when a screen is dismissed, so the second of two quick keys
would close the screen below, and the last one with it.  A screen that is not on top is not dismissed.
"""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.content import Content
from textual.screen import Screen, ScreenResultType

__all__ = ["OnceScreen"]


class OnceScreen(Screen[ScreenResultType]):
    """Base class of every screen that is put on another.

    Behind a class of Textual, where it has another base: the style sheets follow the first base only.
    """

    @property
    def help_text(self) -> Content | None:
        """What `?` shows below the keys."""
        return None

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave with a result; does nothing when it was left already."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
