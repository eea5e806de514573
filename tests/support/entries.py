"""Scan entries of made-up sessions, for tests of what only needs their metadata."""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from agcx_format.disk.durable import Signature
from agcx_format.errors import CorruptData
from agcx_format.model.fields import Float32
from agcx_format.model.session import OperatingMode, SessionMetadata
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_format.store.store import ScanEntry

# 2024-11-24T12:00:00Z, in seconds and in microseconds.
NOW_SECONDS = 1_732_449_600
NOW = NOW_SECONDS * 1_000_000


def session(
    number: int,
    title: str = "",
    *,
    accessed: str = "2024-11-24T10:00:00Z",
    updated: str = "2024-11-20T10:00:00Z",
    created: str = "2024-11-01T10:00:00Z",
    messages: int = 5,
    turns: int = 1,
    mode: str = "Build",
    model: str = "gpt-5",
    tags: tuple[str, ...] = (),
    favorite: bool = False,
    size: int = 1000,
    ratio: float = 0.5,
) -> ScanEntry:
    """A readable session whose id and path are made from `number`."""
    session_id = UUID(int=number << 96)
    metadata = SessionMetadata(
        id=session_id,
        title=title or f"Session {number}",
        created_at=Timestamp(created),
        updated_at=Timestamp(updated),
        last_accessed=Timestamp(accessed),
        message_count=messages,
        turn_count=turns,
        current_mode=OperatingMode(mode),
        model=model,
        tags=list(tags),
        is_favorite=favorite,
        file_size=size,
        compression_ratio=Float32(ratio),
        format_version=1,
        checkpoints=[],
    )
    signature = Signature(number, size, ns_of(updated))
    return ScanEntry(f"/store/{session_id}.agcx", session_id, metadata, None, signature)


def damaged(entry: ScanEntry) -> ScanEntry:
    """The same session, its messages cut off."""
    error = CorruptData(
        "the file ends in it", path=entry.path, section="messages", offset=99, truncated=True
    )
    return replace(entry, error=error)


def broken(number: int, *, size: int = 77) -> ScanEntry:
    """A file whose metadata cannot be read."""
    session_id = UUID(int=number << 96)
    path = f"/store/{session_id}.agcx"
    error = CorruptData(
        "the file ends inside the header", path=path, section="header", offset=8, truncated=True
    )
    return ScanEntry(path, session_id, None, error, Signature(number, size, NOW * 1000))
