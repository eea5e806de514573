"""Destroy sessions without the trash: on a disk so full that it has no room for one.

Strategy: nothing but names is written until the first file is gone.  Each file is moved aside, checked, and
removed, the session before what belongs to it: a session is there whole or not at all, and what a crash
leaves aside is swept by the next change.  The store must be locked.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from agcx_format.disk.compare_and_swap import take
from agcx_format.disk.durable import Signature, naming, temporary_name
from agcx_format.disk.place import Place
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.model.timestamps import Timestamp
from agcx_format.store.acts import emptied, reserve
from agcx_format.store.acts.act_dirs import new_moment, stamp
from agcx_format.store.acts.manifest import Act, ActSession, Step

__all__ = ["destroy_files"]


def destroy_files(
    root: Path, kind: str, steps: Sequence[Step], sessions: Sequence[ActSession]
) -> tuple[Act, int]:
    """Destroy the files of these steps; the act as the history has it, and the bytes that were freed.

    Raises:
        StaleSession: a file is not the expected one; if it was so at the beginning, nothing is destroyed.
        StoreNotWritable: the store may not be written.
        PersistenceError: the system refuses something else.
    """
    with naming(root), Tree(root) as store:
        wanted: list[tuple[Place, Signature]] = []
        for step in steps:
            place = store.find(step.path)
            if place is not None and (found := _accepted(place, step)) is not None:
                wanted.append((place, found))
        try:
            freed = sum(_destroyed(place, found) for place, found in wanted)
        finally:
            # Also what was gone before one of them could not be destroyed.
            store.sync_all()
        moment = new_moment(root)
        act = Act(
            f"{stamp(moment)}-{kind}-{os.urandom(3).hex()}",
            kind,
            moment,
            tuple(sessions),
            (),
            emptied_at=Timestamp.now(),
        )
        with suppress(OSError, PersistenceError):
            # What was freed may be too little for the history as well.
            emptied.append(store, [act])
        reserve.keep(store)
        return act, freed


def _accepted(place: Place, step: Step) -> Signature | None:
    """The file of a step as it is now; None if there is none, and none was expected."""
    found = place.accept(step.expected)
    if found is None and step.expected is not None:
        raise StaleSession("it changed since it was read", path=place.path)
    return found


def _destroyed(place: Place, expected: Signature) -> int:
    """Bytes that removing a file has freed: none if it has another name."""
    aside = place.beside(temporary_name(place.name))
    try:
        take(place, aside, expected)
    except OSError as cause:
        if not reserve.is_full(cause):
            raise
        # The directory has no room for another name: the check comes before instead of after.
        if not place.is_still(expected):
            raise StaleSession("it changed since it was read", path=place.path) from None
        aside = place
    status = aside.status()
    aside.unlink()
    return status.st_size if status is not None and status.st_nlink == 1 else 0
