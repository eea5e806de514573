"""A file opened for reading: bytes at any place, from any thread, until it is closed.

Strategy: whoever reads holds this object, never the number of the descriptor, which the system gives to
another file as soon as it is free.  `close` only says that nothing more is read; the descriptor itself is
closed by whoever is last, the caller or a read that still runs in another thread.  No lock is taken,
so a process forked at any moment can go on with its copy.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Self

from agcx_format.disk.durable import Signature, open_regular, read_exactly
from agcx_format.errors import FileClosed, PersistenceError

__all__ = ["BLOCK", "OpenFile"]

# A disk fails by the sector, and the system reads by the page: none is larger than this in bytes.
BLOCK = 4096
_AT_ONCE = 1024 * 1024


class OpenFile:
    """A regular file, opened for reading.

    Fields:
        path: as it was given.
        size: in bytes, when it was opened.
        signature: tells whether a file is still the one that was opened.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raises `PersistenceError` when it cannot be opened, `CorruptData` when it is not a regular file."""
        self._owned: list[int] = []
        self.path = os.fspath(path)
        fd, status = open_regular(path)
        self._owned.append(fd)
        self._fd = fd
        self.size = status.st_size
        self.signature = Signature.of(status)
        # One entry for each read that runs.  Appending and removing are atomic.
        self._running: list[None] = []

    @property
    def closed(self) -> bool:
        return self._fd < 0

    @property
    def fd(self) -> int:
        """The descriptor, for a caller that nobody can close the file under.

        Raises `FileClosed` after `close`.
        """
        self.check_open()
        return self._fd

    def check_open(self) -> None:
        """Raises `FileClosed` after `close`."""
        if self._fd < 0:
            raise FileClosed(path=self.path)

    def read(self, size: int, offset: int) -> bytes:
        """`size` bytes from `offset` on; fewer only where the file ends.

        Raises `PersistenceError` when they cannot be read, `FileClosed` after `close`.
        """
        try:
            with self._lent() as fd:
                return read_exactly(fd, size, offset)
        except PersistenceError as error:
            raise error.located(path=self.path) from None

    def read_before_damage(self, size: int, offset: int) -> bytes:
        """As `read`, but where a part cannot be read, what lies before it is given.

        Raises `FileClosed` after `close`.
        """
        data = bytearray()
        with self._lent() as fd:
            # A read may fail as a whole that could have begun; of a block nothing more can be had.
            for largest in (_AT_ONCE, BLOCK):
                with contextlib.suppress(OSError):
                    while len(data) < size:
                        at = offset + len(data)
                        piece = os.pread(fd, min(largest - at % largest, size - len(data)), at)
                        if not piece:
                            break
                        data += piece
        return bytes(data)

    @contextlib.contextmanager
    def _lent(self) -> Iterator[int]:
        """The descriptor for a read: as long as that runs, `close` leaves it open."""
        self._running.append(None)
        try:
            yield self.fd
        finally:
            self._running.pop()
            if self._fd < 0:
                self._release()

    def close(self) -> None:
        """Nothing can be read from now on.  Never waits, and may be called again."""
        self._fd = -1
        self._release()

    def _release(self) -> None:
        if not self._running and self._owned:
            try:
                fd = self._owned.pop()
            except IndexError:
                # Another thread was faster.
                return
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        for fd in self._owned:
            os.close(fd)
