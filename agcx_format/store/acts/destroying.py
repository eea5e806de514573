"""Destroy sessions without the trash: on a disk so full that it has no room for one.

Strategy: nothing but names is written until the first file is gone.  Each file is moved aside, checked, and
removed: first all sessions, then, once that is durable, what belongs to those that are gone.  So a session
is there whole or not at all, wherever it ends.  What a crash leaves aside may be what another program saved
at that moment: the next change puts it back.  The store must be locked.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agcx_format.disk.compare_and_swap import put, take
from agcx_format.disk.durable import Signature, naming
from agcx_format.disk.place import Place
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.model.timestamps import Timestamp
from agcx_format.store.acts import emptied, reserve
from agcx_format.store.acts.act_dirs import ASIDE, new_moment, stamp
from agcx_format.store.acts.manifest import Act, ActSession, Step, checked
from agcx_format.store.paths import written_folders

__all__ = ["Destruction", "destroy_files", "restore_aside"]


@dataclass(frozen=True, slots=True)
class Destruction:
    """What was destroyed.

    Fields:
        act: as the history has it, of the sessions that are gone.
        left: ids of the sessions that are still there.
        size: bytes that were freed.
        failed: why something is still there; None if all is gone.
    """

    act: Act
    left: frozenset[str]
    size: int
    failed: BaseException | None


def destroy_files(root: Path, steps: Sequence[Step], sessions: Sequence[ActSession]) -> Destruction:
    """Destroy what these steps of a deletion name: first each session's own file, which they expect.

    Once a session is gone, nothing is raised: the result says what went wrong.

    Raises:
        StaleSession: a file is not the expected one.  Nothing is destroyed.
        StoreNotWritable: the store may not be written.  Nothing is destroyed.
        PersistenceError: the system refuses something else.  Nothing is destroyed.
        ValueError: a file is in the trash, where an act keeps it.
    """
    steps = tuple(map(checked, steps))
    with naming(root), Tree(root) as store:
        moment = new_moment(root)
        restore_aside(store)
        own, others = _files(store, steps, sessions)
        gone: list[ActSession] = []
        size, failed = 0, None
        try:
            for session, place, signature in own:
                size += _destroyed(place, signature)
                gone.append(session)
        except BaseException as cause:
            if not gone:
                raise
            failed = cause
        left = frozenset(session.id for session, _, _ in own[len(gone) :])
        try:
            store.sync_all()
            for session, place, signature in others:
                if session.id not in left:
                    size += _destroyed(place, signature)
            store.sync_all()
        except BaseException as cause:
            failed = cause if failed is None else failed
        act_id = f"{stamp(moment)}-delete-{os.urandom(3).hex()}"
        act = Act(act_id, "delete", moment, tuple(gone), (), emptied_at=Timestamp.now())
        with suppress(OSError, PersistenceError):
            # What was freed may be too little for the history as well.
            emptied.append(store, [act])
        reserve.keep(store)
        return Destruction(act, left, size, failed)


def restore_aside(store: Tree) -> None:
    """Put files in their places that a crash left aside, unless they were saved again since; never raises."""
    for folder in written_folders():
        with suppress(OSError, PersistenceError):
            for name in store.names(folder):
                if name.startswith(".") and name.endswith(ASIDE):
                    with suppress(OSError, PersistenceError):
                        _restore(store.place(f"{folder}/{name}" if folder else name))


def _restore(aside: Place) -> None:
    # Only files are moved aside.
    if aside.is_folder():
        return
    with suppress(StaleSession):
        put(aside, aside.beside(aside.name[1 : -len(ASIDE)]))
    aside.unlink()


# A file, the session that it belongs to, and its signature.
_File = tuple[ActSession, Place, Signature]


def _files(
    store: Tree, steps: Iterable[Step], sessions: Iterable[ActSession]
) -> tuple[list[_File], list[_File]]:
    """The sessions' own files, and what belongs to them, which follows each in `steps`."""
    own: list[_File] = []
    others: list[_File] = []
    each = iter(sessions)
    session = None
    for step in steps:
        if step.expected is not None:
            session = next(each)
        place = store.find(step.path)
        if place is None and step.expected is not None:
            raise StaleSession("it changed since it was read", path=store.full(step.path))
        found = None if place is None else _accepted(place, step)
        if place is not None and found is not None and session is not None:
            (others if step.expected is None else own).append((session, place, found))
    return own, others


def _accepted(place: Place, step: Step) -> Signature | None:
    """The file of a step as it is now; None if there is none, and none was expected."""
    found = place.accept(step.expected)
    if found is None and step.expected is not None:
        raise StaleSession("it changed since it was read", path=place.path)
    status = place.status()
    if status is None or not stat.S_ISDIR(status.st_mode):
        return found
    if step.expected is None:
        # What a folder of such a name holds was not part of the question.
        return None
    raise PersistenceError("is a folder", path=place.path)


def _destroyed(place: Place, expected: Signature) -> int:
    """Bytes that removing a file has freed: none if it has another name.

    If it cannot be removed, it is in its place again.
    """
    aside = place.beside(f".{place.name}{ASIDE}")
    try:
        take(place, aside, expected)
    except OSError as cause:
        if not (reserve.is_full(cause) or cause.errno == errno.ENAMETOOLONG):
            raise
        # The directory has no room for another name: the check comes before instead of after.
        if not place.is_still(expected):
            raise StaleSession("it changed since it was read", path=place.path) from None
        aside = place
    try:
        status = aside.status()
        aside.unlink()
    except (OSError, PersistenceError):
        with suppress(OSError, PersistenceError):
            if put(aside, place):
                aside.unlink()
        raise
    return status.st_size if status is not None and status.st_nlink == 1 else 0
