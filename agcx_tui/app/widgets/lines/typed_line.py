"""A line to type into that loses no key when the focus comes or goes, however fast one types.

Strategy: Textual hands a key to the widget that has the focus when the key is read, and runs a binding
only once the key has come back from there to the app.  So what is typed right after `/` is sent to the
list before the focus is here, and comes back: the app hands it on (`take`).  What is typed right after
Enter is here already: the keys of the line are run here, at once, and if one moved the focus away, the keys
after it go back to the app as if they had just been typed.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from textual import events
from textual.geometry import Size
from textual.reactive import Reactive
from textual.widgets import Input

from agcx_tui.app.textual_internals import forward, key_of

__all__ = ["TypedLine"]


class TypedLine(Input):
    """An action of a subclass that leaves it must move the focus before it returns."""

    DEFAULT_CSS = """
    TypedLine {
        background: transparent;
        border: none;
        height: 1;
        padding: 0;
        width: 1fr;
        &:focus { border: none; background-tint: $foreground 0%; }
        /* Read as any text, and in a slant that nobody takes for a value. */
        & > .input--placeholder { color: $text-muted; text-style: italic; }
    }
    """

    # It never moves anything: without this the screen is laid out for every letter.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0))

    # A key that was run here moved the focus away.
    _left = False
    # Keys that were handed on and have not arrived yet.
    _awaited = 0

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Keys that were here and may be on their way back to the app.
        self._seen: deque[events.Key] = deque(maxlen=64)

    def take(self, event: events.Key) -> bool:
        """Take a key that came back to the app while this line has the focus; true if it is wanted here."""
        if any(event is seen for seen in self._seen):
            return False
        # While another key is on its way, every key waits its turn.
        if not (self._awaited or self.check_consume_key(event.key, event.character)):
            return False
        self._awaited += 1
        forward(self, _again(event))
        return True

    def refuses(self, event: events.Key) -> bool:
        """Whether to do nothing with a key that arrived here."""
        return False

    async def on_key(self, event: events.Key) -> None:
        self._seen.append(event)
        self._awaited = max(0, self._awaited - 1)
        if self._left:
            event.stop().prevent_default()
            self.app.post_message(_again(event))
            return
        if self.refuses(event):
            event.stop().prevent_default()
            return
        bound = self.screen.active_bindings.get(event.key)
        # Those of the stock input too: what is typed after Backspace is not what it deletes.
        if bound is not None and bound.node is self:
            event.stop().prevent_default()
            await self.app.run_action(bound.binding.action, self)
            self._left = self.screen.focused is not self

    def on_paste(self, event: events.Paste) -> None:
        """Several keys that waited come as one text; after a key that left the line they are keys again."""
        if self._left:
            event.stop().prevent_default()
            for character in event.text:
                key = events.Key(key_of(character), character)
                key.time = event.time
                self.app.post_message(key)

    def on_focus(self) -> None:
        self._left = False


def _again(event: events.Key) -> events.Key:
    """The same key with the same time, to be sent again."""
    again = events.Key(event.key, event.character)
    again.time = event.time
    return again
