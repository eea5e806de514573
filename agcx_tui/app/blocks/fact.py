"""Facts as lines: a name at the left, its value beside it, wrapped if it is long."""

from __future__ import annotations

from rich.cells import cell_len
from textual.strip import Strip

from agcx_format.transcript import safe_line
from agcx_tui.app.blocks.block import Block
from agcx_tui.app.blocks.lines import EMPTY, fold, indent, line
from agcx_tui.app.blocks.look import Look

__all__ = ["fact_block", "heading_block", "name_width"]

_NARROWEST, _WIDEST = 10, 26
# Characters of a value that are shown; a copy gives all of it.
_SHOWN = 8_000


def name_width(names: list[str]) -> int:
    """The width of the column of names, which is enough for most of them."""
    longest = max(map(len, names), default=0)
    return max(_NARROWEST, min(longest, _WIDEST))


def heading_block(title: str, note: str, look: Look) -> Block:
    """The title of a group, and a note if it has no facts."""
    palette = look.palette
    strips = [EMPTY, line((safe_line(title), palette.heading))]
    if note:
        strips += indent(fold(safe_line(note), look.width - 2, palette.muted), 2)
    return Block.of(strips, head=1)


def fact_block(name: str, value: str, note: str, column: int, look: Look) -> Block:
    """One fact; without a name the value takes the full width, with its note below."""
    palette = look.palette
    by = 2 + (column + 2 if name else 0)
    room = max(8, look.width - by)
    shown = safe_line(value[:_SHOWN])
    strips = fold(shown, room, palette.text)
    if len(value) > _SHOWN:
        strips += fold(f"… {len(value):,} characters in all", room, palette.muted)
    beside = f"  {safe_line(note)}"
    if name and note and len(strips) == 1 and cell_len(shown + beside) <= room:
        strips = [line((shown, palette.text), (beside, palette.muted))]
        note = ""
    for each in note.split("\n") if note else ():
        strips += fold(safe_line(each[:_SHOWN]), room, palette.muted)
    rows = indent(strips, by)
    if not name:
        return Block.of(rows)
    label = safe_line(name)
    head = line(("  ", palette.text), (label, palette.muted))
    if head.cell_length > by - 2:
        return Block.of([*fold(f"  {label}", look.width, palette.muted), *rows])
    first = strips[0]
    gap = by - head.cell_length
    rows[0] = Strip([*head, *line((" " * gap, palette.text)), *first], by + first.cell_length)
    return Block.of(rows)
