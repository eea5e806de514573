"""Renames that lose nothing: an atomic exchange, and a rename that fails if the name is taken.

Strategy: both are flags of `renameat2` on Linux and of `renameatx_np` on macOS, which Python does not
offer, so they are called through ctypes.  Not every file system supports them; on `Unsupported` the caller
falls back to something else.  Each call raises the audit event `agcx_format.rename`, as `os.rename`
raises its own.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import cache

__all__ = ["Unsupported", "exchange", "rename_noreplace"]

_NOREPLACE, _EXCHANGE = 1, 2
# The same two on macOS: RENAME_EXCL, RENAME_SWAP.
_EXCL, _SWAP = 4, 2
# Containers forbid system calls that they do not know, with EPERM.
_NO_SUCH_RENAME = (
    errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM,
)  # fmt: skip


class Unsupported(Exception):
    """The system or the file system does not support this kind of rename."""


def exchange(source_fd: int, source: str, target_fd: int, target: str) -> None:
    """Swap two names, each relative to the descriptor of its directory, in one atomic step.

    Raises:
        Unsupported: there is no exchange here.
        OSError: one of them does not exist, or the system refuses.
    """
    _rename(source_fd, source, target_fd, target, _SWAP if _is_mac() else _EXCHANGE)


def rename_noreplace(source_fd: int, source: str, target_fd: int, target: str) -> None:
    """Rename, but never replace a file.

    Raises:
        Unsupported: there is no such rename here.
        FileExistsError: the name is taken.
        OSError: the system refuses.
    """
    _rename(source_fd, source, target_fd, target, _EXCL if _is_mac() else _NOREPLACE)


def _rename(source_fd: int, source: str, target_fd: int, target: str, flags: int) -> None:
    call = _system_call()
    if call is None:
        raise Unsupported
    sys.audit("agcx_format.rename", source, target, source_fd, target_fd)
    if code := call(source_fd, os.fsencode(source), target_fd, os.fsencode(target), flags):
        if code in _NO_SUCH_RENAME:
            raise Unsupported
        raise OSError(code, os.strerror(code), source, None, target)


def _is_mac() -> bool:
    return sys.platform == "darwin"


@cache
def _system_call() -> Callable[[int, bytes, int, bytes, int], int] | None:
    """The system call, as a function that returns an errno or 0; None if the system has none."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    function = getattr(libc, "renameatx_np" if _is_mac() else "renameat2", None)
    if function is None:
        return None
    function.argtypes = [
        ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint,
    ]  # fmt: skip
    function.restype = ctypes.c_int

    def call(source_fd: int, source: bytes, target_fd: int, target: bytes, flags: int) -> int:
        return ctypes.get_errno() if function(source_fd, source, target_fd, target, flags) else 0

    return call
