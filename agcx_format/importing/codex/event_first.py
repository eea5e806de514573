"""Holds an event that comes before the item that it repeats, as most do, until it is known whether it does.

Strategy: an event that nothing has said before becomes a message, which is dropped when its item follows (see
`copies`). Nearly always the item is the next line, or the next but those that say nothing: then no message is
made. Anything else that follows releases the event, and it becomes a message at its place and time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from agcx_format.exporting.notes import NOTES
from agcx_format.importing.codex.outputs import PLACEHOLDERS
from agcx_format.importing.codex.usual import (
    USAGE,
    OutputText,
    Said,
    Thought,
    UsualEvent,
    UsualItem,
)
from agcx_format.importing.draft import ImportDraft

__all__ = ["EventFirst"]


class _Held(NamedTuple):
    event: UsualEvent
    number: int
    moment: tuple[str | None, bool]


class EventFirst:
    """The event that is held, if there is one.

    `met` is called with one whose item follows, and `unmet` with any other.
    """

    def __init__(
        self,
        draft: ImportDraft,
        met: Callable[[UsualEvent, int], None],
        unmet: Callable[[UsualEvent, int], None],
    ) -> None:
        self._draft, self._met, self._unmet = draft, met, unmet
        self._held: _Held | None = None

    def hold(self, event: UsualEvent, number: int) -> None:
        """Hold an event of an answer or a thought."""
        self._held = _Held(event, number, self._draft.moment)

    def meet(self, item: UsualItem) -> None:
        """Say whether the item repeats the event."""
        if self._held is None:
            return
        event, number, _ = self._held
        if _said_in(item, event.kind) == event.words:
            self._held = None
            self._met(event, number)
        else:
            self.release()

    def see(self, line: dict[str, Any]) -> None:
        """Release the event, unless this is a line without words that often precedes the item."""
        if self._held is not None and not _says_nothing(line):
            self.release()

    def release(self) -> None:
        """No item follows the event."""
        if self._held is None:
            return
        (event, number, moment), self._held = self._held, None
        draft = self._draft
        draft.moment, now = moment, draft.moment
        self._unmet(event, number)
        draft.moment = now


def _says_nothing(line: dict[str, Any]) -> bool:
    kind, payload = line.get("type"), line.get("payload")
    if kind == "event_msg":
        is_beside = isinstance(payload, dict) and payload.get("type") == "token_count"
    else:
        is_beside = kind in ("turn_context", USAGE)
    return is_beside and NOTES not in line


def _said_in(item: UsualItem, kind: str) -> str | None:
    """The first words of the item that an event of this kind would repeat, or None."""
    if type(item) is Thought:
        if kind == "agent_reasoning" and item.summary:
            return item.summary[0].text
    elif type(item) is Said and item.role == "assistant" and kind == "agent_message":
        match item.content:
            case [OutputText(text=text)] if text not in PLACEHOLDERS:
                return text
    return None
