"""The line below a conversation opened from a search: what was searched for, and which match is shown.

Strategy: the search gives the match to begin at and the first few of the session; a thread finds all of
them, and then `n` and `N` walk through them, and on into the session after or before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual import on, work
from textual.content import Content
from textual.message import Message

from agcx_format.search import Query, SessionHits
from agcx_format.transcript import safe_line
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.transcript.found_matches import FoundMatches
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.search.hits_of_session import FoundAt, places_of

__all__ = ["FoundLine", "FromSearch"]


@dataclass(frozen=True, slots=True)
class FromSearch:
    """Where a conversation was opened from.

    Fields:
        at: the match to begin at.
        all_hits: finds all matches of the session; blocks.
        beyond: goes to the session after (1) or before (-1) this one; false if there is none.
    """

    at: FoundAt
    all_hits: Callable[[Query, SessionHits], SessionHits]
    beyond: Callable[[int], bool]


class FoundLine(EdgeLine):
    """Hidden, and doing nothing, without a search or after `end`."""

    DEFAULT_CSS = """
    FoundLine { background: $surface; color: $text-muted; display: none; }
    FoundLine.-shown { display: block; }
    """

    @dataclass
    class Known(Message, bubble=False):
        """All matches of the session."""

        session: SessionHits

    def __init__(self, transcript: Transcript, search: FromSearch | None) -> None:
        super().__init__(id="found")
        self._transcript = transcript
        self._search = search
        self._matches: FoundMatches | None = None
        self.set_class(search is not None, "-shown")

    @property
    def is_on(self) -> bool:
        return self._search is not None

    def begin(self) -> None:
        """The conversation is shown: go to the match."""
        if self._search is not None:
            at = self._search.at
            self._matches = FoundMatches(self._transcript, at.query)
            self._transcript.seek(at.message)
            self._say("")
            self._find(self._search)

    def step(self, direction: int) -> bool:
        """Go to the next match (1) or the one before (-1), in this session or beside it; false without."""
        search, matches = self._search, self._matches
        if search is None:
            return False
        if matches is not None and matches.places:
            if matches.step(direction):
                self._say(matches.words())
            elif not search.beyond(direction):
                which = "last" if direction > 0 else "first"
                self.notify(f"That was the {which} match of the search.", markup=False)
        return True

    def end(self) -> None:
        """Forget the search."""
        self._search = self._matches = None
        self._transcript.mark_matches(None)
        self.remove_class("-shown")

    def moved(self) -> None:
        if self._matches is not None:
            self._matches.moved()

    def fetched(self, index: int) -> None:
        if self._matches is not None:
            self._matches.fetched(index)

    @work(thread=True, exclusive=True, group="found")
    def _find(self, search: FromSearch) -> None:
        at = search.at
        self.post_message(self.Known(search.all_hits(at.query, at.session)))

    @on(Known)
    def _known(self, message: Known) -> None:
        if self._search is None or self._matches is None:
            return
        session = message.session
        self._matches.use(places_of(session.hits), session.count)
        self._matches.show(self._search.at.place)
        self._say(self._matches.words())

    def _say(self, words: str) -> None:
        if self._search is not None:
            typed = safe_line(self._search.at.query.text)
            self.show(Content.assemble(("search  ", "$primary"), typed), words)
