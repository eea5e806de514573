"""Files that are replaced, moved and read so that a crash at any instant loses nothing.

Strategy: a file is never changed in place.  New bytes go to a temporary file of a unique name of
ours beside the target, are written and synced, renamed over the target, and the directory is
synced: whoever looks, whenever the machine stops, finds the old file or the new one.  The temporary
file is locked while it is written, so that `sweep` can tell a leftover from one in use.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

import msgspec

from agcx_format.errors import CorruptData, PersistenceError, StoreNotWritable

__all__ = [
    "Signature", "is_still", "naming", "open_regular", "read_exactly", "replace_file", "sweep",
    "sync_directory", "sync_file", "write_file",
]  # fmt: skip

TEMPORARY = ".agcx-tmp"
# A name that is too long names nothing either.
_NOTHING_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


class Signature(msgspec.Struct, frozen=True, gc=False):
    """Tells whether a file is still the one that was read: inode, size in bytes, mtime in ns."""

    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        return cls(status.st_ino, status.st_size, status.st_mtime_ns)

    @classmethod
    def at(cls, path: str | os.PathLike[str]) -> Self | None:
        """The signature of what lies at `path` (a link is looked at itself), None for nothing.

        `PersistenceError` when that cannot be found out.
        """
        try:
            return cls.of(os.lstat(path))
        except OSError as cause:
            if cause.errno in _NOTHING_THERE:
                return None
            raise PersistenceError(os_reason(cause), path=path) from None


def is_still(path: str | os.PathLike[str], expected: Signature) -> bool:
    """Whether the file is the one that was read; `PersistenceError` when that cannot be found out.

    What is a link was read through it, and its signature is that of what it leads to.
    """
    try:
        status = os.lstat(path)
        if _fits(status, expected):
            return True
        return stat.S_ISLNK(status.st_mode) and _fits(os.stat(path), expected)
    except OSError as cause:
        if cause.errno in _NOTHING_THERE:
            return False
        raise PersistenceError(os_reason(cause), path=path) from None


def _fits(status: os.stat_result, expected: Signature) -> bool:
    return (
        status.st_mtime_ns == expected.mtime_ns
        and status.st_size == expected.size
        and status.st_ino == expected.inode
    )


def open_regular(path: str | os.PathLike[str]) -> tuple[int, os.stat_result]:
    """Open a regular file for reading; the descriptor is the caller's to close.

    A directory, FIFO or device of that name is a `CorruptData`, never a wait; any `OSError`
    becomes a `PersistenceError` that names the file.
    """
    try:
        # O_NONBLOCK: opening a FIFO without a writer would wait for one.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=path) from None
    try:
        status = os.fstat(fd)
    except OSError as cause:
        os.close(fd)
        raise PersistenceError(os_reason(cause), path=path) from None
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        raise CorruptData("not a regular file", path=path)
    return fd, status


def read_exactly(fd: int, size: int, offset: int) -> bytes:
    """`size` bytes at `offset`; fewer only where the file ends (another process cut it short).

    Every read of a store's file goes through here: an `OSError`, of a bad sector for example, becomes
    a `PersistenceError`, to which the caller adds the path.
    """
    chunks, have = [], 0
    try:
        while True:
            chunk = os.pread(fd, size - have, offset + have)
            if have == 0 and (len(chunk) == size or not chunk):
                return chunk
            chunks.append(chunk)
            have += len(chunk)
            if have == size or not chunk:
                return b"".join(chunks)
    except OSError as cause:
        reason = f"byte {offset + have:,} cannot be read: {os_reason(cause)}"
        raise PersistenceError(reason) from cause


def replace_file(target: Path, parts: Iterable[bytes]) -> Signature:
    """Put the joined `parts` at `target` durably, in one step.

    Mode and owner of a file that is replaced are kept; a new one is readable by its owner alone.
    Raises `StoreNotWritable` or another `PersistenceError`; the target is then as it was.
    """
    with naming(target):
        temporary = target.with_name(f".{target.name[:100]}.{os.urandom(6).hex()}{TEMPORARY}")
        try:
            signature = write_file(temporary, parts, like=target)
            os.rename(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        sync_directory(target.parent)
        return signature


def write_file(path: Path, parts: Iterable[bytes], *, like: Path | None = None) -> Signature:
    """Write and sync a new file; with `like`, with the mode and owner of that one, if it is there."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if like is not None:
            _dress_like(fd, like)
        for part in parts:
            view = memoryview(part)
            while view:
                view = view[os.write(fd, view) :]
        # The kernel's own time moves on every 4 ms: two saves within that, the second in the inode
        # that the first one set free, would look the same.
        os.utime(fd, ns=(time.time_ns(),) * 2)
        sync_file(fd)
        return Signature.of(os.fstat(fd))
    finally:
        os.close(fd)


def _dress_like(fd: int, like: Path) -> None:
    try:
        wanted = os.stat(like)
    except FileNotFoundError:
        return
    have = os.fstat(fd)
    if (have.st_uid, have.st_gid) != (wanted.st_uid, wanted.st_gid):
        # Only root may give files away; a file of one's own group is the most others can do.
        with contextlib.suppress(PermissionError):
            os.fchown(fd, wanted.st_uid, wanted.st_gid)
    os.fchmod(fd, stat.S_IMODE(wanted.st_mode))


def sync_file(fd: int) -> None:
    """To the platter: on macOS fsync alone leaves the bytes in the drive's cache."""
    if hasattr(fcntl, "F_FULLFSYNC"):
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fsync(fd)


def sync_directory(path: str | os.PathLike[str]) -> None:
    """Make the names in a directory durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sweep(directory: Path) -> list[Path]:
    """Remove temporary files of ours that nobody is writing any more; gives what it removed."""
    swept = []
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    for name in names:
        if not (name.startswith(".") and name.endswith(TEMPORARY)):
            continue
        path = directory / name
        with contextlib.suppress(OSError):
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
                swept.append(path)
            finally:
                os.close(fd)
    return swept


def os_reason(cause: OSError) -> str:
    """The system's words without the number and the path, which the error names already."""
    return (cause.strerror or str(cause)).lower()


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn an `OSError` of a write into a `PersistenceError` that names `path`."""
    try:
        yield
    except OSError as cause:
        kind = StoreNotWritable if cause.errno in _NOT_WRITABLE else PersistenceError
        raise kind(f"cannot be written: {os_reason(cause)}", path=path) from cause
