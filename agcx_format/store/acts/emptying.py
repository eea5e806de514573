"""Destroy permanently what acts keep; this cannot be undone.

Strategy: each act's directory is renamed, which marks it; its files are removed, which makes room; then the
act becomes a line of `emptied.jsonl`, and its manifest goes last.  So nothing has to be written
while the disk is full, after a crash recovery can finish, and a thousand acts cost as many syncs as
one.  The store must be locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from agcx_format.disk.durable import naming
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError
from agcx_format.store.acts import emptied, reserve
from agcx_format.store.acts.act_dirs import EMPTIED, EMPTYING, MANIFEST, UNDONE, act_id_of
from agcx_format.store.acts.journal import read_act
from agcx_format.store.acts.manifest import Act
from agcx_format.store.acts.work import change_state
from agcx_format.store.paths import TRASH

__all__ = ["destroy"]


# What could not be done to which directory.
_Failed = dict[str, OSError | PersistenceError]


def destroy(root: Path, acts: Iterable[Act]) -> int:
    """Destroy what these acts keep; returns the bytes that were freed.

    What is left of each is a line without titles.  A crash leaves acts that are complete, or that
    recovery will finish destroying.

    Raises:
        StoreNotWritable: the store may not be written.
        PersistenceError: something could not be removed; the other acts are gone.
    """
    with naming(root), Tree(root) as store:
        failed: _Failed = {}
        act_dirs = dict(_begin(store, acts, failed))
        if not (act_dirs or failed):
            return 0
        store.sync(TRASH)
        freed = _remove_kept(store, act_dirs, failed)
        for name in failed.keys() & act_dirs.keys():
            del act_dirs[name]
        store.sync(TRASH)
        reserve.spend(store, lambda: emptied.append(store, act_dirs.values()))
        for name in act_dirs:
            store.remove_all(f"{TRASH}/{name}")
        store.sync(TRASH)
        for error in failed.values():
            raise error
        return freed


def _remove_kept(store: Tree, act_dirs: Iterable[str], failed: _Failed) -> int:
    """The bytes that were freed."""
    freed = 0
    for name in act_dirs:
        try:
            freed += _remove_all_but_manifest(store, name)
        except (OSError, PersistenceError) as error:
            failed[name] = error
    return freed


def _begin(store: Tree, acts: Iterable[Act], failed: _Failed) -> Iterator[tuple[str, Act]]:
    """Mark the directories to destroy: those of the acts, and what earlier emptyings left."""
    wanted = {act.id: act for act in acts}
    for name in store.names(TRASH):
        act = wanted.get(act_id_of(name))
        if name.endswith((EMPTYING, EMPTIED)):
            # Earlier versions never removed such directories; a crash leaves them, too.
            left = read_act(Path(store.path, TRASH, name))
            if left is not None:
                yield name, left
        elif act is not None and name in (act.id, act.id + UNDONE):
            try:
                change_state(store, name, name + EMPTYING)
            except (OSError, PersistenceError) as error:
                failed[name] = error
            else:
                yield name + EMPTYING, act


def _remove_all_but_manifest(store: Tree, name: str) -> int:
    """Returns the bytes of files that have no other name."""
    with store.below(f"{TRASH}/{name}") as act_dir:
        freed = sum(status.st_size for _, status in act_dir.walk() if status.st_nlink == 1)
        act_dir.remove_all("", spare=MANIFEST)
        return freed
