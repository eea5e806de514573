"""Of several words, the hits that are shown: those in the lines that have the most and the rarest of them.

A session fits when every word occurs somewhere in it, and every occurrence of each is counted.  Of `the grid`
nearly all are `the`, which say nothing.  So a line counts by its words: each weighs the more the rarer it is
in the session, and half as much if it is elsewhere in the same message.  Of equal lines the earlier comes
first.  Where there is room for all hits, all of them are given.

Strategy: a block is gone through by messages, those with its rarest word first, until there are enough lines
that hold every word; from then on words are only counted.  Of lines with the same words no more are kept
than are wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from math import log1p
from typing import NamedTuple

from agcx_format.search.blocks import Block
from agcx_format.search.filters import Allowed
from agcx_format.search.matchers import Matcher
from agcx_format.search.results import Hit

__all__ = ["BestLines"]

# Characters of a text in which every match is looked at; of a longer one only the first of each word are.
_LONG = 1 << 18
# Characters between two matches of one line that are shown together: a line may be megabytes.
_NEAR = 240
# Messages of one session that are looked at only to find words together.
_MOST_MESSAGES = 500
# The weight of a word that is in the message, but not in the line.
_ELSEWHERE = 0.5

_Words = frozenset[int]
_Span = tuple[int, int, int]
"""Start and end in characters of a message; which word it is."""
_Place = tuple[int, int, int, int]
"""The first message of a block, the message within it, start and end."""


class _Line(NamedTuple):
    """Matches that are shown together; they become hits if they are among the best."""

    block: Block
    number: int
    matches: list[_Span]


class BestLines:
    """The hits of several matchers in the blocks of one session.

    Fields:
        counts: of each matcher, how often it was found.
    """

    def __init__(
        self,
        matchers: Sequence[Matcher],
        rows: int,
        allowed: Allowed | None,
    ) -> None:
        """`rows` hits are wanted at most."""
        self.counts = [0] * len(matchers)
        self._matchers = matchers
        self._rows = rows
        self._allowed = allowed
        self._all: _Words = frozenset(range(len(matchers)))
        # Hits of one line that count first, so that it does not take the room of others.
        self._few = max(len(matchers), rows // 3)
        # By the words of a line, and those of its message: of each line its matches, the rarest word first.
        self._lines: dict[tuple[_Words, _Words], list[_Line]] = {}
        self._kept: dict[tuple[_Words, _Words], int] = {}
        self._taken = 0
        # Hits of each word that were looked at.
        self._seen = [0] * len(matchers)
        self._messages = 0

    @property
    def seen(self) -> int:
        """How many hits were looked at: at least this many can be given, up to those wanted."""
        return sum(self._seen)

    def add(self, block: Block, counts: Sequence[int]) -> None:
        """Look at a block, in which the matchers were found so often."""
        self.counts = [before + more for before, more in zip(self.counts, counts, strict=True)]
        there = [word for word, count in enumerate(counts) if count]
        if not there or self._is_full():
            return
        if len(there) == 1:
            self._add_one(block, there[0])
            return
        there.sort(key=counts.__getitem__)
        looked_at: set[int] = set()
        for number in self._messages_of(there[0], block):
            if self._is_full() or self._messages >= _MOST_MESSAGES:
                break
            self._messages += 1
            looked_at.add(number)
            self._add_message(block, number, there)
        for word in there:
            if self._is_full():
                return
            # Also where it stands alone.
            for number in self._messages_of(word, block):
                if self._seen[word] >= self._rows:
                    break
                if number not in looked_at:
                    looked_at.add(number)
                    self._add_message(block, number, there)

    def chosen(self, make: Callable[[Block, int, int, int], Hit]) -> list[tuple[Hit, float]]:
        """The best hits, in the order of the conversation, and what the words in the line of each are worth.

        All of them in one line are worth 1.  `make` gives the hit of a block, message, start and end; it is
        not kept, since its owner keeps these lines, and the blocks of both would wait for the collector.
        """
        weights = [log1p(sum(self.counts) / max(1, count)) for count in self.counts]

        def worth(words: _Words) -> float:
            return sum(weights[word] for word in words)

        def rank(words: tuple[_Words, _Words]) -> float:
            here, message = words
            return worth(here) + _ELSEWHERE * worth(message - here)

        lines = [
            (line, 1.0 if words[0] == self._all else worth(words[0]) / worth(self._all))
            for words in sorted(self._lines, key=rank, reverse=True)
            for line in self._lines[words]
        ]
        found: list[tuple[_Place, Block, float]] = []
        for part in (slice(self._few), slice(self._few, None)):
            for line, share in lines:
                matches = line.matches[part][: self._rows - len(found)]
                found += [
                    ((line.block.first, line.number, start, end), line.block, share)
                    for start, end, _ in matches
                ]
        found.sort(key=lambda each: each[0])
        return [
            (make(block, number, start, end), share)
            for (_, number, start, end), block, share in found
        ]

    @property
    def together(self) -> float:
        """How near the words come to each other: 1 in one line, 0.5 in one message, 0 nowhere."""
        if any(here == self._all for here, _ in self._lines):
            return 1.0
        return _ELSEWHERE if any(message == self._all for _, message in self._lines) else 0.0

    def _is_full(self) -> bool:
        return self._kept.get((self._all, self._all), 0) >= self._rows

    def _add_one(self, block: Block, word: int) -> None:
        """The hits of a block that has only one of the words."""
        room = self._rows - self._seen[word]
        if room > 0:
            words = frozenset((word,))
            for number, start, end in islice(self._matches(word, block), room):
                self._keep(block, number, words, [(start, end, word)])

    def _matches(self, word: int, block: Block) -> Iterator[tuple[int, int, int]]:
        allowed = self._allowed
        for match in self._matchers[word].matches(block):
            if allowed is None or allowed(block.facts, match[0]):
                yield match

    def _messages_of(self, word: int, block: Block) -> Iterator[int]:
        """The messages of a block that hold a word, each once."""
        last = None
        for number, _, _ in self._matches(word, block):
            if number != last:
                yield number
                last = number

    def _add_message(self, block: Block, number: int, words: Sequence[int]) -> None:
        text = block.message(number)
        most = None if len(text) <= _LONG else self._rows
        spans = sorted(
            (start, end, word)
            for word in words
            for start, end in islice(self._matchers[word].spans_in(text), most)
        )
        message = frozenset(word for _, _, word in spans)
        for line in _lines_of(text, spans):
            self._keep(block, number, message, line)

    def _keep(self, block: Block, number: int, message: _Words, line: list[_Span]) -> None:
        words = [word for _, _, word in line]
        for word in words:
            self._seen[word] += 1
        here = frozenset(words)
        kept = self._kept.get((here, message), 0)
        if kept >= self._rows:
            return
        # All hits while there may be few, and then a few of each line.
        most = max(self._few, self._rows - self._taken)
        if len(line) > self._few:
            line = sorted(line, key=lambda span: (self.counts[span[2]], span))[:most]
        self._taken += len(line)
        self._lines.setdefault((here, message), []).append(_Line(block, number, line))
        self._kept[here, message] = kept + min(len(line), self._few)


def _lines_of(text: str, spans: Iterable[_Span]) -> Iterator[list[_Span]]:
    """Matches that are shown in one line together."""
    line: list[_Span] = []
    for span in spans:
        if line and (span[0] - line[-1][0] > _NEAR or text.find("\n", line[-1][0], span[0]) >= 0):
            yield line
            line = []
        line.append(span)
    if line:
        yield line
