"""Which keys and clicks are obeyed, and when: none that was meant for a dialog which is gone by now, and none
before the screen that it is meant for is there.

Strategy: every event knows when it was read from the terminal.  When a dialog is left, the gate closes until
the screen below it has been drawn; what was typed before that moment is discarded, wherever it is by then.
A person who presses Enter twice thus never acts on a screen that they have not seen.

What is typed behind the key that opens a screen is for that screen: the app obeys nothing until its fields
are there and one of them has the focus.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING

from textual import events

from agcx_tui.app.textual_internals import is_drawing_suspended, takes_keys

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode
    from textual.screen import Screen
    from textual.widget import Widget

__all__ = ["KeyGate"]

# Seconds between two looks whether the app draws again, while it has put that off.
_AGAIN = 0.02
# Seconds that keys wait for a screen: one that is closed before it came never comes.
_PATIENCE = 2.0


class KeyGate:
    """The gate of one app."""

    def __init__(self, app: App) -> None:
        self._app = app
        # On the clock of the events.
        self._seen_at = -math.inf
        # Where Enter was pressed, if that was the last key.
        self._entered: Widget | None = None

    def admits(self, event: events.Event) -> bool:
        """Whether the event is to be obeyed; those that nobody types or clicks always are."""
        if isinstance(event, events.Key | events.Paste | events.MouseDown | events.MouseUp):
            return event.time >= self._seen_at
        return True

    async def ready(self) -> None:
        """Wait until the key before is obeyed, and the screen on top takes keys."""
        if self._entered is not None:
            # What it chose is told to the screen by messages, which a key of the screen would overtake.
            entered, self._entered = self._entered, None
            for widget in entered.ancestors_with_self:
                if widget is not self._app:
                    await _handled(widget)
        # There is none while the program ends.
        while stack := self._app.screen_stack:
            screen = stack[-1]
            if takes_keys(screen) or not await _handled(screen):
                break

    def note(self, event: events.Event) -> None:
        """A key is about to be obeyed."""
        if isinstance(event, events.Key) and event.key == "enter" and not event.is_forwarded:
            self._entered = self._app.focused

    def screen_left(self, was_modal: bool) -> None:
        """The screen on top was left, a dialog or another one."""
        if was_modal:
            self._seen_at = math.inf
        if self._seen_at == math.inf:
            self._open_when_drawn()

    def asked_unbidden(self) -> None:
        """A question was put there that no key called for: keys on their way were not meant for it."""
        self._seen_at = math.inf
        self._open_when_drawn()

    def _open_when_drawn(self) -> None:
        self._app.call_after_refresh(self._drawn, self._app.screen)

    def _drawn(self, screen: Screen) -> None:
        if self._app.screen is not screen:
            # Another one was put there meanwhile.
            self._open_when_drawn()
        elif is_drawing_suspended(self._app) or not takes_keys(screen):
            self._app.set_timer(_AGAIN, self._open_when_drawn)
        else:
            self._seen_at = time.monotonic()


async def _handled(node: DOMNode) -> bool:
    """Wait until it has handled what it was sent, by itself as well; false if it never does."""
    for _ in range(2):
        there = asyncio.Event()
        if not node.call_later(there.set):
            return False
        try:
            await asyncio.wait_for(there.wait(), _PATIENCE)
        except TimeoutError:
            return False
    return True
