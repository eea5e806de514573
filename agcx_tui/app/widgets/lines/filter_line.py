"""The line in which the filter is typed; every key filters, the arrows move the list."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.message import Message

from agcx_format.search import tokens
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.lines.completed_line import CompletedLine
from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.core.sessions.completion import Completion

__all__ = ["FilterInput"]

_HINT = "words  model:  tag:  is:favorite  after:"
_AGAIN = "/ again begins a /regex/"


class FilterInput(CompletedLine):
    """Enter opens the session under the cursor of `sessions`; Esc goes to the list and keeps the filter."""

    BINDINGS = bindings("filter")

    class FoundNothing(Message):
        """Enter was pressed while there is nothing to open, or nothing yet."""

    def __init__(
        self,
        complete: Callable[[str], Completion],
        sessions: SessionList,
        apply: Callable[[], None],
        *,
        can_search: bool = True,
        id: str | None = None,
    ) -> None:
        """`apply` filters the list by the current line: keys may come faster than the list follows.

        Without `can_search`, these sessions cannot be searched inside.
        """
        super().__init__(complete, id=id, placeholder=_HINT)
        self._can_search = can_search
        self._sessions = sessions
        self._apply = apply
        # Nothing was typed since the focus came.
        self._untouched = True

    # --- the key that brought the focus here is not typed if it is pressed twice

    def on_focus(self) -> None:
        self._untouched = True
        self.placeholder = _HINT

    def refuses(self, event: events.Key) -> bool:
        again = self._untouched and event.key == "slash"
        self._untouched = False
        self.placeholder = _AGAIN if again else _HINT
        return again

    def on_paste(self, event: events.Paste) -> None:
        # Keys that come at once are a text, too.
        if self._untouched and not any(token.is_regex for token in tokens(event.text)):
            event.text = event.text.removeprefix("/")
        self._untouched = False

    # --- what keys do

    @property
    def will_search(self) -> bool:
        """Whether Enter searches inside all conversations, since there is nothing to open."""
        return self._can_search and not self._sessions.lines

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "open" and not self._sessions.lines:
            return self._can_search
        return super().check_action(action, parameters)

    def action_leave(self) -> None:
        """Go to the list; a filter that finds nothing is of no use there."""
        self._apply()
        if not self._sessions.lines:
            self.value = ""
            self._apply()
        self.screen.set_focus(self._sessions)

    def action_open(self) -> None:
        self._apply()
        if self._sessions.lines:
            self.action_leave()
            self._sessions.action_open()
        elif self.value:
            self.post_message(self.FoundNothing())

    def action_move(self, step: int) -> None:
        self._apply()
        self._sessions.action_move(step)

    def action_page(self, pages: float) -> None:
        self._apply()
        self._sessions.action_page(pages)

    @property
    def next_words(self) -> str:
        """What Tab does next."""
        if self.value or not self._can_search:
            return super().next_words
        return "tab: search inside all"

    def go_on(self, step: int) -> None:
        if step > 0 and not self.value:
            self.post_message(self.SearchInside())
        elif step > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()
