"""A name in an open directory, and all that is done to the file with that name.

Strategy: the directory is an open descriptor, so that the place stays the same whatever is renamed or
linked above it meanwhile.  `tree` opens directories; links in the name itself are not followed, unless a
method says so.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from agcx_format.disk.durable import Signature, os_reason, temporary_name, write_new
from agcx_format.errors import CorruptData, PersistenceError

__all__ = ["NO_LINKS", "Folder", "Place"]

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_NOTHING_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
# Why a file gets no second name; on a full disk it may still be moved.
NO_LINKS = (
    errno.EPERM, errno.EMLINK, errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP,
    errno.EINVAL, errno.ENOSPC, errno.EDQUOT,
)  # fmt: skip

# Fewer names than this are looked for one by one; of a folder of many more, too.
_FEW, _MANY_MORE = 20, 4


class Place(NamedTuple):
    """A name in an open directory.

    Fields:
        fd: the descriptor of the directory.
        name: the name in it.
        folder: the path of the directory, for messages only.
    """

    fd: int
    name: str
    folder: str

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}"

    def status(self) -> os.stat_result | None:
        """The status of the file, without following a link; None if there is no file.

        Raises:
            PersistenceError: the file system cannot say.
        """
        try:
            return os.lstat(self.name, dir_fd=self.fd)
        except OSError as cause:
            if cause.errno in _NOTHING_THERE:
                return None
            raise PersistenceError(os_reason(cause), path=self.path) from None

    def target_status(self) -> os.stat_result | None:
        """The status after following a link; None if there is no file, or the file system cannot say."""
        try:
            return os.stat(self.name, dir_fd=self.fd)
        except OSError:
            return None

    def signature(self) -> Signature | None:
        """The signature of the file, without following a link; None if there is no file.

        Raises:
            PersistenceError: the file system cannot say.
        """
        status = self.status()
        return None if status is None else Signature.of(status)

    def is_taken(self) -> bool:
        return self.status() is not None

    def is_still(self, expected: Signature) -> bool:
        status = self.status()
        return status is not None and expected.fits(status)

    def accept(self, expected: Signature | None) -> Signature | None:
        """The signature of the file, if it is the expected one or a link to it; else None.

        With `expected` None any file is accepted.
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

    def check_regular(self) -> None:
        """Check that nothing but a regular file, if any, would be replaced here.

        Raises:
            CorruptData: it is a directory, a FIFO, a device, or a link.
            PersistenceError: the file system cannot say.
        """
        status = self.status()
        if status is not None and not stat.S_ISREG(status.st_mode):
            raise CorruptData("not a regular file", path=self.path)

    def rename(self, target: Place) -> None:
        """Rename the file to `target`, replacing any file there."""
        os.rename(self.name, target.name, src_dir_fd=self.fd, dst_dir_fd=target.fd)

    def link(self, target: Place) -> bool:
        """Give the file a second name; returns False if the file system has no hard links, or no room.

        Raises:
            FileExistsError: the name is taken.
            OSError: the system refuses.
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
            if cause.errno in NO_LINKS:
                return False
            raise
        return True

    def copy(self, target: Place) -> Signature:
        """Make a synced copy with the same times at `target`, which must be free; a link is copied as a link.

        Raises:
            CorruptData: it is neither a file nor a link.
            OSError: the file cannot be read, or the copy cannot be written.
        """
        status = os.lstat(self.name, dir_fd=self.fd)
        if stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(self.name, dir_fd=self.fd), target.name, dir_fd=target.fd)
            return Signature.of(os.lstat(target.name, dir_fd=target.fd))
        # A device may give bytes for ever.
        self.check_regular()
        fd = os.open(self.name, _READ, dir_fd=self.fd)
        with os.fdopen(fd, "rb") as file:
            parts = iter(lambda: file.read(1 << 20), b"")
            # Under a temporary name first, so that a partial copy is never seen.
            new = target.beside(temporary_name(target.name))
            signature = write_new(new.fd, new.name, parts, like=status, keep_times=True)
        new.rename(target)
        return signature

    def unlink(self) -> None:
        """Remove the file; it is no error if it is gone already."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.name, dir_fd=self.fd)

    def is_link(self) -> bool:
        status = self.status()
        return status is not None and stat.S_ISLNK(status.st_mode)

    def is_folder(self) -> bool:
        status = self.status()
        return status is not None and stat.S_ISDIR(status.st_mode)

    def beside(self, name: str) -> Place:
        """Another name in the same directory."""
        return Place(self.fd, name, self.folder)


class Folder(NamedTuple):
    """An open directory, in which many files are looked for at once.

    Fields:
        fd: its descriptor.
        path: for messages only.
    """

    fd: int
    path: str

    def place(self, name: str) -> Place:
        return Place(self.fd, name, self.path)

    def signatures(self, names: Iterable[str]) -> list[Signature | None]:
        """The signature of each file, without following a link; None where there is no file.

        Raises:
            PersistenceError: the file system cannot say.
        """
        found: list[Signature | None] = []
        for name in names:
            try:
                status = os.lstat(name, dir_fd=self.fd)
            except OSError:
                # There is none, or this raises the reason.
                found.append(self.place(name).signature())
            else:
                found.append(Signature.of(status))
        return found

    def taken(self, names: Sequence[str]) -> list[str]:
        """The names at which something is.

        Raises:
            PersistenceError: the file system cannot say.
        """
        listed = self._listed(len(names))
        if listed is not None:
            return [name for name in names if name in listed]
        return [name for name in names if self.place(name).is_taken()]

    def others(self, files: Sequence[tuple[str, Signature]]) -> list[str]:
        """The names whose file is not the expected one, even if that was written to meanwhile.

        Raises:
            PersistenceError: the file system cannot say.
        """
        inodes = self._listed(len(files)) or {}
        return [
            name
            for name, expected in files
            # A listing may have other numbers, as where a folder is made of several.
            if inodes.get(name) != expected.inode and not self.place(name).is_still(expected)
        ]

    def _listed(self, count: int) -> dict[str, int] | None:
        """The inodes by name; None if it is cheaper to look for this many files one by one."""
        if count <= _FEW:
            return None
        most = _MANY_MORE * count
        with contextlib.suppress(OSError), os.scandir(self.fd) as entries:
            listed = {entry.name: entry.inode() for entry in islice(entries, most + 1)}
            return listed if len(listed) <= most else None
        return None
