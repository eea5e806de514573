"""Work out the steps that write sessions in another layout, with their checkpoints and copies of metadata.

Strategy: the old file goes to the trash and the new one is made in the folder of its layout.  A
checkpoint keeps its place and gets the new encoding; one that is damaged stays as it is.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import LayoutCannotHold, PersistenceError, StaleSession
from agcx_format.layout import HEAD, by_version, checkpoint
from agcx_format.model.session import CheckpointMetadata, SessionMetadata
from agcx_format.session.checkpoint_file import read_checkpoint
from agcx_format.store import paths
from agcx_format.store.acts.encoder import Encoder
from agcx_format.store.acts.manifest import ActSession, Step
from agcx_format.store.acts.plan import Change, copy_steps, metadata_copies
from agcx_format.store.acts.plan_content import encoded, read_unchanged
from agcx_format.store.checkpoint_files import checkpoint_files
from agcx_format.store.entries import ScanEntry

__all__ = ["conversion", "converted_path"]


def converted_path(root: Path, entry: ScanEntry, layout: int) -> str:
    """Where a session's file is in another layout, relative to the store.

    Raises:
        StaleSession: a file is there already, with the same id.
    """
    if entry.id is not None:
        path = paths.session_file(layout, entry.id)
    else:
        path = os.path.join(by_version(layout).folder, os.path.basename(entry.path))
    if os.path.lexists(root / path):
        raise StaleSession(f"layout {layout} has a session with its id already", path=entry.path)
    return path


def conversion(root: Path, entries: Sequence[ScanEntry], layout: int, level: int) -> Change:
    """Write sessions in another layout; those that have it already are not touched.

    Raises:
        StaleSession: a file changed since it was scanned, or the place of the new one is taken.
        LayoutCannotHold: the layout has no place for something in a checkpoint.
        PersistenceError: a session is damaged, or cannot be read.
    """
    checkpoints, relative = checkpoint_files(root), paths.relative_paths(root)
    encoder = Encoder(level, root)
    steps: list[Step] = []
    sessions: list[ActSession] = []
    index: dict[UUID, SessionMetadata | None] = {}
    for entry in entries:
        if entry.layout == layout:
            continue
        path = converted_path(root, entry, layout)
        try:
            new = encoder.encode(layout, read_unchanged(entry))
        except (TypeError, ValueError) as cause:
            raise LayoutCannotHold(str(cause), path=entry.path) from None
        steps.append(Step("move", relative(entry.path), expected=entry.signature))
        steps += [Step("move", copy) for copy in _copies(root, entry)]
        steps.append(Step("create", path, parts=new.parts))
        steps += copy_steps(root, layout, new.stored)
        listed = {each.id: each for each in new.stored.checkpoints}
        size = entry.size
        for file, amount in checkpoints.get(str(entry.id), ()):
            steps += _checkpoint(root, file, layout, listed)
            size += amount
        sessions.append(ActSession(str(new.indexed.id), new.indexed.title, size))
        index[new.indexed.id] = new.indexed
    return Change(steps, sessions, index)


def _copies(root: Path, entry: ScanEntry) -> list[str]:
    copies = by_version(entry.layout).copies
    if copies is None or entry.id is None:
        return []
    return [path for path, _ in metadata_copies(root, entry, copies)]


def _checkpoint(
    root: Path, path: str, layout: int, listed: dict[UUID, CheckpointMetadata]
) -> list[Step]:
    """The step that gives a checkpoint another encoding; empty if it has that, or cannot be read."""
    file = root / path
    ids = checkpoint.ids_of(os.path.basename(path).lower())
    if ids is None:
        return []
    try:
        with OpenFile(file) as opened:
            if checkpoint.layout_of(opened.read(min(HEAD, opened.size), 0)).version == layout:
                return []
        value, signature = read_checkpoint(file, listed.get(ids[1]))
    except PersistenceError:
        return []
    return [Step("replace", path, parts=encoded(value, layout, file), expected=signature)]
