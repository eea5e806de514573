"""A folder for files that an act will put in place: written before the act, without the store's lock.

Strategy: an import may take minutes to write its sessions, and no other program should wait for that. They
are written into a folder of the trash, on the same file system, so that the act only has to give them another
name. The folder is locked while it is in use, which distinguishes it from what a killed program left.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import msgspec

from agcx_format import limits
from agcx_format.disk.durable import Signature, copy_owner_and_mode, naming, write_new
from agcx_format.disk.place import NO_LINKS, Place
from agcx_format.disk.syncs import Syncs
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.store.paths import TRASH

__all__ = ["StagedFile", "Staging", "folders", "sweep", "take_over", "write_staged"]

_BEGINNING = "staging-"
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class StagedFile(msgspec.Struct, frozen=True):
    """A file in a staging folder, which becomes the content of a step."""

    path: str
    signature: Signature

    @property
    def size(self) -> int:
        return self.signature.size


class Staging:
    """A new staging folder in the trash of a store; a context that removes it with what is left in it.

    Fields:
        path: of the folder.

    Raises:
        StoreNotWritable: the store may not be written.
        PersistenceError: the system refuses something else.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._name = f"{TRASH}/{_BEGINNING}{os.urandom(6).hex()}"
        self.path = os.fspath(root / self._name)
        with naming(root), Tree(root) as store, store.below(self._name, make=True) as folder:
            # A separate descriptor: the lock lasts until it is closed.
            self._lock = os.dup(folder.folder(""))
        with contextlib.suppress(OSError):
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the folder."""
        try:
            with contextlib.suppress(OSError, PersistenceError), Tree(self._root) as store:
                store.remove_all(self._name)
        finally:
            os.close(self._lock)


def write_staged(path: str, parts: Iterable[bytes]) -> StagedFile:
    """Write a file of a staging folder. The act that puts it in place syncs it.

    Raises:
        PersistenceError: it cannot be written.
    """
    with naming(path):
        return StagedFile(path, write_new(None, path, parts, later=os.close))


def take_over(
    staged: StagedFile, target: Place, like: os.stat_result | None, syncs: Syncs
) -> Signature:
    """Give a staged file another name, or copy it where that is not possible; its signature there.

    The staged file stays, so that an act that fails can be tried again. With `like`, the file gets that
    mode and owner.

    Raises:
        StaleSession: it is not the file that was written.
        OSError: the system refuses.
    """
    fd = os.open(staged.path, _READ)
    try:
        if Signature.of(os.fstat(fd)) != staged.signature:
            raise StaleSession("it changed after it was written", path=staged.path)
        try:
            os.link(staged.path, target.name, dst_dir_fd=target.fd, follow_symlinks=False)
        except OSError as cause:
            if cause.errno not in NO_LINKS:
                raise
            parts = iter(lambda: os.read(fd, limits.MIB), b"")
            return write_new(target.fd, target.name, parts, like=like, later=syncs.add_file)
        if like is not None:
            copy_owner_and_mode(fd, like)
        syncs.add_file(os.dup(fd))
        return staged.signature
    finally:
        os.close(fd)


def folders(store: Tree) -> dict[str, bool]:
    """The names of the staging folders in the trash, and whether a program uses each now."""
    return {
        name: _is_used(store, name) for name in store.names(TRASH) if name.startswith(_BEGINNING)
    }


def _is_used(store: Tree, name: str) -> bool:
    try:
        fd = store.folder(f"{TRASH}/{name}")
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(fd, fcntl.LOCK_UN)
    except BlockingIOError:
        return True
    except (OSError, PersistenceError):
        pass
    return False


def sweep(store: Tree) -> None:
    """Remove the staging folders of killed programs."""
    for name in store.names(TRASH):
        if name.startswith(_BEGINNING):
            with contextlib.suppress(OSError, PersistenceError):
                _remove_unused(store, f"{TRASH}/{name}")


def _remove_unused(store: Tree, path: str) -> None:
    fd = store.folder(path)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    store.remove_all(path)
