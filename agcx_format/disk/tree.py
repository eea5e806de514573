"""Files below one directory, reached folder by folder and never through a symbolic link.

Strategy: a store from somebody else may contain links that lead out of it.  A `Tree` opens the root
directory, wherever its own path leads, and every folder below it by name, relative to the descriptor of
its parent, with `O_NOFOLLOW`.  All operations on files take a `Place`: a name in an open directory, which
stays the same directory whatever is renamed or linked meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator
from typing import Self

from agcx_format import limits
from agcx_format.disk.durable import (
    Signature,
    is_temporary,
    remove_unused,
    sync_directory_of,
    temporary_name,
)
from agcx_format.disk.place import Folder, Place
from agcx_format.disk.syncs import Syncs
from agcx_format.errors import PersistenceError

__all__ = ["NoFolder", "Tree"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OWNER_ONLY = 0o700
# The error for a link in the middle of a path, which differs by system.
_IS_LINK = (errno.ELOOP, errno.ENOTDIR, errno.EMLINK)


class NoFolder(PersistenceError):
    """There is a link or another kind of file where a folder should be."""


class Tree:
    """An open directory, and the folders below it that were used; a context that closes them.

    Paths are relative to it, with `/`.

    Raises:
        NoFolder: (every operation) a folder is a symbolic link or another kind of file.
        OSError: (every operation) the system refuses.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.path = os.fspath(root)
        self._folders = {"": os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)}

    @classmethod
    def _of(cls, path: str, fd: int) -> Self:
        tree = cls.__new__(cls)
        tree.path, tree._folders = path, {"": fd}
        return tree

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every folder that is open."""
        while self._folders:
            os.close(self._folders.popitem()[1])

    def full(self, path: str) -> str:
        """The full path, for messages."""
        return f"{self.path}/{path}" if path else self.path

    def folder(self, path: str, *, make: bool = False) -> int:
        """The descriptor of a folder; the tree closes it.

        With `make` a missing folder is created, accessible to its owner only.

        Raises:
            FileNotFoundError: it does not exist.
        """
        fd = self._folders.get(path)
        if fd is None:
            parent, _, name = path.rpartition("/")
            above = self.folder(parent, make=make)
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, _OWNER_ONLY, dir_fd=above)
            fd = self._folders[path] = self._open(above, name, path)
        return fd

    def opened(self, path: str, *, make: bool = False) -> Folder:
        """The same with its path, for what is done to many of its files."""
        return Folder(self.folder(path, make=make), self.full(path))

    def _open(self, above: int, name: str, path: str) -> int:
        try:
            return os.open(name, _FOLDER, dir_fd=above)
        except OSError as cause:
            if cause.errno not in _IS_LINK:
                raise
            status = os.lstat(name, dir_fd=above)
            is_link = stat.S_ISLNK(status.st_mode)
            reason = "is a symbolic link, which is not followed" if is_link else "is not a folder"
            raise NoFolder(reason, path=self.full(path)) from None

    def place(self, path: str, *, make: bool = False) -> Place:
        """The place of a file, which need not exist.

        Raises:
            FileNotFoundError: its folder does not exist.
        """
        folder, _, name = path.rpartition("/")
        fd = self._folders.get(folder)
        if fd is None:
            fd = self.folder(folder, make=make)
        return Place(fd, name, self.full(folder))

    def target_of(self, place: Place) -> Place:
        """The place that a link finally leads to, in order to change the file there."""
        real = os.path.realpath(place.path)
        folder, name = os.path.split(real)
        fd = self._folders.get(folder)
        if fd is None:
            fd = self._folders[folder] = os.open(folder, _FOLDER)
        return Place(fd, name, folder)

    def find(self, path: str) -> Place | None:
        """Like `place`; None if the folder does not exist."""
        try:
            return self.place(path)
        except FileNotFoundError:
            return None

    def signature(self, path: str) -> Signature | None:
        """The signature of a file; None if there is none."""
        place = self.find(path)
        return place and place.signature()

    def signatures(self, path: str, files: Iterable[str]) -> dict[str, Signature]:
        """The signatures of those of `files` that are in the folder `path`, or below it.

        For thousands of folders, which are not kept open.  The folder that `path` is in was just listed
        as a folder, and is not looked at again: this only reads, and what acts on the result opens each.

        Raises:
            FileNotFoundError: the folder does not exist.
        """
        top, _, below = path.partition("/")
        fd = self._open(self.folder(top), below, path)
        with Tree._of(self.full(path), fd) as folder:
            found = {}
            for file in files:
                place = folder.find(file) if "/" in file else Place(fd, file, path)
                if place is not None and (status := place.status()) is not None:
                    found[file] = Signature.of(status)
            return found

    def names(self, path: str = "") -> list[str]:
        """The names in a folder; empty if it does not exist."""
        try:
            return os.listdir(self.folder(path))
        except FileNotFoundError:
            return []

    def below(self, path: str, *, make: bool = False) -> Tree:
        """A folder as its own tree, which the caller closes; it stays valid if the folder is renamed.

        Raises:
            FileNotFoundError: the folder does not exist.
        """
        parent, _, name = path.rpartition("/")
        above = self.folder(parent, make=make)
        if make:
            os.mkdir(name, _OWNER_ONLY, dir_fd=above)
        return Tree._of(self.full(path), self._open(above, name, path))

    def sync(self, path: str = "") -> None:
        """Make the names in a folder durable; does nothing if it does not exist."""
        with contextlib.suppress(FileNotFoundError):
            sync_directory_of(self.folder(path))

    def add_to(self, syncs: Syncs, path: str) -> None:
        """Have a folder synced with others; one that is not there has no names to lose."""
        with contextlib.suppress(FileNotFoundError):
            syncs.add_directory(self.folder(path))

    def sync_all(self) -> None:
        """Make the names in all folders that were used durable."""
        with Syncs() as syncs:
            for folder in self.open_folders():
                self.add_to(syncs, folder)

    def open_folders(self) -> list[str]:
        """The folders that were used, deepest first."""
        return sorted(self._folders, key=lambda path: (path != "", path.count("/")), reverse=True)

    def remove_folder(self, path: str) -> bool:
        """Remove an empty folder; returns False if it is not empty or does not exist."""
        fd = self._folders.pop(path, None)
        if fd is not None:
            os.close(fd)
        parent, _, name = path.rpartition("/")
        try:
            os.rmdir(name, dir_fd=self.folder(parent))
        except OSError:
            return False
        return True

    def remove_all(self, path: str, *, spare: str | None = None) -> None:
        """Remove a folder and everything in it, without following links.

        With `spare`, that name in it stays, and so does the folder.
        """
        fd = self.folder(path)
        for name in os.listdir(fd):
            if name == spare:
                continue
            if stat.S_ISDIR(os.lstat(name, dir_fd=fd).st_mode):
                _remove_folder_in(fd, name)
            else:
                os.unlink(name, dir_fd=fd)
        for inner in [
            each for each in self._folders if each.startswith(f"{path}/" if path else "")
        ]:
            if inner and inner != path:
                os.close(self._folders.pop(inner))
        if spare is None and path:
            self.remove_folder(path)

    def walk(self, path: str = "") -> Iterator[tuple[str, os.stat_result]]:
        """Every file below a folder with its status; links count as files.

        Stops at the depth `limits.DEEPEST`: a store has no files below it.
        """
        try:
            fd = self.folder(path)
        except FileNotFoundError:
            return
        yield from self._walk(fd, path, limits.DEEPEST)

    def _walk(self, fd: int, path: str, levels: int) -> Iterator[tuple[str, os.stat_result]]:
        for name in os.listdir(fd):
            inner = f"{path}/{name}" if path else name
            status = os.lstat(name, dir_fd=fd)
            if not stat.S_ISDIR(status.st_mode):
                yield inner, status
            elif levels:
                # Not kept open, since there may be thousands of folders.
                below = self._open(fd, name, inner)
                try:
                    yield from self._walk(below, inner, levels - 1)
                finally:
                    os.close(below)

    def sweep(self, path: str, *, deep: bool = False) -> None:
        """Remove leftover temporary files that no process is writing.

        In one folder, or with `deep` in all folders below it as well.  A missing folder or a link is ignored.
        """
        with contextlib.suppress(PersistenceError):
            if deep:
                found = [file.rpartition("/")[::2] for file, _ in self.walk(path)]
            else:
                found = [(path, name) for name in self.names(path)]
            for folder, name in found:
                if is_temporary(name):
                    with contextlib.suppress(OSError):
                        remove_unused(self.folder(folder), name)


def _remove_folder_in(top: int, name: str) -> None:
    """Remove a folder and everything in it.  Folders too deep for recursion are moved up first."""
    waiting = [name]
    while waiting:
        waiting += _remove_levels(top, waiting.pop(), top, limits.DEEPEST)


def _remove_levels(above: int, name: str, top: int, levels: int) -> list[str]:
    """Remove a folder and up to `levels` below it; returns the new names in `top` of deeper folders."""
    moved = []
    fd = os.open(name, _FOLDER, dir_fd=above)
    try:
        for inner in os.listdir(fd):
            if not stat.S_ISDIR(os.lstat(inner, dir_fd=fd).st_mode):
                os.unlink(inner, dir_fd=fd)
            elif levels:
                moved += _remove_levels(fd, inner, top, levels - 1)
            else:
                moved.append(temporary_name("deep"))
                os.rename(inner, moved[-1], src_dir_fd=fd, dst_dir_fd=top)
    finally:
        os.close(fd)
    os.rmdir(name, dir_fd=above)
    return moved
