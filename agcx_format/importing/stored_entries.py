"""The messages of a draft that is too large for memory; most are in a temporary file.

Strategy: they are put aside in pages, compressed, and a few pages are in memory at a time. Whoever wants to
change a message asks for it by its position: an object that was held since may be of a page that has been
read again. A page that was changed is written again, at the end of the file.
"""

from __future__ import annotations

import bisect
import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from agcx_format import limits
from agcx_format.codec import messagepack
from agcx_format.codec.zstd import frames
from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.importing.unavailable import temporary_files
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    Item,
    Message,
    Reasoning,
    ReasoningWithoutContent,
    UnknownItem,
)

__all__ = ["Entries", "StoredEntries"]

# The most messages of a page; `limits` says how many characters it may have.
_MESSAGES = 1024
# How many are in memory, beside the one that is being filled.
_LOADED = 4
_LEVEL = 1


class StoredEntries(Sequence[DraftEntry]):
    """A list that only grows.

    Raises:
        SourceUnavailable: the temporary directory cannot be used, or is full.
    """

    def __init__(self, entries: Iterable[DraftEntry] = ()) -> None:
        with temporary_files():
            # Closed, and with that removed, together with this object. Nothing is left to be written then.
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        # Where each page begins in the file and its size; None for one that stays in memory.
        self._places: list[tuple[int, int] | None] = []
        # The position of the first message of each page, and of the one that is being filled.
        self._starts = [0]
        self._loaded: dict[int, list[DraftEntry]] = {}
        self._kept: dict[int, list[DraftEntry]] = {}
        # What could have changed of the pages that are loaded.
        self._states: dict[int, list[object]] = {}
        self._last: list[DraftEntry] = []
        self._size = 0
        for entry in entries:
            self.append(entry)

    def append(self, entry: DraftEntry) -> None:
        # Put aside here, not when it is full: the last message is still being worked on.
        if len(self._last) >= _MESSAGES or self._size >= limits.PAGE_OF_MESSAGES:
            self._put_aside()
        self._last.append(entry)
        self._size += _size(entry.item)

    def __len__(self) -> int:
        return self._starts[-1] + len(self._last)

    def __iter__(self) -> Iterator[DraftEntry]:
        for number in itertools.count():
            if number == len(self._places):
                yield from self._last
                return
            yield from self._page(number)

    def __reversed__(self) -> Iterator[DraftEntry]:
        yield from reversed(self._last)
        for number in reversed(range(len(self._places))):
            yield from reversed(self._page(number))

    @overload
    def __getitem__(self, at: int) -> DraftEntry: ...

    @overload
    def __getitem__(self, at: slice) -> list[DraftEntry]: ...

    def __getitem__(self, at: int | slice) -> DraftEntry | list[DraftEntry]:
        if isinstance(at, slice):
            return [self[position] for position in range(*at.indices(len(self)))]
        position = at + len(self) if at < 0 else at
        if not 0 <= position < len(self):
            raise IndexError(at)
        number = bisect.bisect_right(self._starts, position) - 1
        page = self._last if number == len(self._places) else self._page(number)
        return page[position - self._starts[number]]

    # --- pages

    def _put_aside(self) -> None:
        self._starts.append(len(self))
        self._places.append(None)
        self._keep(len(self._places) - 1, self._last)
        self._last, self._size = [], 0

    def _keep(self, number: int, page: list[DraftEntry]) -> None:
        if all(map(_can_be_stored, page)):
            self._places[number] = self._written(page)
        else:
            self._places[number], self._kept[number] = None, page

    def _written(self, page: list[DraftEntry]) -> tuple[int, int]:
        data = frames.compress(messagepack.encode(page), _LEVEL)
        with temporary_files():
            at = self._file.seek(0, os.SEEK_END)
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        return at, len(data)

    def _page(self, number: int) -> list[DraftEntry]:
        place = self._places[number]
        if place is None:
            return self._kept[number]
        page = self._loaded.pop(number, None)
        if page is None:
            page = self._read(place)
            self._states[number] = _state(page)
        # The most recently used page comes last.
        self._loaded[number] = page
        if len(self._loaded) > _LOADED:
            self._forget(next(iter(self._loaded)))
        return page

    def _read(self, place: tuple[int, int]) -> list[DraftEntry]:
        at, size = place
        self._file.seek(at)
        return messagepack.decode(list[DraftEntry], frames.decompress(self._file.read(size)))

    def _forget(self, number: int) -> None:
        page = self._loaded.pop(number)
        if self._states.pop(number) != _state(page):
            self._keep(number, page)


Entries = list[DraftEntry] | StoredEntries


def _can_be_stored(entry: DraftEntry) -> bool:
    """Whether MessagePack gives the same back; what an export of this program noted may be odd."""
    return entry.returned is None and not isinstance(
        entry.item, ReasoningWithoutContent | UnknownItem
    )


def _state(page: list[DraftEntry]) -> list[object]:
    """All that a later line changes."""
    return [
        (
            e.words, tuple(e.files), e.branch, e.is_branch_point, e.parent, e.is_dropped,
            e.is_task, e.returned is None,
        )
        for e in page
    ]  # fmt: skip


def _size(item: Item) -> int:
    """About how many characters it has."""
    match item:
        case FunctionCallOutput(output=text) | FunctionCall(arguments=text):
            return len(text)
        case Message(content=content):
            return sum(
                len(part.image_url if isinstance(part, InputImage) else getattr(part, "text", ""))
                for part in content
            )
        case Reasoning(summary=summary, content=thoughts, encrypted_content=encrypted):
            texts = itertools.chain(summary, thoughts or ())
            return len(encrypted or "") + sum(len(part.text) for part in texts)
    return 0
