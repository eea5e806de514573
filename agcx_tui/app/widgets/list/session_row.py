"""One line of the session list, as a strip of styled cells."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from agcx_tui.core.sessions.columns import GAP, Column, find_words, fit, plain_cells
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.words import format

UNTITLED = "(no title)"


@dataclass(frozen=True, slots=True)
class RowLook:
    """The styles of a row; all but `match`, which is added to another, have the list's background."""

    plain: Style
    cursor: Style
    dim: Style
    star: Style
    mark: Style
    tag: Style
    match: Style
    broken: Style


def draw_row(
    table: SessionTable,
    row: int,
    columns: tuple[Column, ...],
    look: RowLook,
    now: int,
    *,
    cursor: bool,
) -> Strip:
    """The line of a session; under the cursor, all of it in the cursor's colors."""
    if cursor:
        under = look.cursor
        look = RowLook(under, under, under, under, under, under, look.match, under)
    marked = "✓" if row in table.marks else " "
    age = fit(format.age(table.date(row), now), columns[0].width)
    flag = table.flag(row)
    flag_style = look.broken if flag == "!" else look.star
    parts = [
        Segment(f" {marked} ", look.mark),
        Segment(f"{age} ", look.dim),
        Segment(f"{flag} ", flag_style),
    ]
    if not table.readable(row):
        parts += _broken_cells(table, row, columns, look)
    else:
        parts += _title_cells(table, row, columns, look)
        for column in columns[2:]:
            parts += _cell(table, row, column, look)
    parts.append(Segment(" ", look.plain))
    return Strip(parts)


def _title_cells(
    table: SessionTable, row: int, columns: tuple[Column, ...], look: RowLook
) -> list[Segment]:
    """The title; after it the tags, if they have no column and fit."""
    width = columns[1].width
    title = plain_cells(table.title(row)).strip()
    style = look.plain
    if not title:
        title, style = UNTITLED, look.dim
    if table.broken(row):
        # The reason matters more than the title.
        reason = plain_cells(format.short_reason(table.error(row)))
        reason = fit(reason, max(0, min(22, width - 10))).rstrip()
        cells = _highlighted(fit(title, width - GAP - len(reason)), table, style, look)
        return [*cells, Segment(" " * GAP, look.plain), Segment(reason, look.broken)]
    tags = "" if any(column.name == "tags" for column in columns) else _tags(table, row)
    if tags and cell_len(title) + GAP + cell_len(tags) <= width:
        cells = _highlighted(fit(title, width - GAP - cell_len(tags)), table, style, look)
        return [*cells, Segment(" " * GAP, look.plain), *_highlighted(tags, table, look.tag, look)]
    return _highlighted(fit(title, width), table, style, look)


def _broken_cells(
    table: SessionTable, row: int, columns: tuple[Column, ...], look: RowLook
) -> list[Segment]:
    """The beginning of the id and the reason, up to the size."""
    name = plain_cells(table.id(row))
    size = next((column for column in columns if column.name == "size"), None)
    end = size.start - GAP if size else columns[-1].start + columns[-1].width
    width = end - columns[1].start
    shown = name[:8] + "…" if len(name) > 12 else name
    reason = plain_cells(format.short_reason(table.error(row)))
    parts = [
        Segment(fit(f"{shown}  ", min(width, cell_len(shown) + 2)), look.dim),
        Segment(fit(reason, width - cell_len(shown) - 2), look.broken),
    ]
    return parts + (_cell(table, row, size, look) if size else [])


def _cell(table: SessionTable, row: int, column: Column, look: RowLook) -> list[Segment]:
    style = look.dim
    match column.name:
        case "tags":
            text, style = _tags(table, row), look.tag
        case "model":
            text = plain_cells(table.model(row))
        case "mode":
            text = table.mode(row)
        case "messages":
            text = format.number(table.messages(row))
        case _ if table.shown_measure == "ratio":
            text = format.ratio(table.ratio(row))
        case _:
            text = format.size(table.size(row))
    cells = fit(text, column.width, right=column.right_aligned)
    gap = Segment(" " * GAP, look.plain)
    if column.name in ("tags", "model"):
        return [gap, *_highlighted(cells, table, style, look)]
    return [gap, Segment(cells, style)]


def _tags(table: SessionTable, row: int) -> str:
    return " ".join(plain_cells(tag) for tag in table.tags(row) if tag)


def _highlighted(text: str, table: SessionTable, style: Style, look: RowLook) -> list[Segment]:
    """The text, with the words of the filter highlighted."""
    words = table.query.words
    spans = find_words(text, words) if words else []
    if not spans:
        return [Segment(text, style)]
    match = style + look.match
    parts, at = [], 0
    for start, end in spans:
        parts += [Segment(text[at:start], style), Segment(text[start:end], match)]
        at = end
    parts.append(Segment(text[at:], style))
    return [part for part in parts if part.text]
