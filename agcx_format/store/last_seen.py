"""What a program last read or wrote of each session: whether another program has saved one since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from uuid import UUID

from agcx_format.disk.durable import Signature
from agcx_format.store import paths
from agcx_format.store.acts.manifest import Step

__all__ = ["outdated"]


def outdated(root: Path, last_seen: Mapping[UUID, Signature], steps: Iterable[Step]) -> set[UUID]:
    """The sessions that these steps are about to change and another program has saved since they were seen.

    A save over one of them stays an error, also once the steps are done.

    Raises:
        PersistenceError: the file system cannot say.
    """
    found = set[UUID]()
    for step in steps if last_seen else ():
        session_id = paths.id_of(step.path)
        seen = None if session_id is None else last_seen.get(session_id)
        if session_id and seen and Signature.of_target(root / step.path) not in (None, seen):
            found.add(session_id)
    return found
