"""Finds what was rewound in a conversation: a person went back and said something else.

Strategy: each line names the one before it. Where a person's message continues from a line that others
continue from as well, the conversation went on in several ways, and only the way to the last message was
lived. Other lines with several successors are tools that ran at the same time.
"""

from __future__ import annotations

from collections import defaultdict

from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.draft_entry import DraftEntry

__all__ = ["Lineage"]


class Lineage:
    """Which line follows which, by their uuids, and the messages of each.

    With `every_fork`, wherever several lines continue from one, only one way was lived.
    """

    def __init__(self, *, every_fork: bool = False) -> None:
        self._every_fork = every_fork
        self._parents: dict[str, str] = {}
        self._children: defaultdict[str, list[str]] = defaultdict(list)
        self._entries: dict[str, list[DraftEntry]] = {}
        self._last = ""

    def add(self, uuid: str, parent: str, entries: list[DraftEntry]) -> None:
        """The next line of the file; `entries` are the messages that it became."""
        if not uuid or uuid in self._parents:
            return
        self._parents[uuid] = parent
        if parent:
            self._children[parent].append(uuid)
        if entries:
            self._entries[uuid] = entries
            self._last = uuid

    def mark(self, draft: ImportDraft) -> None:
        """Put what was rewound into branches of their own."""
        lived = self._ancestors(self._last)
        for parent, children in self._children.items():
            if len(children) < 2:
                continue
            if not self._every_fork and not any(map(self._is_said, children[1:])):
                continue
            chosen = next((c for c in children if c in lived), children[-1])
            fork = self._entry_at(parent)
            others = (self._below(child) for child in children if child != chosen)
            left = [entries for entries in others if any(map(_is_conversation, entries))]
            for entries in left:
                draft.leave(entries, fork)
            resumed = self._below(chosen)
            if left and fork and resumed and resumed[0].parent is None:
                resumed[0].parent = fork.position

    def _is_said(self, uuid: str) -> bool:
        """Whether the person said this line."""
        return any(entry.words is not None for entry in self._entries.get(uuid, ()))

    def _ancestors(self, uuid: str) -> set[str]:
        found: set[str] = set()
        while uuid and uuid not in found:
            found.add(uuid)
            uuid = self._parents.get(uuid, "")
        return found

    def _entry_at(self, uuid: str) -> DraftEntry | None:
        """The last message up to a line."""
        seen: set[str] = set()
        while uuid and uuid not in seen:
            if entries := self._entries.get(uuid):
                return entries[-1]
            seen.add(uuid)
            uuid = self._parents.get(uuid, "")
        return None

    def _below(self, uuid: str) -> list[DraftEntry]:
        """The messages of a line and of all that follow it that are in no branch yet, in their order."""
        found: list[DraftEntry] = []
        seen, waiting = set(), [uuid]
        while waiting:
            each = waiting.pop()
            if each in seen:
                continue
            seen.add(each)
            found += (e for e in self._entries.get(each, ()) if e.branch is None)
            waiting += reversed(self._children.get(each, []))
        return found


def _is_conversation(entry: DraftEntry) -> bool:
    """Whether somebody said or did something, rather than the program noting it."""
    return getattr(entry.item, "role", "") != "system"
