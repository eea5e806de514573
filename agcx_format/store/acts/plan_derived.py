"""Work out the steps that make a new session from an existing one: by splitting it, or from a checkpoint.

Strategy: both read the whole session strictly, since a damaged one cannot be split, and write it
through the codec of its layout.  Messages do not change, turn numbers and ids included, so that the
two halves joined are the original.
"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from agcx_format.counting import counted
from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.layout import by_version
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import (
    Checkpoint,
    CheckpointMetadata,
    ConversationSnapshot,
    SessionMetadata,
    SessionState,
)
from agcx_format.model.timestamps import Timestamp
from agcx_format.session.metadata import read_metadata
from agcx_format.session.whole import read_session
from agcx_format.store import paths
from agcx_format.store.acts.manifest import ActSession, Step
from agcx_format.store.acts.plan import Change, copy_steps
from agcx_format.store.entries import ScanEntry

__all__ = ["from_checkpoint", "split", "title_of_checkpoint", "title_of_second"]


def title_of_second(metadata: SessionMetadata) -> str:
    """The default title of the second half of a session."""
    return f"{metadata.title} (2)"


def title_of_checkpoint(metadata: SessionMetadata, checkpoint: CheckpointMetadata) -> str:
    """The default title of a session made from a checkpoint."""
    return f"{metadata.title} ({checkpoint.name or checkpoint.created_at[:10]})"


def split(
    root: Path, entry: ScanEntry, at: int, new_id: UUID, title: str | None, level: int
) -> Change:
    """Keep the messages before number `at`, counted from 0, and move the others to a new session.

    Checkpoints stay with the first.

    Raises:
        ValueError: one of the two would have no messages.
        StaleSession: the file changed since it was scanned.
        PersistenceError: it is damaged, or cannot be read.
    """
    if Signature.at(entry.path) != entry.signature:
        raise StaleSession("it changed since it was read", path=entry.path)
    metadata, conversation, state = read_session(entry.path)
    messages = conversation.messages
    if not 0 < at < len(messages):
        raise ValueError(
            f"{counted(len(messages), 'message')} cannot be split before number {at + 1}"
        )
    first, second = messages[:at], messages[at:]
    now = Timestamp.now()
    kept = replace(metadata, turn_count=_turns(first), updated_at=now)
    new = replace(
        metadata,
        id=new_id,
        title=title_of_second(metadata) if title is None else title,
        created_at=second[0].timestamp,
        last_accessed=now,
        turn_count=_turns(second),
        checkpoints=[],
    )
    codec = by_version(entry.layout)
    one, parts = codec.encode_measured(
        kept, replace(conversation, messages=first), _state_of(state, first, 0), level
    )
    relative = paths.relative(root, entry.path)
    steps = [Step("replace", relative, parts=parts, expected=entry.signature)]
    steps += copy_steps(root, entry.layout, codec.as_stored(kept, one))
    other = replace(conversation, id=new_id, messages=second)
    change = _created(root, entry.layout, new, other, _state_of(state, second, at), level)
    sessions = [ActSession(str(one.id), one.title, entry.size), *change.sessions]
    return Change([*steps, *change.steps], sessions, {one.id: one, **change.index})


def from_checkpoint(
    root: Path,
    entry: ScanEntry,
    checkpoint: Checkpoint,
    new_id: UUID,
    title: str | None,
    level: int,
) -> Change:
    """Make a session of the conversation as it was at a checkpoint.

    Raises:
        PersistenceError: the metadata of the session cannot be read.
    """
    metadata, conversation = _whole_metadata(entry), checkpoint.conversation
    new = replace(
        metadata,
        id=new_id,
        title=title_of_checkpoint(metadata, checkpoint.metadata) if title is None else title,
        last_accessed=Timestamp.now(),
        turn_count=_turns(conversation.messages),
        is_favorite=False,
        checkpoints=[],
    )
    conversation = replace(conversation, id=new_id)
    return _created(root, entry.layout, new, conversation, checkpoint.state, level)


def _whole_metadata(entry: ScanEntry) -> SessionMetadata:
    """The metadata from the file: an entry has them as shortened for a list."""
    with OpenFile(entry.path) as file:
        try:
            return read_metadata(file.fd, file.size)
        except PersistenceError as error:
            raise error.located(path=entry.path) from None


def _created(
    root: Path,
    layout: int,
    metadata: SessionMetadata,
    conversation: ConversationSnapshot,
    state: SessionState,
    level: int,
) -> Change:
    codec = by_version(layout)
    measured, parts = codec.encode_measured(metadata, conversation, state, level)
    path = paths.session_file(layout, metadata.id)
    copies = copy_steps(root, layout, codec.as_stored(metadata, measured))
    steps = [Step("create", path, parts=parts), *copies]
    session = ActSession(str(measured.id), measured.title, sum(map(len, parts)))
    return Change(steps, [session], {measured.id: measured})


def _turns(messages: list[MessageSnapshot]) -> int:
    return len({message.turn_index for message in messages})


def _state_of(state: SessionState, messages: list[MessageSnapshot], start: int) -> SessionState:
    """The state of the interface, as far as it concerns these messages, which began at `start`."""
    ids = {message.metadata.message_id for message in messages}
    return replace(
        state,
        cursor_position=min(max(0, state.cursor_position - start), len(messages) - 1),
        scroll_offset=state.scroll_offset if start == 0 else 0,
        selected_message=state.selected_message if state.selected_message in ids else None,
        expanded_messages=[each for each in state.expanded_messages if each in ids],
    )
