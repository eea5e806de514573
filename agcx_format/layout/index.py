"""The index of a store, `sessions.idx`: a copy of every session's metadata, and lists by use.

Strategy: pure functions over the frozen value; `store.index_file` opens the file. Layout 1 writes it in
bincode, layout 2 in MessagePack, under one name: the encoding that consumes all of the bytes is the one it
has. The Rust code counts a session that is added again twice, and lists it twice under its tags; that
cannot happen here, because the lists are derived from the sessions. Mirrors `SessionIndex` of the Rust
crate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from agcx_format.errors import IndexCorrupted, PersistenceError
from agcx_format.layout import LAYOUTS, by_version
from agcx_format.layout.index_bytes import RECENT
from agcx_format.layout.index_encodings import BINCODE, Encoding, encoding_of
from agcx_format.model.schema import U64_MAX
from agcx_format.model.session import SessionIndex, SessionMetadata
from agcx_format.model.timestamps import Timestamp, newest_first

__all__ = ["build", "changed", "decode", "empty", "encode", "likely_layout"]


def decode(data: bytes) -> tuple[SessionIndex, int]:
    """The index, and the number of the layout that writes it in this encoding.

    Raises:
        IndexCorrupted: when the bytes are no index.
    """
    likely = encoding_of(data)
    # In bincode an index of 150 sessions has the same first byte as one in MessagePack.
    errors: list[PersistenceError] = []
    for encoding in dict.fromkeys((likely, BINCODE)):
        try:
            return encoding.decode_index(data), _version_of(encoding)
        except PersistenceError as error:
            errors.append(error)
    raise IndexCorrupted(errors[0].reason, offset=errors[0].offset)


def likely_layout(data: bytes) -> int:
    """The number of the layout that probably wrote an index with these first bytes."""
    return _version_of(encoding_of(data))


def _version_of(encoding: Encoding) -> int:
    return next(each.version for each in LAYOUTS.values() if each.index is encoding)


def encode(index: SessionIndex, layout: int = 1) -> bytes:
    """The index in the encoding of the layout with this number."""
    return by_version(layout).index.encode_index(index)


def empty() -> SessionIndex:
    return SessionIndex({}, [], [], {}, Timestamp.now(), 0)


def build(sessions: Iterable[SessionMetadata]) -> SessionIndex:
    """The index of these sessions, as Rust would have built it by adding each once."""
    newest = newest_first(sessions, key=lambda metadata: metadata.last_accessed)
    tags: dict[str, list[UUID]] = {}
    for metadata in newest:
        for tag in dict.fromkeys(metadata.tags):
            tags.setdefault(tag, []).append(metadata.id)
    return SessionIndex(
        sessions={metadata.id: metadata for metadata in newest},
        recent_sessions=[metadata.id for metadata in newest[:RECENT]],
        favorite_sessions=[metadata.id for metadata in newest if metadata.is_favorite],
        tag_index=tags,
        last_updated=Timestamp.now(),
        # Files may claim any size; the sum has to fit all the same.
        total_size_bytes=min(U64_MAX, sum(metadata.file_size for metadata in newest)),
    )


def changed(index: SessionIndex, changes: Mapping[UUID, SessionMetadata | None]) -> SessionIndex:
    """The index with sessions added, replaced, or (None) removed."""
    sessions = {**index.sessions, **changes}
    return build(metadata for metadata in sessions.values() if metadata is not None)
