"""The base of the app that handles keys in the order in which they were typed, however fast that was.

Strategy: Textual gives a key to the widget that has the focus when the key is read, and what earlier keys
began may not be done by then.  Here each key waits at the gate until the screen it is meant for takes keys,
and its binding runs at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from textual import events
from textual.app import ReturnType
from textual.screen import Screen, ScreenResultType
from textual.widgets import Input

from agcx_tui.app.keys.gate import KeyGate, handled
from agcx_tui.app.textual_bases import EndingApp
from agcx_tui.app.textual_internals import focus_first, is_ending, run_binding, run_next_callbacks
from agcx_tui.app.typed_text import (
    as_two_keys,
    bound,
    by_words,
    is_with_alt,
    take_waiting,
    type_into,
)
from agcx_tui.app.widgets.lines.typed_line import TypedLine

__all__ = ["KeysInOrderApp"]


class KeysInOrderApp(EndingApp[ReturnType]):
    """An app whose keys and pastes are handled one after the other."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.gate = KeyGate(self)

    async def on_event(self, event: events.Event) -> None:
        """Handle keys and pastes in the order in which they were typed."""
        typed = isinstance(event, events.Key | events.Paste) and not event.is_forwarded
        if typed and not is_ending(self):
            await self.gate.ready()
            self.gate.note(event)
        if isinstance(event, events.Key) and (keys := self._as_two_keys(event)):
            for key in keys:
                await self.on_event(key)
            return
        if isinstance(event, events.Key) and await self._obeys_key(event):
            return
        if not self.gate.admits(event):
            return
        field = self.focused if typed else None
        if isinstance(field, Input):
            await self._type(field, event)
        else:
            await super().on_event(event)

    def _as_two_keys(self, event: events.Key) -> Sequence[events.Key] | None:
        """Esc and another key, unless the key with Alt means something here."""
        # To find out what all keys mean takes time: only for those with Alt.
        if not is_with_alt(event) or event.key in self.screen.active_bindings:
            return None
        moving = by_words(event, self.focused)
        return as_two_keys(event) if moving is None else [moving]

    async def _type(self, field: Input, event: events.Event) -> None:
        """Insert typed or pasted text into a text field, together with the keys that wait after it."""
        if isinstance(event, events.Paste):
            type_into(field, next(iter(event.text.splitlines()), ""), event.time)
            return
        if isinstance(event, events.Key) and event.is_printable:
            text = await take_waiting(self, event)
            if len(text) > 1:
                type_into(field, text, event.time)
                return
        bound(field)
        await super().on_event(event)

    async def _obeys_key(self, event: events.Key) -> bool:
        """Run what a key is bound to; false if it is bound to nothing, or a widget must get the key first.

        Textual would first give the key to the focused widget, and run the binding when the key comes back
        from there: too late for the keys after it, which would have been sent the same way.
        """
        if event.is_forwarded or await self._runs_binding(event.key, priority=True):
            return not event.is_forwarded
        field = self.focused
        if not self.gate.admits(event) or field is None or isinstance(field, TypedLine):
            return False
        if isinstance(field, Input):
            if field.check_consume_key(event.key, event.character):
                return False
            # Tab, Backspace, and similar keys act on what was typed before them.
            await handled(field)
        if not self.screen.is_mounted:
            # Once mounted, it gets its keys in order.
            return False
        return await self._runs_binding(event.key)

    async def _runs_binding(self, key: str, *, priority: bool = False) -> bool:
        """Run what a key is bound to until it first waits, so that a dialog it opens is there for the next
        key.
        """
        found = await run_binding(self, key, priority=priority)
        # Commands are tasks, which begin when the event loop goes round.
        await asyncio.sleep(0)
        return found

    def watch_app_focus(self, focus: bool) -> None:
        """Textual gives the focus back to what had it, but to nothing on a screen that is new since then."""
        if focus:
            focus_first(self.screen)

    async def push_screen_wait(
        self, screen: Screen[ScreenResultType] | str, *, mode: str | None = None
    ) -> ScreenResultType | Any:
        """Push a screen and wait for its result; keys typed before it is there are for it.

        Textual first runs what the app is to call next, such as the removal of a screen that was just left.
        """
        with self.gate.opening():
            await run_next_callbacks(self)
        return await super().push_screen_wait(screen, mode=mode)

    def on_key(self, event: events.Key) -> None:
        """Give a letter that was typed before the focus moved to the widget that has the focus now.

        Textual gives a key to the widget that has the focus when the key is read; a `/` typed before it may
        not have been handled yet.  Only keys that no text field consumed come here, and as a key of the list
        this one might delete something.
        """
        field = self.focused
        if isinstance(field, TypedLine):
            # It keeps keys in order itself.
            taken = field.take(event)
        elif taken := field is not None and field.check_consume_key(event.key, event.character):
            field.post_message(events.Key(event.key, event.character))
        if taken:
            event.stop().prevent_default()
