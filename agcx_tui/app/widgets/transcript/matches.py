"""The matches of a query in a transcript: moves from one match to the next, and knows which one it is.

Strategy: the search counts the matches of each message; where they are in its text is found when one goes
there, and where that is drawn by comparing the matches in the text with those in the lines.  Both are
mostly equally many; where they are not (Markdown hides marks, a command is shown twice), the letters
around a match tell which one it is.  Of a long message only the part that holds the match is drawn.  What
does not show its match (a folded call, lines left out) is opened first, and a message whose text is not at
hand is shown again when it has come.  A match that is written in another way on the screen than in the file
leads to the beginning of its message.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from agcx_format import PENDING, FunctionCall, MessageSnapshot
from agcx_format.search import Query, shown_texts
from agcx_tui.app.blocks.look import Fold
from agcx_tui.app.widgets.roll.line_matches import LineMatch, LineMatches, context_of
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.conversation.search import TextMatch, find_matches, placed
from agcx_tui.core.local.recent import Recent

__all__ = ["MatchNumber", "Matches"]

# Bytes of a message that is searched at once; longer ones are left to a thread.
_AT_ONCE = 64 * 1024
# Parts of a block that are drawn to find a match that could be in any of them.
_PARTS = 32


class MatchNumber(NamedTuple):
    """Match `number` of message `message`, both from 0; -1 is the last one."""

    message: int
    number: int


class Matches:
    """The matches that are found so far, in order.

    Fields:
        at: The match that was shown last, or is about to be.
        lines: The same query in the lines that are drawn.
        shown: The current match as drawn; None if it is not drawn, or not yet.
    """

    def __init__(
        self,
        transcript: Transcript,
        query: Query,
        locate: Callable[[int, MessageSnapshot], None],
    ) -> None:
        """`locate` finds the matches of a long message in a thread and calls `located`."""
        self.query = query
        self.lines = LineMatches(query, transcript.look.width)
        self.at: MatchNumber | None = None
        self._transcript = transcript
        self._locate = locate
        # The messages with matches, and how many matches there are up to the end of each.
        self._messages: list[int] = []
        self._totals: list[int] = []
        self.shown: LineMatch | None = None
        # What is to be shown once the message's text, or its matches, are known.
        self._awaited: tuple[int, int | TextMatch] | None = None
        # Whether that message is not known yet, or there is no room yet to show it.
        self._seeks = False
        self._located: Recent[int, list[TextMatch]] = Recent(8)

    def add(self, counts: Iterable[tuple[int, int]]) -> None:
        """Further messages and how many matches each has."""
        for index, count in counts:
            self._messages.append(index)
            self._totals.append(self.total + count)

    @property
    def total(self) -> int:
        """How many matches are known."""
        return self._totals[-1] if self._totals else 0

    @property
    def number(self) -> int:
        """The number of the current match, from 1; 0 if there is no match, or it is not counted yet."""
        if self.at is None or self.at.number < 0:
            return 0
        place = bisect_left(self._messages, self.at.message)
        if self._messages[place : place + 1] != [self.at.message]:
            return 0
        return (self._totals[place - 1] if place else 0) + self.at.number + 1

    def first(self, index: int) -> bool:
        """Go to the first match in message `index` or after it; false if there is no match."""
        place = bisect_left(self._messages, index)
        if place == len(self._messages):
            return False
        self._enter(self._messages[place], 0)
        return True

    def go(self, index: int, start: int, end: int) -> None:
        """Go to a match by its place in the texts of a message, taken as one."""
        self._enter(index, TextMatch(0, start, end))

    def step(self, direction: int) -> bool:
        """Go to the next match (1) or the previous one (-1); false if there is none in that direction."""
        following = self._following(direction)
        if following is None:
            return False
        self._enter(*following)
        return True

    @property
    def left_for(self) -> int | None:
        """The message that the reader went to from the current match; None if it is still shown."""
        here = self._transcript.current
        if self.at is None or self._awaited is not None or self.shown is None:
            return None
        return None if here == self.shown.place.block else here

    def knows(self, direction: int, searched: int) -> bool:
        """Whether a step leads to the right match when the first `searched` messages have been searched.

        A match that is further on may be unknown all the same.
        """
        if self._awaited is not None and isinstance(self._awaited[1], TextMatch):
            # Which match of its message the current one is.
            return False
        place = self._transcript.current if self.at is None else self.at.message
        return direction > 0 or searched > place

    def wrap(self, direction: int) -> None:
        """Continue at the other end."""
        if self._messages:
            self._enter(self._messages[0 if direction > 0 else -1], 0 if direction > 0 else -1)

    def fetched(self, index: int) -> None:
        """The text of message `index` is available: if it is the one to be shown, go to its match."""
        if self._awaited is not None and self._awaited[0] == index:
            self._enter(*self._awaited)

    def arrived(self) -> bool:
        """Go to the match in a message that was not known, if that is in view now; true if it is."""
        transcript = self._transcript
        if not self._seeks or self._awaited is None or transcript.busy:
            return False
        index = self._awaited[0]
        known = index < transcript.source.known()
        if not known or transcript.current != transcript.shown_in(index):
            # The reader went elsewhere, or there is no such message.
            self._seeks = False
            self._awaited = None
            return False
        self._enter(*self._awaited)
        return True

    def located(self, index: int, matches: list[TextMatch]) -> None:
        """The matches of message `index` are known: if it is the one to be shown, go there."""
        self._located[index] = matches
        self.fetched(index)

    def _following(self, direction: int) -> MatchNumber | None:
        at = self.at
        if at is not None and self.left_for is None:
            place = bisect_left(self._messages, at.message)
            if self._messages[place : place + 1] == [at.message]:
                before = self._totals[place - 1] if place else 0
                number = at.number % (self._totals[place] - before) + direction
                if 0 <= number < self._totals[place] - before:
                    return MatchNumber(at.message, number)
                place += direction
            elif direction < 0:
                place -= 1
        else:
            # The reader went elsewhere: on from there.
            here = self._transcript.current
            place = bisect_left(self._messages, here) - (direction < 0)
        if not 0 <= place < len(self._messages):
            return None
        return MatchNumber(self._messages[place], 0 if direction > 0 else -1)

    # --- showing one

    def _enter(self, index: int, wanted: int | TextMatch) -> None:
        number = wanted if isinstance(wanted, int) else 0
        self.at, self._awaited, self.shown = MatchNumber(index, number), None, None
        has_room = len(self._transcript.viewport.heights) > 0
        self._seeks = not has_room or index >= self._transcript.source.known()
        if self._seeks:
            self._awaited = index, wanted
            self._transcript.seek(index)
            return
        message = self._transcript.blocks.get(index)
        self._transcript.reveal(index)
        if message is PENDING:
            self._transcript.go(index)
            self._awaited = index, wanted
        elif not isinstance(message, MessageSnapshot) or not self.query.wanted:
            self._transcript.go(index)
        elif (matches := self._matches_of(index, message)) is None:
            self._awaited = index, wanted
        elif not matches:
            self._transcript.go(index)
        else:
            if isinstance(wanted, TextMatch):
                there = placed(shown_texts(message), wanted.start, wanted.end)
                number = min(bisect_left(matches, there), len(matches) - 1)
            number %= len(matches)
            self.at = MatchNumber(index, number)
            self._show(index, message, matches, number)

    def _matches_of(self, index: int, message: MessageSnapshot) -> list[TextMatch] | None:
        """The matches of a message; None if a thread is looking for them."""
        matches = self._located.get(index)
        if matches is None:
            if self._transcript.source.size_of(index) > _AT_ONCE:
                self._locate(index, message)
                return None
            matches = self._located[index] = find_matches(message, self.query)
        return matches

    def _show(
        self, index: int, message: MessageSnapshot, matches: list[TextMatch], number: int
    ) -> None:
        transcript = self._transcript
        texts = shown_texts(message)
        shown = self._drawn(index, texts, matches, number)
        if shown is None:
            is_call = isinstance(message.item, FunctionCall)
            transcript.unfold(index)
            shown = self._drawn(index, texts, matches, number, at_last=not is_call)
            if shown is None and is_call:
                # A key of its arguments, for example, where a checklist is drawn.
                transcript.unfold(index, Fold.WRITTEN)
                shown = self._drawn(index, texts, matches, number, at_last=True)
        if shown is None and (partner := transcript.blocks.partner(index)) is not None:
            shown = self._drawn(partner, texts, matches, number)
        self.shown = shown
        transcript.mark_matches(self.lines, shown)
        if shown is None:
            transcript.go(index)
        elif shown.place in transcript.viewport.window[:-1]:
            transcript.choose(shown.place.block)
        else:
            transcript.go_to(shown.place, transcript.viewport.height // 3)

    def _drawn(
        self,
        index: int,
        texts: list[str],
        matches: list[TextMatch],
        number: int,
        *,
        at_last: bool = False,
    ) -> LineMatch | None:
        """A match as drawn in block `index`; with `at_last`, a similar one will do."""
        viewport = self._transcript.viewport
        wanted = matches[number]
        parts = viewport.block(index).parts
        starts = [(part.start, at) for at, part in enumerate(parts) if part.start is not None]
        if starts and wanted.text == 0:
            place = bisect_right(starts, (wanted.start, len(parts))) - 1
            if place < 0:
                return None
            begin, part = starts[place]
            end = starts[place + 1][0] if place + 1 < len(starts) else len(texts[0]) + 1
            first = bisect_left(matches, TextMatch(0, begin, 0))
            last = bisect_left(matches, TextMatch(0, end, 0))
            lines = self.lines.within(viewport, index, part)
        else:
            least = int(bool(starts))
            first, last = bisect_left(matches, TextMatch(least, 0, 0)), len(matches)
            some = [at for at, part in enumerate(parts) if part.start is None][:_PARTS]
            lines = [each for at in some for each in self.lines.within(viewport, index, at)]
        return _same(texts, matches[first:last], number - first, lines, at_last)


def _same(
    texts: list[str],
    matches: Sequence[TextMatch],
    number: int,
    lines: Sequence[LineMatch],
    at_last: bool,
) -> LineMatch | None:
    """The one of `lines` that is match `number` of the text."""
    if len(matches) == len(lines):
        return lines[number]
    contexts = [
        context_of(texts[each.text], each.start, each.end) for each in matches[: number + 1]
    ]
    wanted = contexts[number]
    like = [each for each in lines if each.context == wanted]
    place = contexts[:number].count(wanted)
    if place < len(like):
        return like[place]
    if not at_last:
        return None
    if like:
        return like[-1]
    # Written in another way around it: about as far down.
    like = [each for each in lines if each.context[0] == wanted[0]]
    return like[number * len(like) // len(matches)] if like else None
