"""The checkpoint files of a store: which there are, and what is known of one by its file alone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from agcx_format.disk.durable import os_reason
from agcx_format.errors import InvalidCheckpoint, PersistenceError
from agcx_format.layout import checkpoint
from agcx_format.model.session import Checkpoint, CheckpointMetadata
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_format.session.checkpoint_file import read_checkpoint
from agcx_format.store import paths
from agcx_format.store.session_names import as_id

__all__ = [
    "checkpoint_files",
    "checkpoint_path",
    "checkpoint_sizes",
    "list_checkpoints",
    "load_checkpoint",
    "unlisted",
]


def checkpoint_files(root: Path) -> dict[str, list[tuple[str, int]]]:
    """Relative path and size of every checkpoint file, by the id of its session in lower case.

    Raises:
        PersistenceError: the folder cannot be read.
    """
    found: dict[str, list[tuple[str, int]]] = {}
    folder = root / paths.CHECKPOINTS
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                session, separator, _ = entry.name.partition("_")
                if separator and entry.name.endswith(checkpoint.SUFFIX):
                    size = entry.stat(follow_symlinks=False).st_size
                    path = f"{paths.CHECKPOINTS}/{entry.name}"
                    found.setdefault(session.lower(), []).append((path, size))
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=folder) from None
    return found


def checkpoint_sizes(root: Path) -> dict[str, int]:
    """Bytes of the checkpoints of each session that has some, by its id in lower case.

    Every size of a session that a person sees counts them: they go to the trash with it.

    Raises:
        PersistenceError: the folder cannot be read.
    """
    files = checkpoint_files(root)
    return {name: sum(size for _, size in some) for name, some in files.items()}


def list_checkpoints(
    root: Path, session_id: UUID, listed: Iterable[CheckpointMetadata]
) -> list[CheckpointMetadata]:
    """The checkpoints of a session that have a file, oldest first; `listed` are those it lists itself.

    Raises:
        PersistenceError: the folder cannot be read.
    """
    known = {each.id: each for each in listed}
    found = []
    for path, _ in checkpoint_files(root).get(str(session_id), ()):
        ids = checkpoint.ids_of(os.path.basename(path))
        if ids is not None:
            found.append(known.get(ids[1]) or unlisted(ids[1], root / path))
    return sorted(found, key=lambda each: ns_of(each.created_at))


def load_checkpoint(
    root: Path, session_id: UUID, checkpoint_id: UUID, listed: Iterable[CheckpointMetadata]
) -> Checkpoint:
    """One checkpoint of a session; `listed` are those that the session lists.

    Raises:
        InvalidCheckpoint: it has no file.
        PersistenceError: the file is damaged, or cannot be read.
    """
    path = checkpoint_path(root, session_id, checkpoint_id)
    if not os.path.lexists(path):
        raise InvalidCheckpoint(f"no checkpoint {checkpoint_id}", path=path)
    known = {each.id: each for each in listed}
    return read_checkpoint(path, known.get(checkpoint_id))[0]


def checkpoint_path(root: Path, session_id: UUID, checkpoint_id: UUID) -> Path:
    """The path of a checkpoint's file, however its name is written, whether it exists or not.

    Raises:
        TypeError: one of the ids is not a UUID.
        PersistenceError: the folder cannot be read.
    """
    name = checkpoint.file_name(as_id(session_id), as_id(checkpoint_id, "checkpoint"))
    usual = root / paths.CHECKPOINTS / name
    if os.path.lexists(usual):
        return usual
    for found, _ in checkpoint_files(root).get(str(session_id), ()):
        if os.path.basename(found).lower() == name:
            return root / found
    return usual


def unlisted(checkpoint_id: UUID, path: str | os.PathLike[str]) -> CheckpointMetadata:
    """What the file of a checkpoint says of it that its session does not list.

    Of a damaged file only the id and the time when it was written are known.
    """
    try:
        return replace(read_checkpoint(path)[0].metadata, id=checkpoint_id)
    except PersistenceError:
        created_at = Timestamp.from_ns(os.stat(path).st_mtime_ns)
        return CheckpointMetadata(checkpoint_id, "", created_at, 0, None)
