"""Lines of text that blocks are made of: wrapped, folded, indented, aligned.

Strategy: text that comes here is safe already (`agcx_format.transcript.escaping`) and is never parsed as
markup.  Most lines of output are ASCII and shorter than the screen; two cheap tests find these, and they
become a strip unchanged.  Only the others are measured cell by cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.strip import Strip

from agcx_format.transcript import safe_line
from agcx_tui.app.blocks.links import addresses

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = [
    "EMPTY",
    "Piece",
    "beside",
    "broken",
    "fold",
    "hang",
    "indent",
    "line",
    "render",
    "safe_strips",
    "shorten",
    "shorten_path",
    "wrap",
]

EMPTY = Strip([], 0)

Piece = tuple[str, Style]


def line(*pieces: Piece) -> Strip:
    """One line made of (text, style) pieces."""
    return Strip([Segment(text, style) for text, style in pieces if text])


def shorten(text: str, width: int) -> str:
    """Cut to `width` cells, the last of them an ellipsis if something is cut."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…" if width > 0 else ""


def shorten_path(path: str, width: int) -> str:
    """Cut to `width` cells at the beginning, where the paths of one project are alike."""
    if cell_len(path) <= width:
        return path
    *above, kept = path.split("/")
    while above and cell_len(f"…/{above[-1]}/{kept}") <= width:
        kept = f"{above.pop()}/{kept}"
    return shorten(f"…/{kept}" if cell_len(kept) + 2 <= width else kept, width)


def beside(left: Iterable[Piece], right: Iterable[Piece], width: int) -> Strip:
    """A line with text at both ends; the left text is cut if there is not enough room."""
    right = [piece for piece in right if piece[0]]
    right_width = sum(cell_len(text) for text, _ in right)
    room = max(0, width - right_width - (2 if right else 0))
    segments: list[Segment] = []
    used = 0
    for text, style in left:
        shown = shorten(text, room - used)
        if shown:
            segments.append(Segment(shown, style))
            used += cell_len(shown)
        if shown != text:
            break
    if right:
        segments.append(Segment(" " * max(0, width - used - right_width)))
        segments.extend(Segment(text, style) for text, style in right)
    return Strip(segments).adjust_cell_length(min(width, max(used, width if right else used)))


def fold(text: str, width: int, style: Style) -> list[Strip]:
    """Lines of output; one that is too long is wrapped between words, below its own indentation."""
    strips: list[Strip] = []
    for row in text.split("\n"):
        if not row:
            strips.append(EMPTY)
        elif "://" in row:
            strips.extend(broken(_linked(row, style), row, width))
        elif row.isascii() and len(row) <= width:
            strips.append(Strip([Segment(row, style)], len(row)))
        else:
            space, pieces = _pieces(row, width)
            for at, (start, end) in enumerate(pieces):
                strips.append(Strip([Segment(" " * (space if at else 0) + row[start:end], style)]))
    return strips


def broken(strip: Strip, row: str, width: int) -> Iterator[Strip]:
    """A line with this text as lines of at most `width` cells, broken as `fold` does."""
    space, pieces = _pieces(row, width)
    if len(pieces) == 1:
        yield strip
        return
    for at, (start, end) in enumerate(pieces):
        first = cell_len(row[:start])
        piece = strip.crop(first, first + cell_len(row[start:end]))
        yield Strip([Segment(" " * space), *piece]) if at and space else piece


def hang(mark: Piece, text: str, style: Style, width: int) -> list[Strip]:
    """Prose after a mark; continuation lines are aligned with its beginning."""
    by = cell_len(mark[0])
    first, *rest = indent(wrap(text, max(8, width - by), style) or [EMPTY], by)
    begin = Strip([*line(mark), *first.crop(by)])
    return [begin, *rest]


# What continuation lines are aligned to: the indentation, and the mark of a list.
_start = re.compile(r" *(?:(?:[-*•>]|\d{1,3}[.)]) +)?").match


