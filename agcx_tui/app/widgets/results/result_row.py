"""One line of the results of a search, as a strip of styled cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from agcx_format import ns_of
from agcx_format.catalog import project_name
from agcx_format.search import Hit, Unsearched
from agcx_tui.core.search.results import (
    CloseWord,
    FoundLine,
    Heading,
    Missing,
    More,
    Note,
    Row,
)
from agcx_tui.core.sessions.columns import fit, plain_cells
from agcx_tui.core.words import format

__all__ = ["ResultLook", "draw_row"]

_UNTITLED = "(no title)"
_COUNT = 7
# Cells of a title that are left at least when the project takes its room.
_TITLE = 24
_MARKS = {"user": "❯", "assistant": "●", "tool": "▸", "reasoning": "∴", "title": "★"}
_INDENT = 3
# The part of a line that may be before its match.
_BEFORE = 0.4


@dataclass(frozen=True, slots=True)
class ResultLook:
    """The styles of a row; all but `match`, which is added to another, have the list's background."""

    plain: Style
    cursor: Style
    dim: Style
    title: Style
    match: Style
    error: Style
    offer: Style


def draw_row(
    row: Row,
    width: int,
    look: ResultLook,
    now: int,
    directory: Callable[[str], str],
    *,
    cursor: bool,
) -> Strip:
    """The line of a row; `directory` gives that of a session by its path, empty where it is not known."""
    if cursor:
        under = look.cursor
        bold = under + Style(bold=True)
        look = ResultLook(under, under, under, bold, look.match, under, under)
    match row:
        case Heading():
            parts = _heading(row, width, look, now, directory)
        case FoundLine(_, hits):
            parts = _line(hits, width, look)
        case More(_, left, exact):
            words = f"+ {left:,}{'' if exact else ' or more'} more"
            parts = [Segment(fit(" " * _INDENT + words, width), look.dim)]
        case Missing(unsearched):
            parts = _missing(unsearched, width, look)
        case CloseWord(_, close, _):
            parts = [Segment(" " * _INDENT, look.plain), Segment(plain_cells(close), look.offer)]
        case Note(text):
            parts = [Segment(fit(" " + plain_cells(text), width), look.dim)]
    return Strip(parts).adjust_cell_length(width, look.plain)


def _heading(
    row: Heading, width: int, look: ResultLook, now: int, directory: Callable[[str], str]
) -> list[Segment]:
    session = row.session
    count = fit(f"{format.number(session.count)}{'' if session.exact else '+'}", _COUNT, right=True)
    age = fit(_age(session.updated, now), format.AGE_WIDTH, right=True)
    room = max(0, width - 4 - _COUNT - format.AGE_WIDTH)
    title = Strip(_title(session.title, row.hits, look))
    project = plain_cells(project_name(directory(session.path)))
    beside = f"  {project}" if project else ""
    # Conversations with the same title are distinguished by their projects; enough of the title stays.
    if room - cell_len(beside) < min(title.cell_length, _TITLE):
        beside = ""
    cut = Strip(_cut(list(title), room - cell_len(beside), look.title))
    rest = Segment(fit(beside, max(0, room - cut.cell_length)), look.dim)
    return [Segment(" ", look.plain), *cut, rest, Segment(f"  {age}{count} ", look.dim)]


def _title(title: str, hits: tuple[Hit, ...], look: ResultLook) -> list[Segment]:
    """A title with its matches highlighted."""
    if not title.strip():
        return [Segment(_UNTITLED, look.dim)]
    # Spaces around it are not shown.
    at = len(title) - len(title.lstrip())
    end = len(title.rstrip())
    parts = []
    for hit in hits:
        first, last = (max(at, min(end, place)) for place in (hit.start, hit.end))
        parts.append(Segment(plain_cells(title[at:first]), look.title))
        parts.append(Segment(plain_cells(title[first:last]), look.title + look.match))
        at = last
    parts.append(Segment(plain_cells(title[at:end]), look.title))
    return [part for part in parts if part.text]


def _age(updated: str, now: int) -> str:
    try:
        return format.age(ns_of(updated) // 1000, now)
    except ValueError:
        return ""


def _line(hits: tuple[Hit, ...], width: int, look: ResultLook) -> list[Segment]:
    """The line with its matches highlighted, cut so that the first one is in sight."""
    line, base = hits[0].line, hits[0].line_start
    mark = _MARKS.get(hits[0].role, "·")
    room = width - _INDENT - 3
    first = max(0, min(len(line), hits[0].start - base))
    before = plain_cells(line[:first]).lstrip()
    # A line that fits is not cut.
    after = cell_len(plain_cells(line[first : first + width]).rstrip())
    most = max(0, int(room * _BEFORE), room - after)
    if cell_len(before) > most:
        before = "…" + _end_of(before, most - 1)
    parts = [Segment(f"{'':<{_INDENT}}{mark} ", look.dim), Segment(before, look.plain)]
    at = first
    for hit in hits:
        start = max(at, min(len(line), hit.start - base))
        end = max(start, min(len(line), hit.end - base))
        parts.append(Segment(plain_cells(line[at:start]), look.plain))
        parts.append(Segment(plain_cells(line[start:end]), look.plain + look.match))
        at = end
    # A line may be long; what cannot be seen need not be looked at.
    parts.append(Segment(plain_cells(line[at : at + width]).rstrip(), look.plain))
    return _cut([part for part in parts if part.text], width - 1, look.plain)


def _end_of(text: str, cells: int) -> str:
    """The end of a text, in at most this many cells."""
    text = text[-cells:] if cells > 0 else ""
    while text and cell_len(text) > cells:
        text = text[1:]
    return text


def _cut(parts: list[Segment], width: int, plain: Style) -> list[Segment]:
    strip = Strip(parts)
    if strip.cell_length <= width:
        return parts
    return [*strip.crop(0, width - 1), Segment("…", plain)]


def _missing(unsearched: Unsearched, width: int, look: ResultLook) -> list[Segment]:
    name = plain_cells(unsearched.name)
    shown = name[:8] + "…" if len(name) > 12 else name
    words = plain_cells(format.short_reason(unsearched.error))
    if unsearched.messages:
        words = f"{format.counted(unsearched.messages, 'message')} searched, then {words}"
    name = set_cell_size(shown, 10)
    return [
        Segment(f"{'':<{_INDENT}}{name} ", look.dim),
        Segment(fit(words, width - _INDENT - 12), look.error),
    ]
