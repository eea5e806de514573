"""Work out the steps that copy sessions from elsewhere into a store, with their checkpoints.

Strategy: a file of the store's own layout is copied byte for byte; any other is decoded and written in it.
What comes in is checked to be what was found until its last byte was copied.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from agcx_format import limits
from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.layout import HEAD, by_version, checkpoint
from agcx_format.model.session import CheckpointMetadata, SessionMetadata
from agcx_format.session.metadata import read_metadata
from agcx_format.store import paths
from agcx_format.store.acts.manifest import ActSession, Step
from agcx_format.store.acts.plan import Change, copy_steps
from agcx_format.store.acts.plan_content import encoded
from agcx_format.store.checkpoint_files import unlisted
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
    for each, layout in wanted:
        if Signature.of_target(each.path) != each.signature:
            raise StaleSession("it changed since it was found", path=each.path)
        same = each.layout == layout
        metadata, indexed, parts, size = (
            _as_it_is(each, layout) if same else _converted(each, layout, level)
        )
        steps.append(Step("create", paths.session_file(layout, each.id), parts=parts))
        steps += copy_steps(root, layout, metadata)
        listed = {one.id: one for one in metadata.checkpoints}
        for path in each.checkpoints:
            found = _checkpoint(path, each.id, layout, listed)
            if found is not None:
                steps.append(found)
                size += os.stat(path).st_size
        sessions.append(ActSession(str(each.id), metadata.title, size))
        index[each.id] = indexed
    return Change(steps, sessions, index)


_File = tuple[SessionMetadata, SessionMetadata, Iterable[bytes], int]


def _as_it_is(each: Incoming, layout: int) -> _File:
    """The metadata in the file, those for the index, the parts of the file, and its size."""
    with OpenFile(each.path) as file:
        metadata = read_metadata(file.fd, file.size)
    indexed = as_indexed(each.path, layout, metadata)
    return metadata, indexed, _Copy(each.path, each.signature), each.signature.size


def _converted(each: Incoming, layout: int, level: int) -> _File:
    """Like `_as_it_is`, of a session that is written in another layout."""
    metadata, conversation, state = each.session()
    metadata, conversation = replace(metadata, id=each.id), replace(conversation, id=each.id)
    kind = by_version(layout)
    measured, parts = kind.encode_measured(metadata, conversation, state, level)
    return kind.as_stored(metadata, measured), measured, parts, sum(map(len, parts))


def _checkpoint(
    path: str, session_id: UUID, layout: int, listed: dict[UUID, CheckpointMetadata]
) -> Step | None:
    """The step that copies a checkpoint; None for a file with another kind of name."""
    ids = checkpoint.ids_of(os.path.basename(path).lower())
    if ids is None:
        return None
    target = f"{paths.CHECKPOINTS}/{checkpoint.file_name(session_id, ids[1])}"
    with OpenFile(path) as file:
        signature = file.signature
        if checkpoint.layout_of(file.read(min(HEAD, file.size), 0)).version == layout:
            return Step("create", target, parts=_Copy(path, signature))
        data = file.read(file.size, 0)
    try:
        value = checkpoint.decode(data, listed.get(ids[1]) or unlisted(ids[1], path))
    except PersistenceError as error:
        raise error.located(path=path) from None
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
            if Signature.of(os.fstat(file.fd)) != self._signature:
                raise StaleSession("it changed while it was copied", path=self._path)
