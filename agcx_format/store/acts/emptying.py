"""Destroy for good what acts kept: the one thing that cannot be undone.

Strategy: each act is renamed, which says that it is to go; its files are removed, which makes room; then
it becomes a line of `emptied.jsonl`, and its manifest goes last.  So nothing has to be written
while the disk is full, a crash leaves acts that recovery can finish, and a thousand acts cost as
many syncs as one.  The store must be locked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from agcx_format.disk.durable import naming
from agcx_format.disk.tree import Tree
from agcx_format.store.acts import emptied, journal, reserve
from agcx_format.store.acts.journal import EMPTIED, EMPTYING, MANIFEST, UNDONE
from agcx_format.store.acts.manifest import Act
from agcx_format.store.paths import TRASH

__all__ = ["destroy"]


def destroy(root: Path, acts: Iterable[Act]) -> int:
    """Destroy what these acts kept; gives the bytes that came free.

    What is left of each is that it was, with no title in it.  A crash leaves acts that are wholly
    there or will be gone: recovery carries on.
    """
    with naming(root), Tree(root) as store:
        homes = dict(_begin(store, acts))
        if not homes:
            return 0
        store.sync(TRASH)
        freed, failed = _remove_kept(store, homes)
        for name in failed:
            del homes[name]
        store.sync(TRASH)
        reserve.spend(store, lambda: emptied.append(store, homes.values()))
        for name in homes:
            store.remove_all(f"{TRASH}/{name}")
        store.sync(TRASH)
        for error in failed.values():
            raise error
        return freed


def _remove_kept(store: Tree, homes: Iterable[str]) -> tuple[int, dict[str, OSError]]:
    """Bytes that came free, and the acts of which something could not be removed."""
    freed, failed = 0, {}
    for name in homes:
        try:
            freed += _remove_all_but_manifest(store, name)
        except OSError as error:
            failed[name] = error
    return freed, failed


def _begin(store: Tree, acts: Iterable[Act]) -> Iterator[tuple[str, Act]]:
    """The directories that go, and what they were: those of the acts, and what is left of earlier ones."""
    trash = store.folder(TRASH)
    wanted = {act.id: act for act in acts}
    for name in os.listdir(trash):
        act = wanted.get(journal.name_of(name))
        if name.endswith((EMPTYING, EMPTIED)):
            # Directories that earlier versions left for good, and what a crash left.
            left = journal.read_act(Path(store.path, TRASH, name))
            if left is not None:
                yield name, left
        elif act is not None and name in (act.id, act.id + UNDONE):
            os.rename(name, name + EMPTYING, src_dir_fd=trash, dst_dir_fd=trash)
            yield name + EMPTYING, act


def _remove_all_but_manifest(store: Tree, name: str) -> int:
    """Gives the bytes of files that have no other name."""
    with store.below(f"{TRASH}/{name}") as home:
        freed = sum(status.st_size for _, status in home.walk() if status.st_nlink == 1)
        home.remove_all("", spare=MANIFEST)
        return freed
