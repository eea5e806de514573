"""Changes a few sessions of an encoded index within its bytes; the rest is copied.

Strategy: decoding and encoding ten thousand entries takes twenty times as long as writing them, and marking
a favorite changes one. Each entry begins with the session's id twice, as the key of the map and as the first
field of the metadata, so one regular expression finds them all. The result is trusted when there are as many
as the map says, when each entry that is decoded ends where the next begins, and when the lists after the
last entry end with the bytes. Otherwise the functions return None, and the caller decodes the index. For an
index that `edited` made, the caller may pass where the entries end, which saves the search.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from agcx_format.errors import PersistenceError
from agcx_format.layout.index_encodings import Encoding, Unexpected, encoding_of
from agcx_format.model.schema import U64_MAX
from agcx_format.model.session import SessionMetadata
from agcx_format.model.timestamps import Timestamp

__all__ = ["RECENT", "Edited", "edited", "session_ids"]

RECENT = 20
_ID = 16

_REFUSED = (Unexpected, PersistenceError, IndexError, ValueError)


class Edited(NamedTuple):
    """The bytes of an index, and where the entries of its sessions end."""

    data: bytes
    end: int


def edited(
    data: bytes, changes: Mapping[UUID, SessionMetadata | None], end: int | None = None
) -> Edited | None:
    """The index with sessions added, replaced, or (None) removed; None when it has to be decoded.

    `end` is where the entries end, if `data` comes from an `Edited`.
    """
    try:
        return _Edit(_parse(data, end), changes).result()
    except _REFUSED:
        return None


def session_ids(data: bytes) -> set[bytes] | None:
    """The ids of its sessions, 16 bytes each; None when it has to be decoded."""
    try:
        parts = _parse(data)
    except _REFUSED:
        return None
    return set(parts.code.entry.findall(data, parts.first, parts.end))


@dataclass(frozen=True, slots=True)
class _Parts:
    """An index in its bytes: its `count` entries from `first` to `end`, and what follows them.

    `recent`, `favorites` and each list of `tags` are consecutive ids, as they are encoded.
    """

    code: Encoding
    data: bytes
    count: int
    first: int
    end: int
    recent: bytes
    favorites: bytes
    tags: dict[bytes, bytes]
    total: int

    def place(self, session_id: bytes) -> tuple[int, int] | None:
        """Where the entry of a session begins and ends; None if it has none."""
        beginning = self.code.entry_start(session_id)
        start = self.data.find(beginning, self.first, self.end)
        if start < 0:
            return None
        if self.data.find(beginning, start + 1, self.end) >= 0:
            raise Unexpected
        following = self.code.entry.search(self.data, start + len(beginning), self.end)
        return start, following.start() if following else self.end

    def all_accessed(self) -> dict[bytes, bytes]:
        """When each session was last accessed, as `accessed` returns it."""
        entries = self.code.entry.finditer(self.data, self.first, self.end)
        return {match[1]: self.accessed(match.start()) for match in entries}

    def metadata(self, start: int, end: int) -> SessionMetadata:
        value, value_end = self.code.read_metadata(self.data, start + _item_size(self.code), end)
        if value_end != end:
            raise Unexpected
        return value

    def accessed(self, start: int) -> bytes:
        """When the session of an entry was last accessed, in a form that sorts by time."""
        at = self.code.title_at(start)
        for _ in range(3):
            _, at = self.code.read_text(self.data, at)
        text, _ = self.code.read_text(self.data, at)
        return _sortable(text)


def _parse(data: bytes, end: int | None = None) -> _Parts:
    code = encoding_of(data)
    count, first = code.read_map(data, len(code.start))
    if end is None:
        end = _end_of_entries(code, data, count, first)
    recent, at = _ids(code, data, end)
    favorites, at = _ids(code, data, at)
    tags, at = _tags(code, data, at)
    _, at = code.read_text(data, at)
    total, at = code.read_uint(data, at)
    if at != len(data):
        raise Unexpected
    return _Parts(code, data, count, first, end, recent, favorites, tags, total)


def _end_of_entries(code: Encoding, data: bytes, count: int, first: int) -> int:
    ids = code.entry.findall(data)
    if len(ids) != count or (ids and not data.startswith(code.entry_start(ids[0]), first)):
        raise Unexpected
    if not ids:
        return first
    last = data.rindex(code.entry_start(ids[-1]))
    return code.read_metadata(data, last + _item_size(code), len(data))[1]


def _tags(code: Encoding, data: bytes, at: int) -> tuple[dict[bytes, bytes], int]:
    count, at = code.read_map(data, at)
    tags = {}
    for _ in range(count):
        tag, at = code.read_text(data, at)
        if tag in tags:
            # A hole of a sparse file has a hundred million empty ones.
            raise Unexpected
        tags[tag], at = _ids(code, data, at)
    return tags, at


def _ids(code: Encoding, data: bytes, at: int) -> tuple[bytes, int]:
    """A list of ids as the bytes of its items, and where it ends."""
    count, at = code.read_list(data, at)
    mark, size = code.id_mark, _item_size(code)
    ids = data[at : at + count * size]
    if len(ids) != count * size:
        raise Unexpected
    for number, byte in enumerate(mark):
        if ids[number::size] != bytes([byte]) * count:
            raise Unexpected
    return ids, at + len(ids)


def _item_size(code: Encoding) -> int:
    return len(code.id_mark) + _ID


def _sortable(text: bytes) -> bytes:
    if text[:1] in (b"+", b"-"):
        # A year that has not four digits does not sort as text.
        raise Unexpected
    return text[:-1]


class _Edit:
    """One change of an index: the parts, and what each changed session was and will be."""

    def __init__(self, parts: _Parts, changes: Mapping[UUID, SessionMetadata | None]) -> None:
        self._parts = parts
        self._new = {session_id.bytes: metadata for session_id, metadata in changes.items()}
        self._places = {each: parts.place(each) for each in self._new}
        self._old = {
            each: parts.metadata(*place) if place is not None else None
            for each, place in self._places.items()
        }

    def result(self) -> Edited:
        parts, code = self._parts, self._parts.code
        had = sum(place is not None for place in self._places.values())
        have = sum(metadata is not None for metadata in self._new.values())
        pieces = [code.start, code.write_map(parts.count - had + have), *self._entries()]
        end = sum(map(len, pieces))
        pieces += [self._list(self._recent()), self._list(self._favorites())]
        tags = self._tags()
        pieces.append(code.write_map(len(tags)))
        for tag, ids in tags.items():
            pieces += [code.write_text(tag), self._list(ids)]
        pieces += [code.write_text(Timestamp.now().encode()), code.write_uint(self._total())]
        return Edited(b"".join(pieces), end)

    def _entries(self) -> Iterator[bytes]:
        """All entries: changed ones in their places, new ones last."""
        data = self._parts.data
        at = self._parts.first
        placed = [(place, each) for each, place in self._places.items() if place is not None]
        for (start, end), session_id in sorted(placed):
            yield data[at:start]
            yield self._entry(session_id)
            at = end
        yield data[at : self._parts.end]
        for session_id, place in self._places.items():
            if place is None:
                yield self._entry(session_id)

    def _entry(self, session_id: bytes) -> bytes:
        metadata = self._new[session_id]
        if metadata is None:
            return b""
        if metadata.id.bytes != session_id:
            raise Unexpected
        return self._item(session_id) + self._parts.code.write_metadata(metadata)

    # --- the lists by use

    def _favorites(self) -> bytes:
        ids = self._parts.favorites
        for session_id, new in self._new.items():
            ids = self._listed(ids, session_id, new is not None and new.is_favorite)
        return ids

    def _tags(self) -> dict[bytes, bytes]:
        tags = dict(self._parts.tags)
        for session_id, new in self._new.items():
            old = self._old[session_id]
            now = {tag.encode() for tag in new.tags} if new is not None else set()
            before = {tag.encode() for tag in old.tags} if old is not None else set()
            for tag in before | now:
                tags[tag] = self._listed(tags.get(tag, b""), session_id, tag in now)
                if not tags[tag]:
                    del tags[tag]
        return tags

    def _listed(self, ids: bytes, session_id: bytes, listed: bool) -> bytes:
        """A list with a session added, unless it is there already, or removed."""
        item = self._item(session_id)
        places = list(_places(ids, item))
        if listed and len(places) == 1:
            return ids
        for at in reversed(places):
            ids = ids[:at] + ids[at + len(item) :]
        return ids + item if listed else ids

    def _recent(self) -> bytes:
        """The most recently accessed sessions, newest first."""
        parts = self._parts
        old = {each: self._accessed(metadata) for each, metadata in self._old.items()}
        new = {each: self._accessed(metadata) for each, metadata in self._new.items()}
        if old == new:
            return parts.recent
        size = _item_size(parts.code)
        ends = range(size, len(parts.recent) + size, size)
        listed = [parts.recent[end - _ID : end] for end in ends]
        left = any(each in new and (new[each] or b"") < (old[each] or b"") for each in listed)
        if left or len(listed) < RECENT:
            # A session that is not in the list may take the place.
            known = parts.all_accessed()
        else:
            known = {each: parts.accessed(self._start_of(each)) for each in listed}
        after = {**known, **new}
        there = [each for each, moment in after.items() if moment is not None]
        newest = sorted(there, key=lambda each: after[each] or b"", reverse=True)
        return b"".join(map(self._item, newest[:RECENT]))

    def _start_of(self, session_id: bytes) -> int:
        place = self._parts.place(session_id)
        if place is None:
            raise Unexpected
        return place[0]

    @staticmethod
    def _accessed(metadata: SessionMetadata | None) -> bytes | None:
        return None if metadata is None else _sortable(metadata.last_accessed.encode())

    def _total(self) -> int:
        if self._parts.total == U64_MAX:
            # The true sum did not fit.
            raise Unexpected
        before = sum(old.file_size for old in self._old.values() if old is not None)
        now = sum(new.file_size for new in self._new.values() if new is not None)
        total = self._parts.total - before + now
        if total < 0:
            raise Unexpected
        return min(U64_MAX, total)

    # --- pieces

    def _item(self, session_id: bytes) -> bytes:
        return self._parts.code.id_mark + session_id

    def _list(self, ids: bytes) -> bytes:
        return self._parts.code.write_list(len(ids) // _item_size(self._parts.code)) + ids


def _places(ids: bytes, item: bytes) -> Iterator[int]:
    """Where an item is in a list; the same bytes may also span two other items."""
    at = ids.find(item)
    while at >= 0:
        if at % len(item) == 0:
            yield at
            at += len(item) - 1
        at = ids.find(item, at + 1)
