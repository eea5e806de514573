"""The base of every screen that is pushed on another: it can be left only once.

Strategy: Textual pops the screen on top when any screen is dismissed, so the second of two quick keys
would close the screen below, and the last one with it.  A screen that is not on top is not dismissed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.await_complete import AwaitComplete
from textual.geometry import Region
from textual.screen import ScreenResultType
from textual.strip import Strip

from agcx_tui.app.textual_bases import HeldScreen
from agcx_tui.app.textual_internals import forget_toasts
from agcx_tui.app.widgets.plain_ground import lines_alike
from agcx_tui.core.local import collector

if TYPE_CHECKING:
    from agcx_tui.core.words.help_pages import HelpSection

__all__ = ["OnceScreen"]


class OnceScreen(HeldScreen[ScreenResultType]):
    """List a class of Textual before it, if there is one: style sheets follow the first base only."""

    help_section_first: ClassVar[bool] = False
    """Whether it comes before the keys."""

    def __init__(
        self, name: str | None = None, id: str | None = None, classes: str | None = None
    ) -> None:
        # The modules of a screen are imported with it.
        collector.keep_imported()
        super().__init__(name, id, classes)

    @on(events.Mount)
    def _forget_toasts(self) -> None:
        """What was said on the screen below is not about this one; a dialog leaves that screen in view."""
        if not self.is_modal:
            forget_toasts(self.app, but_failures=True)

    @property
    def help_section(self) -> HelpSection | None:
        """What `?` shows besides the keys."""
        return None

    def render_lines(self, crop: Region) -> list[Strip]:
        if self.is_modal:
            # The screen below is seen through it.
            return super().render_lines(crop)
        return lines_alike(super().render_lines, crop)

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave with a result; does nothing if the screen was left already."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
