"""Walks through what a search of all conversations found in the one that a preview shows.

Strategy: the search says where the matches are and how many; `Matches`, as in an opened conversation, shows
one of them and marks all that are in view.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from agcx_format import MessageSnapshot
from agcx_format.search import Query
from agcx_tui.app.widgets.transcript.matches import Matches
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.conversation.search import TextMatch, own_query
from agcx_tui.core.search.hits_of_session import FoundPlace

__all__ = ["FoundMatches"]


class FoundMatches:
    """`places` are the matches in order, of `count` that there are; `at` is the number of the one that is
    shown."""

    def __init__(
        self,
        transcript: Transcript,
        query: Query,
        places: Sequence[FoundPlace],
        count: int,
        locate: Callable[[int, MessageSnapshot], None],
    ) -> None:
        """`locate` finds the matches of a long message in a thread and calls `located`."""
        self.places = places
        self.count = max(count, len(places))
        self.at: int | None = None
        self._transcript = transcript
        self._matches = Matches(transcript, own_query(query), locate)
        # The transcript has no room yet to show a match in.
        self._waits = False
        transcript.mark_matches(self._matches.lines)

    @property
    def place(self) -> FoundPlace | None:
        """The match that is shown."""
        return None if self.at is None else self.places[self.at]

    @property
    def query(self) -> Query:
        return self._matches.query

    def show(self, wanted: FoundPlace | Literal["first", "last"]) -> None:
        """Go to a match."""
        if not self.places:
            return
        if isinstance(wanted, FoundPlace):
            self._go(_number_of(self.places, wanted))
        else:
            self._go(0 if wanted == "first" else len(self.places) - 1)

    def step(self, direction: int) -> bool:
        """Go to the next match (1) or the previous one (-1); false if there is no such match."""
        number = (-1 if self.at is None else self.at) + direction
        if not 0 <= number < len(self.places):
            return False
        self._go(number)
        return True

    def words(self) -> str:
        """As `match 3 of 9 · 1 in the title`: as an opened conversation, which counts none in the title."""
        in_title = sum(place.message is None for place in self.places)
        if self.at is None or self.at < in_title:
            return ""
        words = f"match {self.at + 1 - in_title:,} of {self.count - in_title:,}"
        return f"{words} · {in_title:,} in the title" if in_title else words

    def moved(self) -> None:
        """The view moved, or has room now."""
        if self._waits and self.at is not None:
            self._go(self.at)
        else:
            self._matches.arrived()

    def fetched(self, index: int) -> None:
        """The text of message `index` is available now."""
        self._matches.fetched(index)

    def located(self, index: int, matches: list[TextMatch]) -> None:
        """The matches of message `index` are known now."""
        self._matches.located(index, matches)

    def _go(self, number: int) -> None:
        self.at = number
        place = self.places[number]
        self._waits = not len(self._transcript.viewport.heights)
        if self._waits:
            return
        if place.message is None:
            self._transcript.seek(0)
        else:
            self._matches.go(place.message, place.start, place.end)


def _number_of(places: Sequence[FoundPlace], wanted: FoundPlace) -> int:
    """Which one it is; the nearest one if the file has changed."""
    try:
        return places.index(wanted)
    except ValueError:
        near = [abs((place.message or 0) - (wanted.message or 0)) for place in places]
        return near.index(min(near))
