"""Writes what can be saved of a damaged session beside it, as a new session of its store.

Strategy: `repair_file` writes into a folder of the store's trash, and one act of the store puts a copy with a
new id in place, so that undo removes it.  The damaged session is only read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from agcx_format.disk.durable import Signature
from agcx_format.doctor.repair import Repair, repair_file
from agcx_format.errors import StaleSession
from agcx_format.store.acts.manifest import Act
from agcx_format.store.entries import ScanEntry
from agcx_format.store.reader import StoreReader
from agcx_format.store.staging import Staging
from agcx_format.store.store import Store

__all__ = ["RepairedSession", "repair_beside"]


@dataclass(frozen=True, slots=True)
class RepairedSession:
    """A repair whose `target` became session `id` of the store by an act."""

    repair: Repair
    id: UUID
    act: Act


def repair_beside(
    store: Store, entry: ScanEntry, title: Callable[[str], str] = lambda title: title
) -> RepairedSession | None:
    """Write what can be saved of a session to a new one of its store; None if nothing is wrong with it.

    `title` makes the title of the new session from that of the damaged one, or from its first words.
    The new session has no checkpoints.

    Raises:
        StaleSession: the file changed since it was scanned.
        PersistenceError: no message can be saved, or a file cannot be read or written.
    """
    with Staging(store.path) as staging:
        done = repair_file(entry.path, staging.path)
        if Signature.of_target(entry.path) != entry.signature:
            raise StaleSession("it changed since it was found", path=entry.path)
        repaired = None if done.target is None else StoreReader(staging.path).entry(done.target)
        if repaired is None:
            return None
        new_id, act = store.add_repaired(repaired, title(repaired.title))
        return RepairedSession(done, new_id, act)
