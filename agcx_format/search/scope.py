"""The sessions that a search goes through: which of them the book has, and what of these may hold a needle.

Strategy: made once for a list of sessions and used for every key that is typed.  A query then costs a
look at a few rows of each segment, and only the sessions that they leave over are considered one by one.
Until then a session is a key in a dictionary and no object: to make ten thousand takes as long as the rest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import count
from operator import or_
from typing import overload

import msgspec

from agcx_format.errors import PersistenceError
from agcx_format.search.blocks import Block, Damaged
from agcx_format.search.book import Book, Entry, Shelf
from agcx_format.search.file_keys import UNSEEN, FolderKeys, key_below, path_in
from agcx_format.search.matchers import Literal
from agcx_format.search.query import Query
from agcx_format.search.results import SessionRef
from agcx_format.search.segment import Segment
from agcx_format.search.segment_rows import signature_in
from agcx_format.search.signature import RowsAsked, rows_asked

__all__ = ["BookText", "Scope", "StoreFiles", "Task"]

# The share of the blocks of a segment that may hold what is common.
_COMMON = 0.9


class Task(msgspec.Struct, frozen=True, gc=False):
    """A session that has to be looked at: in the book, in these of its blocks, or in its file.

    Fields:
        is_common: whether nearly every block may hold what is looked for, so that it is likely to be at
            the beginning.
    """

    ref: SessionRef
    entry: Entry | None = None
    blocks: tuple[int, ...] = ()
    is_common: bool = False

    @property
    def weight(self) -> int:
        """About how many blocks have to be read."""
        if self.entry is not None:
            return len(self.blocks) or 1
        return 1 + (self.ref.size or 0) // 16_384


class BookText:
    """The text of a session as the book has it: see `SessionText`."""

    direct = False

    def __init__(self, task: Task, entry: Entry) -> None:
        row = entry.row
        self.title = row.title
        self.updated = row.updated
        self.messages = row.messages
        self.error: PersistenceError | None = row.error(task.ref.path)
        self._segment = entry.segment
        self._numbers = task.blocks
        self._is_common = task.is_common

    def beginning(self) -> Block | None:
        """Raises as `blocks` does."""
        if not self._is_common or not self._numbers:
            return None
        return self._segment.beginning(self._numbers[0])

    def blocks(self) -> Iterator[Block]:
        """Raises `Damaged` when the book is damaged, `PersistenceError` when it cannot be read now."""
        return self._segment.read(self._numbers)


class StoreFiles(Sequence[SessionRef]):
    """All session files of a store, as they are now."""

    def __init__(self, folders: Sequence[FolderKeys]) -> None:
        self._folders = folders
        self._size = sum(len(folder.keys) for folder in folders)

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, place: int) -> SessionRef: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[SessionRef]: ...
    def __getitem__(self, place: int | slice) -> SessionRef | Sequence[SessionRef]:
        if isinstance(place, slice):
            return [self[each] for each in range(len(self))[place]]
        folder, key = self._at(range(len(self))[place])
        path = os.path.join(folder, os.fsdecode(path_in(key)))
        return SessionRef(path, None if key.startswith(UNSEEN) else signature_in(key))

    def age(self, place: int) -> int:
        """Sorts the last changed first."""
        _, key = self._at(place)
        return 0 if key.startswith(UNSEEN) else -signature_in(key).mtime_ns

    def keys(self, book: Book) -> list[bytes | None]:
        """As `Book.keys` of them."""
        return [key for folder in self._folders for key in _keys_in(book, folder)]

    def _at(self, place: int) -> tuple[str, bytes]:
        """The folder of a session, and its key."""
        for folder in self._folders:
            if place < len(folder.keys):
                return folder.path, folder.keys[place]
            place -= len(folder.keys)
        raise IndexError(place)


def _keys_in(book: Book, folder: FolderKeys) -> Sequence[bytes | None]:
    before = book.before(folder.path)
    if before is None:
        return [None] * len(folder.keys)
    return [key_below(before, key) for key in folder.keys] if before else folder.keys


class Scope:
    """Sessions in the order in which a search gives them.

    Fields:
        refs: the sessions.
        version: of the book for which it was made.
    """

    def __init__(self, refs: Sequence[SessionRef], book: Book | None) -> None:
        """The sessions of a store are searched in the order of their ages, a given list in its own order."""
        self.refs = refs
        self._shelf = shelf = Shelf({}, 0) if book is None else book.shelf
        self.version = shelf.version
        keys: Sequence[bytes | None] = [None] * len(refs)
        if book is not None:
            keys = refs.keys(book) if isinstance(refs, StoreFiles) else list(book.keys(refs))
        # By key, the number among `refs`.
        self._numbers = dict(zip(keys, count()))
        missing = set(self._numbers)
        missing.difference_update(*(segment.keys for segment in shelf.segments.values()))
        self._direct: list[int] = []
        if missing:
            self._direct = [number for number, key in enumerate(keys) if key in missing]

    @property
    def weight(self) -> int:
        """About how many blocks have to be read where everything may match."""
        shelved = sum(segment.block_count for segment in self._shelf.segments.values())
        return shelved + sum(Task(self.refs[number]).weight for number in self._direct)

    def tasks(self, query: Query) -> tuple[list[Task], set[Segment]]:
        """What has to be looked at, in order; and segments that turned out to be damaged."""
        refs = self.refs
        found: dict[int, Task] = {number: Task(refs[number]) for number in self._direct}
        damaged: set[Segment] = set()
        wanted = [rows_asked(matcher.required) for matcher in query.matchers]
        unwanted = [rows_asked(term.matcher.required) for term in query.unwanted]
        titles_only = not query.within.messages
        # Of an expression that leaves all blocks over, nothing is known.
        only_literals = all(isinstance(matcher, Literal) for matcher in query.matchers)
        for segment in self._shelf.segments.values():
            # A search always reports the broken ones.
            candidates: dict[int, tuple[int, ...]] = dict.fromkeys(segment.broken, ())
            is_usable, is_common = True, False
            try:
                candidates |= _candidates(segment, wanted, unwanted, titles_only)
            except (Damaged, PersistenceError) as error:
                is_usable = False
                candidates = dict.fromkeys(range(len(segment.keys)), ())
                if isinstance(error, Damaged):
                    damaged.add(segment)
            else:
                read = sum(map(len, candidates.values()))
                is_common = only_literals and read > _COMMON * segment.block_count
            for row, blocks in candidates.items():
                number = self._numbers.get(segment.keys[row])
                # If a file is in two segments, the first counts.
                if number is not None and number not in found:
                    entry = Entry(segment, row) if is_usable else None
                    found[number] = Task(refs[number], entry, blocks, is_common)
        if isinstance(refs, StoreFiles):
            # Those of the same age stay in the order of the directory.
            return [found[number] for number in sorted(sorted(found), key=refs.age)], damaged
        return [found[number] for number in sorted(found)], damaged


def _candidates(
    segment: Segment, wanted: list[RowsAsked], unwanted: list[RowsAsked], titles_only: bool
) -> dict[int, tuple[int, ...]]:
    """Sessions that may fit, and which blocks of them have to be read."""
    everything = (1 << segment.block_count) - 1
    holding = [segment.candidates(asked) for asked in wanted]
    if 0 in holding:
        # Most often; and what is known of its sessions has not been read.
        return {}
    owners, sessions = segment.owners, set(range(len(segment.keys)))
    for blocks in holding:
        sessions &= {owners[block] for block in _bits(blocks)}
    if not sessions:
        return {}
    holding += map(segment.candidates, unwanted)
    blocks = reduce(or_, holding) if holding else everything
    if titles_only:
        blocks &= _with_titles(segment)
    found: dict[int, list[int]] = {number: [] for number in sorted(sessions)}
    for block in _bits(blocks):
        if (mine := found.get(segment.owners[block])) is not None:
            mine.append(block)
    return {number: tuple(numbers) for number, numbers in found.items()}


def _with_titles(segment: Segment) -> int:
    """The blocks that have the title of a session, as bits: the first of each."""
    owners, mask = segment.owners, 0
    for block, owner in enumerate(owners):
        if not block or owner != owners[block - 1]:
            mask |= 1 << block
    return mask


def _bits(mask: int) -> Iterator[int]:
    """The places of the bits that are set, ascending."""
    digits = bin(mask)[:1:-1]
    at = digits.find("1")
    while at >= 0:
        yield at
        at = digits.find("1", at + 1)
