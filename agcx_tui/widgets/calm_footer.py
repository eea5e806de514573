"""Textual's footer, composed anew once for all that changed the keys together.

At the start of a screen five things do, and each would have its widgets made and styled again while the
first key waits.
"""

from __future__ import annotations

from textual.screen import Screen
from textual.widgets import Footer

__all__ = ["CalmFooter"]


class CalmFooter(Footer):
    _due = False

    def bindings_changed(self, screen: Screen) -> None:
        if not self._due:
            self._due = True
            self.call_after_refresh(self._changed, screen)

    def _changed(self, screen: Screen) -> None:
        self._due = False
        super().bindings_changed(screen)
