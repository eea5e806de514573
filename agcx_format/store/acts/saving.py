"""Replace session files as programs save them: nothing is kept for an undo.

Strategy: for one session that is usually one exchange of two files, under a name that says after a crash
which of them is ours.  Where the file system has none, the old file has to leave its place before the new one
can take it, and the file behind a link may lie anywhere.  Only an act knows after a crash what belongs there.
So the save is an act then, as it is for many sessions at once, and is removed as soon as it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from agcx_format.disk.compare_and_swap import replace_if
from agcx_format.disk.durable import Signature
from agcx_format.disk.exchange import Unsupported
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.store.acts.act_dirs import BEFORE, EMPTYING, SAVE, UNDONE
from agcx_format.store.acts.manifest import Act, Step
from agcx_format.store.acts.perform import perform
from agcx_format.store.acts.removing import remove_kept
from agcx_format.store.acts.undo import undo
from agcx_format.store.acts.work import is_copy, rename_act
from agcx_format.store.paths import TRASH

__all__ = ["forget", "save_file"]


def save_file(
    store: Tree, path: str, parts: Callable[[], Iterable[bytes]], expected: Signature | None
) -> Signature:
    """Durably replace a session's file, if it is the `expected` one; None if there must be none.

    The store must be locked.  `parts` gives the new content, and may be called twice.

    Raises:
        StaleSession: another file is there.
        StoreNotWritable: permissions or a read-only file system prevent it.
        PersistenceError: writing failed.
    """
    place = store.place(path, make=True)
    if expected is None and place.is_link():
        place = store.target_of(place)
    # What a crash leaves beside the file that a link leads to is not found again: only an act knows of it.
    if not place.is_link():
        with suppress(Unsupported):
            return replace_if(place, parts(), expected)
    step = Step("replace", path, parts=parts(), expected=expected)
    act = perform(Path(store.path), SAVE, [step], [])
    if not forget(store, act, [step]) and _take_back(store, act):
        raise StaleSession("another program wrote into the version before", path=place.path)
    after = act.steps[0].after
    assert after is not None
    return after


def _take_back(store: Tree, act: Act) -> bool:
    """Take back a save that has replaced what a program was still writing; false if it stays.

    A save that is an error must not be done: its caller will try again.  If another save is in place, or
    the disk fails, it is done, and the trash keeps what was written.
    """
    try:
        undo(Path(store.path), act.id)
    except (OSError, PersistenceError):
        return False
    with suppress(OSError, PersistenceError):
        _remove(store, act, act.id + UNDONE)
    return True


def forget(store: Tree, act: Act, steps: Iterable[Step]) -> bool:
    """Remove a finished act with the versions that it keeps, so that the history does not name it.

    `steps` are those that were performed.  False if the act stays, because a program that had opened one of
    these versions wrote into it.

    Never raises: the act is done.  What cannot be removed now is removed by the next change, or stays in the
    trash.
    """
    with suppress(OSError, PersistenceError):
        if not all(_is_as_replaced(store, act, step) for step in steps):
            return False
        _remove(store, act, act.id)
    return True


def _remove(store: Tree, act: Act, name: str) -> None:
    """Remove the directory of an act, whose `name` carries its state."""
    rename_act(store, name, name + EMPTYING)
    with store.below(f"{TRASH}/{name}{EMPTYING}") as act_dir:
        remove_kept(store, act_dir, name + EMPTYING, act)


def _is_as_replaced(store: Tree, act: Act, step: Step) -> bool:
    if step.op != "replace" or step.derived:
        return True
    kept = store.signature(f"{TRASH}/{act.id}/{BEFORE}/{step.path}")
    return kept is None or is_copy(kept, step.expected)
