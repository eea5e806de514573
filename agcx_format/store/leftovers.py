"""What killed writers left in a store: temporary files, and files that they had moved aside.

Only with the lock of the store.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from agcx_format.disk.compare_and_swap import restore_exchanged
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError
from agcx_format.store import paths, staging
from agcx_format.store.acts.act_dirs import unfinished
from agcx_format.store.acts.destroying import restore_aside

__all__ = ["put_back", "sweep", "sweep_trash"]


def sweep_trash(root: Path) -> None:
    """Remove temporary files of killed writers in the trash; never raises."""
    interrupted = [f"{paths.TRASH}/{act_dir.name}" for act_dir in unfinished(root)]
    with suppress(OSError, PersistenceError), Tree(root) as tree:
        for act_dir in interrupted:
            tree.sweep(act_dir, deep=True)
        staging.sweep(tree)


def sweep(root: Path) -> None:
    """The same beside sessions, and put back what killed writers had moved aside; never raises.

    Only after recovery, which needs what an edit through a link has left there; if it has left an act to
    be dealt with later, that stays.
    """
    is_recovered = not unfinished(root)
    with suppress(OSError, PersistenceError), Tree(root) as tree:
        for folder in paths.written_folders():
            if is_recovered:
                with suppress(OSError):
                    tree.sweep(folder)
    put_back(root)


def put_back(root: Path) -> None:
    """Put back what killed writers had moved aside; never raises.

    Before a change: after it, what came out of a place would be taken for the older version.
    """
    with suppress(OSError, PersistenceError), Tree(root) as tree:
        for folder in paths.folders().values():
            restore_exchanged(tree, folder)
        restore_aside(tree)
