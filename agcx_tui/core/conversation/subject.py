"""What a conversation screen shows: a session's file, or a checkpoint of it, opened alike.

Strategy: both become a `Conversation`, whose parts are read when they are asked for.  Opening and
reading may block; a thread does it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agcx_format.disk.durable import Signature
from agcx_format.errors import PersistenceError
from agcx_format.layout.base import SectionPlace
from agcx_format.model.session import CheckpointMetadata, ConversationContext, SessionMetadata
from agcx_format.session.lazy import SessionFile
from agcx_format.session.listed import listed
from agcx_format.session.source import ListSource, MessageSource
from agcx_format.store.store import Store, open_store

__all__ = ["CheckpointRow", "Conversation", "checkpoints_of", "open_checkpoint", "open_session"]

Stopped = Callable[[], bool]
Sizes = list[tuple[SectionPlace, int | None]]


@dataclass(frozen=True, slots=True)
class Conversation:
    """`size` in bytes on disk; `checkpoint` None for the session itself.

    `signature` tells whether the file is still the one that was opened, None if no file is.
    `expected()` is how many messages there are, by all that is known yet.
    `context()` and `sections(stopped)` may block and raise `PersistenceError`.
    """

    path: str
    metadata: SessionMetadata
    source: MessageSource
    size: int
    context: Callable[[], ConversationContext]
    layout: int | None = None
    sections: Callable[[Stopped], Sizes] = lambda stopped: []
    close: Callable[[], None] = lambda: None
    checkpoint: CheckpointMetadata | None = None
    signature: Signature | None = None
    expected: Callable[[], int] = lambda: 0


def open_session(path: str) -> Conversation:
    """A session's file; what fills the first screen is read."""
    file = SessionFile(path)
    file.read_more()

    def sections(stopped: Stopped) -> Sizes:
        return [(place, file.plain_size(place, stopped)) for place in file.sections()]

    return Conversation(
        path,
        listed(file.metadata),
        file,
        file.size,
        lambda: file.context,
        file.layout,
        sections,
        file.close,
        signature=file.signature,
        expected=lambda: file.expected,
    )


def open_checkpoint(
    store: Store, session: SessionMetadata, wanted: CheckpointMetadata
) -> Conversation:
    """One checkpoint of a session, read whole."""
    loaded = store.load_checkpoint(session.id, wanted.id)
    conversation = loaded.conversation
    return Conversation(
        str(store.path),
        session,
        ListSource(conversation.messages),
        0,
        lambda: conversation.context,
        checkpoint=loaded.metadata,
    )


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A checkpoint that the session tells of, or that lies beside it; `there` when it can be read."""

    metadata: CheckpointMetadata
    there: bool


def checkpoints_of(
    store: Store | None, conversation: Conversation
) -> tuple[Store | None, list[CheckpointRow]]:
    """All checkpoints, oldest first, and the store to read them from.

    Without a store they are looked for beside the file.
    """
    metadata = conversation.metadata
    readable: dict[object, CheckpointMetadata] = {}
    try:
        if store is None:
            store = open_store(_directory(conversation.path))
        readable = {each.id: each for each in store.list_checkpoints(metadata.id)}
    except PersistenceError:
        # What the session itself tells of them is shown all the same.
        pass
    told = {each.id: each for each in metadata.checkpoints}
    rows = [CheckpointRow(each, each.id in readable) for each in (told | readable).values()]
    return store, sorted(rows, key=lambda row: row.metadata.created_at)


def _directory(path: str) -> str:
    import os

    return os.path.dirname(os.path.abspath(path))
