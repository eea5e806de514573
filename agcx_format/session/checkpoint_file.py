"""A checkpoint's file, read by itself: as a checkpoint, and as the session that it was at that moment.

Strategy: a checkpoint is read completely, since nothing in it can be read apart.  Its session may be gone, so
what only the session says (the title, the model) is optional, and what the session says of the
checkpoint is taken from the file where it has it, else counted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, Self, SupportsIndex, overload
from uuid import UUID

from msgspec.structs import replace

from agcx_format import limits
from agcx_format.disk.durable import Signature, open_regular, read_exactly
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.layout import checkpoint
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.new import new_session
from agcx_format.model.session import (
    Checkpoint,
    CheckpointMetadata,
    ConversationContext,
    ModeHistory,
    Session,
    SessionMetadata,
)
from agcx_format.model.timestamps import Timestamp
from agcx_format.session.source import ListSource

__all__ = ["CheckpointFile", "read_checkpoint", "session_at", "turns_of"]

_UNKNOWN: Final = UUID(int=0)


def read_checkpoint(
    path: str | os.PathLike[str], listed: CheckpointMetadata | None = None
) -> tuple[Checkpoint, Signature]:
    """A whole checkpoint, and the version of the file that was read.

    `listed` is what its session says of it, which comes first.  Without it the file says it; where it does
    not, the id comes from the name, the time is that of the file, and the messages are counted.

    Raises:
        PersistenceError: the file is damaged, or cannot be read.
    """
    fd, status = open_regular(path)
    try:
        if status.st_size > limits.WHOLE_SECTION:
            raise CorruptData(f"{status.st_size:,} bytes are too many to load at once")
        known = listed or _from_outside(path, status)
        value = checkpoint.decode(read_exactly(fd, status.st_size, 0), known)
    except PersistenceError as error:
        raise error.located(path=path) from None
    finally:
        os.close(fd)
    if listed is not None:
        value = replace(value, metadata=listed)
    elif value.metadata is known:
        counted = replace(known, message_index=len(value.conversation.messages))
        value = replace(value, metadata=counted)
    return value, Signature.of(status)


def _from_outside(path: str | os.PathLike[str], status: os.stat_result) -> CheckpointMetadata:
    """What is known of a checkpoint without opening it: its id and when it was written."""
    ids = checkpoint.ids_of(os.path.basename(path))
    created_at = Timestamp.from_ns(status.st_mtime_ns)
    return CheckpointMetadata(ids[1] if ids else _UNKNOWN, "", created_at, 0, None)


def session_at(value: Checkpoint, session: SessionMetadata | None) -> Session:
    """The session as it was at a checkpoint; `session` is what is known of it today, if it still exists."""
    conversation = value.conversation
    messages, made = conversation.messages, value.metadata.created_at
    if session is None:
        title = value.metadata.name or f"Checkpoint of {made[:10]}"
        made_from = messages[0].timestamp if messages else made
        session = new_session(id=conversation.id, title=title, created_at=made_from).metadata
    mode = conversation.mode_history[-1][0] if conversation.mode_history else session.current_mode
    metadata = replace(
        session,
        updated_at=made,
        message_count=len(messages),
        # Where the writer did not count turns, readers count them.
        turn_count=turns_of(messages) if session.turn_count else 0,
        current_mode=mode,
    )
    return Session(metadata, conversation, value.state)


def turns_of(messages: Iterable[MessageSnapshot]) -> int:
    """How many turns these messages are in."""
    return len({message.turn_index for message in messages})


class CheckpointFile:
    """A checkpoint that is read like a `SessionFile`; all of it is in memory.

    Fields:
        path: as given.
        signature: identifies the version of the file that was read.
        checkpoint: what it holds.
        source: its messages, for what shows a session that is being read.
        metadata: of the session as it was then; what only the session knows is empty if it is gone.
    """

    complete: Literal[True] = True
    error: PersistenceError | None = None

    def __init__(
        self,
        path: str | os.PathLike[str],
        listed: CheckpointMetadata | None = None,
        session: SessionMetadata | None = None,
    ) -> None:
        """Read a checkpoint's file; `listed` and `session` are what its session says today.

        Raises:
            PersistenceError: the file is damaged, or cannot be read.
        """
        self.path = os.fspath(path)
        self.checkpoint, self.signature = read_checkpoint(path, listed)
        self.metadata, self._conversation, self.state = session_at(self.checkpoint, session)
        if session is not None:
            about = self.checkpoint.metadata
            name = about.name or about.created_at[:19].replace("T", " ")
            self.metadata = replace(self.metadata, title=f"{session.title} ({name})")
        # Those that the session has are not in this file.
        self.metadata = replace(self.metadata, checkpoints=[])
        self._messages = self._conversation.messages
        self.source = ListSource(self._messages)

    @property
    def session(self) -> Session:
        """The whole session as it was at the checkpoint."""
        return Session(self.metadata, self._conversation, self.state)

    @property
    def context(self) -> ConversationContext:
        """The context of the conversation at the checkpoint."""
        return self._conversation.context

    @property
    def mode_history(self) -> ModeHistory:
        """The modes up to the checkpoint, each with the time since when."""
        return self._conversation.mode_history

    @property
    def expected(self) -> int:
        """The number of messages."""
        return len(self._messages)

    def known(self) -> int:
        """The number of messages: all are known."""
        return len(self._messages)

    def size_of(self, index: int) -> int:
        """About how many bytes of text message `index` holds."""
        return self.source.size_of(index)

    def sizes(self, start: int, stop: int) -> Sequence[int]:
        """The `size_of` of the messages from `start` to before `stop`."""
        return self.source.sizes(start, stop)

    def read_more(self) -> bool:
        """Always False: nothing is left to read."""
        return False

    def __len__(self) -> int:
        return len(self._messages)

    @overload
    def __getitem__(self, index: SupportsIndex) -> MessageSnapshot: ...

    @overload
    def __getitem__(self, index: slice) -> list[MessageSnapshot]: ...

    def __getitem__(self, index: SupportsIndex | slice) -> MessageSnapshot | list[MessageSnapshot]:
        return self._messages[index]

    def __iter__(self) -> Iterator[MessageSnapshot]:
        return iter(self._messages)

    def close(self) -> None:
        """Does nothing: the file is closed already."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
