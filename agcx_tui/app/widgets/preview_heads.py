"""What the preview says above the messages, or in their place: of a session, a broken file, a section."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING, Literal, get_args

import msgspec
from textual.content import Content

from agcx_format.catalog import micros
from agcx_format.errors import PersistenceError
from agcx_format.subagents import shown_tags
from agcx_format.transcript import safe_line
from agcx_tui.app.themes import MUTED
from agcx_tui.core.sessions.section_facts import SectionFacts
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from agcx_format import SessionFile

__all__ = [
    "VIEWS",
    "SessionFacts",
    "View",
    "broken_head",
    "damage",
    "facts_of",
    "failure",
    "section_page",
    "session_head",
]

View = Literal["first", "last", "place"]
VIEWS: tuple[View, ...] = get_args(View)
_VIEWS: dict[View, str] = {"first": "", "last": "last words", "place": "where you were"}

# Whether anything can be saved is known once all of the file has been read.
_HOW_TO_REPAIR = Content.assemble(("V", "bold $primary"), " to see what can be saved")
_UNTITLED = "(no title)"
_BETWEEN = " · "
# Cells of the names of facts, with two after them.
_LABEL = 10


class SessionFacts(msgspec.Struct, frozen=True):
    """What is shown above the transcript; made safe where it is drawn."""

    title: str
    model: str
    mode: str
    messages: int
    turns: int
    directory: str
    created: int
    tags: tuple[str, ...]


def facts_of(file: SessionFile) -> SessionFacts:
    """Read what the preview says of a session.  Blocks.

    Raises:
        PersistenceError: The metadata cannot be read.
    """
    # Loads the model, which a file that is shown needs and the first rows do not.
    from agcx_format import limits, listed

    metadata = listed(file.metadata)
    try:
        directory = file.context.working_directory[: limits.LISTED_TITLE]
    except (PersistenceError, OSError):
        # The messages can be read all the same.
        directory = ""
    return SessionFacts(
        metadata.title,
        metadata.model,
        metadata.current_mode.value,
        metadata.message_count,
        metadata.turn_count,
        directory,
        micros(metadata.created_at),
        tuple(shown_tags(metadata.tags)),
    )


def session_head(facts: SessionFacts, view: View, width: int) -> Content:
    """The title, and a line with the facts that fit into `width` cells; 0 stands for any number.

    The least important comes last, and is left out whole.
    """
    about = [
        _VIEWS[view],
        format.counted(facts.messages, "message"),
        # 0 where the writer did not count turns.
        format.counted(facts.turns, "turn") if facts.turns else "",
        safe_line(format.known_model(facts.model)),
        format.unusual_mode(facts.mode),
    ]
    parts = [(_BETWEEN, Content(part)) for part in about if part]
    tags = filter(None, map(safe_line, facts.tags))
    parts += zip(
        chain([_BETWEEN], repeat("  ")),
        (Content.styled(tag, "$secondary") for tag in tags),
        strict=False,
    )
    about = [safe_line(format.short_path(facts.directory)), format.exact(facts.created)]
    parts += [(_BETWEEN, Content(part)) for part in about if part]
    (_, line), *others = parts
    for between, part in others:
        longer = line + Content(between) + part
        if 0 < width < longer.cell_length:
            break
        line = longer
    return _title(facts.title) + Content("\n") + line


def damage(table: SessionTable, row: int, *, repairs: bool) -> Content:
    """A line of its own, where a part of the session cannot be read; `repairs`: how it is repaired."""
    if not table.broken(row):
        return Content("")
    reason = Content.styled(format.short_reason(table.error(row)), "$error")
    how = Content(" · ") + _HOW_TO_REPAIR if repairs else Content("")
    return Content("\n") + reason + how


def broken_head(table: SessionTable, row: int, *, repairs: bool) -> Content:
    """What is known of a file that cannot be shown."""
    error = table.error(row)
    where = f"{error.place}: " if error is not None and error.place else ""
    reason = where + (error.reason if error is not None else "cannot be read")
    facts = f"{format.size(table.size(row))} · changed {format.exact(table.date(row))}"
    path = format.short_path(table.path(row))
    head = failure("This file cannot be read", reason, facts, path)
    return head + Content("\n\n") + _HOW_TO_REPAIR if repairs else head


def failure(title: str, *lines: str) -> Content:
    """Why nothing is shown, line by line."""
    parts = [Content.styled(title, "bold $error")]
    return Content("\n").join(parts + [Content(safe_line(line)) for line in lines])


def section_page(facts: SectionFacts, table: SessionTable, now: int) -> Content:
    """What a section of the list holds, and its newest titles; `now` is in microseconds since 1970."""
    section = facts.section
    numbers = [
        format.counted(len(section.rows), "session"),
        format.size(section.size),
        format.counted(facts.messages, "message"),
        f"{format.number(facts.tokens)} tokens" if facts.tokens else "",
        format.cost(facts.cost),
        format.counted(facts.favorites, "favorite") if facts.favorites else "",
    ]
    line = Content(" · ".join(filter(None, numbers)))
    if facts.broken:
        line += Content.assemble(" · ", (f"{facts.broken:,} unreadable", "$error"))
    first, last = format.day_of(facts.oldest), format.day_of(facts.newest)
    dates = [format.day_words(day, now) for day in dict.fromkeys((first, last))]
    about = [(table.shown_date, " – ".join(dates)), *facts.names]
    if facts.directory:
        about.insert(0, ("directory", format.short_path(facts.directory)))
    lines = [_title(section.label), line, Content("")]
    lines += [Content(f"{name:<{_LABEL}}{safe_line(words)}") for name, words in about]
    lines.append(Content(""))
    lines += [_newest(table, row, now) for row in facts.newest_rows]
    return Content("\n").join(lines)


def _newest(table: SessionTable, row: int, now: int) -> Content:
    """The age and the title of a session, as the list shows them."""
    flag = table.flag(row)
    is_readable = table.readable(row)
    title = table.title(row) if is_readable else format.short_reason(table.error(row))
    title = safe_line(title).strip()
    return Content.assemble(
        f"{format.age(table.date(row), now):<{format.AGE_WIDTH}}",
        (f"{flag} ", "$error" if flag == "!" else "$accent"),
        (title, "$foreground") if title else (_UNTITLED, MUTED),
    )


def _title(title: str) -> Content:
    return Content.styled(safe_line(title).strip() or _UNTITLED, "bold $foreground")
