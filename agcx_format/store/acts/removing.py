"""Remove an act's directory: only what its manifest names and what writing that may have left.

Strategy: the store may come from somebody else, so nothing is removed merely because it is there.  The
manifest goes last: until then, an interrupted removal can be repeated.  The store must be locked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress

from agcx_format.disk.durable import (
    TEMPORARY,
    is_temporary,
    remove_unused,
    temporary_beginning,
)
from agcx_format.disk.tree import Tree
from agcx_format.store.acts import emptied
from agcx_format.store.acts.act_dirs import GONE, LAST, MANIFEST, SIDES
from agcx_format.store.acts.manifest import Act, Step
from agcx_format.store.paths import TRASH

__all__ = [
    "finish_emptying", "remove_kept", "remove_manifest", "remove_named", "remove_temporaries",
]  # fmt: skip

# What `temporary_name` appends to a name.
_RANDOM_END = f"0123456789ab{TEMPORARY}"


def finish_emptying(store: Tree, act_dir: Tree, name: str, act: Act) -> None:
    """Remove what the manifest of an act names, and add the act to the list of emptied ones."""
    if act.problem is not None:
        return
    if remove_named(act_dir, act.steps):
        emptied.append(store, [act])
        remove_manifest(store, act_dir, name)


def remove_kept(store: Tree, act_dir: Tree, name: str, act: Act) -> None:
    """Remove an act with what it keeps; the history does not name it."""
    if act.problem is not None:
        return
    if remove_named(act_dir, act.steps):
        remove_manifest(store, act_dir, name)


def remove_manifest(store: Tree, act_dir: Tree, name: str) -> None:
    """Remove the last thing of an act, which proves that what is left is ours, and its directory."""
    act_dir.place(MANIFEST).unlink()
    store.remove_folder(f"{TRASH}/{name}")
    store.sync(TRASH)


def remove_named(act_dir: Tree, steps: Sequence[Step]) -> bool:
    """Remove what an act keeps, as its manifest names it, and the folders that are then empty.

    Returns whether only the manifest is left.
    """
    folders = {""}
    for side in SIDES:
        for step in steps:
            path = f"{side}/{step.path}"
            place = act_dir.find(path)
            if place is not None:
                with suppress(OSError):
                    place.unlink()
            while path := path.rpartition("/")[0]:
                folders.add(path)
    folders.discard("")
    folders.update(SIDES)
    for folder in sorted(folders, key=lambda path: path.count("/"), reverse=True):
        if folder.partition("/")[0] == GONE and (last := act_dir.find(f"{folder}/{LAST}")):
            with suppress(OSError):
                last.unlink()
        remove_temporaries(act_dir, folder, steps)
        act_dir.remove_folder(folder)
    remove_temporaries(act_dir, "", steps)
    return act_dir.names() == [MANIFEST]


def remove_temporaries(act_dir: Tree, folder: str, steps: Iterable[Step]) -> None:
    """Remove temporary files of a write that was cut off, for files that the manifest names."""
    beginnings = {temporary_beginning(os.path.basename(step.path)) for step in steps}
    beginnings.add(temporary_beginning(MANIFEST))
    for name in act_dir.names(folder):
        if is_temporary(name) and name[: -len(_RANDOM_END)] in beginnings:
            with suppress(OSError):
                remove_unused(act_dir.folder(folder), name)
