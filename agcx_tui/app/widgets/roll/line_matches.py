"""Finds words in the lines of a roll, even words that are broken across lines.

Strategy: a part's lines are searched together, joined by newlines, with a pattern that allows the end of a
line and the indentation after it between any two characters.  So words that were wrapped or folded are
found where they begin, and marked on every line that they are on.  A regular expression of a query is
found where it matches the lines as they are shown.  What was found in a part is kept as long as its lines
are the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol

from textual.cache import LRUCache
from textual.strip import Strip

from agcx_format.transcript import Needle
from agcx_tui.app.widgets.roll.viewport import Place, Viewport

if TYPE_CHECKING:
    from agcx_format.search import Query

__all__ = ["LineMatches"]

# Words longer than this are looked for by their beginning: the pattern grows with them.
_LONGEST = 200
_BROKEN = r"(?:[ \t]*\n[ \t│]*)?"

Spans = dict[int, list[tuple[int, int]]]


class _Finder(Protocol):
    """Finds one word, phrase or expression."""

    def spans_in(self, text: str) -> Iterator[tuple[int, int]]:
        """Start and end in characters of every match."""


class LineMatches:
    """The matches of words, folded as everywhere; a space stands for any white space.

    They are one phrase, or the words, phrases and expressions of a query.
    """

    def __init__(self, wanted: str | Query) -> None:
        self._finders: list[_Finder] = (
            [_Words(Needle.of(wanted[:_LONGEST]))] if isinstance(wanted, str) else _finders(wanted)
        )
        self._found: LRUCache[tuple[int, int], tuple[list[Strip], list[int], Spans]] = LRUCache(256)

    def within(self, viewport: Viewport, index: int) -> Iterator[Place]:
        """For every match in a block the line on which it begins, in order."""
        for part in range(len(viewport.block(index).parts)):
            for line in self._part(viewport, index, part)[0]:
                yield Place(index, part, line)

    def spans(self, viewport: Viewport, place: Place) -> list[tuple[int, int]]:
        """The ranges of characters of a line that belong to a match."""
        return self._part(viewport, place.block, place.part)[1].get(place.line, [])

    def _part(self, viewport: Viewport, index: int, part: int) -> tuple[list[int], Spans]:
        strips = viewport.lines(index, part)
        kept = self._found.get((index, part))
        if kept is not None and kept[0] is strips:
            return kept[1], kept[2]
        heads, spans = self._look_through([strip.text for strip in strips])
        self._found[index, part] = strips, heads, spans
        return heads, spans

    def _look_through(self, lines: list[str]) -> tuple[list[int], Spans]:
        starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
        heads: list[int] = []
        spans: Spans = {}
        text_of_all = "\n".join(lines)
        found = {span for finder in self._finders for span in finder.spans_in(text_of_all)}
        for start, stop in sorted(found):
            first = bisect_right(starts, start) - 1
            heads.append(first)
            last = bisect_right(starts, stop - 1) - 1
            for number in range(first, last + 1):
                text, at = lines[number], starts[number]
                begin = start - at if number == first else len(text) - len(text.lstrip())
                end = stop - at if number == last else len(text.rstrip())
                if begin < end:
                    spans.setdefault(number, []).append((begin, end))
        return heads, spans


class _Words:
    """Words, wherever lines were broken within them."""

    def __init__(self, needle: Needle) -> None:
        self._needle = needle
        self._pattern = _pattern_over_lines(needle.text)

    def spans_in(self, text: str) -> Iterator[tuple[int, int]]:
        folded = self._needle.folded(text)
        for match in self._pattern.finditer(folded.text):
            yield folded.span(*match.span())


def _finders(query: Query) -> list[_Finder]:
    from agcx_format.search.matchers import Literal

    return [
        _Words(Needle(matcher.needle.text[:_LONGEST], matcher.needle.cased))
        if isinstance(matcher, Literal)
        else matcher
        for matcher in query.matchers
    ]


def _pattern_over_lines(words: str) -> re.Pattern[str]:
    pieces = [_BROKEN.join(map(re.escape, word)) for word in words.split()]
    if not pieces:
        return re.compile(re.escape(words))
    return re.compile(r"[\s│]+".join(pieces))
