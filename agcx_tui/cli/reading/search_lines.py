"""What a search found as lines of text: a heading for each session, then its lines as ripgrep prints them.

    Fix the grid · 70b30ef8 · 3d
    12:assistant: The grid is redrawn on every **key**.
    13-tool- exit code 1

Strategy: pieces of a line are made safe for a terminal one by one, so that the marks of a match stay
around its letters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

import click
from msgspec.structs import replace

from agcx_format.search import Hit, SessionHits
from agcx_format.transcript import safe_line
from agcx_tui.core.words.format import age

__all__ = ["session_lines", "short_id"]

_SHORT_ID = 8
_NO_TITLE = "(no title)"


def short_id(session: SessionHits) -> str:
    """The beginning of the session's id, or the path of a file whose name is no id."""
    return str(session.id)[:_SHORT_ID] if session.id else safe_line(session.path)


def session_lines(
    session: SessionHits,
    now: int,
    *,
    colored: bool,
    context: int = 0,
    hide: Callable[[str], str] = str,
) -> Iterator[str]:
    """The heading of a session and a line for each line that holds a hit.

    `context` is how many lines around each hit are wanted: then a gap between hits is marked.  `hide` takes
    secrets out of a line; what it changes has no marks.
    """
    yield _heading(replace(session, title=hide(session.title)), now, colored)
    printed: int | None = None
    groups = list(_by_line(session.hits))
    for number, hits in enumerate(groups):
        first = hits[0]
        same = number > 0 and groups[number - 1][0].message == first.message
        before = _before(first, printed if same else None)
        if context and number and not (same and _adjoins(first, before, printed)):
            yield "--"
        for line in before:
            yield _place(first, "-", colored) + safe_line(hide(line))
        shown = hide(first.line)
        marked = _marked(hits, colored) if shown == first.line else safe_line(shown)
        yield _place(first, ":", colored) + marked
        printed = first.line_start + len(first.line) + 1
        follower = groups[number + 1][0] if number + 1 < len(groups) else None
        for line in first.after:
            if follower and follower.message == first.message and printed >= follower.line_start:
                break
            yield _place(first, "-", colored) + safe_line(hide(line))
            printed += len(line) + 1
    if session.count > len(session.hits) > 0:
        left = session.count - len(session.hits)
        yield f"{left:,}{'' if session.exact else ' or more'} more in this session"


def _before(hit: Hit, printed: int | None) -> list[str]:
    """The lines before a hit that follow what was already printed of its message."""
    lines = list(hit.before)
    at = hit.line_start - sum(len(line) + 1 for line in lines)
    while lines and printed is not None and at < printed:
        at += len(lines.pop(0)) + 1
    return lines


def _adjoins(hit: Hit, before: Sequence[str], printed: int | None) -> bool:
    """Whether nothing is left out between what was printed and the lines of this hit."""
    return printed is not None and hit.line_start - sum(len(b) + 1 for b in before) <= printed


def _heading(session: SessionHits, now: int, colored: bool) -> str:
    facts = [safe_line(session.title) or _NO_TITLE, short_id(session), *_age(session.updated, now)]
    if not colored:
        return " · ".join(facts)
    title = click.style(_linked(facts[0], session.path), fg="magenta", bold=True)
    return " · ".join([title, *facts[1:]])


def _linked(text: str, path: str) -> str:
    """The text as a link to a file (OSC 8)."""
    # In a terminal only.
    import socket
    from urllib.parse import quote

    address = f"file://{socket.gethostname()}{quote(path, errors='surrogateescape')}"
    return f"\x1b]8;;{address}\x1b\\{text}\x1b]8;;\x1b\\"


def _age(updated: str, now: int) -> list[str]:
    try:
        moment = datetime.fromisoformat(updated)
    except ValueError:
        # What a calendar does not have, such as a leap second.
        return _age_of_unusual(updated, now)
    return [age(int(moment.timestamp() * 1_000_000), now)]


def _age_of_unusual(updated: str, now: int) -> list[str]:
    # It takes longer to import than all the rest of a heading.
    from agcx_format import ns_of

    try:
        return [age(ns_of(updated) // 1000, now)]
    except ValueError:
        return []


def _by_line(hits: Sequence[Hit]) -> Iterator[list[Hit]]:
    """Hits of one line together, so that it is printed once."""
    for _, same in groupby(hits, key=lambda hit: (hit.message, hit.line_start, hit.line)):
        yield list(same)


def _place(hit: Hit, sign: str, colored: bool) -> str:
    """As "12:assistant: "."""
    number = [] if hit.message is None else [str(hit.message + 1)]
    role = safe_line(hit.role)
    if colored:
        number = [click.style(each, fg="green") for each in number]
        role = click.style(role, fg="cyan")
    return sign.join([*number, role]) + f"{sign} "


def _marked(hits: Sequence[Hit], colored: bool) -> str:
    """The line of these hits, with each match marked."""
    line = hits[0].line
    parts, at = [], 0
    for hit in hits:
        start = max(at, hit.start - hit.line_start)
        end = max(start, min(len(line), hit.end - hit.line_start))
        match = safe_line(line[start:end])
        parts += [safe_line(line[at:start]), _match(match) if colored else match]
        at = end
    return "".join(parts) + safe_line(line[at:])


def _match(text: str) -> str:
    return click.style(text, fg="red", bold=True) if text else ""
