"""Work out the steps of creating, renaming and deleting checkpoints, and of going back to one.

Strategy: a checkpoint is a file and a line in its session's metadata.  Both change in the same act; a session
that does not list a checkpoint, or that cannot be read, keeps its file as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from agcx_format.layout import checkpoint
from agcx_format.model.session import Checkpoint, CheckpointMetadata, Session, SessionMetadata
from agcx_format.model.timestamps import Timestamp
from agcx_format.session.checkpoint_file import read_checkpoint, session_at
from agcx_format.store import paths
from agcx_format.store.acts.manifest import ActSession, Step
from agcx_format.store.acts.plan import Change, copy_steps, with_metadata
from agcx_format.store.acts.plan_content import (
    checkpoint_layout,
    encoded,
    read_unchanged,
    replaced,
)
from agcx_format.store.entries import ScanEntry
from agcx_format.store.stored_checkpoint import StoredCheckpoint

__all__ = ["creation", "deletion", "going_back", "renaming"]

_List = list[CheckpointMetadata]


def creation(
    root: Path, entry: ScanEntry, new_id: UUID, name: str, description: str | None, level: int
) -> Change:
    """Save the current state of the session as a checkpoint.

    Raises:
        StaleSession: the file changed since it was scanned.
        PersistenceError: it is damaged, or cannot be read.
    """
    metadata, conversation, state = read_unchanged(entry)
    count = len(conversation.messages)
    new = CheckpointMetadata(new_id, name, Timestamp.now(), count, description)
    parts = encoded(Checkpoint(new, conversation, state), entry.layout, entry.path)
    path = f"{paths.CHECKPOINTS}/{checkpoint.file_name(metadata.id, new_id)}"
    steps, indexed = _relisted(root, entry, lambda listed: [*listed, new], level)
    session = ActSession(str(metadata.id), metadata.title, sum(map(len, parts)))
    return Change([Step("create", path, parts=parts), *steps], [session], {indexed.id: indexed})


def renaming(root: Path, wanted: StoredCheckpoint, name: str, level: int) -> Change:
    """Give a checkpoint another name; one that its session did not list is listed from then on.

    Raises:
        StaleSession: a file changed since it was scanned.
        PersistenceError: the session or the checkpoint cannot be read.
    """
    assert wanted.session is not None
    named = replace(wanted.metadata, name=name)

    def relist(listed: _List) -> _List:
        if all(each.id != named.id for each in listed):
            return sorted([*listed, named], key=lambda each: each.message_index)
        return [replace(each, name=name) if each.id == named.id else each for each in listed]

    steps, indexed = _relisted(root, wanted.session, relist, level)
    steps += _renamed_inside(root, wanted, name)
    session = ActSession(str(indexed.id), indexed.title, wanted.size)
    return Change(steps, [session], {indexed.id: indexed})


def _renamed_inside(root: Path, wanted: StoredCheckpoint, name: str) -> list[Step]:
    """The step that writes the name into the file, in a layout whose checkpoints hold it."""
    if wanted.path is None:
        return []
    file = root / wanted.path
    layout = checkpoint_layout(file)
    if not layout.checkpoint_holds_metadata:
        return []
    value, signature = read_checkpoint(file)
    named = replace(value.metadata, name=name)
    parts = encoded(replace(value, metadata=named), layout.version, file)
    return [Step("replace", wanted.path, parts=parts, expected=signature)]


def deletion(root: Path, wanted: Sequence[StoredCheckpoint], level: int) -> Change:
    """Move checkpoints to the trash; their sessions no longer list them.

    Raises:
        StaleSession: a file changed since it was scanned.
        PersistenceError: a session that lists one cannot be read.
    """
    steps: list[Step] = []
    sessions: list[ActSession] = []
    index: dict[UUID, SessionMetadata | None] = {}
    for session_id in dict.fromkeys(each.session_id for each in wanted):
        of_this = [each for each in wanted if each.session_id == session_id]
        steps += [Step("move", each.path, expected=each.signature) for each in of_this if each.path]
        size = sum(each.size for each in of_this)
        sessions.append(ActSession(str(session_id), of_this[0].title, size))
        gone = {each.metadata.id for each in of_this if not each.is_unlisted}
        entry = of_this[0].session
        if entry is not None and entry.metadata is not None and gone:
            more, indexed = _relisted(root, entry, _without(gone), level)
            steps += more
            index[session_id] = indexed
    return Change(steps, sessions, index)


def going_back(root: Path, wanted: StoredCheckpoint, level: int) -> Change:
    """Make a session what it was at a checkpoint; its title, tags, star, and checkpoints stay.

    Raises:
        StaleSession: the session changed since it was scanned.
        PersistenceError: it, or the checkpoint, is damaged or cannot be read.
    """
    assert wanted.session is not None
    assert wanted.path is not None
    entry = wanted.session
    today = read_unchanged(entry).metadata
    value, _ = read_checkpoint(root / wanted.path, wanted.metadata)
    metadata, conversation, state = session_at(value, today)
    session = Session(
        replace(metadata, updated_at=Timestamp.now()), replace(conversation, id=today.id), state
    )
    return replaced(root, [(entry, session)], level)


def _relisted(
    root: Path, entry: ScanEntry, change: Callable[[_List], _List], level: int
) -> tuple[list[Step], SessionMetadata]:
    """The steps that change the list of checkpoints in a session; its metadata for the index."""
    new, parts, _ = with_metadata(
        entry, lambda old: replace(old, checkpoints=change(list(old.checkpoints))), level
    )
    path = paths.relative(root, entry.path)
    step = Step("replace", path, parts=parts, expected=entry.signature)
    return [step, *copy_steps(root, entry.layout, new.metadata)], new.indexed


def _without(gone: Iterable[UUID]) -> Callable[[_List], _List]:
    ids = frozenset(gone)
    return lambda listed: [each for each in listed if each.id not in ids]
