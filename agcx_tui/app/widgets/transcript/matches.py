"""The matches of a search in a transcript: moves from one line that holds the words to the next.

Strategy: the search names messages; which of their lines hold the words is found only for the one that
is shown, by drawing it (`LineMatches`).  A message whose lines do not show them (a folded call, lines
left out) is opened first, and a message whose text is not at hand is shown again when it
has come.  Words that are written in another way on the screen than in the file lead to the
beginning of their message.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice

from agcx_format import PENDING
from agcx_tui.app.widgets.roll.line_matches import LineMatches
from agcx_tui.app.widgets.roll.viewport import Place
from agcx_tui.app.widgets.transcript.transcript import Transcript

__all__ = ["Matches"]

# In one message; further ones are ignored.
_MOST = 20_000


class Matches:
    """The messages that match, in order, and `at`, the line that was shown last."""

    def __init__(self, transcript: Transcript, words: str) -> None:
        self._transcript = transcript
        self.lines = LineMatches(words)
        self.indexes: list[int] = []
        self.at: Place | None = None
        # The message to be shown whose text is not at hand, and the direction.
        self._awaited: tuple[int, int] | None = None

    def add(self, indexes: Iterable[int]) -> None:
        self.indexes.extend(indexes)

    @property
    def number(self) -> int:
        """Which of the messages is the current one, from 1; 0 before the first was shown."""
        if self.at is None:
            return 0
        number = bisect_left(self.indexes, self.at.block)
        return number + 1 if self.indexes[number : number + 1] == [self.at.block] else 0

    def first(self, index: int) -> bool:
        """Go to the first match in message `index` or after it; false if there is none."""
        number = bisect_left(self.indexes, index)
        if number == len(self.indexes):
            return False
        self._enter(self.indexes[number], 1)
        return True

    def step(self, direction: int) -> bool:
        """Go to the next match (1) or the previous one (-1), around the end; false if there is none."""
        if not self.indexes:
            return False
        at = self.at or Place(self._transcript.current, 0, 0)
        if self.at is not None:
            following = self._lines(at.block, direction)
            place = next(
                (each for each in following if (each > at) == (direction > 0) and each != at), None
            )
            if place is not None:
                self._go(place)
                return True
        if direction > 0:
            number = bisect_right(self.indexes, at.block)
        else:
            number = bisect_left(self.indexes, at.block) - 1
        self._enter(self.indexes[number % len(self.indexes)], direction)
        return True

    def fetched(self, index: int) -> None:
        """The text of message `index` is at hand: if it is the one to be shown, go to the line in it."""
        if self._awaited is not None and self._awaited[0] == index:
            self._enter(*self._awaited)

    def _enter(self, index: int, direction: int) -> None:
        self._awaited = None
        if self._transcript.blocks.get(index) is PENDING:
            self._transcript.go(index)
            self.at = Place(index, 0, 0)
            self._awaited = index, direction
            return
        place = next(self._lines(index, direction), None)
        if place is None:
            self._transcript.unfold(index)
            place = next(self._lines(index, direction), None)
        if place is None:
            block = self._transcript.viewport.block(index)
            place = Place(index, 0, block.head)
        self._go(place)

    def _lines(self, index: int, direction: int) -> Iterator[Place]:
        """The lines of a message on which the words begin, in the direction of reading."""
        places = list(islice(self.lines.within(self._transcript.viewport, index), _MOST))
        return iter(places if direction > 0 else places[::-1])

    def _go(self, place: Place) -> None:
        self.at = place
        transcript = self._transcript
        transcript.mark_matches(self.lines, place)
        if place in transcript.viewport.window[:-1]:
            transcript.choose(place.block)
        elif transcript.viewport.block(place.block).parts:
            transcript.go_to(place, transcript.viewport.height // 3)
        else:
            transcript.go(place.block)
