"""The names of the Rust crate: the protocol that a store implements, and a class for each layout."""

from __future__ import annotations

import os
from typing import Protocol
from uuid import UUID

from agcx_format.disk.durable import open_regular
from agcx_format.errors import PersistenceError
from agcx_format.model.session import (
    ConversationSnapshot,
    Session,
    SessionIndex,
    SessionMetadata,
    SessionState,
)
from agcx_format.session.metadata import read_metadata
from agcx_format.store.store import CompressionLevel, Store

__all__ = ["CompressionLevel", "SessionStorage", "SessionStore", "StorageBackend"]


class StorageBackend(Protocol):
    """Stores sessions; mirrors the trait `StorageBackend` of the Rust crate."""

    def save_session(
        self,
        session_id: UUID,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
    ) -> None:
        """Save a session, in place of the one with this id."""

    def load_session(self, session_id: UUID) -> Session:
        """A whole session.

        Raises:
            SessionNotFound: there is no such session.
        """
        ...

    def delete_session(self, session_id: UUID) -> None:
        """Delete a session; does nothing if it does not exist."""

    def list_sessions(self) -> list[SessionMetadata]:
        """The metadata of all sessions, the last accessed first."""
        ...

    def load_index(self) -> SessionIndex:
        """The index of the store; empty if there is none."""
        ...

    def save_index(self, value: SessionIndex) -> None:
        """Replace the index of the store."""


class SessionStorage(Store):
    """A store of layout 1, a directory of `<uuid>.agcx`; mirrors `SessionStorage` of the Rust crate."""

    def __init__(
        self,
        base_path: str | os.PathLike[str],
        level: int = CompressionLevel.BALANCED,
        use_mmap: bool = True,
    ) -> None:
        super().__init__(base_path, level, use_mmap, layout=1)

    def load_metadata_mmap(self, path: str | os.PathLike[str]) -> SessionMetadata:
        """A file's metadata, read through a memory map; nothing else of the file is read.

        Raises:
            PersistenceError: they cannot be read.
        """
        fd, status = open_regular(path)
        try:
            return read_metadata(fd, status.st_size, use_mmap=True)
        except PersistenceError as error:
            raise error.located(path=path) from None
        finally:
            os.close(fd)


class SessionStore(Store):
    """A store of layout 2, `sessions/<uuid>.agcx` with copies of the metadata.

    Mirrors `SessionStore` of the Rust crate.
    """

    def __init__(
        self,
        base_path: str | os.PathLike[str],
        level: int = CompressionLevel.BALANCED,
        use_mmap: bool = True,
    ) -> None:
        super().__init__(base_path, level, use_mmap, layout=2)
