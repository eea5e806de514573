"""The index of a store, `sessions.idx`: a copy of every session's metadata, and lists by use.

Strategy: pure functions over the frozen value; what opens the file is `store.index_file`.  Layout 1
writes it in
bincode, layout 2 in MessagePack, under one name: what consumes all of the bytes is what it is.
What the Rust code gets wrong when it adds a session again (its size counted twice, listed twice
under its tags) cannot happen here, because the lists are worked out from the sessions.  Mirrors
`SessionIndex` of the Rust crate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from agcx_format.codec import bincode, messagepack
from agcx_format.errors import IndexCorrupted, PersistenceError
from agcx_format.layout.index_bytes import RECENT
from agcx_format.model.schema import U64_MAX
from agcx_format.model.session import SessionIndex, SessionMetadata
from agcx_format.model.timestamps import Timestamp, newest_first

__all__ = ["build", "changed", "decode", "empty", "encode"]

# The array of six fields with which layout 2's begins.  As layout 1's it would be one of 150 sessions.
_LAYOUT2 = 0x96


def decode(data: bytes) -> tuple[SessionIndex, int]:
    """The index and its layout; `IndexCorrupted` when the bytes are none."""
    if data[:1] == bytes([_LAYOUT2]):
        try:
            return messagepack.decode(SessionIndex, data), 2
        except PersistenceError as error:
            second = error
    else:
        second = None
    try:
        return bincode.decode(SessionIndex, data), 1
    except PersistenceError as error:
        error = second or error
        raise IndexCorrupted(error.reason, offset=error.offset) from None


def encode(index: SessionIndex, layout: int = 1) -> bytes:
    return messagepack.encode(index) if layout == 2 else bincode.encode(index, SessionIndex)


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
    """The index with sessions added, replaced, or (None) taken out."""
    sessions = {**index.sessions, **changes}
    return build(metadata for metadata in sessions.values() if metadata is not None)
