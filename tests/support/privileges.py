"""Doing without what only root may do, for as long as a test needs it.

Strategy: on Linux the thread gives up the two capabilities that let root pass over permissions, and
stays root otherwise.  So it still reaches the interpreter, the packages and the golden files wherever
only root may enter.  Where the files belong to somebody else, it becomes that one as well, who may
read them.  Elsewhere than on Linux it becomes nobody.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

__all__ = ["without_privileges"]

# From linux/capability.h.
_VERSION_3 = 0x20080522
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1 << 1, 1 << 2
_NOBODY = 65534


@contextmanager
def without_privileges() -> Iterator[Path]:
    """An empty directory, and no right to do what only root may do, for as long as it lasts.

    It holds for this thread and those that it starts.
    """
    folder = Path(tempfile.mkdtemp())
    try:
        with ExitStack() as stack:
            if os.geteuid() == 0:
                user = _who_may_read()
                os.chown(folder, user, -1)
                stack.enter_context(_as_user(user) if user else _without_capabilities())
            yield folder
    finally:
        _remove(folder)


def _who_may_read() -> int:
    """Whom the tests belong to; 0 where root does without its capabilities."""
    owner = Path(__file__).stat().st_uid
    return owner if owner or sys.platform == "linux" else _NOBODY


@contextmanager
def _as_user(user: int) -> Iterator[None]:
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Data(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


@contextmanager
def _without_capabilities() -> Iterator[None]:
    header, data = _Header(_VERSION_3, 0), (_Data * 2)()
    _call("capget", header, data)
    had = data[0].effective
    data[0].effective &= ~(_DAC_OVERRIDE | _DAC_READ_SEARCH)
    _call("capset", header, data)
    try:
        yield
    finally:
        data[0].effective = had
        _call("capset", header, data)


def _call(name: str, header: _Header, data: ctypes.Array[_Data]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(ctypes.byref(header), data):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _remove(folder: Path) -> None:
    """Remove it, whatever the test took away from its directories."""
    folder.chmod(0o700)
    for inside, names, _ in os.walk(folder):
        for name in names:
            os.chmod(os.path.join(inside, name), 0o700)
    shutil.rmtree(folder)
