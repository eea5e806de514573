"""A little space kept for when the disk is full, which is when people delete sessions.

Strategy: every store that we wrote to has a file of some size in its trash, and some empty files, since
a disk may also run out of inodes.  If an act finds the disk full, it is rolled back, these files
are removed, and the act is tried again in the space that this frees; the next act that finds enough
space writes them again.
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

__all__ = ["FILE", "FOLDER", "SIZE", "is_full", "keep", "release", "spend"]

FILE: Final = "reserve"
FOLDER: Final = "reserve.d"
# The directories and files of one act.
_EMPTY_FILES: Final = 12
# Room for the manifest of hundreds of sessions, and for some directories.
SIZE: Final = 128 * 1024
_SMALLEST: Final = 8 * 1024
_BLOCK: Final = 4096
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)

_T = TypeVar("_T")


def keep(store: Tree) -> None:
    """Write the reserve if it is missing or small, of at most half of the free space; never raises."""
    with suppress(OSError, PersistenceError):
        is_first = store.signature(TRASH) is None
        place = store.place(f"{TRASH}/{FILE}", make=True)
        if is_first:
            # The next act finds the trash there, and relies on its name being durable.
            store.sync("")
        status = place.status()
        size = min(SIZE, _free(place) // 2)
        if status is None or status.st_size < size:
            _make(place, size)
        _make_empty_files(store, 2)


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


def _make_empty_files(store: Tree, share: int) -> None:
    """Create those that are missing, with at most one of `share` free inodes."""
    fd = store.folder(f"{TRASH}/{FOLDER}", make=True)
    missing = _EMPTY_FILES - len(os.listdir(fd))
    for _ in range(min(missing, os.fstatvfs(fd).f_favail // share)):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        os.close(os.open(os.urandom(6).hex(), flags, 0o600, dir_fd=fd))


def spend(store: Tree, work: Callable[[], _T]) -> _T:
    """Do `work`, which rolls back if it fails; if the disk is full, again without the reserve.

    The space that the second attempt leaves becomes the reserve again.
    """
    try:
        done = work()
    except (OSError, PersistenceError) as error:
        if not is_full(error) or not release(store):
            raise
        try:
            done = work()
        finally:
            with suppress(OSError, PersistenceError):
                place = store.place(f"{TRASH}/{FILE}")
                _make(place, min(SIZE, _free(place)))
                _make_empty_files(store, 1)
    else:
        keep(store)
    return done


def release(store: Tree) -> bool:
    """Remove the reserve, which makes room; whether there was any."""
    place = store.find(f"{TRASH}/{FILE}")
    found = place is not None and place.is_taken()
    if place is not None:
        place.unlink()
    folder = f"{TRASH}/{FOLDER}"
    for name in store.names(folder):
        empty = store.place(f"{folder}/{name}")
        # Nothing else is ours.
        if (signature := empty.signature()) is not None and signature.size == 0:
            empty.unlink()
            found = True
    store.remove_folder(folder)
    return found


def is_full(error: Exception) -> bool:
    """Whether an error says that the disk is full."""
    cause = error if isinstance(error, OSError) else error.__cause__
    return isinstance(cause, OSError) and cause.errno in _FULL
