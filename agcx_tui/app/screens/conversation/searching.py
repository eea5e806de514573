"""The half of a conversation that finds: words in messages and in facts, and messages by number.

Strategy: the search of messages is a thread, which posts the messages it finds; where in them the
words are is found out when one goes there (`Matches`).  In the other tabs the same line filters
what is shown.
"""

from __future__ import annotations

from textual import on, work
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input
from textual.worker import get_current_worker

from agcx_format.session.source import MessageSource
from agcx_tui.app.dialogs.once import OnceScreen
from agcx_tui.app.widgets.facts_view import FactsView
from agcx_tui.app.widgets.lines.search_line import SearchLine
from agcx_tui.app.widgets.roll.matches import Matches
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.conversation.search import Found, search
from agcx_tui.core.words import format

__all__ = ["SearchingScreen"]

# A pause in typing after which the search begins.
_PAUSE = 0.12


class SearchingScreen(OnceScreen[None]):
    """A screen with a transcript, views of facts, and lines to type into."""

    class Matched(Message):
        """The search number `number` found something, or got on."""

        def __init__(self, number: int, found: Found) -> None:
            super().__init__()
            self.number = number
            self.found = found

    def __init__(self) -> None:
        super().__init__()
        self.transcript = Transcript(id="messages")
        self.search_line = SearchLine("/", "words to find", self._search_left, id="search")
        self.number_line = SearchLine(
            ":", "number of a message", self._number_left, id="number", numbers=True
        )
        self.search_number = 0
        self.matches: Matches | None = None
        self._timer: Timer | None = None
        self._from = 0

    @property
    def facts(self) -> FactsView | None:
        """The view of facts that is shown; None when the messages are."""
        raise NotImplementedError

    @property
    def expected(self) -> int:
        """How many messages there are, by all that is known yet."""
        raise NotImplementedError

    def action_search(self) -> None:
        self._from = self.transcript.current
        self.number_line.close()
        self.search_line.open()

    @on(Input.Changed, "#search")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        self._stop_search()
        facts = self.facts
        if facts is not None:
            count = facts.filter(event.value)
            self.search_line.say(f"{count:,} shown" if event.value else "")
        elif event.value:
            self.search_line.say("")
            self._timer = self.set_timer(_PAUSE, self._begin_search)

    def _begin_search(self) -> None:
        words, source = self.search_line.input.value, self.transcript.source
        if not words or self.facts is not None:
            return
        self.matches = Matches(self.transcript, words)
        self.transcript.mark_matches(self.matches.lines)
        self._search(source, words, self.search_number)

    @work(thread=True, exclusive=True, group="search")
    def _search(self, source: MessageSource, words: str, number: int) -> None:
        worker = get_current_worker()

        def stopped() -> bool:
            return worker.is_cancelled or number != self.search_number

        for found in search(source, words, stopped):
            if stopped() or not self.post_message(self.Matched(number, found)):
                return

    def on_searching_screen_matched(self, message: Matched) -> None:
        matches, found = self.matches, message.found
        if message.number != self.search_number or matches is None:
            return
        matches.add(found.indexes)
        if matches.at is None and not matches.first(self._from) and found.done:
            matches.step(1)
        self._say(found)

    def on_transcript_fetched(self, message: Transcript.Fetched) -> None:
        if self.matches is not None:
            self.matches.fetched(message.index)

    def _say(self, found: Found | None = None) -> None:
        matches = self.matches
        if matches is None:
            return
        count = len(matches.indexes)
        words = f"{matches.number:,} of {format.counted(count, 'message')}" if count else ""
        if found is not None and not found.done:
            words = f"{words}  searched {found.searched:,} …".strip()
        self.search_line.say(words or "no match")

    def action_match(self, direction: int) -> None:
        if self.matches is None:
            self.notify("Nothing is being searched for: / begins.", markup=False)
        elif self.matches.step(direction):
            self._say()

    def _search_left(self, kept: bool) -> None:
        if kept:
            self.focus_content()
        else:
            self.end_search()

    def end_search(self) -> bool:
        """Forget the words; false when there were none."""
        if self.matches is None and not self.search_line.is_open:
            return False
        self._stop_search()
        self.search_line.close()
        if self.facts is not None:
            self.facts.filter("")
        self.focus_content()
        return True

    def _stop_search(self) -> None:
        self.search_number += 1
        self.matches = None
        self.transcript.mark_matches(None)

    def focus_content(self) -> None:
        self.set_focus(self.facts or self.transcript)

    # --- by number

    def action_go_to_number(self) -> None:
        self.number_line.open()
        self.number_line.say(f"1 to {self.expected:,}")

    def _number_left(self, kept: bool) -> None:
        wanted = self.number_line.input.value if kept else ""
        self.number_line.close()
        self.set_focus(self.transcript)
        if wanted:
            self.transcript.seek(max(0, int(wanted) - 1))
