"""Search within one conversation: a query in its messages, or words in the facts of another tab.

Strategy: a thread searches the messages and posts how many matches each has; where they are is found out
when one goes there (`Matches`).  In the other tabs the same line filters what is shown.  What searches is
imported when the line is first opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual import on, work
from textual.binding import ActiveBinding
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input
from textual.worker import get_current_worker

from agcx_format import MessageSnapshot, MessageSource
from agcx_format.transcript import safe_line
from agcx_tui.app import from_threads
from agcx_tui.app.screens.conversation.match_steps import Beyond, MatchSteps
from agcx_tui.app.widgets.facts_view import FactsView
from agcx_tui.app.widgets.lines.search_line import SearchLine
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from agcx_format.search import Query
    from agcx_tui.app.widgets.transcript.matches import Matches, MatchNumber
    from agcx_tui.core.conversation.search import Found, TextMatch

__all__ = ["ConversationSearch", "MatchPlace"]

# Seconds without a key after which the search begins.
_PAUSE = 0.12

MatchPlace = tuple[int, int, int]
"""A match: the number of its message, from 0; start and end in characters of its text as read."""


class ConversationSearch(SearchLine):
    """The line below a conversation in which one types what to find.

    `facts` gives the view of facts that is shown, None while the messages are shown.  `beyond` leads to
    other conversations; without it the search goes around.  `matches` is None while nothing is searched for
    in the messages; `found` says how far the search is.  `is_given` is true while what is searched for came
    with the conversation; `seen` is the match of it that the reader went to last.
    """

    @dataclass
    class Matched(Message, bubble=False):
        """Search number `number` made progress."""

        number: int
        found: Found

    @dataclass
    class Located(Message, bubble=False):
        """Search number `number` knows where the matches of message `index` are."""

        number: int
        index: int
        matches: list[TextMatch]

    def __init__(
        self,
        transcript: Transcript,
        facts: Callable[[], FactsView | None],
        beyond: Beyond | None = None,
    ) -> None:
        super().__init__("/", 'words, "a phrase", /regex/, role:', self._left, id="search")
        self.matches: Matches | None = None
        self._transcript = transcript
        self._facts = facts
        self._steps = MatchSteps(beyond)
        self._number = 0
        self._timer: Timer | None = None
        # The message that was current when the search began.
        self._origin = 0
        self.found: Found | None = None
        # Messages came that a search which is done has not seen.
        self._is_behind = False
        # What is to be searched for, and the match to begin at.
        self._given: tuple[Query, MatchPlace | None] | None = None
        # What the program put into the line, as opposed to typed text.
        self._put: str | None = None
        self.is_given = False
        self.seen: MatchNumber | None = None

    def open(self) -> None:
        self._origin = self._transcript.current
        if not self.is_attached:
            self.mount_above_keys(self._transcript.screen)
            self._warm_up()
        super().open()

    def give(self, query: Query | None, at: MatchPlace | None) -> None:
        """Set what `show_given` searches for, and the match at which it begins."""
        self._given = None if query is None else (query, at)

    def show_given(self) -> bool:
        """Search for what was given, at once; false if nothing was.

        The message of the match need not be known yet.
        """
        if self._given is None:
            return False
        from agcx_tui.core.conversation.search import own_query

        (given, at), self._given = self._given, None
        query = own_query(given)
        self._put = query.text
        self.open()
        self.input.value = query.text
        self.focus_content()
        self._begin(query)
        self.is_given = True
        if at is not None and self.matches is not None:
            self.matches.go(*at)
        return True

    def step(self, direction: int) -> None:
        """Go to the next match, or with -1 to the previous one, as soon as that is known."""
        if self.matches is None and self._given is None:
            self.notify("No search yet: / starts one.", markup=False)
            return
        self._steps.ask(direction, self.matches)
        self._show_match()

    def end(self) -> bool:
        """Forget the query; false if there was none."""
        ended = self.matches is not None or self.is_open
        if ended:
            self.stop()
            self.close()
            if (facts := self._facts()) is not None:
                facts.filter("")
            self.focus_content()
        self._transcript.screen.refresh_bindings()
        return ended

    def grew(self) -> None:
        """There may be more messages: search those as well."""
        self._is_behind = self.matches is not None
        self._catch_up()

    def _catch_up(self) -> None:
        matches, found = self.matches, self.found
        if self._is_behind and matches is not None and found is not None and found.done:
            self._is_behind = False
            source = self._transcript.source
            self._search(source, matches.query, self._number, found.searched)

    def stop(self) -> None:
        """Stop searching the messages."""
        self._number += 1
        self._is_behind = False
        self._steps.forget()
        self.matches = self.found = None
        self.is_given = False
        self._transcript.mark_matches(None)

    def with_match_keys(self, found: dict[str, ActiveBinding]) -> dict[str, ActiveBinding]:
        """The keys of the screen; while words are searched for, the footer has those that go to matches."""
        if self.matches is None or self.is_typed_in:
            return found
        for key, active in found.items():
            if active.binding.action == "match(1)":
                shown = replace(active.binding, show=True, description="matches")
                if key == "n" and "N" in found:
                    shown = replace(shown, key_display="n N")
                found = {**found, key: active._replace(binding=shown)}
        return found

    def fetched(self, index: int) -> None:
        """The text of message `index` is there now."""
        if self.matches is not None:
            self.matches.fetched(index)
            self._show_match()

    def moved(self) -> None:
        """The view of the messages moved, perhaps to a message that was not known yet."""
        if self.matches is not None and self.matches.arrived():
            self._show_match()

    def focus_content(self) -> None:
        """Focus what is searched."""
        self._transcript.screen.set_focus(self._facts() or self._transcript)

    # --- what is typed

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        put, self._put = self._put, None
        if event.value == put:
            return
        self.is_given = False
        self.seen = None
        if self._timer is not None:
            self._timer.stop()
        self.stop()
        facts = self._facts()
        if facts is not None:
            count = facts.filter(event.value)
            self.say(f"{count:,} shown" if event.value else "")
        elif event.value:
            self.say("")
            self._timer = self.set_timer(_PAUSE, self._begin_typed)

    def _left(self, kept: bool) -> None:
        if kept:
            self.focus_content()
        else:
            self.end()

    # --- in the messages

    @work(thread=True, group="warm up")
    def _warm_up(self) -> None:
        import agcx_tui.app.widgets.transcript.matches  # noqa: F401

    def _begin_typed(self) -> None:
        from agcx_format.search import parse_query

        if self.input.value and self._facts() is None:
            self._begin(parse_query(self.input.value))

    def _begin(self, query: Query) -> None:
        from agcx_tui.app.widgets.transcript.matches import Matches

        self.matches = Matches(self._transcript, query, self._locate)
        # There are keys for them now.
        self.screen.refresh_bindings()
        if query:
            self._transcript.mark_matches(self.matches.lines)
            self._search(self._transcript.source, query, self._number)
        self._show_match()

    @work(thread=True, exclusive=True, group="search")
    def _search(self, source: MessageSource, query: Query, number: int, start: int = 0) -> None:
        from agcx_tui.core.conversation.search import search

        stopped = self._stopped(number)
        for found in search(source, query, stopped, start):
            if stopped() or not from_threads.post(self, self.Matched(number, found)):
                return

    def _locate(self, index: int, message: MessageSnapshot) -> None:
        if self.matches is not None:
            self._find_in(index, message, self.matches.query, self._number)

    @work(thread=True, exclusive=True, group="locate", description="locate")
    def _find_in(self, index: int, message: MessageSnapshot, query: Query, number: int) -> None:
        from agcx_tui.core.conversation.search import find_matches

        stopped = self._stopped(number)
        matches = find_matches(message, query, stopped)
        if not stopped():
            from_threads.post(self, self.Located(number, index, matches))

    def _stopped(self, number: int) -> Callable[[], bool]:
        worker = get_current_worker()
        return lambda: worker.is_cancelled or number != self._number

    @on(Matched)
    def _matched(self, message: Matched) -> None:
        matches, found = self.matches, message.found
        if message.number != self._number or matches is None:
            return
        self.found = found
        matches.add(found.counts)
        if matches.at is None and not matches.first(self._origin) and found.done:
            matches.wrap(1)
        self._catch_up()
        self._show_match()

    @on(Located)
    def _located(self, message: Located) -> None:
        if message.number == self._number and self.matches is not None:
            self.matches.located(message.index, message.matches)
            self._show_match()

    def _show_match(self) -> None:
        """Take the steps whose target is known, and say which match is shown."""
        matches, found = self.matches, self.found
        if matches is None:
            return
        if self._steps.take(matches, found) and self.is_given:
            self.seen = matches.at
        typed = matches.query.text
        errors = [f"{typed[e.start : e.end]}: {e}" for e in matches.query.errors]
        parts = []
        if matches.total:
            kind, kinds = ("match", "matches") if matches.query.wanted else ("message", "messages")
            if matches.number:
                parts.append(f"{kind} {matches.number:,} of {matches.total:,}")
            else:
                parts.append(format.counted(matches.total, kind, kinds))
        elif found is not None and found.done:
            parts.append("no match")
        if found is not None:
            parts += [f"no “{word}”" for word in found.missing if matches.total]
            if not found.done:
                parts.append(f"searched {found.searched:,} …")
        self.say(safe_line(" · ".join(parts)), safe_line(" · ".join(errors)))
