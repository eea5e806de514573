"""A store for asyncio: the six methods of the Rust crate's trait, each in a thread.

Strategy: reading and writing a file blocks whatever the event loop does about it, so each call runs in a
worker thread (`asyncio.to_thread`).  Changes are made one after the other, in the order in which they were
asked for; reading goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec
from uuid import UUID

from agcx_format.model.session import (
    ConversationSnapshot,
    Session,
    SessionIndex,
    SessionMetadata,
    SessionState,
)
from agcx_format.store.backend import StorageBackend
from agcx_format.store.store import open_store

__all__ = ["AsyncStorage"]

P = ParamSpec("P")


class AsyncStorage:
    """A `StorageBackend` whose methods are coroutines, as those of the Rust trait are.

    >>> import asyncio
    >>> from agcx_format import new_session
    >>> from agcx_format.aio import AsyncStorage
    >>> async def main() -> list[str]:
    ...     storage = AsyncStorage.open(directory)
    ...     session = new_session(title="Night build")
    ...     await storage.save_session(session.metadata.id, *session)
    ...     return [metadata.title for metadata in await storage.list_sessions()]
    >>> asyncio.run(main())
    ['Night build']

    A call that is cancelled stops waiting, but what its thread has begun is done to the end: a session is
    never half saved.  Every method raises what that of the store raises, a `PersistenceError` above all.
    """

    def __init__(self, storage: StorageBackend) -> None:
        self._storage = storage
        self._changing = asyncio.Lock()

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> AsyncStorage:
        """The store at `path`; see `open_store`.

        Raises:
            PersistenceError: it is not a directory.
        """
        return cls(open_store(path))

    async def save_session(
        self,
        session_id: UUID,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
    ) -> None:
        """Replace the session's file in one durable step."""
        save = self._storage.save_session
        await self._change(save, session_id, metadata, conversation, state)

    async def load_session(self, session_id: UUID) -> Session:
        """Metadata, conversation, and state of a session.

        Raises:
            SessionNotFound: it is not in the store.
        """
        return await asyncio.to_thread(self._storage.load_session, session_id)

    async def delete_session(self, session_id: UUID) -> None:
        """Move a session to the trash; one that is not there is no error."""
        await self._change(self._storage.delete_session, session_id)

    async def list_sessions(self) -> list[SessionMetadata]:
        """The metadata of every readable session, the last accessed first."""
        return await asyncio.to_thread(self._storage.list_sessions)

    async def load_index(self) -> SessionIndex:
        """The stored index; empty if there is none."""
        return await asyncio.to_thread(self._storage.load_index)

    async def save_index(self, value: SessionIndex) -> None:
        """Replace the index in one durable step."""
        await self._change(self._storage.save_index, value)

    async def _change(self, change: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Run a change after those before it, and to its end even if the caller is cancelled."""
        async with self._changing:
            running = asyncio.ensure_future(asyncio.to_thread(change, *args, **kwargs))
            try:
                await asyncio.shield(running)
            except asyncio.CancelledError:
                # The lock is held until the thread has finished, however often the caller is cancelled.
                while not running.done():
                    with suppress(asyncio.CancelledError):
                        await asyncio.wait([running])
                raise
