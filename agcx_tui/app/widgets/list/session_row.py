"""One line of the session list, as a strip of styled cells."""

from __future__ import annotations

import msgspec
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from agcx_tui.core.sessions.columns import GAP, Column, find_words, fit, fit_middle, plain_cells
from agcx_tui.core.sessions.families import indentation
from agcx_tui.core.sessions.groups import Section
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.words import format

UNTITLED = "(no title)"
# Cells of a title that are not given up for a mode.
_LEAST_TITLE = 30


class RowLook(msgspec.Struct, frozen=True):
    """The styles of a row; all but `match`, which is added to another, have the list's background."""

    plain: Style
    cursor: Style
    dim: Style
    star: Style
    mark: Style
    tag: Style
    project: Style
    match: Style
    broken: Style
    heading: Style


def draw_row(
    table: SessionTable,
    row: int,
    columns: tuple[Column, ...],
    look: RowLook,
    now: int,
    *,
    cursor: bool,
    below_day: bool = False,
) -> Strip:
    """The line of a session; under the cursor, all of it in the cursor's colors.

    Below the heading of its day it has the time of day instead of its age.
    """
    if cursor:
        under = look.cursor
        look = RowLook(under, under, under, under, under, under, under, look.match, under, under)
    marked = "✓" if row in table.marks else " "
    date = table.date(row)
    age = fit(format.time_of_day(date) if below_day else format.age(date, now), columns[0].width)
    flag = table.flag(row)
    flag_style = look.broken if flag == "!" else look.star
    parts = [
        Segment(f" {marked} ", look.mark),
        Segment(f"{age} ", look.dim),
    ]
    at = 1
    if columns[1].name == "project":
        parts += _project_cells(table, row, columns[1].width, look)
        at = 2
    parts.append(Segment(f"{flag} ", flag_style))
    if not table.readable(row):
        parts += _broken_cells(table, row, columns[at:], look)
    else:
        parts += _title_cells(table, row, columns[at:], look)
        for column in columns[at + 1 :]:
            parts += _cell(table, row, column, look)
    parts.append(Segment(" ", look.plain))
    return Strip(parts)


def _title_cells(
    table: SessionTable, row: int, columns: tuple[Column, ...], look: RowLook
) -> list[Segment]:
    """The title; after it the tags and an unusual mode, if they have no column and fit."""
    width = columns[0].width
    title = plain_cells(table.title(row)).strip()
    style = look.plain
    if not title:
        title, style = UNTITLED, look.dim
    title = indentation(table.subagents.depth(row)) + title
    if table.broken(row):
        reason = plain_cells(format.short_damage(table.error(row)))
        reason = fit(reason, max(0, min(16, width - 10))).rstrip()
        cells = _highlighted(fit(title, width - GAP - len(reason)), table, style, look)
        return [*cells, Segment(" " * GAP, look.plain), Segment(reason, look.broken)]
    shown = {column.name for column in columns}
    mode = "" if "mode" in shown else format.unusual_mode(table.mode(row))
    if mode and min(cell_len(title), _LEAST_TITLE) + GAP + len(mode) <= width:
        width -= GAP + len(mode)
        last = [Segment(" " * GAP, look.plain), Segment(mode, look.dim)]
    else:
        last = []
    tags = "" if "tags" in shown else _tags(table, row)
    if tags and cell_len(title) + GAP + cell_len(tags) <= width:
        cells = _highlighted(fit(title, width - GAP - cell_len(tags)), table, style, look)
        parts = [*cells, Segment(" " * GAP, look.plain)]
        return [*parts, *_highlighted(tags, table, look.tag, look), *last]
    return [*_highlighted(fit(title, width), table, style, look), *last]


def _project_cells(table: SessionTable, row: int, width: int, look: RowLook) -> list[Segment]:
    """The project and a space; where two have the same name, with what distinguishes them."""
    directory = table.project(row)
    label = plain_cells(table.project_labels().get(directory, ""))
    cells = fit_middle(label, width)
    return [*_highlighted(cells, table, look.project, look), Segment(" ", look.plain)]


def _broken_cells(
    table: SessionTable, row: int, columns: tuple[Column, ...], look: RowLook
) -> list[Segment]:
    """The beginning of the id and the reason, up to the size."""
    name = plain_cells(table.id(row))
    size = next((column for column in columns if column.name == "size"), None)
    end = size.start - GAP if size else columns[-1].start + columns[-1].width
    width = end - columns[0].start
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
        case "agent":
            text = table.agent(row)
        case "messages":
            text = format.number(table.messages(row))
        case "turns":
            text = _unless_zero(table.turns(row))
        case "tokens":
            text = _unless_zero(table.subagents.measured(row, table.tokens))
        case "cost":
            text = format.cost(table.subagents.measured(row, table.cost))
        case "ratio":
            text = format.ratio(table.ratio(row))
        case _ if table.shown_measure == "ratio":
            text = format.ratio(table.ratio(row))
        case _:
            text = format.size(table.subagents.measured(row, table.size))
    cells = fit(text, column.width, right=column.right_aligned)
    gap = Segment(" " * GAP, look.plain)
    if column.name in ("tags", "model"):
        return [gap, *_highlighted(cells, table, style, look)]
    return [gap, Segment(cells, style)]


def _unless_zero(count: int) -> str:
    return format.number(count) if count else ""


def _tags(table: SessionTable, row: int) -> str:
    return " ".join(plain_cells(tag) for tag in table.tags(row) if tag)


def _highlighted(text: str, table: SessionTable, style: Style, look: RowLook) -> list[Segment]:
    """The text, with the words and expressions of the filter highlighted."""
    query = table.query
    spans = find_words(text, query.words, query.patterns) if query else []
    if not spans:
        return [Segment(text, style)]
    match = style + look.match
    parts, at = [], 0
    for start, end in spans:
        parts += [Segment(text[at:start], style), Segment(text[start:end], match)]
        at = end
    parts.append(Segment(text[at:], style))
    return [part for part in parts if part.text]


def draw_heading(
    section: Section, table: SessionTable, width: int, look: RowLook, *, cursor: bool
) -> Strip:
    """The line above the rows of a section: `▾ site  12 sessions · 3.4 MB`."""
    sign, plain, dim = ("▸" if section.folded else "▾"), look.heading, look.dim
    if cursor:
        plain = dim = look.cursor
    marked = sum(row in table.marks for row in section.rows) if table.marks else 0
    facts = f"{format.counted(len(section.rows), 'session')} · {format.size(section.size)}"
    if marked:
        facts += f" · {marked:,} marked"
    room = max(0, width - 3 - GAP - cell_len(facts) - 1)
    label = fit_middle(plain_cells(section.label), min(room, cell_len(plain_cells(section.label))))
    rest = width - 3 - cell_len(label) - GAP
    strip = Strip(
        [
            Segment(f" {sign} ", plain),
            Segment(label + " " * GAP, plain),
            Segment(fit(facts, max(0, rest)), dim),
        ]
    )
    return strip.adjust_cell_length(width, plain).simplify()
