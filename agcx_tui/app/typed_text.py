"""Types the characters that are waiting into a field as one text: one update, however many they are.

Strategy: if a text field has the focus, the app takes all printable keys that wait after the first and
hands the field a text, as if it were pasted.  Every field has a limit; what is longer is cut.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from textual import events
from textual.widgets import Input

from agcx_tui.app.textual_internals import forward, key_of, peek_message, take_message

if TYPE_CHECKING:
    from textual.app import App

__all__ = [
    "LONGEST",
    "as_two_keys",
    "bound",
    "by_words",
    "is_with_alt",
    "take_waiting",
    "type_into",
]

_ALT = "alt+"

# Characters in a field: more than any filter, title, or path that a person types.
LONGEST = 4096


# What they do in a text field, as in a shell.
_BY_WORDS = {"alt+b": "ctrl+left", "alt+f": "ctrl+right"}


def is_with_alt(event: events.Key) -> bool:
    return event.key.startswith(_ALT)


def by_words(event: events.Key, field: object) -> events.Key | None:
    """The key that moves by a word in a text field, if one with Alt is that."""
    key = _BY_WORDS.get(event.key) if isinstance(field, Input) else None
    if key is None:
        return None
    moving = events.Key(key, None)
    moving.time = event.time
    return moving


def as_two_keys(event: events.Key) -> tuple[events.Key, events.Key] | None:
    """Esc and the key that was typed right after it, which come from a terminal as one key with Alt."""
    if not is_with_alt(event) or not event.character:
        return None
    escape = events.Key("escape", "\x1b")
    after = events.Key(key_of(event.character), event.character)
    escape.time = after.time = event.time
    return escape, after


async def take_waiting(app: App[Any], first: events.Key) -> str:
    """Remove the printable keys that wait right after `first`; return their characters with its own."""
    characters = [first.character or ""]
    while isinstance(key := peek_message(app), events.Key):
        if key.is_forwarded or not key.is_printable or not key.character:
            break
        if is_with_alt(key):
            break
        await take_message(app)
        characters.append(key.character)
    return "".join(characters)


def fitting(field: Input, text: str) -> str:
    """As much of a text as fits into a field at its cursor."""
    room = bound(field)
    start, end = sorted(field.selection)
    before, after = field.value[:start], field.value[end:]
    text = text[: max(0, room - len(before) - len(after))]
    if field.restrict:
        # One by one, as if typed: what is not allowed is left out.
        kept = ""
        for character in text:
            if re.fullmatch(field.restrict, before + kept + character + after):
                kept += character
        text = kept
    return text


def bound(field: Input) -> int:
    """Give a field that has no limit the one of all, and return its limit."""
    field.max_length = field.max_length or LONGEST
    return field.max_length


def type_into(field: Input, text: str, typed_at: float) -> None:
    """Hand a field a text that was typed."""
    if text := fitting(field, text):
        paste = events.Paste(text)
        paste.time = typed_at
        forward(field, paste)
