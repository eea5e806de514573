"""Where the files of a store are, by layout, and what their names mean.

Strategy: listing files must not import what reads them, which takes a while.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from agcx_format.errors import PersistenceError
from agcx_format.layout.folders import FOLDERS
from agcx_format.store.names import SUFFIX, is_uuid

if TYPE_CHECKING:
    from agcx_format.layout import Layout
    from agcx_format.layout.metadata_copies import MetadataCopies

__all__ = [
    "CHECKPOINTS",
    "IMPORTS",
    "INDEX",
    "SUFFIX",
    "TRASH",
    "can_be_named",
    "copies_of_folder",
    "emptied_layout",
    "folders",
    "id_of",
    "is_uuid",
    "layout_in",
    "layout_of",
    "relative",
    "relative_paths",
    "session_file",
    "session_names",
    "session_paths",
    "store_folder",
    "written_folders",
]  # fmt: skip

INDEX: Final = "sessions.idx"
CHECKPOINTS: Final = "checkpoints"
IMPORTS: Final = "imports"
TRASH: Final = "trash"

_DOT = ord(".")


def folders() -> dict[int, str]:
    """The folder of the session files, relative to the store, by layout."""
    return FOLDERS


def written_folders() -> list[str]:
    """Every folder in which a killed writer may leave a temporary file."""
    from agcx_format.layout import LAYOUTS

    copies = [layout.copies.folder for layout in LAYOUTS.values() if layout.copies]
    return [*folders().values(), *copies, CHECKPOINTS, IMPORTS]


def copies_of_folder(folder: str) -> MetadataCopies | None:
    """The metadata copies that a layout keeps in this folder of a store; None if none does."""
    from agcx_format.layout import LAYOUTS

    copies = (layout.copies for layout in LAYOUTS.values() if layout.copies)
    return next((each for each in copies if each.folder == folder), None)


def session_file(layout: int, session_id: UUID) -> str:
    """The path of a session's file, relative to its store."""
    from agcx_format.layout import by_version

    return os.path.join(by_version(layout).folder, f"{session_id}{SUFFIX}")


def id_of(path: str) -> UUID | None:
    """The id in a session file's name; None if the name is not a UUID."""
    name = os.path.basename(path).removesuffix(SUFFIX)
    return UUID(name) if is_uuid(name) else None


def store_folder(path: str) -> str:
    """The folder of the store that a session file with this path is in, whether or not it is one."""
    folder = os.path.dirname(os.path.abspath(path))
    parent, name = os.path.split(folder)
    return parent if name in written_folders() else folder


def session_paths(root: Path) -> Iterator[tuple[int, str]]:
    """Layout and path of every session file; a missing folder has none.

    Raises:
        PersistenceError: a folder cannot be read.
    """
    return ((layout, entry.path) for layout, entry in _session_entries(root))


def _session_entries(root: Path) -> Iterator[tuple[int, os.DirEntry[str]]]:
    """Layout and every session file as its directory has it, one by one.

    Raises:
        PersistenceError: a folder cannot be read.
    """
    found = False
    for layout, folder in folders().items():
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    if entry.name.endswith(SUFFIX) and not entry.name.startswith("."):
                        found = True
                        yield layout, entry
        except OSError as cause:
            _pass_over(cause, root, folder, found)


def session_names(root: Path) -> Iterator[tuple[int, list[bytes]]]:
    """Layout and the names of all session files in its folder, for those who look at every one.

    Raises:
        PersistenceError: a folder cannot be read.
    """
    suffix, found = SUFFIX.encode(), False
    for layout, folder in folders().items():
        try:
            listed = os.listdir(os.fsencode(root / folder))
        except OSError as cause:
            _pass_over(cause, root, folder, found)
        else:
            names = [name for name in listed if name.endswith(suffix) and name[0] != _DOT]
            found = found or bool(names)
            yield layout, names


def _pass_over(cause: OSError, root: Path, folder: str, found: bool) -> None:
    """Do without a folder that is missing.

    `found` is whether there are sessions elsewhere in the store.

    Raises:
        PersistenceError: it cannot be read.
    """
    if isinstance(cause, FileNotFoundError | NotADirectoryError):
        # A link to a disk that is not mounted does not mean that there are no sessions.
        if not (folder and os.path.islink(root / folder)):
            return
    elif folder and found and not _may_be_entered(root):
        # Every file of the store itself is listed with this reason already.
        return
    # Imported late: it is seldom needed.
    from agcx_format.disk import os_reason

    raise PersistenceError(os_reason(cause), path=root / folder) from None


def _may_be_entered(directory: Path) -> bool:
    try:
        os.lstat(os.path.join(directory, os.curdir))
    except PermissionError:
        return False
    return True


def can_be_named(path: str) -> bool:
    """Whether a file can have this name; for other names the system calls raise ValueError."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def layout_of(root: Path, path: str | os.PathLike[str]) -> int:
    """The layout of a session file by the folder that it is in; 1 for a file elsewhere."""
    folder = os.path.realpath(os.path.dirname(os.path.abspath(path)))
    real_root = os.path.realpath(root)
    for layout, name in folders().items():
        if name and folder == os.path.join(real_root, name):
            return layout
    return 1


def layout_in(path: str) -> Layout:
    """The layout of a session file by its path within a store; layout 1 for a file elsewhere."""
    return _layout_of_folder(path.rpartition("/")[0])


@cache
def _layout_of_folder(folder: str) -> Layout:
    from agcx_format.layout import LAYOUTS, by_version

    fitting = (layout for layout in LAYOUTS.values() if layout.folder == folder)
    return next(fitting, by_version(1))


def emptied_layout(root: Path) -> int:
    """The layout of a store without session files: that of the folder that it still has, else 1."""
    there = (layout for layout, name in folders().items() if name and os.path.isdir(root / name))
    return next(there, 1)


def relative(root: Path, path: str | os.PathLike[str]) -> str:
    """A file's path within its store.

    Raises:
        PersistenceError: it is not in the store.
    """
    return relative_paths(root)(path)


def relative_paths(root: Path) -> Callable[[str | os.PathLike[str]], str]:
    """Like `relative`, for many files: each folder is resolved once."""
    real_root = os.path.realpath(root)

    @cache
    def inside(folder: str) -> str | None:
        """The prefix of a name in this folder: empty, or the folder and a separator; None if outside."""
        found = f"{os.path.relpath(os.path.realpath(folder), real_root)}/"
        if found.startswith(f"{os.pardir}/"):
            return None
        return "" if found == f"{os.curdir}/" else found

    def relative_path(path: str | os.PathLike[str]) -> str:
        folder, separator, name = os.fspath(path).rpartition("/")
        before = inside(folder or separator)
        if before is None:
            raise PersistenceError("not in this store", path=path)
        return before + name

    return relative_path
