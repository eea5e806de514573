"""What a list shows of one session file, readable or not.

Strategy: read as little of each file as possible.  Layout 1 has the metadata in front, followed by the
length of the messages, which shows whether the file was cut off.  Files of layout 2 have to be
decompressed, so the copies of the metadata are tried first: `.meta` unless it is older than the
file, then the file itself, with the sizes that the index has of the same save.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec.structs import replace

from agcx_format import limits
from agcx_format.counting import counted
from agcx_format.disk.durable import Signature, open_regular, os_reason, read_exactly
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.layout import Layout, by_version
from agcx_format.layout.metadata_copies import MetadataCopies
from agcx_format.model.session import SessionMetadata
from agcx_format.session.listed import listed
from agcx_format.session.metadata import Turn, as_they_are, read_head, read_listed, read_metadata
from agcx_format.store import paths

__all__ = ["EntryReader", "ScanEntry", "is_link", "is_recent", "own_size"]

# A running agent saves after every turn, and a turn takes minutes.
_RUNNING_NS = 5 * 60 * 1_000_000_000
# A file server's clock may differ a little from that of this machine.
_CLOCKS_DIFFER_NS = 5 * 1_000_000_000


class ScanEntry(msgspec.Struct, frozen=True):
    """One session file.

    With both `metadata` and `error`, the file is damaged after its metadata.

    Fields:
        path: of the file.
        id: from the file's name; None if that is not a UUID.
        metadata: shortened for a list; None if they cannot be read.
        error: why the file cannot be read.
        signature: the file when it was scanned.
        layout: 1 or 2.
    """

    path: str
    id: UUID | None
    metadata: SessionMetadata | None
    error: PersistenceError | None
    signature: Signature
    layout: int = 1

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.signature.size

    @property
    def mtime_ns(self) -> int:
        """Nanoseconds since 1970."""
        return self.signature.mtime_ns

    @property
    def title(self) -> str:
        """The title, or the name of an unreadable file."""
        return self.metadata.title if self.metadata else os.path.basename(self.path)


def is_link(path: str) -> bool:
    """Whether a session's file is a symbolic link: deleting it leaves the file that it leads to."""
    return os.path.islink(path)


def own_size(entry: ScanEntry) -> int:
    """Bytes that deleting a session moves: of a symbolic link only the link."""
    try:
        status = os.lstat(entry.path)
    except OSError:
        return entry.size
    return status.st_size if stat.S_ISLNK(status.st_mode) else entry.size


def is_recent(mtime_ns: int, now_ns: int) -> bool:
    """Whether a modification time is within the last five minutes before `now_ns` (since 1970).

    A time in the future means nothing: some clock was wrong, and may have been for years.
    """
    return -_CLOCKS_DIFFER_NS <= now_ns - mtime_ns < _RUNNING_NS


