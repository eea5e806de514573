"""What Tab makes of a half-typed filter: keys of its language, and values that the sessions have.

Strategy: pure.  The word before the cursor is looked at alone; the candidates are those that begin
with it, the values that most sessions have first, then those that contain it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from agcx_format.transcript.folding import fold
from agcx_format.transcript.safe_text import safe_line
from agcx_tui.core.sessions.query import KEYS, MODES, STATES
from agcx_tui.core.sessions.table import SessionTable

__all__ = ["Completion", "complete"]

_MOST = 50
_ALWAYS = {
    "mode": MODES,
    "is": STATES,
    "before": ("today", "yesterday", "7d", "30d", "1y"),
    "after": ("today", "yesterday", "7d", "30d", "1y"),
    "larger": ("100k", "1MB", "10MB"),
    "smaller": ("100k", "1MB", "10MB"),
    "messages": (">10", ">100", ">1000"),
}

# The last word: a sign for not, a key, and a value that may be in quotes.
_word = re.compile(r'(-?)(?:([A-Za-z]+):)?((?:"[^"]*"?|[^\s"])*)$')


@dataclass(frozen=True, slots=True)
class Completion:
    """`start` is where the word begins; each candidate replaces what lies from there to the cursor."""

    start: int
    candidates: tuple[str, ...]


def complete(before: str, table: SessionTable) -> Completion:
    """What may stand in place of the last word of `before`, the line up to the cursor."""
    match = _word.search(before)
    assert match is not None
    minus, key, value = match[1], (match[2] or "").lower(), match[3]
    if not key:
        # Nothing typed is nothing to complete: Tab then goes to the next pane.
        keys = [f"{name}:" for name in KEYS if name.startswith(value.lower())] if value else []
        return Completion(match.start(), tuple(minus + name for name in keys))
    wanted = fold(value.strip('"'))
    found = [each for each in _values(table, key) if wanted in fold(each)]
    found.sort(key=lambda each: not fold(each).startswith(wanted))
    return Completion(
        match.start(), tuple(f"{minus}{key}:{_quoted(each)}" for each in found[:_MOST])
    )


def _values(table: SessionTable, key: str) -> list[str]:
    counts: Counter[str] = Counter()
    pools, arrays = table.columns.pools, table.columns.arrays
    if key == "model":
        for number, count in Counter(arrays["models"]).items():
            counts[pools["models"][number]] += count
    elif key == "tag":
        for number, count in Counter(arrays["tags"]).items():
            for tag in pools["tags"][number]:
                counts[tag] += count
    elif key == "is" and not table.listed:
        return [state for state in STATES if state != "listed"]
    else:
        return list(_ALWAYS.get(key, ()))
    # What cannot be typed cannot be filtered by either.
    by_use = sorted(counts, key=lambda value: (-counts[value], value))
    return [value for value in by_use if value and _typeable(value)]


def _typeable(value: str) -> bool:
    return '"' not in value and safe_line(value) == value


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"\s", value) else value
