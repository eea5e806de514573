"""A disk with one sector that cannot be read: every way in which Python reads a file goes past here.

    with BadSectors(folder) as disk:          # counts reads, none fails
        work()
    for number in range(disk.reads):
        with BadSectors(folder, number) as disk:
            work()                            # where read number `number` began is bad from then on

As on a real disk, a read that reaches the place gives what lies before it, the next one fails with EIO;
and of a memory map the page is missing (EFAULT for a system call, the end of the process for anything else).
"""

from __future__ import annotations

import builtins
import errno
import io
import mmap
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import pytest

needs_proc = pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"), reason="finds the names of open files in /proc"
)


class BadSectors:
    """For files below `folder`, while it is entered.

    `bad` has an offset that cannot be read for a path, or a range of them.  `reads` is how many reads there
    were, `places` where they began.
    """

    def __init__(
        self,
        folder: Path,
        number: int | None = None,
        bad: Mapping[str | os.PathLike[str], int | range] = MappingProxyType({}),
    ) -> None:
        self._folder = os.path.realpath(folder) + os.sep
        self._number = number
        self._maps: list[tuple[mmap.mmap, str]] = []
        self.reads = 0
        self._bad = {os.path.realpath(path): _range(place) for path, place in bad.items()}
        self.places: dict[tuple[str, int], None] = {}
        self._pread, self._read, self._pwrite = os.pread, os.read, os.pwrite
        self._mmap, self._open = mmap.mmap, builtins.open

    @property
    def bad(self) -> tuple[str, int] | None:
        return next(((path, place.start) for path, place in self._bad.items()), None)

    def __enter__(self) -> BadSectors:
        self._stack = ExitStack()
        for target, name, new in (
            (os, "pread", self.pread),
            (os, "read", self.read),
            (os, "pwrite", self.pwrite),
            (mmap, "mmap", self.mmap),
            (builtins, "open", self.open),
            (io, "open", self.open),
        ):
            self._stack.enter_context(patch.object(target, name, new))
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()
        self._maps.clear()

    # --- what stands in for the system's

    def pread(self, fd: int, size: int, offset: int) -> bytes:
        return self._pread(fd, self._allowed(_path(fd), offset, size), offset)

    def read(self, fd: int, size: int) -> bytes:
        path = _path(fd)
        if not path.startswith(self._folder):
            return self._read(fd, size)
        return self._read(fd, self._allowed(path, os.lseek(fd, 0, os.SEEK_CUR), size))

    def mmap(self, fd: int, *args: Any, **kwargs: Any) -> mmap.mmap:
        made = self._mmap(fd, *args, **kwargs)
        if fd >= 0:
            self._maps.append((made, _path(fd)))
        return made

    def pwrite(self, fd: int, data: Any, offset: int) -> int:
        source = data.obj if isinstance(data, memoryview) else None
        path = next((path for made, path in self._maps if made is source), None)
        if path is not None:
            try:
                allowed = self._allowed(path, 0, len(data))
            except OSError:
                raise OSError(errno.EFAULT, os.strerror(errno.EFAULT)) from None
            data = data[:allowed]
        return self._pwrite(fd, data, offset)

    def open(self, file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        made = self._open(file, mode, *args, **kwargs)
        reads = not set("wax+") & set(mode)
        if reads and not isinstance(file, int) and os.path.realpath(file).startswith(self._folder):
            buffered = io.BufferedReader(_Raw(made.fileno(), self, made))
            return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding="utf-8")
        return made

    def _allowed(self, path: str, offset: int, size: int) -> int:
        """How many bytes a read may give; raises where it begins at the bad place."""
        if not path.startswith(self._folder):
            return size
        if self.reads == self._number:
            self._bad = {path: _range(offset)}
        self.reads += 1
        self.places[path, offset] = None
        bad = self._bad.get(path)
        if bad is None or offset >= bad.stop or offset + size <= bad.start:
            return size
        if offset >= bad.start:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return bad.start - offset


class _Raw(io.RawIOBase):
    """A file opened by `open`; keeps the one that owns the descriptor."""

    def __init__(self, fd: int, disk: BadSectors, owner: Any) -> None:
        self._fd, self._disk, self._owner = fd, disk, owner

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return os.lseek(self._fd, offset, whence)

    def fileno(self) -> int:
        return self._fd

    def readinto(self, buffer: Any) -> int:
        data = self._disk.read(self._fd, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        super().close()
        self._owner.close()


def _range(place: int | range) -> range:
    return place if isinstance(place, range) else range(place, place + 1)


def _path(fd: int) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""
