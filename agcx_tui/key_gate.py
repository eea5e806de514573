"""Which keys and clicks are obeyed: none that was meant for a dialog which is gone by now.

Strategy: every event knows when it was read from the terminal.  When a dialog is left, the gate closes until
the screen below it has been drawn; what was typed before that moment is discarded, wherever it is by then.
A person who presses Enter twice thus never acts on a screen that they have not seen.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from textual import events

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen

__all__ = ["KeyGate"]

# Seconds between two looks whether the app draws again, while it has put that off.
_AGAIN = 0.02


class KeyGate:
    """The gate of one app."""

    def __init__(self, app: App) -> None:
        self._app = app
        # On the clock of the events.
        self._seen_at = -math.inf

    def admits(self, event: events.Event) -> bool:
        """Whether the event is to be obeyed; those that nobody types or clicks always are."""
        if isinstance(event, events.Key | events.Paste | events.MouseDown | events.MouseUp):
            return event.time >= self._seen_at
        return True

    def screen_left(self, was_modal: bool) -> None:
        """The screen on top was left, a dialog or another one."""
        if was_modal:
            self._seen_at = math.inf
        if self._seen_at == math.inf:
            self._open_when_drawn()

    def _open_when_drawn(self) -> None:
        self._app.call_after_refresh(self._drawn, self._app.screen)

    def _drawn(self, screen: Screen) -> None:
        if self._app.screen is not screen:
            # Another one was put there meanwhile.
            self._open_when_drawn()
        elif self._app._batch_count:
            self._app.set_timer(_AGAIN, self._open_when_drawn)
        else:
            self._seen_at = time.monotonic()
