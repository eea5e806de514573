"""Cache files: one for each store, made of frames with checksums, in a private directory.

    frame     length, CRC-32, payload

Strategy: any damage is a `ValueError`, and a damaged cache counts as missing.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from zlib import crc32

from agcx_format.disk.durable import os_reason
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError

__all__ = ["frame", "framed", "make_private", "name_of", "remove", "unframed"]

_FRAME = struct.Struct("<II")
# Bytes.  A frame holds a thousand rows; a larger length is damage.
_LARGEST = 1 << 28


def name_of(store: bytes) -> str:
    """The file name of a store's cache: the end of the store's path, for people, and a checksum."""
    end = "".join(c if c.isalnum() and c.isascii() else "-" for c in os.fsdecode(store[-40:]))
    return f"{end.strip('-')}-{crc32(store):08x}"


def make_private(directory: Path) -> None:
    """Create a directory that only its owner can enter, since caches hold words of conversations.

    Raises:
        PersistenceError: it cannot be created or restricted.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if directory.stat().st_mode & 0o777 != 0o700:
            directory.chmod(0o700)
    except OSError as cause:
        raise PersistenceError(f"cannot be made: {os_reason(cause)}", path=directory) from cause


def remove(path: Path) -> None:
    """Remove a cache, or empty it if its directory does not permit removal.

    Raises:
        OSError: neither is possible.
    """
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        os.truncate(path, 0)


def framed(payload: bytes) -> bytes:
    return _FRAME.pack(len(payload), crc32(payload)) + payload


def unframed(data: bytes) -> bytes:
    """The payload of a file that is one frame.

    Raises:
        ValueError: it is damaged.
    """
    payload = data[_FRAME.size :]
    if len(data) < _FRAME.size or _FRAME.unpack_from(data) != (len(payload), crc32(payload)):
        raise ValueError("damaged")
    return payload


def frame(file: OpenFile, at: int) -> tuple[bytes, int]:
    """The payload of the frame at `at`, and the offset of the next frame.

    Raises:
        ValueError: the frame is damaged.
        PersistenceError: it cannot be read now; it may be undamaged.
    """
    head = file.read(_FRAME.size, at)
    if len(head) < _FRAME.size:
        raise ValueError("it ends early")
    length, checksum = _FRAME.unpack(head)
    if length > min(_LARGEST, file.size):
        raise ValueError("a length that cannot be")
    payload = file.read(length, at + _FRAME.size)
    if len(payload) != length or crc32(payload) != checksum:
        raise ValueError("damaged")
    return payload, at + _FRAME.size + length
