"""Watches what other programs do to a store.

Strategy: `watchfiles` reports which names changed, and each file is looked at.  A name does not say what was
done: our own acts come back here too, and are recognized as known.  Where nothing can be watched (a limit of
the system, a file system without notification) nothing is reported.

Nothing is reported either once the directory itself is removed, renamed, or covered by a mounted disk.  So it
is also polled, and watching starts over with the directory that appears.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agcx_format import ScanEntry
from agcx_format.catalog import Columns, Gone, look_at
from agcx_format.errors import PersistenceError
from agcx_format.store import SUFFIX, folders, session_paths

__all__ = ["Directory", "directory", "is_gone", "watch"]

# The identity of a directory: device and inode.
Directory = tuple[int, int]

# Milliseconds: how long changes are gathered, and how soon `stop` is noticed.  `watchfiles` wakes at each
# step, regardless of its timeout.
_GATHER, _STEP = 300, 50
# Milliseconds between two looks at the directory itself.  `watchfiles` takes one value that cannot change,
# and two things depend on it: that watching has begun is known after the first look, which must not take
# long, and an idle program should not look often.  A longer one saves next to nothing, because of the steps.
_TICK = 200
# Seconds between two looks for a missing store.
_PATIENCE = 1.0
# What watchfiles says of a file name that is not UTF-8.
_NO_TEXT = "Unable to decode path"


def watch(
    path: str, columns: Columns, stop: threading.Event
) -> Iterator[list[ScanEntry | Gone] | None]:
    """Changes as they happen, until `stop`; None whenever the whole store must be compared.

    That is when watching begins, and when the directory is gone.  Blocks: run it in a thread.
    """
    was_there = False
    while not stop.is_set():
        watched = directory(path)
        if watched is None:
            if was_there:
                was_there = False
                yield None
            stop.wait(_PATIENCE)
            continue
        was_there = True
        try:
            yield from _changes_in(path, watched, columns, stop)
        except (OSError, RuntimeError) as error:
            # A name that is not UTF-8 ends the watching: start over and compare.  Else the limit of watches
            # is reached, or the directory is gone.
            soon = _NO_TEXT in str(error) or directory(path) != watched
            stop.wait(_PATIENCE if soon else _PATIENCE * 10)


def _changes_in(
    path: str, watched: Directory, columns: Columns, stop: threading.Event
) -> Iterator[list[ScanEntry | Gone] | None]:
    """The changes in one directory, after a None, until it is another one or its folders change."""
    from watchfiles import watch as watch_files

    begun = False
    with _as_text(path) as root:
        for changes in watch_files(
            *_folders(root),
            watch_filter=_is_of_interest,
            debounce=_GATHER,
            step=_STEP,
            rust_timeout=_TICK,
            yield_on_timeout=True,
            stop_event=stop,
            raise_interrupt=False,
            recursive=False,
        ):
            if not begun:
                begun = True
                yield None
            if directory(path) != watched:
                # Changes of files in it only mean that they went with it.
                return
            names = {name for _, name in changes}
            found = [look_at(Path(path), columns, each) for each in _paths(path, names)]
            if wanted := [each for each in found if each is not None]:
                yield wanted
            if _folders_changed(path, names):
                return


@contextmanager
def _as_text(path: str) -> Iterator[str]:
    """A path of the directory that is valid UTF-8, which `watchfiles` needs.

    Raises:
        OSError: It has no such path.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        pass
    else:
        yield path
        return
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Raises if the system has no such names for open files.
        os.stat(f"/proc/self/fd/{fd}/")
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)


def directory(path: str) -> Directory | None:
    """The directory at this path now, or None."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None


def is_gone(path: str, before: Directory | None) -> bool:
    """Whether the store that was in the directory `before` is no longer at its path.

    An unmounted disk leaves the empty directory it was mounted on.  A directory that exists but cannot be
    read is not gone.
    """
    now = directory(path)
    if now is None:
        try:
            os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return True
    if before in (None, now):
        return False
    try:
        return next(session_paths(Path(path)), None) is None
    except PersistenceError:
        return False


def _folders(path: str) -> list[str]:
    found = (os.path.join(path, folder) for folder in folders().values())
    return [folder for folder in found if os.path.isdir(folder)]


def _is_of_interest(change: object, name: str) -> bool:
    base = os.path.basename(name)
    is_session = base.endswith(SUFFIX) and not base.startswith(".")
    return is_session or base in folders().values()


def _paths(path: str, names: Iterable[str]) -> Iterator[str]:
    """The session files among the names, spelled as a scan of the store spells them."""
    within = set(folders().values())
    for name in sorted(names):
        folder, base = os.path.split(name)
        if base.endswith(SUFFIX):
            last = os.path.basename(folder)
            yield str(Path(path, last if last in within else "", base))


def _folders_changed(path: str, names: Iterable[str]) -> bool:
    """Whether a folder of session files appeared or vanished: then other folders must be watched."""
    return any(os.path.basename(name) in folders().values() for name in names)
