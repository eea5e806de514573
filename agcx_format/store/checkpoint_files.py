"""The files of checkpoints in a store: which there are, and what is known of one by its file alone."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

from agcx_format.disk.durable import os_reason
from agcx_format.errors import PersistenceError
from agcx_format.model.session import CheckpointMetadata
from agcx_format.model.timestamps import Timestamp
from agcx_format.store import paths

__all__ = ["checkpoint_files", "unnamed"]


def checkpoint_files(root: Path) -> dict[str, list[tuple[str, int]]]:
    """Relative path and size of every checkpoint file, by the id of its session, in lower case.

    Raises `PersistenceError` when the folder cannot be read.
    """
    found: dict[str, list[tuple[str, int]]] = {}
    folder = root / paths.CHECKPOINTS
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                session, separator, _ = entry.name.partition("_")
                if separator and entry.name.endswith(".ckpt"):
                    size = entry.stat(follow_symlinks=False).st_size
                    path = f"{paths.CHECKPOINTS}/{entry.name}"
                    found.setdefault(session.lower(), []).append((path, size))
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=folder) from None
    return found


def unnamed(checkpoint_id: UUID, path: os.PathLike[str]) -> CheckpointMetadata:
    """What is known of a checkpoint that its session does not list: when its file was written."""
    created_at = Timestamp.from_ns(os.stat(path).st_mtime_ns)
    return CheckpointMetadata(checkpoint_id, "", created_at, 0, None)
