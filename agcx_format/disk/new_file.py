"""Give a new file the name that a person chose, without ever replacing another file.

Strategy: making a hard link fails if the name is taken, even if it was taken a moment ago; so does a
rename that may not replace.  Where the file system has neither, an empty file reserves the name first.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from agcx_format.disk.exchange import Unsupported, rename_noreplace

__all__ = ["make_directory", "put_new"]


def put_new(temporary: Path, target: Path) -> None:
    """Give the file `temporary` the name `target`; it may keep the first name as well.

    Raises:
        FileExistsError: the name is taken.
        OSError: the system refuses.
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
        # This program created it, so this program may replace it.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        os.rename(temporary, target)
    finally:
        os.close(folder)


def make_directory(directory: Path) -> None:
    """Create a directory and its missing parents, each accessible to its owner only.

    Raises:
        NotADirectoryError: something else has that name; the error says which.
        OSError: the system refuses.
    """
    if directory.is_dir():
        return
    if os.path.lexists(directory):
        reason = f"not a directory: {directory}"
        raise NotADirectoryError(errno.ENOTDIR, reason, str(directory))
    make_directory(directory.parent)
    directory.mkdir(mode=0o700, exist_ok=True)
