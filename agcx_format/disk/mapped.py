"""Memory maps that cannot crash the process: bytes are copied out by the kernel.

Strategy: another program may truncate a file while it is mapped (the Rust writer of layout 2 does), or a
sector may be bad.  Touching a page that is missing kills the process with SIGBUS, whatever was
checked before, but a system call that reads it fails with EFAULT.  So bytes of a map are only copied by
`write` into a small file in memory, and read back from there.

That file belongs to one thread of one process: if two shared it, they would read each other's bytes.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import threading

from agcx_format.disk.durable import os_reason, read_exactly
from agcx_format.errors import CorruptData, PersistenceError

__all__ = ["copy_out", "map_file", "read"]

_PAGE = mmap.PAGESIZE
_local = threading.local()


def _reset_after_fork() -> None:
    """In a child process: drop the inherited files; each thread makes its own when it needs one."""
    global _local
    _local = threading.local()


os.register_at_fork(after_in_child=_reset_after_fork)


def map_file(fd: int, size: int) -> mmap.mmap | None:
    """A read-only map of the first `size` bytes (at least one); None if the file system has no maps.

    Raises:
        CorruptData: the file has become shorter than that.
    """
    try:
        return mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ)
    except ValueError:
        raise CorruptData("the file was cut short while it was read", offset=0) from None
    except OSError:
        return None


def read(fd: int, size: int) -> bytes:
    """The first `size` bytes of a file, through a map of only these: a file may be sparse and huge.

    Raises:
        CorruptData: the file is shorter than that.
        PersistenceError: the bytes cannot be read.
    """
    view = map_file(fd, size)
    if view is None:
        return read_exactly(fd, size, 0)
    with view:
        try:
            return copy_out(view, size)
        except CorruptData:
            # A page that exists but is unreadable looks the same; a plain read gives the right error.
            data = read_exactly(fd, size, 0)
            if len(data) < size:
                raise
            return data


def copy_out(view: mmap.mmap, size: int) -> bytes:
    """The first `size` bytes of the map, at least one.

    Raises:
        CorruptData: the file was truncated meanwhile.
        PersistenceError: there is no room for the copy.
    """
    try:
        return _copied(view, size)
    except OSError as cause:
        raise PersistenceError(f"cannot be copied from its map: {os_reason(cause)}") from cause


def _copied(view: mmap.mmap, size: int) -> bytes:
    scratch = scratch_file()
    whole = memoryview(view)
    part = whole[:size]
    try:
        copied = os.pwrite(scratch, part, 0)
    except OSError as cause:
        if cause.errno != errno.EFAULT:
            raise
        copied = 0
    finally:
        # A map cannot be closed while it has views.
        part.release()
        whole.release()
    if copied < size:
        raise CorruptData("the file was cut short while it was read", offset=copied)
    data = os.pread(scratch, size, 0)
    if size > 16 * _PAGE:
        os.ftruncate(scratch, 0)
    return data


def scratch_file() -> int:
    """The file of this thread.  It is reused, since creating one costs more than the copy."""
    scratch = getattr(_local, "scratch", None)
    if scratch is None or not scratch.is_ours():
        scratch = _local.scratch = _Scratch()
    return scratch.fd


class _Scratch:
    """An anonymous file, closed when its thread ends.

    A program that becomes a daemon closes all descriptors and then opens others with the same numbers, so
    the identity of the file is checked before every use.
    """

    def __init__(self) -> None:
        if hasattr(os, "memfd_create"):
            self.fd = os.memfd_create("agcx", os.MFD_CLOEXEC)
        else:
            # Not on Linux, where each start of a command would wait for it.
            import tempfile

            self.fd, path = tempfile.mkstemp()
            os.unlink(path)
        self._identity = _identity(self.fd)

    def is_ours(self) -> bool:
        return _identity(self.fd) == self._identity

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            if self.is_ours():
                os.close(self.fd)


def _identity(fd: int) -> tuple[int, int] | None:
    """Device and inode of an open file; None when the descriptor is closed."""
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino
