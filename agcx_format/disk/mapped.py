"""Bytes of a memory map, taken out so that no other process can crash this one.

Strategy: another program may cut a file short while it is mapped (layout 2's Rust writer truncates in
place), or a sector may be bad, and touching a page that cannot be had kills the process with SIGBUS,
whatever was checked before.  A system call that reads such a page fails with EFAULT instead.  So bytes
of a map are only ever copied by `write` into a small file in memory, and read back from there.

That file belongs to one thread of one process: two that share it would read each other's bytes.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import tempfile
import threading

from agcx_format.disk.durable import os_reason, read_exactly
from agcx_format.errors import CorruptData, PersistenceError

__all__ = ["copy_out", "map_file", "read"]

_PAGE = mmap.PAGESIZE
_local = threading.local()


def _forget_scratch() -> None:
    """A child has its parent's descriptors: closes its copies, and makes a file of its own when asked."""
    global _local
    _local = threading.local()


os.register_at_fork(after_in_child=_forget_scratch)


def map_file(fd: int, size: int) -> mmap.mmap | None:
    """A read-only map of the first `size` bytes, which must be more than none.

    None where the file system has no maps.  Raises `CorruptData` when the file has become shorter since its
    size was asked for.
    """
    try:
        return mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ)
    except ValueError:
        raise CorruptData("the file was cut short while it was read", offset=0) from None
    except OSError:
        return None


def read(fd: int, size: int) -> bytes:
    """The first bytes of a file, through a map of no more than these: a file may be sparse and huge.

    Raises `PersistenceError` when they cannot be read.
    """
    view = map_file(fd, size)
    if view is None:
        return read_exactly(fd, size, 0)
    with view:
        try:
            return copy_out(view, 0, size)
        except CorruptData:
            # A page that is there and cannot be read looks the same: a plain read tells which it is.
            data = read_exactly(fd, size, 0)
            if len(data) < size:
                raise
            return data


def copy_out(view: mmap.mmap, start: int, end: int) -> bytes:
    """Bytes `start` to `end` of the map.

    Raises `CorruptData` when the file has lost them meanwhile, `PersistenceError` when there is no room to
    copy them to.
    """
    try:
        return _copied(view, start, end)
    except OSError as cause:
        raise PersistenceError(f"cannot be copied from its map: {os_reason(cause)}") from cause


def _copied(view: mmap.mmap, start: int, end: int) -> bytes:
    scratch = _scratch()
    wanted = end - start
    whole = memoryview(view)
    part = whole[start:end]
    try:
        copied = os.pwrite(scratch, part, 0) if wanted else 0
    except OSError as cause:
        if cause.errno != errno.EFAULT:
            raise
        copied = 0
    finally:
        # A map with views on it cannot be closed.
        part.release()
        whole.release()
    if copied < wanted:
        raise CorruptData("the file was cut short while it was read", offset=start + copied)
    data = os.pread(scratch, wanted, 0)
    if wanted > 16 * _PAGE:
        os.ftruncate(scratch, 0)
    return data


def _scratch() -> int:
    """The file of this thread, kept: making one costs more than the copy."""
    scratch = getattr(_local, "scratch", None)
    if scratch is None or not scratch.is_ours():
        scratch = _local.scratch = _Scratch()
    return scratch.fd


class _Scratch:
    """An anonymous file, closed when its thread ends and its locals go.

    A program that makes itself a daemon closes every descriptor there is, and then opens others under
    the same numbers: what is there is looked at before it is written to.
    """

    def __init__(self) -> None:
        if hasattr(os, "memfd_create"):
            self.fd = os.memfd_create("agcx", os.MFD_CLOEXEC)
        else:
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
    """What tells an open file from every other; None when nothing is open under that number."""
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino
