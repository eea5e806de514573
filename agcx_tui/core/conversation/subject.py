"""What a conversation screen shows: a session or one of its checkpoints.

Strategy: both become a `Conversation`, whose parts are read on demand.  Opening and reading may block; call
them in a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from uuid import UUID

from agcx_format import (
    CheckpointMetadata,
    ConversationContext,
    MessageSource,
    ModeHistory,
    SectionPlace,
    SessionFile,
    SessionMetadata,
    SessionState,
    Store,
    listed,
    open_store,
)
from agcx_format.disk import Signature
from agcx_format.errors import PersistenceError
from agcx_format.store import (
    StoredCheckpoint,
    checkpoint_sizes,
    is_checkpoint,
    store_folder,
)
from agcx_tui.core.conversation.followed import FollowedSource

__all__ = [
    "Conversation",
    "Offer",
    "checkpoints_of",
    "gone_on",
    "open_checkpoint",
    "open_session",
]

Stopped = Callable[[], bool]
Sizes = list[tuple[SectionPlace, int | None]]


class Offer(Enum):
    """What can be done with a session, and not with a checkpoint of it."""

    SPLIT = auto()
    # Read the file again: it may be saved by others.
    REOPEN = auto()
    # Show the checkpoints that it has.
    CHECKPOINTS = auto()
    # Remember where the reader was.
    POSITION = auto()


@dataclass(frozen=True, slots=True)
class Conversation:
    """A session or one of its checkpoints, opened; `offers` says what can be done with it.

    `path` is the file that holds it, `size` its bytes on disk, `checkpoint_bytes` those of the session's
    checkpoints, which belong to it; `checkpoint` None for the session itself.

    `signature` shows whether the file is still the one that was opened; None if no file was.
    `expected()` is how many messages there are, by all that is known yet.
    `context()`, `mode_history()`, `state()`, `parts()`, and `sections(stopped)` may block and raise
    `PersistenceError`; `parts()` are what a layout keeps together in one section, with plain bytes.
    """

    path: str
    metadata: SessionMetadata
    source: MessageSource
    size: int
    context: Callable[[], ConversationContext]
    layout: int | None = None
    sections: Callable[[Stopped], Sizes] = lambda stopped: []
    close: Callable[[], None] = lambda: None
    checkpoint_bytes: int = 0
    checkpoint: CheckpointMetadata | None = None
    signature: Signature | None = None
    expected: Callable[[], int] = lambda: 0
    mode_history: Callable[[], ModeHistory] = list
    state: Callable[[], SessionState | None] = lambda: None
    parts: Callable[[], list[tuple[str, int]]] = list

    @property
    def offers(self) -> frozenset[Offer]:
        return frozenset(Offer) if self.checkpoint is None else frozenset()


def open_session(path: str) -> Conversation:
    """Open a session file and read the messages of the first screen; or the file of a checkpoint."""
    if is_checkpoint(path):
        return _opened_checkpoint(path)
    file = SessionFile(path)
    file.read_more()
    source = FollowedSource(file)

    def sections(stopped: Stopped) -> Sizes:
        return [(place, file.plain_size(place, stopped)) for place in file.sections()]

    return Conversation(
        path,
        listed(file.metadata),
        source,
        file.size,
        lambda: file.context,
        file.layout,
        sections,
        source.close,
        checkpoint_bytes=_checkpoint_bytes(path, file.metadata.id),
        signature=file.signature,
        expected=lambda: file.expected,
        mode_history=lambda: file.mode_history,
        state=lambda: file.state,
        parts=file.parts,
    )


def gone_on(older: Conversation, newer: Conversation) -> Conversation:
    """The newer version of a session, read through the source of the older one."""
    assert isinstance(older.source, FollowedSource)
    assert isinstance(newer.source, FollowedSource)
    older.source.go_on(newer.source)
    return replace(newer, source=older.source, close=older.source.close)


def _checkpoint_bytes(path: str, id: UUID) -> int:
    """0 if the folder cannot be read: the tab of the checkpoints says why."""
    try:
        return checkpoint_sizes(Path(store_folder(path))).get(str(id), 0)
    except (PersistenceError, OSError):
        return 0


def _opened_checkpoint(path: str) -> Conversation:
    # Which imports all that changes checkpoints; few of what is opened are any.
    from agcx_format.store import checkpoint_file

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
        state=lambda: file.state,
    )


def open_checkpoint(
    store: Store, session: SessionMetadata, wanted: StoredCheckpoint
) -> Conversation:
    """Read a checkpoint of a session completely."""
    loaded = store.checkpoints.open(wanted)
    return Conversation(
        str(store.path / (wanted.path or "")),
        session,
        loaded.source,
        wanted.size,
        lambda: loaded.context,
        checkpoint=loaded.checkpoint.metadata,
        mode_history=lambda: loaded.mode_history,
        state=lambda: loaded.state,
    )


def checkpoints_of(
    store: Store | None, conversation: Conversation
) -> tuple[Store | None, list[StoredCheckpoint]]:
    """All checkpoints in the order of the messages, and the store to read them from.

    Without a store, they are searched beside the file.  Where the store cannot be read, those that the
    session lists are without a file.
    """
    metadata = conversation.metadata
    try:
        if store is None:
            store = open_store(store_folder(conversation.path))
        entry = store.entry(conversation.path)
        if entry is not None and entry.id is not None:
            return store, store.checkpoints.of(entry)
    except PersistenceError:
        # Those that the session lists are shown anyway.
        pass
    rows = [
        StoredCheckpoint(metadata.id, None, each, False, None, None)
        for each in metadata.checkpoints
    ]
    return store, sorted(rows, key=lambda row: row.metadata.message_index)