def _pieces(row: str, width: int) -> tuple[int, list[tuple[int, int]]]:
    """Where a line is broken: the cells before all pieces but the first, and their ranges."""
    if row.isascii() and len(row) <= width:
        return 0, [(0, len(row))]
    started = _start(row)
    space = started.end() if started else 0
    space = space if space <= width // 3 else 0
    pieces: list[tuple[int, int]] = []
    at, room, size = 0, width, len(row)
    while at < size:
        end = at + _fitting(row, at, room)
        if end < size:
            # Behind the indentation, and not so far back that the line is half empty.
            word = row.rfind(" ", max(at + (end - at) // 2, space), end + 1)
            end = word if word > at else end
        pieces.append((at, end))
        at = end
        while at < size and row[at] == " ":
            at += 1
        room = width - space
    return space, pieces or [(0, 0)]


def _fitting(row: str, at: int, room: int) -> int:
    """How many characters from `at` on fit into this many cells; at least one."""
    room = max(1, room)
    piece = row[at : at + room]
    if piece.isascii():
        return len(piece)
    # Marks without a width of their own may follow a letter, and nothing is chopped from marks alone.
    piece = row[at : at + 4 * room]
    chopped = chop_cells(piece, room)
    return max(1, len(chopped[0] if chopped else piece))


def _linked(row: str, style: Style) -> Strip:
    """A line whose addresses can be followed."""
    segments: list[Segment] = []
    at = 0
    for start, end, target in addresses(row):
        segments.append(Segment(row[at:start], style))
        segments.append(Segment(row[start:end], style + Style(link=target, underline=True)))
        at = end
    segments.append(Segment(row[at:], style))
    return Strip([segment for segment in segments if segment.text])


def wrap(text: str | Text, width: int, style: Style | None = None) -> list[Strip]:
    """Prose, wrapped between words; a word that is too long is broken."""
    rich_text = Text(text, style or "") if isinstance(text, str) else text
    rich_text.no_wrap = False
    rich_text.overflow = "fold"
    return render(rich_text, width)


def safe_strips(strips: list[Strip]) -> list[Strip]:
    """Lines about to be drawn, without anything that a terminal would obey.

    What is parsed is made safe after that where it is laid out, so that its width is right.  This is
    the last look, whatever way a text came here.
    """
    return [strip if all(map(_is_safe, strip)) else Strip(map(_safe, strip)) for strip in strips]


def _is_safe(segment: Segment) -> bool:
    text, style, control = segment
    return control is None and safe_line(text) == text and not _leads_astray(style)


def _safe(segment: Segment) -> Segment:
    text, style, _ = segment
    if style is not None and _leads_astray(style):
        style = style.update_link(None)
    return Segment(safe_line(text), style)


def _leads_astray(style: Style | None) -> bool:
    """Whether its address could end the escape sequence that it is put into."""
    link = style.link if style is not None else None
    return link is not None and not (link.isascii() and link.isprintable())


def indent(strips: Iterable[Strip], by: int) -> list[Strip]:
    """Move lines to the right; empty ones stay empty."""
    space = Segment(" " * by)
    return [
        Strip([space, *strip], strip.cell_length + by) if strip.cell_length else strip
        for strip in strips
    ]


def render(renderable: RenderableType, width: int, console: Console | None = None) -> list[Strip]:
    """Anything that Rich can draw, as strips of at most `width` cells."""
    console = console or _plain_console()
    options = console.options.update(width=max(1, width), height=None)
    return [Strip(segments) for segments in console.render_lines(renderable, options, pad=False)]


@cache
def _plain_console() -> Console:
    """A console that draws into memory: markup, emoji codes and highlighting are all off."""
    from io import StringIO

    from rich.console import Console

    return Console(
        file=StringIO(),
        width=80,
        color_system="truecolor",
        force_terminal=True,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        no_color=False,
        _environ={},
    )
