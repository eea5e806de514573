"""What a section of the list holds: how much, from when to when, of which agents and projects."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from agcx_tui.core.sessions.groups import Grouping, Section
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.words.format import counted

__all__ = ["SectionFacts", "section_facts"]

# More titles than any terminal has lines.
_TITLES = 200
# Names of agents, models, and projects before the rest is a number.
_NAMED = 4


class SectionFacts(msgspec.Struct, frozen=True):
    """A section in numbers, and the names of what is most in it.  Nothing is made safe for a screen yet.

    Fields:
        section: The section.
        directory: That of the project, if it is a project.
        messages, tokens, cost: Of all its sessions, the cost in dollars; 0 where nothing was recorded.
        oldest, newest: The first and last of the dates that the list shows.
        favorites, broken: How many of its sessions are.
        names: Of each kind that can differ within the section, the names and how many sessions are of it.
        newest_rows: The newest sessions, the newest first; not all of a large section.
    """

    section: Section
    directory: str
    messages: int
    tokens: int
    cost: float
    oldest: int
    newest: int
    favorites: int
    broken: int
    names: tuple[tuple[str, str], ...]
    newest_rows: tuple[int, ...]


def section_facts(section: Section, grouping: Grouping, table: SessionTable) -> SectionFacts:
    """Add up what the table knows of the sessions below a heading, with their subagents as in the list."""
    rows = section.rows
    dates = [table.date(row) for row in rows] or [0]
    return SectionFacts(
        section=section,
        directory=section.key if grouping == "project" else "",
        messages=table.subagents.total(rows, table.messages),
        tokens=table.subagents.total(rows, table.tokens),
        cost=table.subagents.total(rows, table.cost),
        oldest=min(dates),
        newest=max(dates),
        favorites=sum(map(table.favorite, rows)),
        broken=sum(map(table.broken, rows)),
        names=_names(section, grouping, table),
        newest_rows=tuple(heapq.nlargest(_TITLES, rows, key=table.date)),
    )


def _names(
    section: Section, grouping: Grouping, table: SessionTable
) -> tuple[tuple[str, str], ...]:
    labels = table.project_labels()
    kinds: tuple[tuple[Grouping, str, Callable[[int], str]], ...] = (
        ("agent", "tags", table.agent),
        ("model", "models", table.model),
        ("project", "projects", lambda row: labels.get(table.project(row), "")),
    )
    found = []
    for kind, column, name_of in kinds:
        counts = _counted(section.rows, table.columns.arrays[column], name_of)
        if kind != grouping and counts:
            found.append((kind if len(counts) == 1 else f"{kind}s", _listed(counts)))
    return tuple(found)


def _counted(
    rows: Sequence[int], numbers: Sequence[int], name_of: Callable[[int], str]
) -> Counter[str]:
    """How many rows have each name; those of one number in `numbers` have the same."""
    counts: Counter[str] = Counter()
    a_row_of = {numbers[row]: row for row in rows}
    for number, count in Counter(map(numbers.__getitem__, rows)).items():
        counts[name_of(a_row_of[number])] += count
    # Of those without one, or where it is not known yet.
    del counts[""]
    return counts


def _listed(counts: Counter[str]) -> str:
    """`codex 9, claude 5, and 2 others`; of one kind alone, its name."""
    if len(counts) == 1:
        return next(iter(counts))
    names = [f"{name} {count:,}" for name, count in counts.most_common(_NAMED)]
    others = len(counts) - len(names)
    return ", ".join(names) + (f", and {counted(others, 'other')}" if others > 0 else "")
