"""Takes turns of a conversation back while it is imported: they stay, in a branch that was left."""

from __future__ import annotations

from agcx_format.importing.draft import ImportDraft

__all__ = ["take_back", "take_back_to"]


def take_back(draft: ImportDraft, turns: int) -> None:
    """Leave the branch of the last `turns` turns; the next message continues from before them."""
    left: list[int] = []
    for entry in draft.lived():
        if turns <= 0:
            break
        left.append(entry.position)
        turns -= entry.words is not None
    draft.leave_last(left)


def take_back_to(draft: ImportDraft, position: int) -> int:
    """The same for all messages from this position on; returns how many turns those were."""
    turns = 0
    left: list[int] = []
    for entry in draft.lived():
        if entry.position < position:
            break
        left.append(entry.position)
        turns += entry.words is not None
    draft.leave_last(left)
    return turns
