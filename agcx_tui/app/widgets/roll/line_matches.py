"""Finds words in the lines of a roll, even words that are broken across lines.

Strategy: a part's lines are searched together, joined by newlines, with a pattern that allows the end of a
line and the indentation after it between any two characters.  So words that were wrapped or folded are
found where they begin, and marked on every line that they are on.  What was
found in a part is kept as long as its lines are the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from textual.cache import LRUCache
from textual.strip import Strip

from agcx_format.transcript import Needle
from agcx_tui.app.widgets.roll.viewport import Place, Viewport

__all__ = ["LineMatches"]

# Words longer than this are looked for by their beginning: the pattern grows with them.
_LONGEST = 200
_BROKEN = r"(?:[ \t]*\n[ \t│]*)?"

Spans = dict[int, list[tuple[int, int]]]


class LineMatches:
    """The matches of `words`, folded as everywhere; a space stands for any white space."""

    def __init__(self, words: str) -> None:
        self._needle = Needle.of(words[:_LONGEST])
        self._pattern = _pattern_over_lines(self._needle.text)
        self._found: LRUCache[tuple[int, int], tuple[list[Strip], list[int], Spans]] = LRUCache(256)

    def within(self, viewport: Viewport, index: int) -> Iterator[Place]:
        """The lines of a block on which a match begins, in order."""
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
        folded = self._needle.folded("\n".join(lines))
        for match in self._pattern.finditer(folded.text):
            start, stop = folded.span(*match.span())
            first = bisect_right(starts, start) - 1
            if not heads or heads[-1] != first:
                heads.append(first)
            last = bisect_right(starts, stop - 1) - 1
            for number in range(first, last + 1):
                text, at = lines[number], starts[number]
                begin = start - at if number == first else len(text) - len(text.lstrip())
                end = stop - at if number == last else len(text.rstrip())
                if begin < end:
                    spans.setdefault(number, []).append((begin, end))
        return heads, spans


def _pattern_over_lines(words: str) -> re.Pattern[str]:
    pieces = [_BROKEN.join(map(re.escape, word)) for word in words.split()]
    if not pieces:
        return re.compile(re.escape(words))
    return re.compile(r"[\s│]+".join(pieces))
