"""Destroy for good what acts keep, which cannot be undone.

Strategy: each act's directory is renamed, which marks it; its files are removed, which makes room; then the
act becomes a line of `emptied.jsonl`, and its manifest goes last.  So nothing has to be written
while the disk is full, after a crash recovery can finish, and a thousand acts cost as many syncs as
one.  The store must be locked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from agcx_format.disk.durable import naming
from agcx_format.disk.tree import Tree
from agcx_format.store.acts import emptied, reserve
from agcx_format.store.acts.act_dirs import EMPTIED, EMPTYING, MANIFEST, UNDONE, act_id_of
from agcx_format.store.acts.journal import read_act
from agcx_format.store.acts.manifest import Act
from agcx_format.store.acts.work import change_state
from agcx_format.store.paths import TRASH

__all__ = ["destroy"]


def destroy(root: Path, acts: Iterable[Act]) -> int:
    """Destroy what these acts keep; returns the bytes that were freed.

    What is left of each is a line without titles.  A crash leaves acts that are complete, or that
    recovery will finish destroying.

    Raises:
        StoreNotWritable: the store may not be written.
        PersistenceError: something could not be removed; the other acts are gone.
    """
    with naming(root), Tree(root) as store:
        act_dirs = dict(_begin(store, acts))
        if not act_dirs:
            return 0
        store.sync(TRASH)
        freed, failed = _remove_kept(store, act_dirs)
        for name in failed:
            del act_dirs[name]
        store.sync(TRASH)
        reserve.spend(store, lambda: emptied.append(store, act_dirs.values()))
        for name in act_dirs:
            store.remove_all(f"{TRASH}/{name}")
        store.sync(TRASH)
        for error in failed.values():
            raise error
        return freed


def _remove_kept(store: Tree, act_dirs: Iterable[str]) -> tuple[int, dict[str, OSError]]:
    """The bytes that were freed, and the acts of which something could not be removed."""
    freed, failed = 0, {}
    for name in act_dirs:
        try:
            freed += _remove_all_but_manifest(store, name)
        except OSError as error:
            failed[name] = error
    return freed, failed


def _begin(store: Tree, acts: Iterable[Act]) -> Iterator[tuple[str, Act]]:
    """Mark the directories to destroy: those of the acts, and what earlier emptyings left."""
    trash = store.folder(TRASH)
    wanted = {act.id: act for act in acts}
    for name in os.listdir(trash):
        act = wanted.get(act_id_of(name))
        if name.endswith((EMPTYING, EMPTIED)):
            # Earlier versions left such directories for good; a crash leaves them, too.
            left = read_act(Path(store.path, TRASH, name))
            if left is not None:
                yield name, left
        elif act is not None and name in (act.id, act.id + UNDONE):
            change_state(store, name, name + EMPTYING)
            yield name + EMPTYING, act


def _remove_all_but_manifest(store: Tree, name: str) -> int:
    """Returns the bytes of files that have no other name."""
    with store.below(f"{TRASH}/{name}") as act_dir:
        freed = sum(status.st_size for _, status in act_dir.walk() if status.st_nlink == 1)
        act_dir.remove_all("", spare=MANIFEST)
        return freed
