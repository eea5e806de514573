"""The metadata of one session file, read without the rest of it.

Strategy: a list does this for every file, so one read of the first bytes has to do nearly always. Metadata
that are large are decoded by one thread at a time, or a few hostile files would fill the memory at once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Self

from agcx_format import layout, limits
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError
from agcx_format.layout.base import Layout, Rewritten
from agcx_format.model.session import SessionMetadata
from agcx_format.session.file_section import FileHead, FileSection, first_bytes
from agcx_format.session.listed import listed

__all__ = ["Turn", "as_they_are", "read_head", "read_listed", "read_metadata", "rewritten"]


def read_metadata(fd: int, size: int, use_mmap: bool = True) -> SessionMetadata:
    """The metadata of an open file of `size` bytes, through a map or by a plain read.

    The caller closes the descriptor and adds the path to an error.

    Raises:
        PersistenceError: when they cannot be read.
    """
    first = first_bytes(fd, size, use_mmap)
    return _metadata(layout.of(first), FileHead(fd, size, first), as_they_are)


def read_listed(fd: int, size: int, use_mmap: bool = True) -> SessionMetadata:
    """Like `read_metadata`, cut to what a list keeps of them (`listed`)."""
    first = first_bytes(fd, size, use_mmap)
    found = layout.of(first)
    metadata = found.metadata_at_once(first, size)
    if metadata is None:
        return _metadata(found, FileHead(fd, size, first), listed)
    return listed(metadata)


def read_head(
    fd: int, size: int, use_mmap: bool = True
) -> tuple[SessionMetadata, PersistenceError | None]:
    """The metadata as `read_listed` returns them, and what is obviously wrong right after them."""
    first = first_bytes(fd, size, use_mmap)
    found, data = layout.of(first), FileHead(fd, size, first)
    metadata = found.metadata_at_once(first, size)
    metadata = _metadata(found, data, listed) if metadata is None else listed(metadata)
    try:
        return metadata, found.damage_after_metadata(data)
    except PersistenceError as error:
        return metadata, error


def as_they_are(metadata: SessionMetadata) -> SessionMetadata:
    """The alternative to `listed`."""
    return metadata


def _metadata(
    found: Layout, data: FileHead, keep: Callable[[SessionMetadata], SessionMetadata]
) -> SessionMetadata:
    with Turn() as turn:
        return keep(found.metadata(data, turn.take))


def rewritten(
    file: OpenFile, change: Callable[[SessionMetadata], SessionMetadata], level: int
) -> Rewritten:
    """The same file with the metadata that `change` makes of the old; `level` is zstd's.

    Raises:
        PersistenceError: when the old metadata cannot be read, or the file is huge and mostly a hole.
        TypeError: when a new field holds a value that its type cannot hold.
        ValueError: likewise.
    """
    file.check_not_sparse()
    data = FileSection(file, 0, file.size)
    with Turn() as turn:
        return layout.of(data[: layout.HEAD]).with_metadata(data, change, level, turn.take)


class Turn:
    """Lets one thread at a time decode large metadata; small ones never wait."""

    _lock: threading.Lock | None = None

    def take(self, size: int) -> None:
        """Wait for the turn if `size` bytes are many; it lasts until the `with` block ends."""
        if size > limits.METADATA_AT_ONCE and self._lock is None:
            lock = _decoding_large
            lock.acquire()
            self._lock = lock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._lock is not None:
            self._lock.release()


_decoding_large = threading.Lock()


def _renew_lock() -> None:
    """A thread of the parent process that held the lock does not exist in this one."""
    global _decoding_large
    _decoding_large = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)
