"""Search within one conversation: words in its messages, or in the facts of another tab.

Strategy: a thread searches the messages and posts those it finds; where in them the words are is found
out when one goes there (`Matches`).  In the other tabs the same line filters what is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual import on, work
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input
from textual.worker import get_current_worker

from agcx_format import MessageSource
from agcx_tui.app.widgets.facts_view import FactsView
from agcx_tui.app.widgets.lines.search_line import SearchLine
from agcx_tui.app.widgets.transcript.matches import Matches
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.conversation.search import Found, search
from agcx_tui.core.words import format

__all__ = ["ConversationSearch"]

# Seconds without a key after which the search begins.
_PAUSE = 0.12


class ConversationSearch(SearchLine):
    """The line below a conversation in which one types what to find.

    `facts` gives the view of facts that is shown, None while the messages are shown.  `matches` is None
    while no words are searched for in the messages.
    """

    @dataclass
    class Matched(Message, bubble=False):
        """Search number `number` made progress."""

        number: int
        found: Found

    def __init__(self, transcript: Transcript, facts: Callable[[], FactsView | None]) -> None:
        super().__init__("/", "words to find", self._left, id="search")
        self.matches: Matches | None = None
        self._transcript = transcript
        self._facts = facts
        self._number = 0
        self._timer: Timer | None = None
        # The message that was current when the search began.
        self._origin = 0

    def open(self) -> None:
        self._origin = self._transcript.current
        super().open()

    def step(self, direction: int) -> None:
        """Go to the next match, or with -1 to the previous one."""
        if self.matches is None:
            self.notify("Nothing is being searched for: / begins.", markup=False)
        elif self.matches.step(direction):
            self._show_count()

    def end(self) -> bool:
        """Forget the words; false if there were none."""
        ended = self.matches is not None or self.is_open
        if ended:
            self.stop()
            self.close()
            if (facts := self._facts()) is not None:
                facts.filter("")
            self.focus_content()
        self.screen.refresh_bindings()
        return ended

    def stop(self) -> None:
        """Stop searching the messages."""
        self._number += 1
        self.matches = None
        self._transcript.mark_matches(None)

    def fetched(self, index: int) -> None:
        """The text of message `index` is there now."""
        if self.matches is not None:
            self.matches.fetched(index)

    def focus_content(self) -> None:
        """Focus what is searched."""
        self.screen.set_focus(self._facts() or self._transcript)

    # --- what is typed

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self.stop()
        facts = self._facts()
        if facts is not None:
            count = facts.filter(event.value)
            self.say(f"{count:,} shown" if event.value else "")
        elif event.value:
            self.say("")
            self._timer = self.set_timer(_PAUSE, self._begin)

    def _left(self, kept: bool) -> None:
        if kept:
            self.focus_content()
        else:
            self.end()

    # --- in the messages

    def _begin(self) -> None:
        words = self.input.value
        if words and self._facts() is None:
            self.matches = Matches(self._transcript, words)
            self._transcript.mark_matches(self.matches.lines)
            self._search(self._transcript.source, words, self._number)

    @work(thread=True, exclusive=True, group="search")
    def _search(self, source: MessageSource, words: str, number: int) -> None:
        worker = get_current_worker()

        def stopped() -> bool:
            return worker.is_cancelled or number != self._number

        for found in search(source, words, stopped):
            if stopped() or not self.post_message(self.Matched(number, found)):
                return

    @on(Matched)
    def _matched(self, message: Matched) -> None:
        matches, found = self.matches, message.found
        if message.number != self._number or matches is None:
            return
        matches.add(found.indexes)
        if matches.at is None and not matches.first(self._origin) and found.done:
            matches.step(1)
        self._show_count(found)

    def _show_count(self, found: Found | None = None) -> None:
        matches = self.matches
        if matches is None:
            return
        count = len(matches.indexes)
        words = f"{matches.number:,} of {format.counted(count, 'message')}" if count else ""
        if found is not None and not found.done:
            words = f"{words}  searched {found.searched:,} …".strip()
        self.say(words or "no match")
