"""Where the files of a store lie, by layout, and what their names say."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final
from uuid import UUID

from agcx_format.disk.durable import os_reason
from agcx_format.errors import PersistenceError

__all__ = [
    "CHECKPOINTS", "FOLDERS", "INDEX", "METADATA", "SUFFIX", "TRASH", "WRITTEN", "can_be_named",
    "id_of", "is_uuid", "metadata_copy", "relative", "relative_paths", "session_file", "session_paths",
]  # fmt: skip

SUFFIX: Final = ".agcx"
INDEX: Final = "sessions.idx"
CHECKPOINTS: Final = "checkpoints"
TRASH: Final = "trash"

# Layout 2 keeps a copy of each session's metadata beside its sessions.
METADATA: Final = "metadata"

# The folder of the session files, relative to the store, by layout.
FOLDERS: Final = {1: "", 2: "sessions"}

# Every folder in which a writer that was killed may leave a temporary file.
WRITTEN: Final = (*FOLDERS.values(), METADATA, CHECKPOINTS)

is_uuid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE).fullmatch


def session_file(layout: int, session_id: UUID) -> str:
    """The path of a session's file, relative to its store."""
    return os.path.join(FOLDERS[layout], f"{session_id}{SUFFIX}")


def metadata_copy(session_id: UUID) -> str:
    return f"{METADATA}/{session_id}.meta"


def id_of(path: str) -> UUID | None:
    """The session that a file's name names; None when that is no UUID."""
    name = os.path.basename(path).removesuffix(SUFFIX)
    return UUID(name) if is_uuid(name) else None


def session_paths(root: Path) -> Iterator[tuple[int, str]]:
    """Layout and path of every session file; a folder that is not there has none.

    Raises `PersistenceError` when a folder cannot be read.
    """
    found = False
    for layout, folder in FOLDERS.items():
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    if entry.name.endswith(SUFFIX) and not entry.name.startswith("."):
                        found = True
                        yield layout, entry.path
        except (FileNotFoundError, NotADirectoryError) as cause:
            # A link to a disk that is not there is no folder without sessions.
            if folder and os.path.islink(root / folder):
                raise PersistenceError(os_reason(cause), path=root / folder) from None
        except OSError as cause:
            if folder and found and not _may_be_entered(root):
                # Every file of the store itself says so already.
                continue
            raise PersistenceError(os_reason(cause), path=root / folder) from None


def _may_be_entered(directory: Path) -> bool:
    try:
        os.lstat(os.path.join(directory, os.curdir))
    except PermissionError:
        return False
    return True


def can_be_named(path: str) -> bool:
    """Whether a file can have this name at all; asking the system for others is a `ValueError`."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def layout_of(root: Path, path: str | os.PathLike[str]) -> int:
    """The layout of a session file by the folder that it lies in; 1 for a file elsewhere."""
    folder = os.path.realpath(os.path.dirname(os.path.abspath(path)))
    return 2 if folder == os.path.join(os.path.realpath(root), FOLDERS[2]) else 1


def relative(root: Path, path: str | os.PathLike[str]) -> str:
    """A file's path within its store; `PersistenceError` when it is in another place."""
    return relative_paths(root)(path)


def relative_paths(root: Path) -> Callable[[str | os.PathLike[str]], str]:
    """Like `relative`, for many files: a folder is looked up once."""
    real_root = os.path.realpath(root)

    @cache
    def inside(folder: str) -> str:
        """What stands before a name that lies in it: nothing, or the folder with a separator."""
        found = os.path.relpath(os.path.realpath(folder), real_root)
        return "" if found == os.curdir else f"{found}/"

    def relative_path(path: str | os.PathLike[str]) -> str:
        folder, separator, name = os.fspath(path).rpartition("/")
        before = inside(folder or separator)
        if before.startswith(f"{os.pardir}/"):
            raise PersistenceError("not in this store", path=path)
        return before + name

    return relative_path
