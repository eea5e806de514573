"""Replace a session's file as a program saves it, of which nothing is kept for an undo.

Strategy: usually that is one exchange of two files.  Where the file system has none, the old file has to
leave its place before the new one can take it, and only an act knows after a crash what belongs there.
So the save is an act then, which is removed as soon as it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from agcx_format.disk.compare_and_swap import replace_if
from agcx_format.disk.durable import Signature
from agcx_format.disk.exchange import Unsupported
from agcx_format.disk.tree import Tree
from agcx_format.errors import StaleSession
from agcx_format.store.acts.act_dirs import BEFORE, EMPTYING
from agcx_format.store.acts.manifest import Act, Step
from agcx_format.store.acts.perform import perform
from agcx_format.store.acts.recovery import remove_kept
from agcx_format.store.acts.work import is_copy, rename_act
from agcx_format.store.paths import TRASH

__all__ = ["SAVE", "save_file"]

# The kind of the act, which is seen only if the machine stops before it is removed.
SAVE: Final = "save"


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
    if place.is_link():
        place = store.target_of(place)
    try:
        return replace_if(place, parts(), expected)
    except Unsupported:
        pass
    act = perform(
        Path(store.path), SAVE, [Step("replace", path, parts=parts(), expected=expected)], []
    )
    _check_kept(store, act, expected)
    rename_act(store, act.id, act.id + EMPTYING)
    with store.below(f"{TRASH}/{act.id}{EMPTYING}") as act_dir:
        remove_kept(store, act_dir, f"{act.id}{EMPTYING}", act)
    after = act.steps[0].after
    assert after is not None
    return after


def _check_kept(store: Tree, act: Act, expected: Signature | None) -> None:
    """A program that had opened the old file may have written into it: then the act stays."""
    kept = store.signature(f"{TRASH}/{act.id}/{BEFORE}/{act.steps[0].path}")
    place = store.place(act.steps[0].path)
    if kept is not None and not is_copy(kept, expected) and not place.is_link():
        raise StaleSession("another program wrote into the version before", path=place.path)
