"""Text that is selected with the mouse, in lines that may move.

Strategy: Textual remembers a selection as offsets of columns and rows.  Rows of a transcript shift
whenever a height above them is corrected, so a row here is a place (block, part, line) packed into
one number: it sorts as the lines do, and a selection stays on its words.
"""

from __future__ import annotations

from textual.selection import Selection

from agcx_tui.app.widgets.roll.viewport import START, Place, Viewport

__all__ = ["pack", "selected_text"]

# The most characters: twice what a terminal takes.
_MOST = 150_000

_PART_BITS, _LINE_BITS = 16, 24


def pack(place: Place) -> int:
    """A place as one number that sorts the same."""
    return (place.block << _PART_BITS | place.part) << _LINE_BITS | place.line


def unpack(number: int) -> Place:
    part = number >> _LINE_BITS
    return Place(part >> _PART_BITS, part & (1 << _PART_BITS) - 1, number & (1 << _LINE_BITS) - 1)


def selected_text(viewport: Viewport, selection: Selection, rail: int) -> str:
    """The selected lines as shown, without their indentation.

    Columns include the `rail` cells before the text.  What is more than can be copied is left out.
    """
    start = unpack(selection.start.y) if selection.start is not None else START
    lines: list[str] = []
    size = 0
    for place in viewport.down(start):
        number = pack(place)
        span = selection.get_span(number)
        if span is None or size > _MOST:
            break
        first, last = span
        text = " " * rail + viewport.strip(place).text
        lines.append(text[first : None if last < 0 else last].rstrip())
        size += len(text)
    moved = min((len(row) - len(row.lstrip()) for row in lines[1:] if row), default=0)
    return "\n".join([lines[0].lstrip(), *(row[moved:] for row in lines[1:])]) if lines else ""
