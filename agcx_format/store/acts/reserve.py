"""A little space kept for when the disk is full, which is when people delete sessions.

Strategy: every store that we wrote to has a file of some size in its trash.  If an act finds the disk
full, it is rolled back, the file is removed, and the act is tried again in the space that this frees;
the next act that finds enough space writes the file again.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from agcx_format.disk.place import Place
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError
from agcx_format.store.paths import TRASH

__all__ = ["FILE", "SIZE", "is_full", "keep", "spend"]

FILE: Final = "reserve"
# Room for the manifest of hundreds of sessions, and for some directories.
SIZE: Final = 128 * 1024
_SMALLEST: Final = 8 * 1024
_BLOCK: Final = 4096
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)

_T = TypeVar("_T")


def keep(store: Tree) -> None:
    """Write the reserve if it is missing or small, of at most half of the free space; never raises."""
    with suppress(OSError, PersistenceError):
        place = store.place(f"{TRASH}/{FILE}", make=True)
        status = place.status()
        size = min(SIZE, _free(place) // 2)
        if status is None or status.st_size < size:
            _make(place, size)


def _free(place: Place) -> int:
    free = os.fstatvfs(place.fd)
    return free.f_bavail * free.f_frsize


def _make(place: Place, size: int) -> None:
    size -= size % _BLOCK
    if size < _SMALLEST:
        return
    place.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    fd = os.open(place.name, flags, 0o600, dir_fd=place.fd)
    try:
        # A file system may compress zeros away, and a hole takes no space at all.
        os.write(fd, os.urandom(size))
    except OSError:
        place.unlink()
        raise
    finally:
        os.close(fd)


def spend(store: Tree, work: Callable[[], _T]) -> _T:
    """Do `work`, which rolls back if it fails; if the disk is full, once more without the reserve.

    The space that the second attempt leaves becomes the reserve again.
    """
    try:
        done = work()
    except (OSError, PersistenceError) as error:
        place = store.find(f"{TRASH}/{FILE}")
        if not is_full(error) or place is None or not place.is_taken():
            raise
        place.unlink()
        try:
            done = work()
        finally:
            with suppress(OSError):
                _make(place, min(SIZE, _free(place)))
    else:
        keep(store)
    return done


def is_full(error: Exception) -> bool:
    """Whether an error says that the disk is full."""
    cause = error if isinstance(error, OSError) else error.__cause__
    return isinstance(cause, OSError) and cause.errno in _FULL
