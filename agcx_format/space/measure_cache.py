"""What was measured of a store's files the last time, so that only what is new is read.

    head      magic and version, then frames: length, CRC-32, payload
    frame 0   the store's real path
    others    rows, a thousand a frame: path and signature of a file, and its `FileStats` packed

Strategy: it is never believed over the files.  A row speaks for one file as it was, by its signature,
and is unpacked when that very file is asked about, so that ten thousand of them are a few
megabytes while a measuring lasts and nothing afterwards.  Saving adds to what another process has saved
meanwhile, and leaves out whatever is another file by now or none: titles are people's words.
A cache that is broken, foreign or of another version is none, without a word.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from agcx_format.disk.checked_frames import frame, framed, make_private, name_of, remove
from agcx_format.disk.durable import Signature, is_still, replace_file
from agcx_format.disk.locks import locked
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import LockFailed, PersistenceError
from agcx_format.space.measure import KINDS, FileStats, LargeMessage, Stopped, measure
from agcx_format.store.entries import ScanEntry

__all__ = ["StatsCache"]

MAGIC = b"AGCXsta1"

_ROWS = 1024
# A tag may be megabytes: what would take so much is measured anew instead.
_LARGEST_ROW = 8 * 1024
# A hundred thousand files take a fifth of it.
_LARGEST = 1 << 28
# Seconds that a save waits for another process's.
_PATIENCE = 10

_KINDS = frozenset(KINDS)


class _Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """`packed` is a `_Facts`."""

    path: bytes
    signature: tuple[int, int, int]
    packed: msgspec.Raw


class _Facts(msgspec.Struct, array_like=True, frozen=True):
    """A `FileStats` without what its row has."""

    title: str
    model: str
    directory: str
    accessed: str
    tags: tuple[str, ...]
    plain: int
    messages: int
    kinds: dict[str, int]
    largest: tuple[tuple[int, int, str], ...]


Rows = dict[bytes, _Row]

_encode = msgspec.msgpack.Encoder().encode
_rows = msgspec.msgpack.Decoder(list[_Row])
_facts = msgspec.msgpack.Decoder(_Facts)


class StatsCache:
    """The measures of one store, in a `directory` for those of all."""

    def __init__(self, directory: str | os.PathLike[str], store: str | os.PathLike[str]) -> None:
        self.directory = Path(directory)
        self._store = os.fsencode(os.path.realpath(store))
        self.path = self.directory / name_of(self._store)

    def gather(
        self, entries: Iterable[ScanEntry], should_stop: Stopped = lambda: False
    ) -> Generator[FileStats, None, None]:
        """`stats.gather`, of which the outcome is kept, also when it is stopped or left half-way."""
        rows, fresh, whole = self.load(), {}, False
        try:
            for entry in entries:
                if should_stop():
                    return
                file = _known(rows, entry)
                if file is None:
                    file = measure(entry, should_stop)
                    if file is None:
                        return
                    if (row := _packed(file)) is not None:
                        fresh[row.path] = row
                yield file
            whole = True
        finally:
            # What nobody asked for by now is of a file that is another, or gone.
            if fresh or (rows and whole):
                rows.clear()
                # A cache that cannot be written is none.
                with suppress(PersistenceError, OSError):
                    self.save(fresh)

    def load(self) -> Rows:
        """What is kept, by path; nothing when there is none that can be used."""
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
        """Add rows to what is there; what is no more as it was measured goes.

        Raises `PersistenceError` when it cannot be written, `LockFailed` when another process is writing
        and does not end.
        """
        gone = set(map(os.fsencode, without))
        make_private(self.directory)
        with locked(self.directory, _PATIENCE):
            rows = self.load() | (fresh or {})
            left = [row for path, row in rows.items() if path not in gone and _holds(row)]
            replace_file(self.path, self._parts(left))

    def forget(self, paths: Iterable[str]) -> None:
        """Keep nothing of these files, nor of any as they were before.

        When that cannot be done, the whole cache is removed.
        """
        if not os.path.lexists(self.path):
            return
        try:
            self.save(without=paths)
        except (LockFailed, PersistenceError, OSError):
            self.clear()

    def clear(self) -> None:
        remove(self.path)

    def _parts(self, rows: Sequence[_Row]) -> Iterator[bytes]:
        yield MAGIC
        yield framed(self._store)
        written = 0
        for at in range(0, len(rows), _ROWS):
            part = framed(_encode(rows[at : at + _ROWS]))
            written += len(part)
            # What would make the file one that is not read is measured anew.
            if written > _LARGEST // 2:
                return
            yield part


def _holds(row: _Row) -> bool:
    """Whether the file is still the one that was measured."""
    try:
        return is_still(os.fsdecode(row.path), Signature(*row.signature))
    except (PersistenceError, ValueError):
        # `ValueError`: it is no path at all.
        return False


def _packed(file: FileStats) -> _Row | None:
    """None for what is not to be kept.

    What could not wholly be read may be readable the next time: a permission shows in no signature.
    """
    if not file.complete:
        return None
    facts = _Facts(
        file.title,
        file.model,
        file.directory,
        file.accessed,
        file.tags,
        file.plain,
        file.messages,
        file.kinds,
        tuple((each.size, each.index, each.kind) for each in file.largest),
    )
    try:
        packed = _encode(facts)
    except UnicodeEncodeError:
        return None
    if len(packed) > _LARGEST_ROW:
        return None
    signature = file.signature
    numbers = (signature.inode, signature.size, signature.mtime_ns)
    return _Row(os.fsencode(file.path), numbers, msgspec.Raw(packed))


def _known(rows: Rows, entry: ScanEntry) -> FileStats | None:
    """What a row says, which is taken out; None when it speaks of another file than this."""
    path, signature = os.fsencode(entry.path), entry.signature
    row = rows.get(path)
    if row is None or row.signature != (signature.inode, signature.size, signature.mtime_ns):
        return None
    del rows[path]
    try:
        facts = _facts.decode(row.packed)
    except msgspec.DecodeError:
        return None
    if not _KINDS.issuperset(facts.kinds):
        return None
    return FileStats(
        entry.path,
        signature,
        facts.title,
        facts.model,
        facts.directory,
        facts.accessed,
        facts.tags,
        facts.plain,
        facts.messages,
        facts.kinds,
        tuple(LargeMessage(*each) for each in facts.largest if each[2] in _KINDS),
        True,
    )
