"""A new file put in place under a name that somebody chose, and never over what is there.

Strategy: a hard link refuses a name that is taken, whatever took it meanwhile, and so does a rename
that may not replace.  Where a file system has neither, an empty file claims the name first.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from agcx_format.disk.exchange import Unsupported, rename_noreplace

__all__ = ["make_directory", "put_new"]


def put_new(temporary: Path, target: Path) -> None:
    """Give the file `temporary` the name `target`; the first name may be left as well.

    Raises `FileExistsError` when something has that name, or another `OSError`.
    """
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:
        _put_without_link(temporary, target)


def _put_without_link(temporary: Path, target: Path) -> None:
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        rename_noreplace(folder, temporary.name, folder, target.name)
    except Unsupported:
        # Only one program can make it; it is this one's, and so may be replaced.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        os.rename(temporary, target)
    finally:
        os.close(folder)


def make_directory(directory: Path) -> None:
    """Make it and those above it that are not there, each its owner's alone.

    Raises `NotADirectoryError`, which says where, when something else is in the way, or another `OSError`.
    """
    if directory.is_dir():
        return
    if os.path.lexists(directory):
        reason = f"not a directory: {directory}"
        raise NotADirectoryError(errno.ENOTDIR, reason, str(directory))
    make_directory(directory.parent)
    directory.mkdir(mode=0o700, exist_ok=True)
