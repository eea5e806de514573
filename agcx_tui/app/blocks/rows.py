"""Long text as parts: cut to its first and last lines, or whole, in slices.

Strategy: no one should get a thousand lines of output without asking.  `Fold.OPEN` shows the beginning and
the end, and says how much is between; `Fold.FULL` shows all, in slices that are drawn when they are
looked at, so that its length does not matter.  Text is made safe slice by slice, for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from agcx_format.counting import counted
from agcx_format.transcript import safe_text
from agcx_tui.app.blocks.block import Part
from agcx_tui.app.blocks.lines import fold, indent, wrap
from agcx_tui.app.blocks.look import Fold

__all__ = ["Row", "count_lines", "row_parts", "slices", "text_parts", "tidy"]

Row = tuple[str, Style]

FIRST, LAST = 14, 6
_SLICE = 16 * 1024
_ROWS = 200
# Looked at to find the first and last lines; a line longer than this is cut in them.
_ENDS = 8 * 1024

# Colors and other rendition that a program meant for a terminal: no words are lost with them.
_rendition = re.compile(r"\x1b\[[0-9;:]*m")
_returns = re.compile(r"\r+\n|\r+")


def tidy(text: str) -> str:
    """Output of a program, safe, without its colors, and with each redrawn line on its own."""
    return safe_text(_returns.sub("\n", _rendition.sub("", text)))


def count_lines(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n")) if text else 0


def slices(text: str) -> Iterator[tuple[int, int]]:
    """Ranges of a limited number of characters that end after a newline if there is one."""
    start, end = 0, len(text)
    while start < end:
        stop = start + _SLICE
        if stop < end:
            newline = text.rfind("\n", start, stop)
            stop = newline + 1 if newline > start else stop
        yield start, min(stop, end)
        start = stop


def _left_out(words: str, room: int, style: Style) -> list[Strip]:
    """The line in place of omitted text, which says how to see it."""
    return wrap(Text.assemble((f"… {words}", style + _UNDERLINE), (", enter opens", style)), room)


_UNDERLINE = Style(underline=True)


def text_parts(
    text: str,
    width: int,
    by: int,
    style: Style,
    muted: Style,
    how: Fold,
    paint: Painter | None = None,
    *,
    starts_at: int | None = None,
) -> list[Part]:
    """Text of any length, moved right by `by` cells and folded to `width` in all.

    `paint` gives a line a style of its own; `starts_at` is where the text begins in that of the message.
    """
    text = text.rstrip("\n")
    if not text:
        return []
    room = max(8, width - by)
    paint = paint or (lambda _: style)
    if how < Fold.FULL:
        left_out = count_lines(text) - FIRST - LAST
        head = tidy(text[:_ENDS]).split("\n")[:FIRST]
        tail = tidy(text[-_ENDS:]).split("\n")[-LAST:]
        if left_out > 1:
            strips = _fold_rows([(row, paint(row)) for row in head], room)
            strips += _left_out(counted(left_out, "more line"), room, muted)
            strips += _fold_rows([(row, paint(row)) for row in tail], room)
            return [Part.of(indent(strips, by), cut=True)]
        if len(text) > 2 * _ENDS:
            strips = _fold_rows([(row[: 4 * room], paint(row)) for row in head], room)
            strips += _left_out(f"{len(text):,} characters in all", room, muted)
            return [Part.of(indent(strips, by), cut=True)]

    def draw(start: int, stop: int) -> list[Strip]:
        rows = tidy(text[start:stop].removesuffix("\n")).split("\n")
        return indent(_fold_rows([(row, paint(row)) for row in rows], room), by)

    return [
        Part(
            partial(draw, start, stop),
            max(1, count_lines(text[start:stop])),
            start=None if starts_at is None else starts_at + start,
            runs_on=stop < len(text) and text[stop - 1] != "\n",
        )
        for start, stop in slices(text)
    ]


Painter = Callable[[str], Style]


def row_parts(rows: list[Row], width: int, by: int, muted: Style, how: Fold) -> list[Part]:
    """Rows that have a style each; like `text_parts`."""
    room = max(8, width - by)
    left_out = len(rows) - FIRST - LAST
    if how < Fold.FULL and left_out > 1:
        strips = _fold_rows(rows[:FIRST], room)
        strips += _left_out(counted(left_out, "more line"), room, muted)
        strips += _fold_rows(rows[-LAST:], room)
        return [Part.of(indent(strips, by), cut=True)]

    def draw(start: int) -> list[Strip]:
        return indent(_fold_rows(rows[start : start + _ROWS], room), by)

    return [
        Part(partial(draw, start), min(_ROWS, len(rows) - start))
        for start in range(0, len(rows), _ROWS)
    ]


def _fold_rows(rows: list[Row], width: int) -> list[Strip]:
    strips: list[Strip] = []
    for text, style in rows:
        strips.extend(fold(text, width, style))
    return strips
