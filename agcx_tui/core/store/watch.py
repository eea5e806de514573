"""What other programs do to a store, told as it happens.

Strategy: the system tells which names changed (`watchfiles`), and each is looked at.  A name says
nothing of what was done: our own acts come back here too, and are seen to be known already.  Where
nothing can be watched (a limit of the system, a file system that tells nothing) nothing comes.

The system says nothing more once the directory itself is gone, renamed, or covered by a disk that
is mounted there: so it is looked at beside, and watching begins anew with the one that comes.
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

# Which one it is, whatever it is called: device and inode.
Directory = tuple[int, int]

# Milliseconds: how long what comes together is gathered, and how soon a stop is obeyed.
_GATHER, _STEP = 300, 50
_TICK = 1000
# Seconds between two looks for a store that is not there yet.
_PATIENCE = 1.0
# What watchfiles says of a file's name that is not UTF-8.
_NO_TEXT = "Unable to decode path"


def watch(
    path: str, columns: Columns, stop: threading.Event
) -> Iterator[list[ScanEntry | Gone] | None]:
    """What changed, as it does, until `stop`; None whenever the whole is to be compared.

    That is when watching begins anew, and when the directory is gone.  Blocks: for a thread.
    """
    from watchfiles import watch as watch_files

    was_there = False
    while not stop.is_set():
        watched = directory(path)
        if watched is None:
            if was_there:
                was_there = False
                yield None
            stop.wait(_PATIENCE)
            continue
        was_there, begun = True, False
        try:
            with _as_text(path) as root:
                for changes in watch_files(
                    *_folders(root),
                    watch_filter=_is_of_interest,
                    debounce=_GATHER,
                    step=_STEP,
                    rust_timeout=_TICK if begun else _STEP,
                    yield_on_timeout=True,
                    stop_event=stop,
                    raise_interrupt=False,
                    recursive=False,
                ):
                    if not begun:
                        begun = True
                        yield None
                    if directory(path) != watched:
                        # What was told of its files is that they went with it.
                        break
                    names = {name for _, name in changes}
                    found = [look_at(Path(path), columns, each) for each in _paths(path, names)]
                    if wanted := [each for each in found if each is not None]:
                        yield wanted
                    if _folders_changed(path, names):
                        break
        except (OSError, RuntimeError) as error:
            # A name that is no text ends the watching: it begins anew, and all is compared.  Else the
            # limit of watches is reached, or the directory went away.
            soon = _NO_TEXT in str(error) or directory(path) != watched
            stop.wait(_PATIENCE if soon else _PATIENCE * 10)


@contextmanager
def _as_text(path: str) -> Iterator[str]:
    """A path of the directory that is UTF-8, as the watching needs it; `OSError` where there is none."""
    try:
        path.encode()
    except UnicodeEncodeError:
        pass
    else:
        yield path
        return
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Raises where the system has no such names for what is open.
        os.stat(f"/proc/self/fd/{fd}/")
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)


def directory(path: str) -> Directory | None:
    """The directory that lies there now; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None


def is_gone(path: str, before: Directory | None) -> bool:
    """Whether the store that was in the directory `before` is not at its path any more.

    A disk that is unmounted leaves the empty directory that it was mounted on.  One that is there
    and cannot be read is not gone.
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
    """The session files among the names, as a scan of the store spells them."""
    within = set(folders().values())
    for name in sorted(names):
        folder, base = os.path.split(name)
        if base.endswith(SUFFIX):
            last = os.path.basename(folder)
            yield str(Path(path, last if last in within else "", base))


def _folders_changed(path: str, names: Iterable[str]) -> bool:
    """A folder of session files came or went: then it is another thing that is to be watched."""
    return any(os.path.basename(name) in folders().values() for name in names)
