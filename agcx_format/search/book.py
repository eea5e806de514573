"""The book: what is kept of a store's text between two searches, in segments of one directory.

    <cache>/<store>/book-1/<when>-<random>.seg     segments
    <cache>/<store>/book-1/wiped                   up to which emptying of the trash words were taken out

Strategy: segments are immutable, and a session's row speaks for one file as it was, by its signature:
what is stale is not found, and needs no removal for a search to be right.  Readers take no lock.  A writer
holds the lock of the directory for as long as it builds, and that of the directory above for the moment of
each change, so that emptying the trash need not wait for it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from agcx_format.disk.checked_frames import make_private, name_of, remove
from agcx_format.disk.durable import Signature, replace_file, sync_directory
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError
from agcx_format.search.results import SessionRef
from agcx_format.search.segment import Segment, SegmentMaker, SessionRow
from agcx_format.search.signature import Damaged
from agcx_format.store.paths import relative_paths

__all__ = ["Book", "Entry"]

_FOLDER = "book-1"
_SUFFIX = ".seg"


class Entry(msgspec.Struct, frozen=True):
    """Where a session's text is: its row `number` of a segment."""

    segment: Segment
    number: int

    @property
    def row(self) -> SessionRow:
        return self.segment.sessions[self.number]


class Book:
    """The segments of one store.

    Fields:
        directory: where they are; it may not be there.
        above: the directory of this store's book, which is locked for each change.
        version: changes whenever `refresh` found other segments.
    """

    def __init__(self, cache_dir: Path, store: Path) -> None:
        self.store = store
        self.cache_dir = cache_dir
        self._name = os.fsencode(os.path.realpath(store))
        self.above = cache_dir / name_of(self._name)
        self.directory = self.above / _FOLDER
        self.version = 0
        self._segments: dict[str, Segment] = {}
        # Damaged ones, which are not opened again.
        self._damaged: set[str] = set()
        # By path below the store, inode, size and mtime.
        self._entries: dict[tuple[bytes, int, int, int], Entry] = {}
        self.relative = relative_paths(store)
        self._lock = threading.Lock()

    @property
    def segments(self) -> list[Segment]:
        return list(self._segments.values())

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(segment.size for segment in self._segments.values())

    def refresh(self) -> None:
        """Open segments that are new, forget those that are gone.  What is damaged is left out."""
        with self._lock:
            self._refresh()

    def _refresh(self) -> None:
        try:
            names = {name for name in os.listdir(self.directory) if name.endswith(_SUFFIX)}
        except OSError:
            names = set()
        names -= self._damaged
        if names == self._segments.keys():
            return
        # Not closed: a search may still read those that are gone, and they close by themselves.
        segments = {name: self._segments[name] for name in names & self._segments.keys()}
        for name in sorted(names - segments.keys(), reverse=True):
            try:
                segments[name] = Segment(self.directory / name, self._name)
            except Damaged:
                self._damaged.add(name)
            except PersistenceError:
                # Removed meanwhile, or not to be read now.
                continue
        self._use(segments)

    def _use(self, segments: dict[str, Segment]) -> None:
        entries: dict[tuple[bytes, int, int, int], Entry] = {}
        for segment in segments.values():
            for number, row in enumerate(segment.sessions):
                key = row.path, row.inode, row.size, row.mtime_ns
                entries.setdefault(key, Entry(segment, number))
        self._segments, self._entries = segments, entries
        self.version += 1

    def drop(self, segment: Segment) -> None:
        """A segment turned out to be damaged: it is not used any more, and removed if that is possible."""
        name = segment.path.name
        with self._lock:
            if self._segments.get(name) is not segment:
                return
            self._damaged.add(name)
            self._use({each: it for each, it in self._segments.items() if each != name})
        with suppress(OSError):
            os.unlink(segment.path)

    def entry(self, path: str, signature: Signature | None) -> Entry | None:
        """Where the text of a file is as it is now; None when it has to be read in the file."""
        (entry,) = self.located([SessionRef(path, signature)])
        return entry

    def located(self, refs: Iterable[SessionRef]) -> Iterator[Entry | None]:
        """`entry` of each of these sessions."""
        entries, last = self._entries, ""
        before = self._before(last)
        for ref in refs:
            folder, _, name = ref.path.rpartition("/")
            if folder != last:
                last, before = folder, self._before(folder)
            now = ref.signature
            if now is None or before is None:
                yield None
            else:
                key = before + os.fsencode(name), now.inode, now.size, now.mtime_ns
                yield entries.get(key)

    def _before(self, folder: str) -> bytes | None:
        """What precedes the names of a folder in their paths below the store; None outside of it."""
        try:
            return os.fsencode(self.relative(f"{folder}/"))
        except (PersistenceError, ValueError):
            return None

    def entries(self) -> Iterator[Entry]:
        """All of them, stale ones too."""
        for segment in self._segments.values():
            for number in range(len(segment.sessions)):
                yield Entry(segment, number)

    def path_of(self, row: SessionRow) -> str:
        return os.path.join(self.store, os.fsdecode(row.path))

    def close(self) -> None:
        """Let go of the files; a search that still runs keeps those that it reads."""
        with self._lock:
            self._use({})

    # --- changes; the directory above is locked

    def maker(self) -> SegmentMaker:
        return SegmentMaker(self._name)

    def make_directory(self) -> None:
        """Raises `PersistenceError` when that is not possible."""
        make_private(self.above)
        make_private(self.directory)

    def add(self, maker: SegmentMaker) -> None:
        """Write a segment.  Raises `PersistenceError` when that is not possible."""
        name = f"{time.time_ns():020d}-{os.urandom(4).hex()}{_SUFFIX}"
        replace_file(self.directory / name, maker.parts())

    def rewrite(self, segment: Segment, numbers: Iterable[int]) -> None:
        """Keep these sessions of a segment only.

        Where that is not possible it is removed.  Raises `OSError` when not even that can be done.
        """
        kept = list(numbers)
        if kept:
            maker = self.maker()
            with suppress(Damaged, PersistenceError):
                maker.copy(segment, kept)
                self.add(maker)
        self.remove(segment)

    def remove(self, segment: Segment) -> None:
        """Raises `OSError` when it can be neither removed nor emptied."""
        self.remove_file(segment.path)

    def remove_file(self, path: Path) -> None:
        """Raises `OSError` when it can be neither removed nor emptied."""
        remove(path)
        sync_directory(self.directory)

    def files(self) -> list[Path]:
        """Every segment, also those that cannot be used."""
        return sorted(self.directory.glob(f"*{_SUFFIX}"))

    def sweep(self) -> None:
        """Remove what a write that was killed left."""
        with suppress(OSError, PersistenceError), Tree(self.directory) as tree:
            tree.sweep("")
