"""The files below one directory, each reached folder by folder, never through a symbolic link.

Strategy: a store that somebody sent may hold links that lead out of it.  A `Tree` opens the
directory itself wherever its path leads, and every folder below it by name, relative to the
descriptor of its parent, with `O_NOFOLLOW`.  What is done to a file is then done to a `Place`: a
name in an open directory, which stays that directory whatever is renamed or linked meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from typing import NamedTuple, Self

from agcx_format import limits
from agcx_format.disk.durable import (
    Signature,
    is_temporary,
    os_reason,
    remove_unused,
    sync_directory_of,
    temporary_name,
    write_new,
)
from agcx_format.disk.syncs import Syncs
from agcx_format.errors import PersistenceError

__all__ = ["NoFolder", "Place", "Tree"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_OWNER_ONLY = 0o700
# What a link in the middle of a path gives, by system.
_IS_LINK = (errno.ELOOP, errno.ENOTDIR, errno.EMLINK)
_NO_LINKS = (
    errno.EPERM, errno.EMLINK, errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP,
    errno.EINVAL,
)  # fmt: skip


class NoFolder(PersistenceError):
    """A link or another kind of file lies where a folder should be."""


class Place(NamedTuple):
    """A name in an open directory, `folder` by its path, which is for messages alone."""

    fd: int
    name: str
    folder: str

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}"

    def status(self) -> os.stat_result | None:
        """Of what lies there, of a link itself; None when nothing does.

        Raises `PersistenceError` when that cannot be found out.
        """
        try:
            return os.lstat(self.name, dir_fd=self.fd)
        except OSError as cause:
            if cause.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
                return None
            raise PersistenceError(os_reason(cause), path=self.path) from None

    def status_behind(self) -> os.stat_result | None:
        """Of what a link leads to; None when that is nothing, or cannot be found out."""
        try:
            return os.stat(self.name, dir_fd=self.fd)
        except OSError:
            return None

    def signature(self) -> Signature | None:
        """Of what lies there, of a link itself; None when nothing does."""
        status = self.status()
        return None if status is None else Signature.of(status)

    def is_taken(self) -> bool:
        return self.status() is not None

    def is_still(self, expected: Signature) -> bool:
        status = self.status()
        return status is not None and expected.fits(status)

    def accept(self, expected: Signature | None) -> Signature | None:
        """The signature of what lies here, if it is the expected file or a link to it; else None.

        Anything is accepted where nothing is expected.
        """
        status = self.status()
        if status is None:
            return None
        if expected is not None and expected.fits(status):
            return expected
        found = Signature.of(status)
        if expected is None:
            return found
        if stat.S_ISLNK(status.st_mode):
            with contextlib.suppress(OSError):
                if Signature.of(os.stat(self.name, dir_fd=self.fd)) == expected:
                    return found
        return None

    def rename(self, target: Place) -> None:
        """Replaces what lies at `target`."""
        os.rename(self.name, target.name, src_dir_fd=self.fd, dst_dir_fd=target.fd)

    def link(self, target: Place) -> bool:
        """Give the file a second name; False where the file system has no hard links of it.

        Raises `FileExistsError` when the name is taken.
        """
        try:
            os.link(
                self.name, target.name,
                src_dir_fd=self.fd, dst_dir_fd=target.fd, follow_symlinks=False,
            )  # fmt: skip
        except FileExistsError:
            raise
        except NotImplementedError:
            return False
        except OSError as cause:
            if cause.errno in _NO_LINKS:
                return False
            raise
        return True

    def copy(self, target: Place) -> Signature:
        """A synced copy of the file, of a link itself, with its times; `target` must be free."""
        status = os.lstat(self.name, dir_fd=self.fd)
        if stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(self.name, dir_fd=self.fd), target.name, dir_fd=target.fd)
            return Signature.of(os.lstat(target.name, dir_fd=target.fd))
        fd = os.open(self.name, _READ, dir_fd=self.fd)
        with os.fdopen(fd, "rb") as file:
            parts = iter(lambda: file.read(1 << 20), b"")
            # By another name first: a copy is whole or not there.
            new = target.beside(temporary_name(target.name))
            signature = write_new(new.fd, new.name, parts, like=status, keep_times=True)
        new.rename(target)
        return signature

    def unlink(self) -> None:
        """Remove the name; one that is gone already is no error."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.name, dir_fd=self.fd)

    def is_link(self) -> bool:
        status = self.status()
        return status is not None and stat.S_ISLNK(status.st_mode)

    def beside(self, name: str) -> Place:
        """Another name in the same directory."""
        return Place(self.fd, name, self.folder)