class EntryReader:
    """Reads the entries of one store for one list.

    Metadata are shortened for a list (`listed`), unless `whole`.
    """

    def __init__(self, root: Path, use_mmap: bool, *, whole: bool = False) -> None:
        self._root = root
        self._use_mmap = use_mmap
        self._read = read_metadata if whole else read_listed
        self._kept: Callable[[SessionMetadata], SessionMetadata] = as_they_are if whole else listed

    def entry(self, layout: int, path: str) -> ScanEntry | None:
        """The entry of one file; None if there is none."""
        kind = by_version(layout)
        if kind.copies is not None:
            return self._entry_by_copy(kind, kind.copies, path)
        session_id = paths.id_of(path)
        try:
            fd, status = open_regular(path)
        except PersistenceError as error:
            signature = _signature(path)
            if signature is None:
                return None
            return ScanEntry(path, session_id, None, error, signature, layout)
        metadata, problem = None, None
        try:
            metadata, problem = read_head(fd, status.st_size, self._use_mmap)
        except PersistenceError as error:
            problem = error
        finally:
            os.close(fd)
        if problem is not None:
            problem.located(path=path)
        return ScanEntry(path, session_id, metadata, problem, Signature.of(status), layout)

    def metadata(self, layout: int, path: str) -> SessionMetadata:
        """The metadata alone, from the file or its copy.

        Raises:
            PersistenceError: they cannot be read.
        """
        return self._metadata(by_version(layout), path)

    def measured_metadata(self, layout: int, path: str) -> SessionMetadata:
        """Like `metadata`; if the file has no sizes, with those that the index has of the same save.

        Raises:
            PersistenceError: they cannot be read.
        """
        kind = by_version(layout)
        metadata = self._metadata(kind, path)
        return metadata if kind.holds_sizes else self._measured(metadata)

    def _metadata(self, layout: Layout, path: str) -> SessionMetadata:
        if layout.copies is None:
            return self._inside(path)
        return self._copied(layout, layout.copies, path)

    def _measured(self, metadata: SessionMetadata) -> SessionMetadata:
        indexed = self._index.get(metadata.id)
        if indexed is None or indexed.updated_at != metadata.updated_at:
            return metadata
        return replace(
            metadata, file_size=indexed.file_size, compression_ratio=indexed.compression_ratio
        )

    # --- layouts that keep copies of the metadata

    def _entry_by_copy(self, layout: Layout, copies: MetadataCopies, path: str) -> ScanEntry | None:
        signature = _signature(path)
        if signature is None:
            return None
        session_id, metadata, error = paths.id_of(path), None, None
        try:
            metadata = self._copied(layout, copies, path)
        except PersistenceError as cause:
            error = cause
        return ScanEntry(path, session_id, metadata, error, signature, layout.version)

    def _copied(self, layout: Layout, copies: MetadataCopies, path: str) -> SessionMetadata:
        status = _regular(path)
        if status.st_size < layout.header:
            # Its writer truncates in place, and may have been stopped right after that.
            size = counted(status.st_size, "byte is", "bytes are")
            raise CorruptData(f"{size} too few for a header", path=path, truncated=True)
        session_id = paths.id_of(path)
        if session_id is not None:
            copy = self._copy(copies, session_id, status.st_mtime_ns)
            if copy is not None:
                return copy
        inside = self._inside(path)
        return inside if layout.holds_sizes else self._measured(inside)

    def _copy(
        self, copies: MetadataCopies, session_id: UUID, not_before_ns: int
    ) -> SessionMetadata | None:
        """The copy, unless it is missing, older than the file, damaged, or of another session."""
        try:
            fd, status = open_regular(self._root / copies.path(session_id))
        except PersistenceError:
            return None
        try:
            if status.st_mtime_ns < not_before_ns or status.st_size > limits.METADATA:
                return None
            with Turn() as turn:
                turn.take(status.st_size)
                metadata = self._kept(copies.decode(read_exactly(fd, status.st_size, 0)))
            return metadata if metadata.id == session_id else None
        except PersistenceError:
            return None
        finally:
            os.close(fd)

    def _inside(self, path: str) -> SessionMetadata:
        fd, status = open_regular(path)
        try:
            return self._read(fd, status.st_size, self._use_mmap)
        except PersistenceError as error:
            raise error.located(path=path) from None
        finally:
            os.close(fd)

    @cached_property
    def _index(self) -> dict[UUID, SessionMetadata]:
        from agcx_format.store.index_file import read_index

        try:
            return read_index(self._root / paths.INDEX)[0].sessions
        except PersistenceError:
            return {}


def _signature(path: str) -> Signature | None:
    """The signature of a file, or of the file that a link leads to.

    None if there is no file; zeros if the folder may be listed but not entered.
    """
    try:
        return Signature.of(os.stat(path))
    except OSError:
        pass
    try:
        return Signature.at(path)
    except PersistenceError:
        return Signature(0, 0, 0)


def _regular(path: str) -> os.stat_result:
    try:
        status = os.stat(path)
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=path) from None
    if not stat.S_ISREG(status.st_mode):
        raise CorruptData("not a regular file", path=path)
    return status
