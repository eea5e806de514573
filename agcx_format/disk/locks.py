"""The lock of a store: one writer at a time, for the length of one act.

Strategy: `flock` on the store's directory itself, so that no lock file is needed, plus a mutex inside
the process, since `flock` belongs to a descriptor and every thread opens its own.  (`lockf` would let
a second descriptor of the same process in, and release the lock when any of them is closed.)  File
systems without locks, as some network file systems are, get a lock file instead (`lock_file`).  The Rust
crate takes no lock, so every act also checks that the files are still those that were read.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from agcx_format.disk.durable import os_reason
from agcx_format.errors import LockFailed, LockHeld

__all__ = ["NO_LOCKS", "has_locks", "locked"]

TIMEOUT = 10.0
# Seconds between two attempts.  The first waits are short enough to find the gap in a tight loop of writes.
_SHORTEST_WAIT, _LONGEST_WAIT = 0.0005, 0.004

_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP)

NO_LOCKS = "its file system has no locks, so a lock file takes their place"

# The directories for which the missing locks were logged.
_logged: set[str] = set()

_in_process: dict[str, threading.RLock] = defaultdict(threading.RLock)
_held = threading.local()


def _reset_after_fork() -> None:
    """A child process holds none of its parent's locks, whichever thread held them."""
    global _in_process, _held
    _in_process, _held = defaultdict(threading.RLock), threading.local()


os.register_at_fork(after_in_child=_reset_after_fork)


@contextlib.contextmanager
def locked(directory: Path, timeout: float = TIMEOUT) -> Iterator[None]:
    """Hold the lock of the store in `directory`.  Reentrant: a thread that holds it may take it again.

    Raises:
        LockHeld: it is not free within `timeout` seconds.
        LockFailed: the directory cannot be locked.
    """
    key = os.path.realpath(directory)
    mutex = _in_process[key]
    if not mutex.acquire(timeout=timeout):
        raise LockHeld("another part of this program is changing it", path=directory)
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
            # Unlock explicitly: a child forked meanwhile inherits the descriptor and would hold the lock
            # until it exits.  The child itself must not release the lock of its parent.
            with contextlib.suppress(OSError):
                fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)


def has_locks(directory: str | os.PathLike[str]) -> bool:
    """Whether the file system of a directory supports locks; without them a lock file is used."""
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
    """Take the lock.  It is released by closing `fd`, or, if it is a lock file, by leaving the context."""
    for pause in _pauses():
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return contextlib.nullcontext()
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LockHeld("another program is changing it", path=directory) from None
        except OSError as cause:
            if cause.errno in _NO_LOCKS:
                break
            raise LockFailed(f"cannot be locked: {os_reason(cause)}", path=directory) from None
        time.sleep(pause)
    # Few file systems have no locks: imported for them alone.
    from agcx_format.disk.lock_file import LockFile

    _log_once(directory)
    file = LockFile(directory)
    for pause in _pauses():
        holder = file.take()
        if holder is None:
            break
        if time.monotonic() >= deadline:
            raise LockHeld(f"{holder} is changing it", path=file.path)
        time.sleep(pause)
    return contextlib.closing(file)


def _pauses() -> Iterator[float]:
    """Seconds to wait before each next attempt; endless."""
    # Most commands only read, and take no lock.
    import random

    wait = _SHORTEST_WAIT
    while True:
        yield wait * (0.5 + random.random())
        wait = min(wait * 1.3, _LONGEST_WAIT)


def _log_once(directory: Path) -> None:
    key = os.path.realpath(directory)
    if key not in _logged:
        import logging

        _logged.add(key)
        # Escaped, since a path may contain control characters.
        where = ascii(os.fspath(directory))[1:-1]
        logging.getLogger(__name__).warning("%s: %s", where, NO_LOCKS)
