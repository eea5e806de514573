"""Work out the steps that make a new session from an existing one: by splitting it, or from a checkpoint.

Strategy: both read the whole session strictly, since a damaged one cannot be split, and write it
through the codec of its layout.  Messages do not change, turn numbers and ids included, so that the
two halves joined are the original.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from agcx_format.counting import counted
from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError
from agcx_format.layout.checkpoint import encode as encode_checkpoint
from agcx_format.layout.checkpoint import file_name
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import (
    Checkpoint,
    CheckpointMetadata,
    ModeHistory,
    OperatingMode,
    Session,
    SessionMetadata,
    SessionState,
)
from agcx_format.model.streamed import part_of
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_format.session.checkpoint_file import read_checkpoint, session_at
from agcx_format.session.metadata import read_metadata
from agcx_format.store import paths
from agcx_format.store.acts.encoder import Encoder
from agcx_format.store.acts.manifest import ActSession, Step
from agcx_format.store.acts.plan import Change, copy_steps
from agcx_format.store.acts.plan_content import checkpoint_layout, read_unchanged
from agcx_format.store.checkpoint_files import checkpoint_path, load_checkpoint
from agcx_format.store.entries import ScanEntry
from agcx_format.store.stored_checkpoint import StoredCheckpoint
from agcx_format.transcript.modes import modes_from, modes_until

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

    Each gets the modes, dates, and checkpoints of its messages: a checkpoint that goes beyond `at` becomes
    one of the new session, with the messages from there on.

    Raises:
        ValueError: one of the two would have no messages.
        StaleSession: the file changed since it was scanned.
        PersistenceError: it is damaged, or cannot be read.
    """
    metadata, conversation, state = read_unchanged(entry)
    messages = conversation.messages
    if not 0 < at < len(messages):
        raise ValueError(
            f"{counted(len(messages), 'message')} cannot be split before number {at + 1}"
        )
    first, second = part_of(messages, 0, at), part_of(messages, at)
    ended, began = (message.timestamp for message in messages[at - 1 : at + 1])
    history = conversation.mode_history
    one_history = modes_until(history, ended)
    moved = _checkpoints_beyond(root, metadata, at, new_id)
    listed = [each for each in metadata.checkpoints if each.message_index <= at]
    kept = replace(
        metadata,
        turn_count=_turns(metadata, first),
        updated_at=_newer(metadata.created_at, ended),
        current_mode=_last_mode(one_history, metadata),
        checkpoints=listed,
    )
    new = replace(
        metadata,
        id=new_id,
        title=title_of_second(metadata) if title is None else title,
        created_at=began,
        last_accessed=Timestamp.now(),
        turn_count=_turns(metadata, second),
        checkpoints=[each.metadata for _, each in moved],
    )
    encoder = Encoder(level, root)
    one_part = replace(conversation, messages=first, mode_history=one_history)
    one = encoder.encode(entry.layout, Session(kept, one_part, _state_of(state, first, 0)))
    relative = paths.relative(root, entry.path)
    steps = [Step("replace", relative, parts=one.parts, expected=entry.signature)]
    steps += copy_steps(root, entry.layout, one.stored)
    steps += [step for step, _ in moved]
    other = replace(
        conversation, id=new_id, messages=second, mode_history=modes_from(history, began)
    )
    checkpoints = [each for _, each in moved]
    session = Session(new, other, _state_of(state, second, at))
    change = _created(root, entry.layout, session, encoder, checkpoints)
    indexed = one.indexed
    sessions = [ActSession(str(indexed.id), indexed.title, entry.size), *change.sessions]
    return Change([*steps, *change.steps], sessions, {indexed.id: indexed, **change.index})


def _checkpoints_beyond(
    root: Path, metadata: SessionMetadata, at: int, new_id: UUID
) -> list[tuple[Step, Checkpoint]]:
    """The checkpoints that go beyond message `at`, without the messages before it.

    Each comes with the step that takes its file away. One that cannot be read is not among them: its file
    stays, and no session lists it.
    """
    found = []
    for listed in metadata.checkpoints:
        if listed.message_index <= at:
            continue
        path = checkpoint_path(root, metadata.id, listed.id)
        signature = Signature.at(path)
        try:
            value = load_checkpoint(root, metadata.id, listed.id, [listed])
        except PersistenceError:
            continue
        conversation = value.conversation
        messages = conversation.messages[at:]
        if not messages:
            continue
        began = messages[0].timestamp
        part = replace(
            value,
            metadata=replace(listed, message_index=len(messages)),
            conversation=replace(
                conversation,
                id=new_id,
                messages=messages,
                mode_history=modes_from(conversation.mode_history, began),
            ),
            state=_state_of(value.state, messages, at),
        )
        found.append((Step("move", paths.relative(root, path), expected=signature), part))
    return found


