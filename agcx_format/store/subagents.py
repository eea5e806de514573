"""The sessions of subagents, by the sessions that started them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from agcx_format.store.arguments import all_of
from agcx_format.store.entries import ScanEntry
from agcx_format.subagents import in_circles, parent_of

__all__ = ["subagents_of"]


def subagents_of(entries: Iterable[ScanEntry], among: Iterable[ScanEntry]) -> list[ScanEntry]:
    """The sessions among others that these started, and those that they started in turn.

    None started those that would have started each other in a circle.

    Raises:
        TypeError: one of the entries is not a `ScanEntry`.
    """
    started: list[tuple[ScanEntry, UUID]] = []
    for entry in among:
        if entry.metadata and (parent := parent_of(entry.metadata.tags)) is not None:
            started.append((entry, parent))
    circles = in_circles({entry.id: parent for entry, parent in started if entry.id})
    children: defaultdict[UUID, list[ScanEntry]] = defaultdict(list)
    for entry, parent in started:
        if entry.id not in circles:
            children[parent].append(entry)
    waiting = [entry.id for entry in all_of(ScanEntry, entries)]
    seen = {*waiting}
    found: list[ScanEntry] = []
    for session_id in waiting:
        for child in children.get(session_id, ()) if session_id else ():
            if child.id not in seen:
                seen.add(child.id)
                waiting.append(child.id)
                found.append(child)
    return found
