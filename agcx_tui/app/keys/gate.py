"""When keys and clicks are obeyed: not if they were meant for a dialog that is gone, and not before the
screen they are meant for exists.

Strategy: every event has the time at which it was read from the terminal.  When a dialog is closed, the gate
closes until the screen below has been drawn; events from before that time are discarded.  So pressing
Enter twice never acts on a screen that the user has not seen.  What is typed on without a pause is discarded
with them: the letters after a `#` that was meant to open a field would be commands.

Keys typed after one that opens a screen are meant for that screen: the app handles none of them until its
fields exist and one of them has the focus, also while a command waits for what it needs to open it.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from textual import events

from agcx_tui.app.textual_bases import HeldScreen, is_held
from agcx_tui.app.textual_internals import is_drawing_suspended, takes_keys

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode
    from textual.screen import Screen
    from textual.widget import Widget

__all__ = ["KeyGate", "handled"]

# Seconds between two checks whether the app draws again.
_AGAIN = 0.02
# Seconds without a key after which what is typed is no longer part of what was discarded.
_PAUSE = 0.4
# Seconds that a screen waits to be drawn for the first time while a key that was typed before is obeyed.
_WITH_KEY = 0.1
# Seconds that keys wait for a screen: one that was closed before it appeared never does.
_PATIENCE = 2.0


class KeyGate:
    """The gate of one app."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        # On the clock of the events.
        self._seen_at = -math.inf
        # The last character that was discarded, and when it was typed.
        self._discarded, self._discarded_at = "", -math.inf
        # Each is set once a command that opens a screen has what it needs.
        self._opening: list[asyncio.Event] = []
        # Where Enter was pressed, if that was the last key.
        self._entered: Widget | None = None

    def admits(self, event: events.Event) -> bool:
        """Whether to obey an event; always true for events other than keys, pastes, and clicks."""
        if isinstance(event, events.Key | events.Paste | events.MouseDown | events.MouseUp):
            return event.time >= self._seen_at and not self._is_typed_on(event)
        return True

    def _is_typed_on(self, event: events.Event) -> bool:
        """Whether a character follows a discarded one at once; the same one, held down, is obeyed again."""
        if not isinstance(event, events.Key) or not event.is_printable:
            return False
        since = event.time - self._discarded_at
        return since < _PAUSE and (event.key != self._discarded or since == 0)

    @contextlib.contextmanager
    def opening(self) -> Iterator[None]:
        """While a command waits for what it needs to open a screen, which gets the keys typed meanwhile."""
        opened = asyncio.Event()
        self._opening = [*(each for each in self._opening if not each.is_set()), opened]
        try:
            yield
        finally:
            opened.set()

    async def ready(self) -> None:
        """Wait until the previous key has been handled and the top screen accepts keys."""
        # A command that the previous key began says in its first step that it will open a screen.
        await asyncio.sleep(0)
        if self._entered is not None:
            entered, self._entered = self._entered, None
            await self._settled(entered)
        if self._opening:
            # What they wait for may never come.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    # One may begin another meanwhile.
                    while self._opening:
                        await self._opening.pop().wait()
            self._opening.clear()
            # The stack is empty while the program ends.
            await self._settled(self._app.focused if self._app.screen_stack else None)
        while stack := self._app.screen_stack:
            screen = stack[-1]
            if takes_keys(screen):
                break
            if isinstance(screen, HeldScreen) and not is_held(screen):
                # What the key does is in the first picture.
                screen.hold(_WITH_KEY)
                self._app.call_later(screen.release)
            if not await handled(screen):
                break

    async def _settled(self, widget: Widget | None) -> None:
        """Wait for the messages of a widget to its screen, which a key of the screen would overtake."""
        for node in () if widget is None else widget.ancestors_with_self:
            if node is not self._app:
                await handled(node)

    def note(self, event: events.Event) -> None:
        """Take note of a key that is about to be handled."""
        if isinstance(event, events.Key) and event.key == "enter" and not event.is_forwarded:
            self._entered = self._app.focused
        if isinstance(event, events.Key) and event.is_printable and not self.admits(event):
            self._discarded, self._discarded_at = event.key, event.time

    def screen_left(self, was_modal: bool) -> None:
        """Take note that the top screen was closed."""
        if was_modal:
            self._seen_at = math.inf
        if self._seen_at == math.inf:
            self._open_when_drawn()

    def asked_unbidden(self) -> None:
        """Discard keys typed before a question that appears by itself: they were not meant for it."""
        self._seen_at = math.inf
        self._open_when_drawn()

    def _open_when_drawn(self) -> None:
        self._app.call_after_refresh(self._drawn, self._app.screen)

    def _drawn(self, screen: Screen[Any]) -> None:
        if self._app.screen is not screen:
            # Another screen was pushed in the meantime.
            self._open_when_drawn()
        elif is_drawing_suspended(self._app) or is_held(screen) or not takes_keys(screen):
            self._app.set_timer(_AGAIN, self._open_when_drawn)
        else:
            self._seen_at = time.monotonic()


async def handled(node: DOMNode) -> bool:
    """Wait until a node has handled its messages, including its own; false if it never does."""
    for _ in range(2):
        there = asyncio.Event()
        if not node.call_later(there.set):
            return False
        try:
            await asyncio.wait_for(there.wait(), _PATIENCE)
        except TimeoutError:
            return False
    return True
