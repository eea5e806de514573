"""What help shows: keys or examples with what they do, under headings, searched and put into columns.

Pure: the actions of the table that work at a moment come in, rows of words go out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from agcx_tui.core.words.action import TASKS, Action, Task
from agcx_tui.core.words.actions import actions

__all__ = [
    "HelpLine",
    "HelpSection",
    "add_key",
    "by_task",
    "in_columns",
    "key_rows",
    "longest",
    "matching",
]

_PLACES = {action.id: place for place, action in enumerate(actions())}
# Cells: the indent of a row, and the least gap between the keys and the words.
_INDENT = 2
# Cells that no words fill.
_ENDLESS = 10_000


class HelpSection(NamedTuple):
    """A heading, and the rows below it: keys or an example, and what they do."""

    title: str
    rows: tuple[tuple[str, str], ...]


class HelpLine(NamedTuple):
    """A line as it is drawn; a heading has no words, and a continuation line has no keys."""

    keys: str
    words: str
    heading: bool = False


def by_task(bound: Iterable[tuple[Action, str]]) -> list[HelpSection]:
    """The sections of actions, each given once for every key that it has at the moment.

    The rows are in the order of the table of actions.
    """
    found: dict[Task, dict[str, list[str]]] = {task: {} for task in TASKS}
    for action, key in sorted(bound, key=lambda each: _PLACES[each[0].id]):
        keys = found[action.task].setdefault(action.help, [])
        add_key(keys, key)
    return [
        HelpSection(TASKS[task], tuple(("  ".join(keys), help) for help, keys in rows.items()))
        for task, rows in found.items()
        if rows
    ]


def add_key(keys: list[str], key: str) -> None:
    """Add a key to those of an action, each once.

    Some terminals send ctrl+j for Enter: not worth a mention.
    """
    if key not in keys and not (key == "ctrl+j" and "enter" in keys):
        keys.append(key)


def matching(sections: Sequence[HelpSection], typed: str) -> list[HelpSection]:
    """What is left of the sections when all the words typed must occur in a row or its heading."""
    wanted = typed.casefold().split()
    found = []
    for title, rows in sections:
        fitting = [
            (keys, words)
            for keys, words in rows
            if all(each in f"{title} {keys} {words}".casefold() for each in wanted)
        ]
        if fitting:
            found.append(HelpSection(title, tuple(fitting)))
    return found


def in_columns(sections: Sequence[HelpSection], count: int) -> list[list[HelpSection]]:
    """The sections in their order, in `count` columns of which the longest is as short as can be."""
    heights = [len(section.rows) + 2 for section in sections]
    for limit in range(max(heights, default=0), sum(heights) + 1):
        columns: list[list[HelpSection]] = [[]]
        filled = 0
        for section, height in zip(sections, heights, strict=True):
            if filled + height > limit:
                columns.append([])
                filled = 0
            columns[-1].append(section)
            filled += height
        if len(columns) <= count:
            return columns + [[] for _ in range(count - len(columns))]
    raise ValueError(f"no {count} columns")


def key_rows(sections: Sequence[HelpSection], width: int) -> Iterator[HelpLine]:
    """The lines of a column of `width` cells; long texts continue below their beginning."""
    for number, (title, rows) in enumerate(sections):
        if number:
            yield HelpLine("", "")
        yield HelpLine(title, "", heading=True)
        room = max(cell_len(keys) for keys, _ in rows)
        for keys, words in rows:
            lead = " " * _INDENT + keys + " " * (room - cell_len(keys) + _INDENT)
            for line in _wrapped(words, max(8, width - cell_len(lead))):
                yield HelpLine(lead, line)
                lead = " " * cell_len(lead)


def longest(sections: Sequence[HelpSection]) -> int:
    """The cells of the longest line of a column that is wide enough for all of them."""
    lines = key_rows(sections, _ENDLESS)
    return max((cell_len(line.keys + line.words) for line in lines), default=0)


def _wrapped(words: str, width: int) -> list[str]:
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if cell_len(longer) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
