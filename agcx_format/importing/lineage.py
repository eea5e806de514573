"""Finds what was rewound in a conversation: a person went back and said something else.

Strategy: each line names the one before it. Where a person's message continues from a line that others
continue from as well, the conversation went on in several ways, and only the way to the last message was
lived. Other lines with several successors are tools that ran at the same time.
"""

from __future__ import annotations

from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.importing.stored_entries import Entries

__all__ = ["Lineage"]


class Lineage:
    """Which line follows which, by their uuids, and the messages of each.

    With `every_fork`, wherever several lines continue from one, only one way was lived.
    """

    def __init__(self, *, every_fork: bool = False) -> None:
        self._every_fork = every_fork
        self._parents: dict[str, str] = {}
        # The positions of the messages of each line: the first, and the one after the last.
        self._spans: dict[str, tuple[int, int]] = {}
        self._last = ""
        self._before = ""
        # Whether each line continues from the one before it, as in most files.
        self._is_chain = True

    def add(self, uuid: str, parent: str, entries: list[DraftEntry]) -> None:
        """The next line of the file; `entries` are the messages that it became."""
        if not uuid or uuid in self._parents:
            return
        if parent == self._before:
            # One copy of the name is enough.
            parent = self._before
        elif parent:
            self._is_chain = False
        self._parents[uuid] = parent
        self._before = uuid
        if entries:
            self._spans[uuid] = entries[0].position, entries[-1].position + 1
            self._last = uuid

    def mark(self, draft: ImportDraft) -> None:
        """Put what was rewound into branches of their own."""
        if self._is_chain:
            return
        lived = self._ancestors(self._last)
        tree = _Tree(draft.entries, self._parents, self._spans)
        # From the last fork back: what forked within a branch that was left is a branch of that one.
        for parent, children in reversed(tree.children.items()):
            if len(children) < 2:
                continue
            if not self._every_fork and not any(map(tree.is_said, children[1:])):
                continue
            chosen = next((c for c in children if c in lived), children[-1])
            fork = self._entry_at(parent)
            others = (tree.below(child) for child in children if child != chosen)
            left = [positions for positions in others if any(map(tree.is_conversation, positions))]
            for positions in left:
                draft.leave_at(positions, fork)
            resumed = tree.below(chosen)
            if left and fork is not None and resumed and draft.entries[resumed[0]].parent is None:
                draft.entries[resumed[0]].parent = fork

    def _ancestors(self, uuid: str) -> set[str]:
        found: set[str] = set()
        while uuid and uuid not in found:
            found.add(uuid)
            uuid = self._parents.get(uuid, "")
        return found

    def _entry_at(self, uuid: str) -> int | None:
        """The position of the last message up to a line."""
        seen: set[str] = set()
        while uuid and uuid not in seen:
            if span := self._spans.get(uuid):
                return span[1] - 1
            seen.add(uuid)
            uuid = self._parents.get(uuid, "")
        return None


class _Tree:
    """The lines from the first to the last.

    Fields:
        children: the lines that follow each line, in the order of the file.
    """

    def __init__(
        self, entries: Entries, parents: dict[str, str], spans: dict[str, tuple[int, int]]
    ) -> None:
        self._entries, self._spans = entries, spans
        self.children: dict[str, list[str]] = {}
        for uuid, parent in parents.items():
            if parent:
                self.children.setdefault(parent, []).append(uuid)

    def is_said(self, uuid: str) -> bool:
        """Whether the person said this line."""
        return any(self._entries[at].words is not None for at in self._positions(uuid))

    def is_conversation(self, position: int) -> bool:
        """Whether somebody said or did something, rather than the program noting it."""
        return getattr(self._entries[position].item, "role", "") != "system"

    def below(self, uuid: str) -> list[int]:
        """The messages of a line and of all that follow it that are in no branch yet, in their order."""
        found: list[int] = []
        seen, waiting = set(), [uuid]
        while waiting:
            each = waiting.pop()
            if each in seen:
                continue
            seen.add(each)
            found += (at for at in self._positions(each) if self._entries[at].branch is None)
            waiting += reversed(self.children.get(each, []))
        return found

    def _positions(self, uuid: str) -> range:
        return range(*self._spans.get(uuid, (0, 0)))
