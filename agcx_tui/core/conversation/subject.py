"""What a conversation screen shows: a session or one of its checkpoints.

Strategy: both become a `Conversation`, whose parts are read on demand.  Opening and reading may block; call
them in a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from agcx_format import (
    CheckpointMetadata,
    ConversationContext,
    ListSource,
    MessageSource,
    ModeHistory,
    SectionPlace,
    SessionFile,
    SessionMetadata,
    Store,
    listed,
    open_store,
)
from agcx_format.disk import Signature
from agcx_format.errors import PersistenceError
from agcx_format.store import checkpoint_file, is_checkpoint

__all__ = [
    "CheckpointRow",
    "Conversation",
    "Offer",
    "checkpoints_of",
    "open_checkpoint",
    "open_session",
]

Stopped = Callable[[], bool]
Sizes = list[tuple[SectionPlace, int | None]]


class Offer(Enum):
    """What can be done with a session, and not with a checkpoint of it."""

    SPLIT = auto()
    EXPORT = auto()
    # Read the file again: it may be saved by others.
    REOPEN = auto()
    # Show the checkpoints that it has.
    CHECKPOINTS = auto()
    # Remember where the reader was.
    POSITION = auto()


@dataclass(frozen=True, slots=True)
class Conversation:
    """A session or one of its checkpoints, opened; `offers` says what can be done with it.

    `size` in bytes on disk; `checkpoint` None for the session itself.

    `signature` tells whether the file is still the one that was opened, None if no file is.
    `expected()` is how many messages there are, by all that is known yet.
    `context()`, `mode_history()`, and `sections(stopped)` may block and raise `PersistenceError`.
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
    mode_history: Callable[[], ModeHistory] = list

    @property
    def offers(self) -> frozenset[Offer]:
        return frozenset(Offer) if self.checkpoint is None else frozenset()


def open_session(path: str) -> Conversation:
    """Open a session file and read the messages of the first screen; or the file of a checkpoint."""
    if is_checkpoint(path):
        return _opened_checkpoint(path)
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
        mode_history=lambda: file.mode_history,
    )


def _opened_checkpoint(path: str) -> Conversation:
    file = checkpoint_file(path)
    return Conversation(
        path,
        listed(file.metadata),
        file.source,
        file.signature.size,
        lambda: file.context,
        checkpoint=file.checkpoint.metadata,
        signature=file.signature,
        expected=lambda: file.expected,
        mode_history=lambda: file.mode_history,
    )


def open_checkpoint(
    store: Store, session: SessionMetadata, wanted: CheckpointMetadata
) -> Conversation:
    """Read a checkpoint of a session completely."""
    loaded = store.load_checkpoint(session.id, wanted.id)
    conversation = loaded.conversation
    return Conversation(
        str(store.path),
        session,
        ListSource(conversation.messages),
        0,
        lambda: conversation.context,
        checkpoint=loaded.metadata,
        mode_history=lambda: conversation.mode_history,
    )


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A checkpoint of a session; `there` says whether its file can be read."""

    metadata: CheckpointMetadata
    there: bool


def checkpoints_of(
    store: Store | None, conversation: Conversation
) -> tuple[Store | None, list[CheckpointRow]]:
    """All checkpoints, oldest first, and the store to read them from.

    Without a store, they are searched beside the file.
    """
    metadata = conversation.metadata
    readable: dict[object, CheckpointMetadata] = {}
    try:
        if store is None:
            store = open_store(_directory(conversation.path))
        readable = {each.id: each for each in store.list_checkpoints(metadata.id)}
    except PersistenceError:
        # Those that the session lists are shown anyway.
        pass
    listed_there = {each.id: each for each in metadata.checkpoints}
    rows = [CheckpointRow(each, each.id in readable) for each in (listed_there | readable).values()]
    return store, sorted(rows, key=lambda row: row.metadata.created_at)


def _directory(path: str) -> str:
    import os

    return os.path.dirname(os.path.abspath(path))