def from_checkpoint(
    root: Path, wanted: StoredCheckpoint, new_id: UUID, title: str | None, level: int
) -> Change:
    """Make a session of the conversation as it was at a checkpoint, with the checkpoints before it.

    Of a session that is gone, or cannot be read, only what the checkpoint's own file says is known.

    Raises:
        PersistenceError: the checkpoint is damaged, or cannot be read.
    """
    assert wanted.path is not None
    file, entry = root / wanted.path, wanted.session
    checkpoint, _ = read_checkpoint(file, None if wanted.is_unlisted else wanted.metadata)
    messages = checkpoint.conversation.messages
    if entry is None or entry.metadata is None:
        metadata, layout = session_at(checkpoint, None)[0], checkpoint_layout(file).version
        default = metadata.title
    else:
        metadata, layout = _whole_metadata(entry), entry.layout
        default = title_of_checkpoint(metadata, checkpoint.metadata)
    changed = messages[-1].timestamp if messages else checkpoint.metadata.created_at
    earlier = _checkpoints_before(root, metadata, checkpoint.metadata, new_id)
    new = replace(
        metadata,
        id=new_id,
        title=default if title is None else title,
        updated_at=_newer(metadata.created_at, changed),
        last_accessed=Timestamp.now(),
        turn_count=_turns(metadata, messages),
        current_mode=_last_mode(checkpoint.conversation.mode_history, metadata),
        is_favorite=False,
        checkpoints=[each.metadata for each in earlier],
    )
    conversation = replace(checkpoint.conversation, id=new_id)
    session = Session(new, conversation, checkpoint.state)
    return _created(root, layout, session, Encoder(level, root), earlier)


def _checkpoints_before(
    root: Path, metadata: SessionMetadata, end: CheckpointMetadata, new_id: UUID
) -> list[Checkpoint]:
    """The checkpoints of a session that were made before another and can be read, for a new session."""
    found = []
    for listed in metadata.checkpoints:
        later = ns_of(listed.created_at) > ns_of(end.created_at)
        if listed.id == end.id or later or listed.message_index > end.message_index:
            continue
        try:
            value = load_checkpoint(root, metadata.id, listed.id, [listed])
        except PersistenceError:
            continue
        conversation = replace(value.conversation, id=new_id)
        found.append(replace(value, metadata=listed, conversation=conversation))
    return found


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
    session: Session,
    encoder: Encoder,
    checkpoints: Sequence[Checkpoint],
) -> Change:
    new = encoder.encode(layout, session)
    indexed = new.indexed
    path = paths.session_file(layout, indexed.id)
    steps = [Step("create", path, parts=new.parts), *copy_steps(root, layout, new.stored)]
    for each in checkpoints:
        name = file_name(indexed.id, each.metadata.id)
        steps.append(
            Step("create", f"{paths.CHECKPOINTS}/{name}", parts=encode_checkpoint(each, layout))
        )
    created = ActSession(str(indexed.id), indexed.title, new.size)
    return Change(steps, [created], {indexed.id: indexed})


def _turns(metadata: SessionMetadata, messages: Sequence[MessageSnapshot]) -> int:
    """How many turns a part of a session has; 0 if its writer did not count them.

    Then the messages do not say which turn they are in, and whoever shows them counts.
    """
    return len({message.turn_index for message in messages}) if metadata.turn_count else 0


def _newer(one: str, other: str) -> str:
    return one if ns_of(one) >= ns_of(other) else other


def _last_mode(history: ModeHistory, metadata: SessionMetadata) -> OperatingMode:
    return history[-1][0] if history else metadata.current_mode


def _state_of(state: SessionState, messages: Sequence[MessageSnapshot], start: int) -> SessionState:
    """The state of the interface, as far as it concerns these messages, which began at `start`."""
    ids = {message.metadata.message_id for message in messages}
    return replace(
        state,
        cursor_position=min(max(0, state.cursor_position - start), len(messages) - 1),
        scroll_offset=state.scroll_offset if start == 0 else 0,
        selected_message=state.selected_message if state.selected_message in ids else None,
        expanded_messages=[each for each in state.expanded_messages if each in ids],
    )
