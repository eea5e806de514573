"""A checkpoint as a list shows it.  Apart from what changes checkpoints, which most lists never need."""

from __future__ import annotations

from uuid import UUID

import msgspec

from agcx_format.disk.durable import Signature
from agcx_format.model.session import CheckpointMetadata
from agcx_format.store.entries import ScanEntry

__all__ = ["StoredCheckpoint"]


class StoredCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint in a store.

    Fields:
        session_id: of its session, which may be gone.
        session: its session's file; None if the store has none.
        metadata: as the session lists it, else from its own file.
        is_unlisted: its session does not list it, or is gone; false if that is not known.
        path: of its file, relative to the store; None if there is none.
        signature: the file when it was listed.
    """

    session_id: UUID
    session: ScanEntry | None
    metadata: CheckpointMetadata
    is_unlisted: bool
    path: str | None
    signature: Signature | None

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.signature.size if self.signature else 0

    @property
    def name(self) -> str:
        """Its name, or the day on which it was made."""
        return self.metadata.name or self.metadata.created_at[:10]

    @property
    def title(self) -> str:
        """The title of its session, or its id."""
        return self.session.title if self.session else str(self.session_id)
