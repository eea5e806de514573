"""Subagents whose lines are among those of their parent, as older versions of Claude Code wrote them.

Strategy: such a line is marked, and names the one before it; the first one of a subagent is its task, and
follows none of them. What each subagent said and did becomes a branch that begins at the call which started
it: the conversation reads through without it, as it did for the person.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import chain

from agcx_format.importing.draft import ImportDraft
from agcx_format.model.items import FunctionCall
from agcx_format.transcript.json_text import decoded_json
from agcx_format.transcript.words import text_of

__all__ = ["Sidechains"]

# How many messages before a subagent's first one are searched for the call that started it: several can be
# started at once.
_NEAR = 200
_STARTERS = ("Task", "Agent")


class Sidechains:
    """The messages of each subagent in a transcript."""

    def __init__(self) -> None:
        self._positions: list[list[int]] = []
        self._of: dict[str, int] = {}

    def add(self, uuid: str, parent: str, messages: range, *, is_task: bool) -> None:
        """A line of a subagent, and the positions of the messages that it became.

        One that follows nothing that is known begins another subagent if it can be a task, else it goes on
        with the last one.
        """
        group = self._of.get(parent, len(self._positions) - 1)
        if group < 0 or (is_task and parent not in self._of):
            group = len(self._positions)
            self._positions.append([])
        self._positions[group] += messages
        if uuid:
            self._of[uuid] = group

    def mark(self, draft: ImportDraft) -> None:
        """Put each subagent into a branch of its own."""
        if not self._positions:
            return
        of_subagents = set(chain.from_iterable(self._positions))
        # Where the conversation reads through.
        own = [
            position
            for position, entry in enumerate(draft.entries)
            if entry.branch is None and position not in of_subagents
        ]
        taken: set[int] = set()
        for positions in filter(None, self._positions):
            fork = _call_before(draft, positions[0], taken)
            if fork is not None:
                taken.add(fork)
            elif before := bisect_left(own, positions[0]):
                fork = own[before - 1]
            draft.leave_at(positions, fork)
            if fork is not None:
                _go_on(draft, fork, positions[0], own)


def _go_on(draft: ImportDraft, fork: int, first: int, own: list[int]) -> None:
    """Let what follows a branch continue from where the branch began, if nothing else does."""
    after = bisect_right(own, fork)
    if not after or own[after - 1] != fork or after == len(own) or own[after] < first:
        # It began in another branch, or the conversation went on, or ends here.
        return
    resumed = draft.entries[own[after]]
    if resumed.parent is None:
        resumed.parent = fork


def _call_before(draft: ImportDraft, first: int, taken: set[int]) -> int | None:
    """The position of the call that started a subagent: the one with its task, else the nearest."""
    task = text_of(draft.entries[first].item).strip()
    nearest = None
    for position, call in _calls_before(draft, first):
        if position in taken:
            continue
        if task and _prompt_of(call) == task:
            return position
        nearest = position if nearest is None else nearest
    return nearest


def _calls_before(draft: ImportDraft, first: int) -> Iterator[tuple[int, FunctionCall]]:
    for position in reversed(range(max(0, first - _NEAR), first)):
        item = draft.entries[position].item
        if isinstance(item, FunctionCall) and item.name in _STARTERS:
            yield position, item


def _prompt_of(call: FunctionCall) -> str:
    try:
        arguments = decoded_json(call.arguments)
    except ValueError:
        return ""
    prompt = arguments.get("prompt") if isinstance(arguments, dict) else None
    return prompt.strip() if isinstance(prompt, str) else ""
