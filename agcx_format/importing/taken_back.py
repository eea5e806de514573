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
    """The same for all messages from this position on; returns how many turns those were.

    A branch that was left and has the message before it is lived again, up to there.
    """
    before = map(draft.entries.__getitem__, reversed(range(position)))
    last = next((entry for entry in before if not entry.is_dropped), None)
    if last is None or last.branch is None:
        return _leave(draft, lambda entry, left: entry.position >= position)
    way = _way_to(draft, last)
    fork = max((at for at in way if draft.entries[at].branch is None), default=None)
    left = [entry for entry in draft.lived() if entry.position not in way][::-1]
    after = map(draft.entries.__getitem__, range(last.position + 1, len(draft.entries)))
    rest = next((entry for entry in after if entry.branch == last.branch), None)
    if rest is not None:
        draft.leave_at([rest.position], last.position)
    for at in way:
        draft.entries[at].branch = None
    draft.leave_at([entry.position for entry in left], fork)
    draft.continue_from(last.position)
    return sum(entry.words is not None for entry in left)


def _way_to(draft: ImportDraft, last: DraftEntry) -> set[int]:
    """The positions of a message and of all that lead to it."""
    way: set[int] = set()
    wanted, branch = last.position, last.branch
    for at in reversed(range(last.position + 1)):
        entry = draft.entries[at]
        if at == wanted:
            branch = entry.branch
        if at <= wanted and entry.branch == branch and not entry.is_dropped:
            way.add(at)
            wanted = at - 1 if entry.parent is None else entry.parent
    return way


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
