"""Durable writes: replace and read files so that a crash at any moment loses nothing.

Strategy: a file is never changed in place.  New bytes are written to a temporary file with a unique name
beside the target and synced; the file is renamed over the target, and the directory is synced.  Whenever
the machine stops, a reader finds either the old file or the new one.  The temporary file is locked while it
is written, which distinguishes a file in use from a leftover.  This module works on paths that a
person chose; below a store use `tree` and `compare_and_swap`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Self

import msgspec

from agcx_format.errors import CorruptData, PersistenceError, StoreNotWritable

__all__ = [
    "Signature", "copy_owner_and_mode", "is_still", "is_temporary", "naming", "open_regular", "read_exactly",
    "remove_unused", "replace_file", "sync_directory", "sync_directory_of", "sync_file",
    "sync_written", "temporary_beginning", "temporary_name", "write_file", "write_new", "write_unsynced",
]  # fmt: skip

TEMPORARY = ".agcx-tmp"
# No file can have a name that is too long.
_NOTHING_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
# A name has at most 255 bytes, a character up to four.
_LONGEST_BEGINNING = 200
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)
# EINVAL: in a container, an owner or a group that has no number there.
_NOT_GIVEN = (
    errno.EPERM,
    errno.EACCES,
    errno.EINVAL,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.ENOTSUP,
)
_U63 = 1 << 63
OTHER_FILE_SYSTEM = "one of its folders is on another file system, to which no file can be moved"
LINK_TO_NOTHING = "a link to a file that does not exist"
_NO_DIRECTORY_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class Signature(msgspec.Struct, frozen=True, gc=False):
    """Identifies the version of a file that was read: inode, size in bytes, mtime in ns."""

    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """The signature of a file with this status."""
        return cls(status.st_ino, status.st_size, _mtime_ns(status))

    def fits(self, status: os.stat_result) -> bool:
        """Whether a file with this status is the one that was read."""
        return (
            _mtime_ns(status) == self.mtime_ns
            and status.st_size == self.size
            and status.st_ino == self.inode
        )

    @classmethod
    def at(cls, path: str | os.PathLike[str]) -> Self | None:
        """The signature of the file at `path`, without following a link; None if there is no file.

        Raises:
            PersistenceError: the file system cannot say.
        """
        return cls._by(os.lstat, path)

    @classmethod
    def of_target(cls, path: str | os.PathLike[str]) -> Self | None:
        """Like `at`, but follows a link."""
        return cls._by(os.stat, path)

    @classmethod
    def _by(cls, look: Callable[..., os.stat_result], path: str | os.PathLike[str]) -> Self | None:
        try:
            return cls.of(look(path))
        except OSError as cause:
            if cause.errno in _NOTHING_THERE:
                return None
            raise PersistenceError(os_reason(cause), path=path) from None


def _mtime_ns(status: os.stat_result) -> int:
    """Within 64 bits, as tables and caches hold it: the years 1678 to 2262."""
    mtime_ns = status.st_mtime_ns
    return mtime_ns if -_U63 <= mtime_ns < _U63 else max(-_U63, min(mtime_ns, _U63 - 1))


def is_still(path: str | os.PathLike[str], expected: Signature) -> bool:
    """Whether the file at `path` is still the version that was read.

    If it is a link, the target counts as well: files are read through links.

    Raises:
        PersistenceError: the file system cannot say.
    """
    try:
        status = os.lstat(path)
        if expected.fits(status):
            return True
        return stat.S_ISLNK(status.st_mode) and expected.fits(os.stat(path))
    except OSError as cause:
        if cause.errno in _NOTHING_THERE:
            return False
        raise PersistenceError(os_reason(cause), path=path) from None


def open_regular(path: str | os.PathLike[str]) -> tuple[int, os.stat_result]:
    """Open a regular file for reading; the caller closes the descriptor.

    Never blocks, not even on a FIFO.

    Raises:
        CorruptData: it is a directory, FIFO, or device.
        PersistenceError: it cannot be opened.
    """
    try:
        # O_NONBLOCK: opening a FIFO would block until it has a writer.
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
    """Read `size` bytes at `offset`; fewer only at the end of the file (another process may truncate it).

    All files of a store are read through this function.

    Raises:
        PersistenceError: the bytes cannot be read, because of a bad sector for example.  The caller adds
            the path.
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
    """Replace `target` with the joined `parts`, durably and in one step, whether or not it exists.

    Keeps mode and owner of the replaced file; a new file is readable by its owner only.

    Raises:
        StoreNotWritable: permissions or a read-only file system prevent it.
        PersistenceError: writing failed.  In both cases the target is unchanged.
    """
    with naming(target):
        temporary = target.with_name(temporary_name(target.name))
        try:
            signature = write_file(temporary, parts, like=target)
            os.rename(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        sync_directory(target.parent)
        return signature


def temporary_name(name: str) -> str:
    """A temporary name for the file that will become `name`; `sweep` recognizes it by its suffix."""
    return f"{temporary_beginning(name)}{os.urandom(6).hex()}{TEMPORARY}"


def temporary_beginning(name: str) -> str:
    """The part before the random characters: the name, shortened to fit the limit of file names."""
    short = name[:100]
    while len(os.fsencode(short)) > _LONGEST_BEGINNING:
        short = short[:-1]
    return f".{short}."


def is_temporary(name: str) -> bool:
    return name.startswith(".") and name.endswith(TEMPORARY)


def write_file(path: Path, parts: Iterable[bytes], *, like: Path | None = None) -> Signature:
    """Write and sync a new file; give it mode and owner of the file `like`, if that exists.

    Raises:
        OSError: the file exists, or cannot be written.
    """
    status = None
    if like is not None:
        with contextlib.suppress(FileNotFoundError):
            status = os.stat(like)
    return write_new(None, os.fspath(path), parts, like=status)


def write_unsynced(path: str | Path, parts: Iterable[bytes]) -> Signature:
    """Write a new file, which is durable only after `sync_written`.

    Raises:
        OSError: the file exists, or cannot be written.
    """
    return write_new(None, os.fspath(path), parts, later=os.close)


def sync_written(path: str | Path) -> None:
    """Make a file durable that `write_unsynced` wrote."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        sync_file(fd)
    finally:
        os.close(fd)


def write_new(
    dir_fd: int | None,
    name: str,
    parts: Iterable[bytes],
    *,
    like: os.stat_result | None = None,
    keep_times: bool = False,
    mtime_ns: int | None = None,
    later: Callable[[int], None] | None = None,
) -> Signature:
    """Create, write, and sync a file, relative to an open directory if one is given.

    With `like`, the file gets that mode and owner, and with `keep_times` those times; `mtime_ns` is when it
    was changed last, if that is not now.  It is locked while
    it is written, which marks it as in use.  `later` takes over the open descriptor, to sync it with
    others (`Syncs.add_file`).

    Raises:
        OSError: the file exists, or cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    fd = os.open(name, flags, 0o600, dir_fd=dir_fd)
    try:
        with contextlib.suppress(OSError):
            # Without locks a leftover is never removed, but that is no reason to fail.
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if like is not None:
            copy_owner_and_mode(fd, like)
        for part in parts:
            view = memoryview(part)
            while view:
                view = view[os.write(fd, view) :]
        # The kernel's clock for files ticks every 4 ms.  Two saves within one tick, where the second reuses
        # the inode that the first one freed, would have the same signature.
        kept = (like.st_atime_ns, like.st_mtime_ns) if like and keep_times else None
        now = time.time_ns()
        os.utime(fd, ns=kept or (now, now if mtime_ns is None else mtime_ns))
        if later is None:
            sync_file(fd)
        signature = Signature.of(os.fstat(fd))
    except BaseException:
        os.close(fd)
        raise
    (later or os.close)(fd)
    return signature


def copy_owner_and_mode(fd: int, wanted: os.stat_result) -> None:
    """Give an open file the owner, group and mode of another, as far as the system allows.

    A group that is not the wanted one may do only what everybody may.
    """
    have = os.fstat(fd)
    mode = stat.S_IMODE(wanted.st_mode)
    # Only root may give files away; others may at most choose among their own groups.
    if have.st_gid != wanted.st_gid and not _chown(fd, -1, wanted.st_gid):
        mode = mode & ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
    if have.st_uid != wanted.st_uid:
        _chown(fd, wanted.st_uid, -1)
    os.fchmod(fd, mode)


def _chown(fd: int, owner: int, group: int) -> bool:
    try:
        os.fchown(fd, owner, group)
    except OSError as cause:
        if cause.errno not in _NOT_GIVEN:
            raise
        return False
    return True


def sync_file(fd: int) -> None:
    """Force to stable storage: on macOS fsync alone leaves the bytes in the drive's cache."""
    if hasattr(fcntl, "F_FULLFSYNC"):
        try:
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
        except OSError:
            # Network and some FUSE file systems know fsync alone.
            os.fsync(fd)
    else:
        os.fsync(fd)


def sync_directory(path: str | os.PathLike[str]) -> None:
    """Make the names in a directory durable, where the file system supports it."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync_directory_of(fd)
    finally:
        os.close(fd)


def sync_directory_of(fd: int) -> None:
    """Like `sync_directory`, for an open directory."""
    try:
        os.fsync(fd)
    except OSError as cause:
        # Some shared folders and FUSE file systems cannot sync a directory, and need not.
        if cause.errno not in _NO_DIRECTORY_SYNC:
            raise


def remove_unused(dir_fd: int, name: str) -> None:
    """Remove a leftover temporary file.

    Raises:
        OSError: it is in use, or cannot be removed.
    """
    fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(name, dir_fd=dir_fd)
    finally:
        os.close(fd)


def os_reason(cause: OSError) -> str:
    """The system's message without number and path, since our errors name the path themselves.

    Of a link to what is gone it says so: the link itself is there.
    """
    if cause.errno == errno.ENOENT and cause.filename and os.path.islink(cause.filename):
        return LINK_TO_NOTHING
    if cause.errno == errno.EXDEV:
        return OTHER_FILE_SYSTEM
    reason = cause.strerror or str(cause)
    # Only the first letter: one of our own may end with a path.
    return reason[:1].lower() + reason[1:]


@contextlib.contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn an `OSError` of a write into a `PersistenceError` that names `path`."""
    try:
        yield
    except OSError as cause:
        kind = StoreNotWritable if cause.errno in _NOT_WRITABLE else PersistenceError
        raise kind(f"cannot be written: {os_reason(cause)}", path=path) from cause
