"""Bytes that are held on disk until they can be written where they belong, since their size comes first.

Strategy: they go to a file without a name, which the system removes with its descriptor, however the program
ends.  Where a file has to have a name for a moment, it is one that a store sweeps.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from typing import Self

import msgspec

from agcx_format import limits
from agcx_format.disk.durable import TEMPORARY, naming, read_exactly
from agcx_format.errors import CorruptData

__all__ = ["HeldBytes"]


class HeldBytes:
    """Holds bytes in `folder`, and gives them again as long as anything refers to them; see `Hold`.

    Closing it frees the space at once; what it returned must not be used afterwards.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = os.fspath(folder)
        self._file: _File | None = None

    def __call__(self, parts: Iterable[bytes]) -> tuple[int, Iterable[bytes]]:
        """Hold the bytes of `parts`: their number, and the bytes again in pieces, at each iteration.

        Raises:
            PersistenceError: they cannot be written.
        """
        with naming(self._folder):
            self._file = self._file or _File(self._folder)
            start = self._file.size
            for part in parts:
                self._file.append(part)
        return self._file.size - start, _Pieces(self._file, start, self._file.size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _File:
    def __init__(self, folder: str) -> None:
        with tempfile.TemporaryFile(dir=folder, prefix=".held.", suffix=TEMPORARY) as file:
            self.fd = os.dup(file.fileno())
        self.size = 0
        self.close = weakref.finalize(self, os.close, self.fd)

    def append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self.fd, view, self.size)
            self.size += written
            view = view[written:]


class _Pieces(msgspec.Struct, frozen=True):
    """Bytes `start` to `end` of a file."""

    file: _File
    start: int
    end: int

    def __iter__(self) -> Iterator[bytes]:
        for at in range(self.start, self.end, limits.MIB):
            size = min(limits.MIB, self.end - at)
            piece = read_exactly(self.file.fd, size, at)
            if len(piece) != size:
                raise CorruptData("what was held on disk is no longer there")
            yield piece
