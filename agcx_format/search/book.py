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
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from itertools import accumulate, count
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from agcx_format.disk.checked_frames import make_private, name_of, remove
from agcx_format.disk.durable import Signature, replace_file, sync_directory
from agcx_format.errors import PersistenceError
from agcx_format.search.blocks import Damaged
from agcx_format.search.file_keys import key_of, path_in
from agcx_format.search.results import SessionRef
from agcx_format.search.segment import Segment
from agcx_format.search.segment_rows import SessionRow
from agcx_format.store.paths import relative_paths

if TYPE_CHECKING:
    from agcx_format.search.segment_maker import SegmentMaker

__all__ = ["Book", "Entry", "Shelf"]

_FOLDER = "book-1"
_SUFFIX = ".seg"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """Where a session's text is: its row `number` of a segment."""

    segment: Segment
    number: int

    @property
    def row(self) -> SessionRow:
        """Raises `Damaged` when the segment is."""
        return self.segment.sessions[self.number]


class Shelf:
    """The segments of a book at one time, and the place of each session in them: they are counted through.

    Fields:
        segments: by the names of their files.
        version: another for each shelf of a book.
    """

    def __init__(self, segments: dict[str, Segment], version: int) -> None:
        self.segments = segments
        self.version = version
        self._order = list(segments.values())
        self._firsts = list(accumulate((len(each.keys) for each in self._order), initial=0))

    @cached_property
    def places(self) -> dict[bytes, int]:
        """The place of each version of a file, by its key."""
        places: dict[bytes, int] = {}
        # If a file is in two segments, the first counts.
        for first, segment in reversed(list(zip(self._firsts, self._order, strict=False))):
            places.update(zip(segment.keys, count(first)))
        return places

    def places_of(self, keys: Iterable[bytes | None]) -> list[int | None]:
        # Nothing here has the key None.
        return list(map(cast(Callable[[bytes | None], int | None], self.places.get), keys))

    def sizes(self) -> list[int]:
        """About what each place takes on disk, in bytes.  Raises `Damaged` when a segment is."""
        return [size for segment in self._order for size in segment.sizes]

    def entry(self, place: int) -> Entry:
        number = bisect_right(self._firsts, place) - 1
        return Entry(self._order[number], place - self._firsts[number])


class Book:
    """The segments of one store.

    Fields:
        directory: where they are; it may not be there.
        above: the directory of this store's book, which is locked for each change.
        shelf: what `refresh` found there.
    """

    def __init__(self, cache_dir: Path, store: Path) -> None:
        self.store = store
        self.cache_dir = cache_dir
        self._name = os.fsencode(os.path.realpath(store))
        self.above = cache_dir / name_of(self._name)
        self.directory = self.above / _FOLDER
        self.shelf = Shelf({}, 0)
        # Damaged ones, which are not opened again.
        self._damaged: set[str] = set()
        self.relative = relative_paths(store)
        self._lock = threading.Lock()

    @property
    def segments(self) -> list[Segment]:
        return list(self.shelf.segments.values())

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(segment.size for segment in self.segments)

    def refresh(self) -> None:
        """Open segments that are new, forget those that are gone.

        What is damaged or cannot be read is left out, as far as that shows at their beginnings.
        """
        with self._lock:
            self._refresh()

    def refresh_checked(self) -> None:
        """Like `refresh`, and what is damaged or cannot be read further on is left out, too."""
        with self._lock:
            self._refresh()
            usable = dict(self.shelf.segments)
            for name, segment in self.shelf.segments.items():
                try:
                    segment.check()
                except Damaged:
                    self._damaged.add(name)
                    del usable[name]
                except PersistenceError:
                    del usable[name]
            self._use(usable)

    def _refresh(self) -> None:
        try:
            names = {name for name in os.listdir(self.directory) if name.endswith(_SUFFIX)}
        except FileNotFoundError:
            names = set()
        except OSError:
            # It cannot be read now; what is open still can be.
            return
        names -= self._damaged
        known = self.shelf.segments
        if names == known.keys():
            return
        # Not closed: a search may still read those that are gone, and they close by themselves.
        segments = {name: known[name] for name in names & known.keys()}
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
        if segments != self.shelf.segments:
            self.shelf = Shelf(segments, self.shelf.version + 1)

    def drop(self, segment: Segment) -> None:
        """A segment turned out to be damaged: it is no longer used, and removed if possible."""
        name = segment.path.name
        with self._lock:
            segments = dict(self.shelf.segments)
            if segments.pop(name, None) is not segment:
                return
            self._damaged.add(name)
            self._use(segments)
        with suppress(OSError):
            os.unlink(segment.path)

    def entry(self, path: str, signature: Signature | None) -> Entry | None:
        """Where the text of this version of a file is; None if it has to be read in the file."""
        shelf = self.shelf
        (key,) = self.keys([SessionRef(path, signature)])
        place = None if key is None else shelf.places.get(key)
        return None if place is None else shelf.entry(place)

    def keys(self, refs: Iterable[SessionRef]) -> Iterator[bytes | None]:
        """The key of each of these sessions; None for one that the book cannot have."""
        last = ""
        before = self.before(last)
        for ref in refs:
            folder, _, name = ref.path.rpartition("/")
            if folder != last:
                last, before = folder, self.before(folder)
            now = ref.signature
            if now is None or before is None:
                yield None
            else:
                yield key_of(before + os.fsencode(name), now.inode, now.size, now.mtime_ns)

    def before(self, folder: str) -> bytes | None:
        """What precedes the names of a folder in their paths below the store; None outside of it."""
        try:
            return os.fsencode(self.relative(f"{folder}/"))
        except (PersistenceError, ValueError):
            return None

    def path_of(self, key: bytes) -> str:
        return os.path.join(self.store, os.fsdecode(path_in(key)))

    def close(self) -> None:
        """Close the files; a search that still runs keeps those that it reads."""
        with self._lock:
            self._use({})

    # --- changes; the directory above is locked

    def maker(self) -> SegmentMaker:
        from agcx_format.search.segment_maker import SegmentMaker

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

        One that is damaged, or cannot be rewritten for lack of room, is removed.

        Raises `PersistenceError` when it cannot be read now, and stays as it is; `OSError` when it can be
        neither removed nor emptied.
        """
        kept = list(numbers)
        if kept:
            maker = self.maker()
            with suppress(Damaged):
                maker.copy(segment, kept)
                with suppress(PersistenceError):
                    self.add(maker)
        self.remove(segment)

    def remove(self, segment: Segment) -> None:
        """Raises `OSError` when it can be neither removed nor emptied."""
        self.remove_file(segment.path)

    def remove_file(self, path: Path) -> None:
        """Raises `OSError` when it can be neither removed nor emptied."""
        remove(path)
        sync_directory(self.directory)

    def remove_damaged(self) -> None:
        """Remove segments that are damaged or of another version, as far as possible."""
        for name in self._damaged:
            with suppress(OSError):
                self.remove_file(self.directory / name)

    def remove_unused(self) -> None:
        """Remove segments that `refresh_checked` left out, as far as possible."""
        opened = {segment.path for segment in self.segments}
        for path in self.files():
            if path not in opened:
                with suppress(OSError):
                    self.remove_file(path)

    def files(self) -> list[Path]:
        """Every segment, also those that cannot be used."""
        return sorted(self.directory.glob(f"*{_SUFFIX}"))

    def sweep(self) -> None:
        """Remove what a write that was killed left."""
        from agcx_format.disk.tree import Tree

        with suppress(OSError, PersistenceError), Tree(self.directory) as tree:
            tree.sweep("")
