"""Finds a query in the lines of a roll, even where the lines break what it matches.

Strategy: a part's lines are searched together, joined by newlines.  For a word or phrase the pattern allows
the end of a line and the indentation after it between any two characters; an expression is applied to the
lines as they were before they were wrapped, as far as that can be seen from their lengths.  So what was
wrapped or folded is found where it begins, and marked on every line that it is on; also where it goes on in
the next part.  What was found in a part is kept as long as its lines are the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from rich.cells import cell_len
from textual.strip import Strip

from agcx_format.search import Literal, Matcher, Query
from agcx_tui.app.widgets.roll.viewport import Place, Viewport
from agcx_tui.core.local.recent import Recent

__all__ = ["LineMatch", "LineMatches", "Mark", "context_of"]

# Words longer than this are looked for by their beginning: the pattern grows with them.
_LONGEST = 200
_BROKEN = r"(?:[ \t]*\n[ \t│]*)?"
# Matches of one part; further ones are ignored.
_MOST = 20_000
# Lines of the next part in which a match may end.
_LINES_AHEAD = 4
# Letters before and after a match that distinguish it from others.
_CONTEXT = 8
_CONTEXT_READ = 160
_other = re.compile(r"\W+")


class Mark(NamedTuple):
    """What to mark on a line: characters `start` to `end`, of match `number` of part `part`."""

    start: int
    end: int
    part: int
    number: int


@dataclass(frozen=True, slots=True)
class LineMatch:
    """A drawn match.

    Fields:
        place: The line on which it begins.
        number: Which one of its part.
        text: The lines of its part, in which it is `start` to `end`.
    """

    place: Place
    number: int
    text: str = field(repr=False)
    start: int
    end: int

    @property
    def context(self) -> tuple[str, str, str]:
        """See `context_of`."""
        return context_of(self.text, self.start, self.end)


@dataclass(frozen=True, slots=True)
class _PartMatches:
    """What was found in the lines `strips`: matches, and what to mark on which line.

    Lines are numbered on into the next part: `ahead` is what to mark there.
    """

    strips: list[Strip]
    matches: list[LineMatch]
    marks: dict[int, list[Mark]]
    ahead: dict[int, list[Mark]]


class LineMatches:
    """The matches of a query's words, phrases and expressions; a space matches any white space."""

    def __init__(self, query: Query, width: int) -> None:
        """`width` is that to which lines are wrapped, in cells."""
        self.width = width
        self._matchers = query.matchers
        self._patterns = {
            each: _over_lines(each.needle.text)
            for each in self._matchers
            if isinstance(each, Literal)
        }
        self._found: Recent[tuple[int, int], _PartMatches] = Recent(256)

    def within(self, viewport: Viewport, index: int, part: int) -> list[LineMatch]:
        """The matches that begin in a part of a block, in order."""
        return self._part(viewport, index, part).matches

    def marks(self, viewport: Viewport, place: Place) -> list[Mark]:
        """The ranges of characters of a line that belong to a match."""
        index, part, line = place
        marks = self._part(viewport, index, part).marks.get(line, [])
        if line < _LINES_AHEAD and part and viewport.block(index).parts[part - 1].runs_on:
            marks = self._part(viewport, index, part - 1).ahead.get(line, []) + marks
        return marks

    def _part(self, viewport: Viewport, index: int, part: int) -> _PartMatches:
        strips = viewport.lines(index, part)
        kept = self._found.get((index, part))
        if kept is not None and kept.strips is strips:
            return kept
        parts = viewport.block(index).parts
        found = _PartMatches(strips, [], {}, {})
        if not parts[part].label:
            following = (
                viewport.lines(index, part + 1)[:_LINES_AHEAD] if parts[part].runs_on else []
            )
            self._look_through(
                found, Place(index, part, 0), [s.text for s in [*strips, *following]]
            )
        self._found[index, part] = found
        return found

    def _look_through(self, found: _PartMatches, place: Place, lines: list[str]) -> None:
        text = "\n".join(lines)
        starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
        spans = sorted({span for matcher in self._matchers for span in self._spans(matcher, text)})
        for start, stop in spans:
            number = len(found.matches)
            first = bisect_right(starts, start) - 1
            if number >= _MOST or first >= len(found.strips):
                break
            here = place._replace(line=first)
            found.matches.append(LineMatch(here, number, text, start, stop))
            last = bisect_right(starts, stop - 1) - 1
            for line in range(first, last + 1):
                row, at = lines[line], starts[line]
                begin = start - at if line == first else _indentation(row)
                end = stop - at if line == last else len(row.rstrip())
                if begin < end:
                    beyond = line - len(found.strips)
                    marks, of = (found.ahead, beyond) if beyond >= 0 else (found.marks, line)
                    marks.setdefault(of, []).append(Mark(begin, end, place.part, number))

    def _spans(self, matcher: Matcher, text: str) -> Iterator[tuple[int, int]]:
        if not isinstance(matcher, Literal):
            yield from _unwrapped_spans(matcher, text, self.width)
            return
        folded = matcher.needle.folded(text)
        for match in self._patterns[matcher].finditer(folded.text):
            yield folded.span(*match.span())


