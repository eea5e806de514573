"""One writer at a time, for the length of one act.

Strategy: `flock` on the store's directory itself, so that no lock file has to be made in it, plus a
lock inside the process: `flock` belongs to the descriptor, and two threads with two stores
would wait for each other through the kernel at best.  (`lockf` would give the lock to a second
descriptor of the same process, and drop it when any of them is closed.)  Where the file system has no
locks, as some on a network have none, a lock file stands in for it (`lock_file`).  Rust takes no lock,
which is why every act also looks whether the files are still those that were read.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from agcx_format.disk.durable import os_reason
from agcx_format.disk.lock_file import LockFile
from agcx_format.errors import LockFailed

__all__ = ["NO_LOCKS", "has_locks", "locked"]

TIMEOUT = 10.0
# Between two tries, in seconds: at first so short that a writer in a tight loop leaves a gap to it.
_SHORTEST_WAIT, _LONGEST_WAIT = 0.0005, 0.004

_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP)

NO_LOCKS = "its file system has no locks, so a lock file takes their place"

# The directories of which it was told that they have no locks.
_told: set[str] = set()

_in_process: dict[str, threading.RLock] = defaultdict(threading.RLock)
_held = threading.local()


def _forget_held() -> None:
    """A child holds nothing of what its parent holds, in whichever thread that was."""
    global _in_process, _held
    _in_process, _held = defaultdict(threading.RLock), threading.local()


os.register_at_fork(after_in_child=_forget_held)


@contextlib.contextmanager
def locked(directory: Path, timeout: float = TIMEOUT) -> Iterator[None]:
    """Hold the store in `directory`; `LockFailed` when it is not free within `timeout` seconds.

    A thread that holds it may take it again.
    """
    key = os.path.realpath(directory)
    mutex = _in_process[key]
    if not mutex.acquire(timeout=timeout):
        raise LockFailed("another part of this program is changing it", path=directory)
    try:
        held = _held.__dict__
        depth = held.setdefault(key, 0)
        held[key] = depth + 1
        try:
            if depth:
                yield
            else:
                with _flocked(directory, timeout):
                    yield
        finally:
            held[key] = depth
    finally:
        mutex.release()


@contextlib.contextmanager
def _flocked(directory: Path, timeout: float) -> Iterator[None]:
    deadline = time.monotonic() + timeout
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as cause:
        raise LockFailed(f"cannot be locked: {os_reason(cause)}", path=directory) from None
    owner = os.getpid()
    try:
        with _taken(fd, directory, deadline):
            yield
    finally:
        if os.getpid() == owner:
            # A child that was forked meanwhile has the descriptor too, and would hold the lock as long as it
            # lives; but it must not free that of its parent.
            with contextlib.suppress(OSError):
                fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)


def has_locks(directory: str | os.PathLike[str]) -> bool:
    """Whether the file system of a directory has locks; where it has none, a lock file is used."""
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as cause:
        return cause.errno not in _NO_LOCKS
    finally:
        os.close(fd)
    return True


def _taken(fd: int, directory: Path, deadline: float) -> contextlib.AbstractContextManager[object]:
    """The lock; closing `fd` frees it, or leaving the context where a lock file takes its place."""
    for pause in _pauses():
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return contextlib.nullcontext()
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LockFailed("another program is changing it", path=directory) from None
        except OSError as cause:
            if cause.errno in _NO_LOCKS:
                break
            raise LockFailed(f"cannot be locked: {os_reason(cause)}", path=directory) from None
        time.sleep(pause)
    _say_once(directory)
    file = LockFile(directory)
    for pause in _pauses():
        holder = file.take()
        if holder is None:
            break
        if time.monotonic() >= deadline:
            raise LockFailed(f"{holder} is changing it", path=file.path)
        time.sleep(pause)
    return contextlib.closing(file)


def _pauses() -> Iterator[float]:
    """Seconds to wait before the next try, without end."""
    wait = _SHORTEST_WAIT
    while True:
        yield wait * (0.5 + random.random())
        wait = min(wait * 1.3, _LONGEST_WAIT)


def _say_once(directory: Path) -> None:
    key = os.path.realpath(directory)
    if key not in _told:
        import logging

        _told.add(key)
        # Escaped as Python does: the path may hold anything.
        where = ascii(os.fspath(directory))[1:-1]
        logging.getLogger(__name__).warning("%s: %s", where, NO_LOCKS)
