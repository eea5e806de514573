"""What killed exports left in a folder, hidden files with a part of a session: the next export removes them.

Strategy: an export into a folder holds a shared lock on it.  A program that gets the lock alone knows
that no other one does, and removes the files, unless one is locked itself: a process of a killed program may
still be writing it.  The system returns the locks however a program ends.  Where it has none, nothing is
removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["exporting_to", "temporary_beside", "temporary_name"]

_is_ours = re.compile(r"\.[0-9a-f]{16}\.agcx-tmp").fullmatch
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Seconds that another export may take to remove what is left.
_PATIENCE, _PAUSE = 2.0, 0.02


def temporary_beside(target: Path) -> Path:
    """A new name in the folder of a file, for what is to become that file."""
    return target.with_name(temporary_name())


def temporary_name() -> str:
    """A temporary name for a file that will be renamed."""
    return f".{os.urandom(8).hex()}.agcx-tmp"


@contextlib.contextmanager
def exporting_to(targets: Iterable[Path]) -> Iterator[None]:
    """Note that files are exported to these paths, for as long as the context lasts.

    Makes their folders, and removes what killed exports left there.
    """
    with contextlib.ExitStack() as stack:
        for folder in sorted(_folders(targets)):
            # Why a folder cannot be used is said of each file.
            with contextlib.suppress(OSError):
                _lock(_opened(folder, stack))
        yield


def _folders(targets: Iterable[Path]) -> set[str]:
    """The folders that the targets are in, or lead to."""
    # Those of plain paths are few, and a path is costly to follow.
    plain = set[str]()
    led_to = set[str]()
    for target in targets:
        if os.path.islink(target):
            led_to.add(os.path.dirname(os.path.realpath(target)))
        else:
            plain.add(os.path.dirname(target))
    return led_to.union(map(os.path.realpath, plain))


def _opened(folder: str, stack: contextlib.ExitStack) -> int:
    from agcx_format.disk import make_directory

    make_directory(Path(folder))
    fd = os.open(folder, _FOLDER)
    stack.callback(os.close, fd)
    return fd


def _lock(folder: int) -> None:
    """Lock a folder, and sweep it if no other program exports into it."""
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sweep(folder)
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(folder, fcntl.LOCK_SH | fcntl.LOCK_NB)
        time.sleep(_PAUSE)


def _sweep(folder: int) -> None:
    from agcx_format.disk import remove_unused

    for name in filter(_is_ours, os.listdir(folder)):
        with contextlib.suppress(OSError):
            remove_unused(folder, name)