def context_of(text: str, start: int, end: int) -> tuple[str, str, str]:
    """A match and the letters around it, the same in a text and in the lines that show it."""
    before = _letters(text[max(0, start - _CONTEXT_READ) : start])[-_CONTEXT:]
    after = _letters(text[end : end + _CONTEXT_READ])[:_CONTEXT]
    return _letters(text[start : min(end, start + _LONGEST)]), before, after


def _letters(text: str) -> str:
    return _other.sub("", text)


def _over_lines(words: str) -> re.Pattern[str]:
    words = words[:_LONGEST]
    pieces = [_BROKEN.join(map(re.escape, word)) for word in words.split()]
    if not pieces:
        return re.compile(re.escape(words))
    return re.compile(r"[\s│]+".join(pieces))


def _unwrapped_spans(matcher: Matcher, text: str, width: int) -> Iterator[tuple[int, int]]:
    """The matches of an expression in lines as they were before they were wrapped at `width`.

    A line that fills the width was broken between two words or within one: it is tried both ways.
    """
    yield from _spans_of_joined(matcher, text, width, "")
    if any(cell_len(row.rstrip()) >= width for row in text.split("\n")):
        yield from _spans_of_joined(matcher, text, width, " ")


def _spans_of_joined(
    matcher: Matcher, text: str, width: int, after_full: str
) -> Iterator[tuple[int, int]]:
    rows = text.split("\n")
    margin = min((_indentation(row) for row in rows if row.strip()), default=0)
    joined: list[str] = []
    # Where each row begins in what is joined, and there in `text`.
    begins: list[int] = []
    places: list[int] = []
    length = at = 0
    for number, row in enumerate(rows):
        wrapped = number > 0 and _goes_on(rows[number - 1], row, width)
        skipped = _indentation(row) if wrapped else min(margin, _indentation(row))
        between = "\n" if number else ""
        if wrapped:
            full = cell_len(rows[number - 1].rstrip()) >= width
            between = after_full if full else " "
        said = row[skipped:].rstrip()
        begins.append(length + len(between))
        places.append(at + skipped)
        joined += between, said
        length += len(between) + len(said)
        at += len(row) + 1
    for start, end in matcher.spans_in("".join(joined)):
        first, last = bisect_right(begins, start) - 1, bisect_right(begins, end - 1) - 1
        yield places[first] + start - begins[first], places[last] + end - begins[last]


def _indentation(row: str) -> int:
    return len(row) - len(row.lstrip(" │"))


def _goes_on(row: str, following: str, width: int) -> bool:
    """Whether the next line is the same one, wrapped: its first word had no room here."""
    word = following.lstrip(" │").split(maxsplit=1)
    if not word or not row.strip():
        return False
    return cell_len(row.rstrip()) + 1 + cell_len(word[0]) > width
