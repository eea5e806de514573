"""Takes turns of a conversation back while it is imported: they stay, in a branch that was left."""

from __future__ import annotations

from collections.abc import Callable

from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.draft_entry import DraftEntry

__all__ = ["take_back", "take_back_to"]


def take_back(draft: ImportDraft, turns: int) -> None:
    """Leave the branch of the last `turns` turns; the next message continues from before them."""
    _leave(draft, lambda entry, left: left < turns)


def take_back_to(draft: ImportDraft, position: int) -> int:
    """The same for all messages from this position on; returns how many turns those were."""
    return _leave(draft, lambda entry, left: entry.position >= position)


def _leave(draft: ImportDraft, leaves: Callable[[DraftEntry, int], bool]) -> int:
    """Leave the last messages, as far as `leaves` says; it also gets how many turns were left so far."""
    turns = 0
    positions: list[int] = []
    for entry in draft.lived():
        if not leaves(entry, turns):
            break
        positions.append(entry.position)
        turns += entry.words is not None
    draft.leave_last(positions)
    return turns
