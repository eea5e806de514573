"""The session files of a store as they are now: a key for each, by which the index knows what it has read.

Strategy: nothing is done as often before the first result as looking at a file, and nothing else may come
before it: this imports little (see `look_ahead`).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from agcx_format.store import paths

__all__ = ["UNSEEN", "VERSION", "FolderKeys", "folders_of", "key_below", "key_of", "path_in"]

VERSION = struct.Struct("<QQq")
"""What a key begins with: inode, size, mtime_ns.  Raises `struct.error` for a time after 2262."""

_UNSIGNED = struct.Struct("<QQQ")
_MOST = (1 << 64) - 1

UNSEEN = b"\xff" * VERSION.size
"""What the key of a file begins with that cannot be looked at: no file has this size."""


class FolderKeys(NamedTuple):
    """The session files of one layout.

    Fields:
        path: where they are.
        keys: of each as it is now, and as if the folder were the store.
    """

    path: str
    keys: list[bytes]


def key_of(path: bytes, inode: int, size: int, mtime_ns: int) -> bytes:
    """One version of one file: its signature, and its path below the store."""
    return _UNSIGNED.pack(inode, size, mtime_ns & _MOST) + path


def key_below(folder: bytes, key: bytes) -> bytes:
    """A key whose path begins with a folder; it was one below that folder."""
    return key[: VERSION.size] + folder + key[VERSION.size :]


def path_in(key: bytes) -> bytes:
    return key[VERSION.size :]


def folders_of(root: Path) -> list[FolderKeys]:
    """All session files of a store.

    Raises:
        PersistenceError: a folder cannot be read.
    """
    found = []
    for layout, names in paths.session_names(root):
        folder = os.path.join(root, paths.folders()[layout]).rstrip("/")
        found.append(FolderKeys(folder, _keys(folder, names) if names else []))
    return found


def _keys(folder: str, names: Sequence[bytes]) -> list[bytes]:
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return [UNSEEN + name for name in names]
    stat, version_of = os.stat, VERSION.pack
    try:
        return [
            version_of(now.st_ino, now.st_size, now.st_mtime_ns) + name
            for name in names
            for now in (stat(name, dir_fd=fd),)
        ]
    except (OSError, struct.error):
        return [_key(name, fd) for name in names]
    finally:
        os.close(fd)


def _key(name: bytes, folder: int) -> bytes:
    try:
        now = os.stat(name, dir_fd=folder)
    except OSError:
        return UNSEEN + name
    return key_of(name, now.st_ino, now.st_size, now.st_mtime_ns)
