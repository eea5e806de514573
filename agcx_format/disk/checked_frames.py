"""What the cache files have alike: a name for each store, frames with checksums, a directory of one's own.

    frame     length, CRC-32, payload

Strategy: whatever in a file is not what was written there is a `ValueError`, and the cache is none.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from zlib import crc32

from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError

__all__ = ["frame", "framed", "make_private", "name_of", "remove"]

_FRAME = struct.Struct("<II")
# A frame is a thousand rows; what claims to be larger was not written here.
_LARGEST = 1 << 28


def name_of(store: bytes) -> str:
    """The name of a store's cache: the end of its path, to be known by, and a checksum."""
    end = "".join(c if c.isalnum() and c.isascii() else "-" for c in os.fsdecode(store[-40:]))
    return f"{end.strip('-')}-{crc32(store):08x}"


def make_private(directory: Path) -> None:
    """Make it, if it is not there, and its owner's alone: caches hold words of conversations."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if directory.stat().st_mode & 0o777 != 0o700:
            directory.chmod(0o700)
    except OSError as cause:
        raise PersistenceError("cannot be made", path=directory) from cause


def remove(path: Path) -> None:
    """Take a cache away; where the directory does not let go of it, empty it.

    Raises `OSError` when not even that can be done.
    """
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        os.truncate(path, 0)


def framed(payload: bytes) -> bytes:
    return _FRAME.pack(len(payload), crc32(payload)) + payload


def frame(file: OpenFile, at: int) -> tuple[bytes, int]:
    """The payload of a frame, and where the next one begins.

    Raises `ValueError` when it is damaged or cannot be read.
    """
    head = _read(file, _FRAME.size, at)
    if len(head) < _FRAME.size:
        raise ValueError("it ends early")
    length, checksum = _FRAME.unpack(head)
    if length > min(_LARGEST, file.size):
        raise ValueError("a length that cannot be")
    payload = _read(file, length, at + _FRAME.size)
    if len(payload) != length or crc32(payload) != checksum:
        raise ValueError("damaged")
    return payload, at + _FRAME.size + length


def _read(file: OpenFile, size: int, at: int) -> bytes:
    try:
        return file.read(size, at)
    except PersistenceError as error:
        raise ValueError(str(error)) from None
