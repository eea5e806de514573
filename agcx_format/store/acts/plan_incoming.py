"""Work out the steps that copy sessions from elsewhere into a store, with their checkpoints.

Strategy: a file of the store's own layout is copied byte for byte; any other is decoded and written in it.
What comes in is checked to be what was found until its last byte was copied.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from agcx_format import limits
from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError, StaleSession, located
from agcx_format.layout import HEAD, checkpoint
from agcx_format.model.session import CheckpointMetadata, Session, SessionMetadata
from agcx_format.session.checkpoint_file import read_checkpoint
from agcx_format.session.metadata import read_metadata
from agcx_format.store import paths
from agcx_format.store.acts.encoder import Encoded, Encoder
from agcx_format.store.acts.manifest import ActSession, Step
from agcx_format.store.acts.plan import Change, copy_steps
from agcx_format.store.acts.plan_content import encoded
from agcx_format.store.incoming import Incoming
from agcx_format.store.index_keeper import as_indexed

__all__ = ["arrival"]


def arrival(root: Path, wanted: Sequence[tuple[Incoming, int]], level: int) -> Change:
    """Copy sessions to the store, each in the layout with the number beside it.

    Raises:
        StaleSession: a file changed since it was found.
        LayoutCannotHold: the layout has no place for something in a checkpoint.
        PersistenceError: something is damaged or cannot be read.
    """
    steps: list[Step] = []
    sessions: list[ActSession] = []
    index: dict[UUID, SessionMetadata | None] = {}
    encoder = Encoder(level, root)
    for each, layout in wanted:
        if Signature.of_target(each.path) != each.signature:
            raise StaleSession("it changed since it was found", path=each.path)
        same = each.layout == layout
        new = _as_it_is(each, layout) if same else encoder.encode(layout, _whole(each))
        size = new.size
        steps.append(Step("create", paths.session_file(layout, each.id), parts=new.parts))
        steps += copy_steps(root, layout, new.stored)
        listed = {one.id: one for one in new.stored.checkpoints}
        for path in each.checkpoints:
            found = _checkpoint(path, each.id, layout, listed)
            if found is not None:
                steps.append(found)
                size += os.stat(path).st_size
        sessions.append(ActSession(str(each.id), new.stored.title, size))
        index[each.id] = new.indexed
    return Change(steps, sessions, index)


def _as_it_is(each: Incoming, layout: int) -> Encoded:
    with OpenFile(each.path) as file, located(path=each.path):
        metadata = read_metadata(file.fd, file.size)
    indexed = as_indexed(each.path, layout, metadata)
    parts = _Copy(each.path, each.signature)
    return Encoded(indexed, parts, each.signature.size, metadata)


def _whole(each: Incoming) -> Session:
    """The whole of a session that is written in another layout.

    Raises:
        StaleSession: its file changed since it was found.
        PersistenceError: it is damaged, or cannot be read.
    """
    metadata, conversation, state = each.session()
    if Signature.of_target(each.path) != each.signature:
        raise StaleSession("it changed since it was found", path=each.path)
    return Session(replace(metadata, id=each.id), replace(conversation, id=each.id), state)


def _checkpoint(
    path: str, session_id: UUID, layout: int, listed: dict[UUID, CheckpointMetadata]
) -> Step | None:
    """The step that copies a checkpoint; None for what has another kind of name, or is no file."""
    ids = checkpoint.ids_of(os.path.basename(path).lower())
    if ids is None:
        return None
    target = f"{paths.CHECKPOINTS}/{checkpoint.file_name(session_id, ids[1])}"
    try:
        file = OpenFile(path)
    except PersistenceError:
        # A FIFO, say: `losses` says that it is left out.
        return None
    with file:
        signature = file.signature
        if checkpoint.layout_of(file.read(min(HEAD, file.size), 0)).version == layout:
            return Step("create", target, parts=_Copy(path, signature))
    try:
        value, found = read_checkpoint(path, listed.get(ids[1]))
    except PersistenceError:
        # Damaged: it is copied unchanged, since parts of it may be readable one day.
        return Step("create", target, parts=_Copy(path, signature))
    if found != signature:
        raise StaleSession("it changed since it was found", path=path)
    return Step("create", target, parts=encoded(value, layout, path))


class _Copy:
    """The bytes of a file in pieces, which stays the same to the last."""

    def __init__(self, path: str, signature: Signature) -> None:
        self._path, self._signature = path, signature

    def __iter__(self) -> Iterator[bytes]:
        with OpenFile(self._path) as file:
            if file.signature != self._signature:
                raise StaleSession("it changed since it was found", path=self._path)
            for at in range(0, file.size, limits.MIB):
                yield file.read(min(limits.MIB, file.size - at), at)
            file.check_unchanged()
