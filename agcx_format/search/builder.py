"""Bring the book up to date with the store: what is new is added, the newest first; what is gone leaves.

Strategy: each segment is committed by itself, so a build that is stopped or killed continues where it was.
What the segments are to hold is worked out from the files alone: the newest sessions, until the book has
the size that it may have.  Before a segment is committed, under the lock of changes, its sessions are
looked at once more: what was destroyed while it was being read does not come back.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from itertools import islice

from agcx_format.collecting import collecting_seldom
from agcx_format.disk.durable import is_still
from agcx_format.disk.locks import locked
from agcx_format.errors import FileClosed, PersistenceError
from agcx_format.search import wipe
from agcx_format.search.blocks import Damaged
from agcx_format.search.book import Book
from agcx_format.search.direct import DirectText
from agcx_format.search.results import SessionRef
from agcx_format.search.segment import Segment
from agcx_format.search.segment_maker import SegmentMaker
from agcx_format.search.segment_rows import MOST_BLOCKS, Damage, SessionRow
from agcx_format.search.signature import rows_size
from agcx_format.search.state import BookState
from agcx_format.session.lazy import SessionFile

__all__ = ["build", "state_of"]

# What a session takes in the book at most, if its text is not unusual: as many bytes as its file, and these
# for what is known of it and for the signature of a block.
_EXPECTED = 4_400
# Segments with fewer blocks are merged once there are more than `_MOST_SMALL` of them.
_SMALL_BLOCKS, _MOST_SMALL = 64, 8
# A segment is rewritten when this share of it belongs to files that have changed or gone.
_DEAD_SHARE = 0.25
# The first results should not have to wait for a whole segment: seconds after which one is committed.
_COMMIT_SECONDS = 20.0
_PATIENCE = 10.0


def state_of(book: Book, refs: Sequence[SessionRef], cap: int) -> BookState:
    return _state(book, refs, list(book.keys(refs)), cap)


def _state(
    book: Book,
    refs: Sequence[SessionRef],
    keys: Sequence[bytes | None],
    cap: int,
    too_large: Collection[bytes] = frozenset(),
) -> BookState:
    places = book.shelf.places_of(keys)
    missing = [number for number, place in enumerate(places) if place is None]
    fitting = _fitting(book, refs, places, cap)
    left_out = sum(number >= fitting or keys[number] in too_large for number in missing)
    return BookState(len(refs) - len(missing), len(refs), left_out, book.size, cap)


def build(
    book: Book,
    refs: Sequence[SessionRef],
    *,
    cap: int,
    stopped: Callable[[], bool],
    report: Callable[[BookState], None],
) -> BookState:
    """`refs` are all sessions of the store, the newest first.

    Raises `LockHeld` when another process builds it, `PersistenceError` when it cannot be written.
    """
    book.make_directory()
    with locked(book.directory, timeout=0), collecting_seldom():
        return _Build(book, refs, cap, stopped, report).run()


class _Build:
    def __init__(
        self,
        book: Book,
        refs: Sequence[SessionRef],
        cap: int,
        stopped: Callable[[], bool],
        report: Callable[[BookState], None],
    ) -> None:
        self._book = book
        self._refs = refs
        self._keys = list(book.keys(refs))
        self._cap = cap
        # Keys of sessions that take more than there is room for, which shows only once they are read.
        self._too_large: set[bytes] = set()
        self._stopped = stopped
        self._report = report

    def run(self) -> BookState:
        book = self._book
        with locked(book.above, _PATIENCE):
            book.sweep()
            wipe.finish(book)
            book.refresh_checked()
            book.remove_damaged()
            self._remove_dead()
        self._tell()
        self._add_missing()
        if not self._stopped():
            with locked(book.above, _PATIENCE):
                book.refresh_checked()
                self._join_small()
                self._remove_replaced()
        book.refresh_checked()
        return self._tell()

    def _tell(self) -> BookState:
        state = self._state()
        self._report(state)
        return state

    def _state(self) -> BookState:
        return _state(self._book, self._refs, self._keys, self._cap, self._too_large)

    def _places(self) -> list[int | None]:
        return self._book.shelf.places_of(self._keys)

    def _fitting(self) -> int:
        return _fitting(self._book, self._refs, self._places(), self._cap)

    # --- what leaves

    def _remove_dead(self) -> None:
        """Rows of files that are gone, and of others once they are many, or as soon as not all fits."""
        everything = before = len(self._refs)
        self._remove(everything, _DEAD_SHARE if self._fitting() == everything else 0)
        # A segment without some sessions may be hardly smaller.
        while (fitting := self._fitting()) != before:
            self._remove(fitting, 0)
            before = fitting

    def _remove(self, fitting: int, most_dead: float) -> None:
        """Rows of what is not among the first `fitting`, where they are more than this share of a segment."""
        book = self._book
        chosen = self._refs[:fitting]
        wanted = dict(zip((ref.path for ref in chosen), self._keys, strict=False))
        there = {ref.path for ref in self._refs}
        seen: set[str] = set()
        for segment in book.segments:
            live, gone, dead = [], 0, 0
            for number, (key, row) in enumerate(zip(segment.keys, segment.sessions, strict=True)):
                path = book.path_of(key)
                if wanted.get(path) == key and path not in seen:
                    seen.add(path)
                    live.append(number)
                elif path not in there:
                    gone += 1
                else:
                    dead += row.count
            if gone or dead > most_dead * len(segment.blocks):
                with suppress(OSError, PersistenceError):
                    book.rewrite(segment, live)
        book.refresh_checked()

    def _remove_replaced(self) -> None:
        """Segments that cannot be read, once the others hold everything; until then a read may succeed."""
        self._book.refresh_checked()
        if self._state().complete:
            self._book.remove_unused()

    def _join_small(self) -> None:
        """Many segments of a few sessions each become one."""
        small = [each for each in self._book.segments if len(each.blocks) < _SMALL_BLOCKS]
        if len(small) <= _MOST_SMALL:
            return
        maker = self._book.maker()
        joined: list[Segment] = []
        for segment in small:
            if maker.blocks + len(segment.blocks) > MOST_BLOCKS:
                break
            with suppress(Damaged, PersistenceError):
                maker.copy(segment, range(len(segment.sessions)))
                joined.append(segment)
        self._book.add(maker)
        for segment in joined:
            with suppress(OSError):
                self._book.remove(segment)

    # --- what is new

    def _add_missing(self) -> None:
        tried: set[bytes] = set()
        most = len(self._refs)
        while missing := self._missing(tried)[:most]:
            maker, since = self._book.maker(), time.monotonic()
            group: list[bytes] = []
            added: list[SessionRef] = []
            for ref, key in missing:
                if self._stopped():
                    break
                group.append(key)
                if _add(maker, key, ref):
                    added.append(ref)
                full = maker.blocks >= MOST_BLOCKS or time.monotonic() - since > _COMMIT_SECONDS
                if added and full:
                    break
            if not added or self._commit(maker, added):
                tried.update(group)
            elif len(group) > 1:
                # The first of them may fit.
                most = len(group) // 2
            else:
                tried.update(group)
                self._too_large.update(group)
                most = len(self._refs)
            if self._stopped():
                return

    def _missing(self, tried: Collection[bytes]) -> list[tuple[SessionRef, bytes]]:
        """Those that are to be added, as far as is known before they are; their keys."""
        # Without a key is what cannot be read, or lies behind a link that leads out of the store.
        rows = islice(zip(self._refs, self._keys, self._places(), strict=True), self._fitting())
        return [
            (ref, key)
            for ref, key, place in rows
            if key is not None and place is None and key not in tried
        ]

    def _commit(self, maker: SegmentMaker, added: Sequence[SessionRef]) -> bool:
        """Whether there is room for it."""
        book = self._book
        with locked(book.above, _PATIENCE):
            changed = {ref.path for ref in added if not _is_still_there(ref)}
            if changed:
                maker = maker.without({os.fsencode(book.relative(path)) for path in changed})
            fits = book.size + maker.size <= self._cap
            if fits and maker.sessions:
                book.add(maker)
        book.refresh_checked()
        self._tell()
        return fits


def _is_still_there(ref: SessionRef) -> bool:
    try:
        return ref.signature is not None and is_still(ref.path, ref.signature)
    except PersistenceError:
        return False


def _add(maker: SegmentMaker, key: bytes, ref: SessionRef) -> bool:
    """Whether the session could be added: what cannot be read now may be readable the next time."""
    title = updated = ""
    messages = 0
    try:
        with SessionFile(ref.path, use_mmap=False) as file:
            if file.signature != ref.signature:
                return False
            text = DirectText(file)
            title, updated = text.title, text.updated
            for block in text.blocks():
                maker.add_block(block)
            error, messages = text.error, text.messages
    except PersistenceError as cause:
        error = cause
    if error is not None and type(error) in (PersistenceError, FileClosed):
        # Not damage, but a disk that failed, or a right that is missing.
        maker.drop_blocks()
        return False
    damage = None if error is None else Damage.of(error)
    maker.add_session(key, SessionRow(title, updated, messages, damage=damage))
    return True


def _fitting(book: Book, refs: Sequence[SessionRef], places: Sequence[int | None], cap: int) -> int:
    """How many of the newest sessions fit, beside what else is in the book and the rows of a new segment."""
    sizes = book.shelf.sizes()
    size = rows_size(1) + book.size - sum(sizes[each] for each in places if each is not None)
    for number, (ref, place) in enumerate(zip(refs, places, strict=True)):
        if place is not None:
            size += sizes[place]
        elif ref.size is not None:
            size += _EXPECTED + ref.size
        if size > cap:
            return number
    return len(refs)
