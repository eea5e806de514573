"""Completion of the filter line: keys of its language, and values that occur in the sessions.

Strategy: pure.  Only the word before the cursor counts; candidates that begin with it come first, the values
of most sessions before others, then those that contain it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from agcx_format.catalog import project_name
from agcx_format.importing import agent_of
from agcx_format.transcript import fold, safe_line
from agcx_tui.core.sessions.query import KEYS, MODES, STATES, parse
from agcx_tui.core.sessions.table import SessionTable

__all__ = ["WORD_AT_END", "Completion", "begins_anew", "complete"]

_MOST = 50
_ALWAYS = {
    "mode": MODES,
    "is": STATES,
    # Examples: any other date, size, or count will do.
    "before": ("today", "yesterday", "7d", "30d", "1y"),
    "after": ("today", "yesterday", "7d", "30d", "1y"),
    "larger": ("100k", "1MB", "10MB"),
    "smaller": ("100k", "1MB", "10MB"),
    "messages": (">10", ">100", ">1000"),
    "turns": (">1", ">10", ">100"),
    "duration": (">10min", ">1h", "<1min"),
}

# For each key, the column with its values, and what they are in a value of the column.
_POOLS: dict[str, tuple[str, Callable[[Any], Iterable[str]]]] = {
    "model": ("models", lambda model: [model]),
    "tag": ("tags", lambda tags: tags),
    "agent": ("tags", lambda tags: [agent_of(tags)]),
    "project": ("projects", lambda directory: [project_name(directory)]),
    "dir": ("directories", lambda directory: [directory]),
    "branch": ("branches", lambda branch: [branch]),
}

# The last word: a minus, a key, and a value that may be in quotes.
WORD_AT_END = re.compile(r'(-?)(?:([A-Za-z]+):)?((?:"[^"]*"?|[^\s"])*)$')


class Completion(msgspec.Struct, frozen=True):
    """Candidates for the text from `start` to the cursor."""

    start: int
    candidates: tuple[str, ...]


def complete(before: str, table: SessionTable) -> Completion:
    """Candidates for the last word of `before`, the line up to the cursor."""
    match = WORD_AT_END.search(before)
    assert match is not None
    minus, key, value = match[1], (match[2] or "").lower(), match[3]
    if not key:
        # With nothing to complete, Tab goes to the next pane.
        names = [name for name in KEYS if name.startswith(value.lower())] if value else []
        names.sort(key=lambda name: name != value.lower())
        return Completion(match.start(), tuple(f"{minus}{name}:" for name in names))
    wanted = fold(value.strip('"'))
    found = [each for each in _values(table, key) if wanted in fold(each)]
    found.sort(key=lambda each: not fold(each).startswith(wanted))
    return Completion(
        match.start(), tuple(f"{minus}{key}:{_quoted(each)}" for each in found[:_MOST])
    )


def begins_anew(taken: str, typed: str) -> bool:
    """Whether `typed` after the candidate `taken` is another value of its key, since both make no sense.

    After `after:today` that is `3`, which is on the way to `after:3d`; after `messages:>10` a `0` goes on.
    """
    if typed.isspace() or not taken.partition(":")[2]:
        return False
    return not parse(taken, 0).errors and bool(parse(taken + typed, 0).errors)


def _values(table: SessionTable, key: str) -> list[str]:
    counts: Counter[str] = Counter()
    columns = table.columns
    if key in _POOLS:
        name, texts = _POOLS[key]
        for number, count in Counter(columns.arrays[name]).items():
            for text in texts(columns.pools[name][number]):
                counts[text] += count
    elif key in ("tool", "checkpoint"):
        for facts in table.activity.values():
            counts.update(facts.checkpoints if key == "checkpoint" else (t[0] for t in facts.tools))
    elif key == "is" and not table.listed:
        return [state for state in STATES if state != "listed"]
    else:
        return list(_ALWAYS.get(key, ()))
    # Values that cannot be typed cannot be filtered by.
    by_use = sorted(counts, key=lambda value: (-counts[value], value))
    return [value for value in by_use if value and _typeable(value)]


def _typeable(value: str) -> bool:
    return '"' not in value and safe_line(value) == value


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"\s", value) else value
