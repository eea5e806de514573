"""A file opened for reading: bytes at any offset, from any thread, until it is closed.

Strategy: readers hold this object, never the number of the descriptor, which the system gives to another
file as soon as it is free.  `close` only forbids further reads; the descriptor is closed by whoever
finishes last, the caller or a read that is still running in another thread.  No lock is taken, so a
process forked at any moment can continue with its copy.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import NoReturn, Self, SupportsIndex

from agcx_format import limits
from agcx_format.disk.durable import Signature, open_regular, os_reason, read_exactly
from agcx_format.errors import FileClosed, PersistenceError, StaleSession, located

__all__ = ["BLOCK", "OpenFile", "refuse_copy"]

# Bytes.  Disks fail by the sector and systems read by the page; neither is larger than this.
BLOCK = 4096
_AT_ONCE = 1024 * 1024


def refuse_copy(opened: object, protocol: SupportsIndex) -> NoReturn:
    """The `__reduce_ex__` of what holds a descriptor: a copy that is dropped would close it."""
    raise TypeError(
        f"an open {type(opened).__name__} cannot be copied or pickled: open its path again"
    )


class OpenFile:
    """A regular file, opened for reading.

    Fields:
        path: as given.
        size: in bytes, when it was opened.
        signature: identifies the version of the file that was opened.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the file at `path`.

        Raises:
            CorruptData: it is not a regular file.
            PersistenceError: it cannot be opened.
        """
        self._owned: list[int] = []
        self.path = os.fspath(path)
        fd, status = open_regular(path)
        self._owned.append(fd)
        self._fd = fd
        self.size = status.st_size
        self.signature = Signature.of(status)
        # One entry for each running read.  Appending and removing are atomic.
        self._running: list[None] = []

    @property
    def closed(self) -> bool:
        return self._fd < 0

    @property
    def fd(self) -> int:
        """The descriptor, for a caller that knows that the file is not closed meanwhile.

        Raises:
            FileClosed: after `close`.
        """
        self.check_open()
        return self._fd

    def check_open(self) -> None:
        """Check that the file has not been closed.

        Raises:
            FileClosed: after `close`.
        """
        if self._fd < 0:
            raise FileClosed(path=self.path)

    def status(self) -> os.stat_result:
        """The status of the file now.

        Raises:
            PersistenceError: the file system cannot say.
            FileClosed: after `close`.
        """
        try:
            return os.fstat(self.fd)
        except OSError as cause:
            raise PersistenceError(os_reason(cause), path=self.path) from cause

    def check_unchanged(self) -> None:
        """Check that the file has not changed since it was opened.

        Raises:
            StaleSession: it is not.
            PersistenceError: the file system cannot say.
        """
        if not self.signature.fits(self.status()):
            raise StaleSession("it changed while it was read", path=self.path)

    def check_not_sparse(self) -> None:
        """Check that the file is not mostly a huge hole, before all of it is written elsewhere.

        Raises:
            PersistenceError: it is.
        """
        half = self.size // 2
        if self.size <= limits.SPARSE or self.status().st_blocks * 512 >= half:
            return
        # Some file systems count blocks late, or not at all.
        if _data_in(self.fd, self.size) < half:
            reason = f"a sparse file of {self.size:,} bytes, which would all be written"
            raise PersistenceError(reason, path=self.path)

    def read(self, size: int, offset: int) -> bytes:
        """Read `size` bytes at `offset`; fewer only at the end of the file.

        Raises:
            PersistenceError: they cannot be read.
            FileClosed: after `close`.
        """
        with located(path=self.path), self._lent() as fd:
            return read_exactly(fd, size, offset)

    def read_before_damage(self, size: int, offset: int) -> bytes:
        """Like `read`, but if some of the bytes cannot be read, returns those before them.

        Raises:
            FileClosed: after `close`.
        """
        data = bytearray()
        with self._lent() as fd:
            # A large read may fail although its beginning is readable; a block is the smallest unit.
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
        """Lend the descriptor to a read; `close` leaves it open until the read has finished."""
        self._running.append(None)
        try:
            yield self.fd
        finally:
            self._running.pop()
            if self._fd < 0:
                self._release()

    def close(self) -> None:
        """Forbid further reads.  Never blocks, and may be called again."""
        self._fd = -1
        self._release()

    def _release(self) -> None:
        if not self._running and self._owned:
            try:
                fd = self._owned.pop()
            except IndexError:
                # Another thread closes it.
                return
            os.close(fd)

    __reduce_ex__ = refuse_copy

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        for fd in self._owned:
            os.close(fd)


def _data_in(fd: int, size: int) -> int:
    """How many bytes of a file are not in holes; all if the file system cannot say.

    It moves the position of the descriptor, which nothing here reads from.
    """
    found = at = 0
    try:
        while at < size:
            start = os.lseek(fd, at, os.SEEK_DATA)
            at = os.lseek(fd, start, os.SEEK_HOLE)
            found += at - start
    except OSError as cause:
        # There is nothing but a hole from there on.
        return found if cause.errno == errno.ENXIO else size
    return found
