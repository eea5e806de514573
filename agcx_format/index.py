"""The index of a store, `sessions.idx`: a copy of every session's metadata, and lists by use.

Strategy: pure functions over the frozen value.  What the Rust code gets wrong when it adds a session
again (its size counted twice, listed twice under its tags) cannot happen here, because the lists are
worked out from the sessions.  Mirrors `SessionIndex` of the Rust crate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from agcx_format import bincode
from agcx_format.errors import BincodeDecodeError, IndexCorrupted
from agcx_format.timestamps import Timestamp, newest_first
from agcx_format.types import SessionIndex, SessionMetadata

__all__ = ["build", "decode", "empty", "encode", "without"]

RECENT = 20


def decode(data: bytes) -> SessionIndex:
    """Layout 1's index; `IndexCorrupted` when the bytes are none."""
    try:
        return bincode.decode(SessionIndex, data)
    except BincodeDecodeError as error:
        raise IndexCorrupted(error.reason, offset=error.offset) from None


def encode(index: SessionIndex) -> bytes:
    return bincode.encode(index, SessionIndex)


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
        total_size_bytes=sum(metadata.file_size for metadata in newest),
    )


def without(index: SessionIndex, gone: Collection[UUID]) -> SessionIndex:
    """The index less some sessions."""
    return build(m for session_id, m in index.sessions.items() if session_id not in gone)
