"""Walks through what a search of all conversations found in this one, match by match.

Strategy: the search says in which message each match is, and which of the matches there; the line that
shows it is found by drawing that message (`LineMatches`).  A message that is not read yet is a goal of the
transcript, and the match is shown when the view has come there.  Matches that are written in another way
on the screen than in the file lead to the beginning of their message.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Literal

from agcx_format import PENDING
from agcx_format.search import Query
from agcx_tui.app.widgets.roll.line_matches import LineMatches
from agcx_tui.app.widgets.roll.viewport import Place
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.search.hits_of_session import FoundPlace

__all__ = ["FoundMatches"]

# Lines of one message that are looked through for a match.
_MOST = 20_000


class FoundMatches:
    """`places` are the matches in order, `at` the number of the one that is shown; `count` is how many there
    are if not all are known yet."""

    def __init__(self, transcript: Transcript, query: Query) -> None:
        self.places: Sequence[FoundPlace] = ()
        self.at: int | None = None
        self.count = 0
        self._transcript = transcript
        self._lines = LineMatches(query)
        # The match that is to be shown once its message is known and read.
        self._awaited: FoundPlace | None = None

    @property
    def place(self) -> FoundPlace | None:
        return None if self.at is None or not self.places else self.places[self.at]

    def use(self, places: Sequence[FoundPlace], count: int) -> None:
        """Walk through these from now on; the one that is shown stays."""
        shown = self.place
        self.places, self.count = places, max(count, len(places))
        if shown is not None:
            self.at = _number_of(places, shown)

    def show(self, wanted: FoundPlace | Literal["first", "last"]) -> None:
        """Go to a match."""
        if not self.places:
            return
        if isinstance(wanted, FoundPlace):
            self._go(_number_of(self.places, wanted))
        else:
            self._go(0 if wanted == "first" else len(self.places) - 1)

    def step(self, direction: int) -> bool:
        """Go to the next match (1) or the one before (-1); false if there is none."""
        number = (-1 if self.at is None else self.at) + direction
        if not 0 <= number < len(self.places):
            return False
        self._go(number)
        return True

    def words(self) -> str:
        """As `match 3 of 9`."""
        if self.at is None or not self.places:
            return ""
        return f"match {self.at + 1:,} of {self.count:,}"

    def moved(self) -> None:
        """The view moved, or more of the conversation is known: show the match that waits for that."""
        awaited = self._awaited
        if awaited is None or awaited.message is None:
            return
        if self._is_shown(awaited.message):
            self._enter(awaited, awaited.message)
        elif not self._transcript.busy:
            # The reader went somewhere else.
            self._awaited = None

    def fetched(self, index: int) -> None:
        """The text of message `index` is at hand now."""
        if self._awaited is not None and self._awaited.message == index:
            self._enter(self._awaited, index)

    def _go(self, number: int) -> None:
        self.at = number
        place = self.places[number]
        self._transcript.mark_matches(self._lines)
        if place.message is None:
            self._awaited = None
            self._transcript.seek(0)
        elif self._is_shown(place.message):
            self._enter(place, place.message)
        else:
            self._awaited = place
            self._transcript.seek(place.message)

    def _is_shown(self, index: int) -> bool:
        """Whether a message is known, and the transcript has room to show it."""
        known = self._transcript.source.known()
        return index < min(known, len(self._transcript.viewport.heights))

    def _enter(self, place: FoundPlace, index: int) -> None:
        transcript = self._transcript
        self._awaited = None
        if transcript.blocks.get(index) is PENDING:
            transcript.go(index)
            self._awaited = place
            return
        found = self._find(place, index)
        if found is None:
            transcript.unfold(index)
            found = self._find(place, index)
        self._show(*(found or (Place(index, 0, transcript.viewport.block(index).head), 0)))

    def _find(self, place: FoundPlace, index: int) -> tuple[Place, int] | None:
        """The line that shows a match, and which of the matches there it is."""
        lines = list(islice(self._lines.within(self._transcript.viewport, index), _MOST))
        if not lines:
            return None
        number = min(place.number, len(lines) - 1)
        return lines[number], number - lines.index(lines[number])

    def _show(self, line: Place, number: int) -> None:
        transcript = self._transcript
        transcript.mark_matches(self._lines, line, number)
        if line in transcript.viewport.window[:-1]:
            transcript.choose(line.block)
        elif transcript.viewport.block(line.block).parts:
            transcript.go_to(line, transcript.viewport.height // 3)
        else:
            transcript.go(line.block)


def _number_of(places: Sequence[FoundPlace], wanted: FoundPlace) -> int:
    """Which one it is; the nearest one if the file has changed."""
    for number, place in enumerate(places):
        if (place.message, place.start) == (wanted.message, wanted.start):
            return number
    return min(
        range(len(places)),
        key=lambda number: abs((places[number].message or 0) - (wanted.message or 0)),
    )
