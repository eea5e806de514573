"""Completion of the search line: keys and values of the search, and those of the list."""

from __future__ import annotations

from agcx_format.search import KEYS, PLACES, ROLES
from agcx_format.transcript import fold
from agcx_tui.core.sessions.completion import WORD_AT_END, Completion, complete
from agcx_tui.core.sessions.query import KEYS as LIST_KEYS
from agcx_tui.core.sessions.table import SessionTable

__all__ = ["complete_search"]

_VALUES = {
    "role": ROLES,
    "tool": ("shell", "apply_patch", "update_plan", "Bash", "Read", "Edit", "Write"),
    "in": PLACES,
    "is": ("error",),
}


def complete_search(before: str, table: SessionTable) -> Completion:
    """Candidates for the last word of `before`, the line up to the cursor."""
    match = WORD_AT_END.search(before)
    assert match is not None
    minus, key, value = match[1], (match[2] or "").lower(), fold(match[3].strip('"'))
    if key in LIST_KEYS or (key and key not in KEYS):
        of_list = complete(before, table)
        mine = [f"{minus}{key}:{each}" for each in _fitting(key, value)]
        return Completion(of_list.start, (*mine, *of_list.candidates))
    if key:
        found = [f"{minus}{key}:{each}" for each in _fitting(key, value)]
        return Completion(match.start(), tuple(found))
    names = dict.fromkeys((*KEYS, *LIST_KEYS)) if value else ()
    found = [f"{minus}{name}:" for name in names if name.startswith(value)]
    return Completion(match.start(), tuple(found))


def _fitting(key: str, value: str) -> list[str]:
    return [each for each in _VALUES.get(key, ()) if fold(each).startswith(value)]
