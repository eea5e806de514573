"""A cache of measurements of a store's files, so that only new and changed files are read.

    head      magic and version, then frames: length, CRC-32, payload
    frame 0   the store's real path
    others    rows, a thousand a frame: path and signature of a file, and its `FileStats` without them

Strategy: the files always win over the cache. A row is valid for one signature of one file, and is unpacked
only when that file is asked about, so ten thousand rows take a few megabytes during a measurement and
nothing afterwards. Saving adds to what another process has saved in the meantime, and drops the rows of
files that were replaced or deleted: titles are people's words. A cache that is damaged, or of another store
or version, is silently discarded.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import compress
from operator import not_
from pathlib import Path

import msgspec
from msgspec.structs import replace

from agcx_format.disk.checked_frames import frame, framed, make_private, name_of, remove
from agcx_format.disk.durable import Signature, is_still, replace_file
from agcx_format.disk.locks import locked
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import LockFailed, PersistenceError
from agcx_format.space.measure import KINDS, FileStats, Stopped, measure
from agcx_format.space.measure_all import measure_all
from agcx_format.store.entries import ScanEntry

__all__ = ["StatsCache"]

MAGIC = b"AGCXsta3"

_ROWS = 1024
# A tag can be megabytes, and a session may name a thousand files: those with a larger row are measured each
# time instead.
_LARGEST_ROW = 64 * 1024
# A hundred thousand files take a fifth of it.
_LARGEST = 1 << 28
# Seconds that a save waits while another process saves.
_PATIENCE = 10

_KINDS = frozenset(KINDS)


class _Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """`packed` is a `FileStats` whose path and signature are those of the row."""

    path: bytes
    signature: tuple[int, int, int]
    packed: msgspec.Raw


Rows = dict[bytes, _Row]

_encode = msgspec.msgpack.Encoder().encode
_rows = msgspec.msgpack.Decoder(list[_Row])
_stats = msgspec.msgpack.Decoder(FileStats)
# What a packed row has in place of its own.
_NO_PATH, _NO_SIGNATURE = "", Signature(0, 0, 0)


class StatsCache:
    """The measurements of one store; `directory` holds those of all stores."""

    def __init__(self, directory: str | os.PathLike[str], store: str | os.PathLike[str]) -> None:
        self.directory = Path(directory)
        self._store = os.fsencode(os.path.realpath(store))
        self.path = self.directory / name_of(self._store)

    def gather(
        self,
        entries: Iterable[ScanEntry],
        should_stop: Stopped = lambda: False,
        *,
        activity: bool = False,
        processes: int | None = None,
    ) -> Generator[FileStats, None, None]:
        """Like `measure_all`, and saves the results, even if it is stopped or abandoned halfway."""
        entries, rows, fresh, whole = list(entries), self.load(), dict[bytes, _Row](), False
        is_known = [_says(rows, entry, activity) for entry in entries]
        unknown = list(compress(entries, map(not_, is_known)))
        measured = measure_all(unknown, should_stop, activity=activity, processes=processes)
        try:
            for entry, known in zip(entries, is_known, strict=True):
                if should_stop():
                    return
                file = _known(rows, entry) if known else next(measured, None)
                if known and file is not None:
                    yield file
                    continue
                if known:
                    # Its row is damaged.
                    file = measure(entry, should_stop, activity=activity)
                if file is None:
                    return
                if (row := _packed(file)) is not None:
                    fresh[row.path] = row
                yield file
            whole = True
        finally:
            measured.close()
            # Rows left over belong to changed or deleted files.
            if fresh or (rows and whole):
                rows.clear()
                # Without a cache everything still works.
                with suppress(PersistenceError, OSError):
                    self.save(fresh)

    def load(self) -> Rows:
        """The rows by path; empty if there is no usable cache."""
        try:
            with OpenFile(self.path) as file:
                return self._read(file)
        except (ValueError, PersistenceError, msgspec.DecodeError):
            return {}

    def _read(self, file: OpenFile) -> Rows:
        if file.size > _LARGEST or file.read(len(MAGIC), 0) != MAGIC:
            return {}
        store, at = frame(file, len(MAGIC))
        if store != self._store:
            return {}
        found: Rows = {}
        while at < file.size:
            payload, at = frame(file, at)
            found |= {row.path: row for row in _rows.decode(payload)}
        return found

    def save(self, fresh: Rows | None = None, without: Iterable[str] = ()) -> None:
        """Add rows to the file, and drop those of files that have changed since they were measured.

        Raises:
            PersistenceError: the file cannot be written.
            LockFailed: another process is writing and does not finish.
        """
        gone = set(map(os.fsencode, without))
        make_private(self.directory)
        with locked(self.directory, _PATIENCE):
            rows = self.load() | (fresh or {})
            left = [row for path, row in rows.items() if path not in gone and _holds(row)]
            replace_file(self.path, self._parts(left))

    def forget(self, paths: Iterable[str]) -> None:
        """Remove everything about these files, and about earlier versions of any file.

        If that is not possible, the whole cache is deleted.
        """
        if not os.path.lexists(self.path):
            return
        try:
            self.save(without=paths)
        except (LockFailed, PersistenceError, OSError):
            self.clear()

    def clear(self) -> None:
        """Remove the measurements of this store."""
        remove(self.path)

    def _parts(self, rows: Sequence[_Row]) -> Iterator[bytes]:
        yield MAGIC
        yield framed(self._store)
        written = 0
        for at in range(0, len(rows), _ROWS):
            part = framed(_encode(rows[at : at + _ROWS]))
            written += len(part)
            # Rows that would make the file too large to be read are dropped, and measured again.
            if written > _LARGEST // 2:
                return
            yield part


def _holds(row: _Row) -> bool:
    """Whether the file is unchanged since it was measured."""
    try:
        return is_still(os.fsdecode(row.path), Signature(*row.signature))
    except (PersistenceError, ValueError):
        # `ValueError`: not a possible path.
        return False


def _packed(file: FileStats) -> _Row | None:
    """The row of a file; None if it should not be cached.

    A file that could not be read completely may be readable next time: permissions are not in a signature.
    """
    if not file.complete:
        return None
    try:
        packed = _encode(replace(file, path=_NO_PATH, signature=_NO_SIGNATURE))
    except UnicodeEncodeError:
        return None
    if len(packed) > _LARGEST_ROW:
        return None
    signature = file.signature
    numbers = (signature.inode, signature.size, signature.mtime_ns)
    return _Row(os.fsencode(file.path), numbers, msgspec.Raw(packed))


def _says(rows: Rows, entry: ScanEntry, activity: bool) -> bool:
    """Whether there is a row of this version of a file, with the `activity` if requested."""
    row = _row_of(rows, entry)
    if row is None or not activity:
        return row is not None
    try:
        return _stats.decode(row.packed).activity is not None
    except msgspec.DecodeError:
        return False


def _known(rows: Rows, entry: ScanEntry) -> FileStats | None:
    """Remove the row of a file and return what it says; None if it is damaged."""
    row = _row_of(rows, entry)
    if row is None:
        return None
    del rows[row.path]
    try:
        file = _stats.decode(row.packed)
    except msgspec.DecodeError:
        return None
    kinds = {*file.kinds, *(each.kind for each in file.largest)}
    if not _KINDS.issuperset(kinds):
        return None
    return replace(file, path=entry.path, signature=entry.signature)


def _row_of(rows: Rows, entry: ScanEntry) -> _Row | None:
    """The row of a file; None if it is of another version of it."""
    row, signature = rows.get(os.fsencode(entry.path)), entry.signature
    if row is None or row.signature != (signature.inode, signature.size, signature.mtime_ns):
        return None
    return row
