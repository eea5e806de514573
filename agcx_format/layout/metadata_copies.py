"""What a layout keeps beside its session files: a copy of the metadata of each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from uuid import UUID

from agcx_format.model.session import SessionMetadata

__all__ = ["MetadataCopies"]


class MetadataCopies(ABC):
    """The copies of their metadata that a layout keeps beside its session files, one file per session.

    Fields:
        folder: relative to the store.
        suffix: of a copy's name, which begins with the session's id.
    """

    folder: str
    suffix: str

    def path(self, session_id: UUID) -> str:
        """Where the copy of a session is, relative to the store."""
        return f"{self.folder}/{session_id}{self.suffix}"

    @abstractmethod
    def encode(self, metadata: SessionMetadata) -> bytes:
        """The content of a copy."""

    @abstractmethod
    def decode(self, data: bytes) -> SessionMetadata:
        """The metadata in a copy.

        Raises:
            PersistenceError: when the bytes are damaged.
        """
