"""A cache of the manifests of a store's acts, so that a history of thousands is listed at once.

    head      magic and version, then frames: length, CRC-32, payload
    frame 0   the store's real path
    others    rows, a thousand a frame: the name and inode of an act's directory, and its manifest

Strategy: what the manifest of a finished act says of its sessions never changes, so its directory says which
it is.  (An undo that a crash interrupted may leave it fewer steps; what the trash holds is looked up there.)
Which acts there are, and which of them were undone or emptied, always comes from the store, and the last ones
are read there as well.  A row is decoded and checked like the manifest itself.  Only commands that list use
the cache.  Screens read the store, in a thread and once: people act on what they show.  So does what undoes
or restores something, and `verify` checks every manifest.  A cache that is damaged, or of another store or
version, is silently discarded.  It holds titles, so only its owner can read it, and emptying the trash
removes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agcx_format.collecting import collecting_seldom
from agcx_format.disk.checked_frames import frame, framed, make_private, name_of, remove
from agcx_format.disk.durable import replace_file
from agcx_format.disk.locks import locked
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError
from agcx_format.store.acts.act_dirs import open_trash
from agcx_format.store.acts.journal import acts_in, finished, history, read_manifest
from agcx_format.store.acts.manifest import Act

if TYPE_CHECKING:
    from agcx_format.store.trash import TrashedSession

__all__ = ["HistoryCache"]

MAGIC = b"AGCXact1"

_ROWS = 1024
# How many of the last acts are always read, and how many others before the cache is written again.
_LAST = 256
# Bytes.  An act of sixty sessions has a larger manifest, which is read each time.
_LARGEST_MANIFEST = 16 * 1024
# Of all manifests.
_LARGEST = 64 * 1024 * 1024
# Seconds that a save waits while another process saves.
_PATIENCE = 1

# By the name of the act's directory: its inode, and the manifest.
_Rows = dict[str, tuple[int, bytes]]

_encode = msgspec.msgpack.Encoder().encode
_rows = msgspec.msgpack.Decoder(_Rows)


class HistoryCache:
    """The manifests of one store's acts; `directory` holds those of all stores."""

    def __init__(self, directory: str | os.PathLike[str], store: str | os.PathLike[str]) -> None:
        self.directory, self._root = Path(directory), Path(store)
        self._store = os.fsencode(os.path.realpath(store))
        self.path = self.directory / name_of(self._store)
        # What is to be saved, if anything is.
        self._fresh: _Rows | None = None

    def log(self) -> list[Act]:
        """What `Store.log` gives.

        Raises:
            PersistenceError: the trash cannot be read.
        """
        return history(self._root, self._acts())

    def trash(self) -> list[TrashedSession]:
        """What `Store.trash` gives: the sessions themselves are looked at.

        Raises:
            PersistenceError: the trash cannot be read.
        """
        from agcx_format.store.trash import trashed

        return list(trashed(self._root, self._acts()))

    def save(self) -> None:
        """Save what was read, if that is worth it; never raises."""
        rows, self._fresh = self._fresh, None
        if rows is None:
            return
        with suppress(PersistenceError, OSError):
            make_private(self.directory)
            with locked(self.directory, _PATIENCE):
                # What emptied the trash meanwhile has cleared the cache, or waits to do so.
                there = {name.string: inode for name, inode in finished(self._root)}
                replace_file(self.path, self._parts(_of_these(rows, there)))

    def clear(self) -> None:
        """Remove the cache.

        Raises:
            OSError: that is not possible.
        """
        if not os.path.lexists(self.path):
            return
        with suppress(PersistenceError), locked(self.directory, _PATIENCE):
            remove(self.path)
            return
        remove(self.path)

    # --- inside

    def _acts(self) -> list[Act]:
        found = finished(self._root)
        old = {name.string: inode for name, inode in found[_LAST:]}
        loaded = self._load() if old else {}
        reading = _Reading(_of_these(loaded, old), old)
        is_stale = len(reading.rows) < len(loaded)
        try:
            trash_fd = open_trash(self._root)
        except FileNotFoundError:
            return []
        try:
            names = (name for name, _ in found)
            with collecting_seldom():
                acts = list(acts_in(self._root, trash_fd, names, reading.manifest))
        finally:
            os.close(trash_fd)
        if is_stale or reading.added > _LAST:
            self._fresh = reading.rows
        return acts

    def _load(self) -> _Rows:
        rows: _Rows = {}
        with (
            suppress(ValueError, PersistenceError, msgspec.DecodeError),
            OpenFile(self.path) as file,
        ):
            if file.size > 2 * _LARGEST or file.read(len(MAGIC), 0) != MAGIC:
                return {}
            store, at = frame(file, len(MAGIC))
            if store != self._store:
                return {}
            while at < file.size:
                payload, at = frame(file, at)
                rows |= _rows.decode(payload)
            return rows
        return {}

    def _parts(self, rows: _Rows) -> Iterator[bytes]:
        yield MAGIC
        yield framed(self._store)
        items = list(rows.items())
        for at in range(0, len(items), _ROWS):
            yield framed(_encode(dict(items[at : at + _ROWS])))


class _Reading:
    """Gives manifests from `rows` or the store; those of `old` acts are then in `rows`."""

    def __init__(self, rows: _Rows, old: Mapping[str, int]) -> None:
        self.rows, self._old = rows, old
        self.added = 0
        self._room = _LARGEST - sum(len(manifest) for _, manifest in rows.values())

    def manifest(self, trash_fd: int, name: str) -> bytes:
        row = self.rows.get(name)
        if row is not None:
            return row[1]
        data = read_manifest(trash_fd, name)
        inode = self._old.get(name)
        if inode is not None and len(data) <= min(_LARGEST_MANIFEST, self._room):
            self.rows[name] = inode, data
            self.added += 1
            self._room -= len(data)
        return data


def _of_these(rows: _Rows, there: Mapping[str, int]) -> _Rows:
    """The rows of directories that are there, by name and inode."""
    return {name: row for name, row in rows.items() if there.get(name) == row[0]}
