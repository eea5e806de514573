"""Bytes of a memory map, taken out so that no other process can crash this one.

Strategy: another program may cut a file short while it is mapped (layout 2's Rust writer truncates in
place), and touching a page that is gone kills the process with SIGBUS, whatever was checked
before.  A system call that reads such a page fails with EFAULT instead.  So bytes of a map are only
ever copied by `write` into a small file in memory, and read back from there.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import tempfile
import threading

from agcx_format.durable import os_reason
from agcx_format.errors import CorruptData, PersistenceError

__all__ = ["copy_out", "map_file", "read"]

_PAGE = mmap.PAGESIZE
_local = threading.local()


def map_file(fd: int, size: int) -> mmap.mmap:
    """A read-only map of the first `size` bytes; `size` must not be 0.

    `CorruptData` when the file has become shorter since its size was asked for.
    """
    try:
        return mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ)
    except ValueError:
        raise CorruptData("the file was cut short while it was read", offset=0) from None
    except OSError as cause:
        raise PersistenceError(os_reason(cause)) from None


def read(fd: int, size: int) -> bytes:
    """The first bytes of a file, through a map of no more than these: a file may be sparse and huge."""
    with map_file(fd, size) as view:
        return copy_out(view, 0, size)


def copy_out(view: mmap.mmap, start: int, end: int) -> bytes:
    """Bytes `start` to `end` of the map; `CorruptData` when the file has lost them meanwhile."""
    scratch = getattr(_local, "fd", None) or _scratch()
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
    """One anonymous file a thread, kept: making one costs more than the copy."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("agcx", os.MFD_CLOEXEC)
    else:
        fd, path = tempfile.mkstemp()
        with contextlib.suppress(OSError):
            os.unlink(path)
    _local.fd = fd
    _local.closer = _Closer(fd)
    return fd


class _Closer:
    """Closes the scratch file when its thread ends and its locals go."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._fd)