class Tree:
    """An open directory with the folders below it that were asked for; closed as a context.

    Paths are relative to it, with `/`.  Each operation raises `NoFolder` for a folder that
    is a symbolic link or no folder, and `OSError` for what else the system refuses.
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
        while self._folders:
            os.close(self._folders.popitem()[1])

    def full(self, path: str) -> str:
        """The whole path, for messages."""
        return f"{self.path}/{path}" if path else self.path

    def folder(self, path: str, *, make: bool = False) -> int:
        """The descriptor of a folder, which stays the tree's own.

        Raises `FileNotFoundError` when it is not there; with `make` it is made, readable by its
        owner alone.
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
        """Where a file lies or is to lie.  Raises `FileNotFoundError` when its folder is not there."""
        folder, _, name = path.rpartition("/")
        fd = self._folders.get(folder)
        if fd is None:
            fd = self.folder(folder, make=make)
        return Place(fd, name, self.full(folder))

    def behind(self, place: Place) -> Place:
        """Where a link leads in the end, for a change of that file itself."""
        real = os.path.realpath(place.path)
        folder, name = os.path.split(real)
        fd = self._folders.get(folder)
        if fd is None:
            fd = self._folders[folder] = os.open(folder, _FOLDER)
        return Place(fd, name, folder)

    def find(self, path: str) -> Place | None:
        """Like `place`; None when the folder is not there."""
        try:
            return self.place(path)
        except FileNotFoundError:
            return None

    def signature(self, path: str) -> Signature | None:
        place = self.find(path)
        return place and place.signature()

    def names(self, path: str = "") -> list[str]:
        """What lies in a folder; nothing when it is not there."""
        try:
            return os.listdir(self.folder(path))
        except FileNotFoundError:
            return []

    def below(self, path: str, *, make: bool = False) -> Tree:
        """A folder as a tree of its own, which the caller closes and which survives a rename.

        Raises `FileNotFoundError` when it is not there.
        """
        parent, _, name = path.rpartition("/")
        above = self.folder(parent, make=make)
        if make:
            os.mkdir(name, _OWNER_ONLY, dir_fd=above)
        return Tree._of(self.full(path), self._open(above, name, path))

    def sync(self, path: str = "") -> None:
        """Make the names in a folder durable; one that is not there has none."""
        with contextlib.suppress(FileNotFoundError):
            sync_directory_of(self.folder(path))

    def add_to(self, syncs: Syncs, path: str) -> None:
        """Have a folder synced with others; one that is not there has no names to lose."""
        with contextlib.suppress(FileNotFoundError):
            syncs.add_directory(self.folder(path))

    def sync_all(self) -> None:
        """Make the names in all folders durable that were asked for."""
        with Syncs() as syncs:
            for folder in self.open_folders():
                self.add_to(syncs, folder)

    def open_folders(self) -> list[str]:
        """The folders that were asked for, the deepest first."""
        return sorted(self._folders, key=lambda path: (path != "", path.count("/")), reverse=True)

    def remove_folder(self, path: str) -> bool:
        """Remove an empty folder; False when it is not empty, or not there."""
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
        """Remove a folder with all in it, links themselves, not what they lead to.

        With `spare`, that name in it stays, and the folder.
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
        """Every file below a folder with its status; links are files.

        Nothing of ours lies deeper than `limits.DEEPEST`, and nothing is looked for there.
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
                # Not kept open: somebody may have sent thousands of them.
                below = self._open(fd, name, inner)
                try:
                    yield from self._walk(below, inner, levels - 1)
                finally:
                    os.close(below)

    def sweep(self, path: str, *, deep: bool = False) -> None:
        """Remove temporary files of ours that nobody is writing any more.

        In a folder alone, or with `deep` in all below it.  One that is a link, or not there, has none.
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
    """Remove a folder with all in it.  What lies too deep to be descended to is moved up to it first."""
    waiting = [name]
    while waiting:
        waiting += _remove_levels(top, waiting.pop(), top, limits.DEEPEST)


def _remove_levels(above: int, name: str, top: int, levels: int) -> list[str]:
    """Remove a folder with so many levels below it; gives the new names of deeper ones in `top`."""
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
