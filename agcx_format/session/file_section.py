"""Parts of an open file that are sliced like bytes and read on demand."""

from __future__ import annotations

import contextlib

from agcx_format.disk import mapped
from agcx_format.disk.durable import read_exactly
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError

__all__ = ["FileHead", "FileSection", "first_bytes"]

_READ_AHEAD = 256 * 1024

# What is read of every file in a list: header and metadata are most often a few hundred bytes.
_HEAD = 1024


class FileSection:
    """A part of an open file; reads `ahead` bytes at least, since blocks are walked in order.

    Slicing raises `PersistenceError` where the file cannot be read, `FileClosed` once it is closed.
    """

    def __init__(self, file: OpenFile, start: int, end: int, ahead: int = _READ_AHEAD) -> None:
        self._file, self._start, self._end = file, start, end
        self._least = ahead
        # One value, replaced as a whole: two threads may read at once.
        self._ahead: tuple[int, bytes] = 0, b""

    def __len__(self) -> int:
        return max(0, self._end - self._start)

    def __getitem__(self, part: slice) -> bytes:
        start, end, _ = part.indices(len(self))
        at, buffer = self._ahead
        if not at <= start <= end <= at + len(buffer):
            self._ahead = at, buffer = start, self._read(start, end)
        else:
            self._file.check_open()
        return buffer[start - at : end - at]

    def _read(self, start: int, end: int) -> bytes:
        ahead = min(max(self._least, end - start), len(self) - start)
        with contextlib.suppress(PersistenceError):
            return self._file.read(ahead, self._start + start)
        # The bytes that cannot be read may come after those that were requested.
        return self._file.read(end - start, self._start + start)


class FileHead:
    """A whole file whose `first` bytes were read already; others are read each time they are needed.

    The caller closes the descriptor; slicing raises `PersistenceError` where the file cannot be read.
    """

    def __init__(self, fd: int, size: int, first: bytes) -> None:
        self._fd, self._size, self._first = fd, size, first

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        start, end, _ = part.indices(self._size)
        if end <= len(self._first):
            return self._first[start:end]
        return read_exactly(self._fd, end - start, start)


def first_bytes(fd: int, size: int, use_mmap: bool) -> bytes:
    """The header of a file of `size` bytes and, nearly always, all of its metadata.

    Raises:
        PersistenceError: when they cannot be read.
    """
    if use_mmap and size:
        return mapped.read(fd, min(size, _HEAD))
    return read_exactly(fd, min(size, _HEAD), 0)
