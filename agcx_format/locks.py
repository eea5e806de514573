"""One writer at a time, for the length of one act.

Strategy: `flock` on the store's directory itself, so that no lock file has to be made in it, plus a
lock inside the process: `flock` belongs to the descriptor, and two threads with two stores
would wait for each other through the kernel at best.  (`lockf` would give the lock to a second
descriptor of the same process, and drop it when any of them is closed.)  Rust takes no lock, which is
why every act also looks whether the files are still those that were read.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from agcx_format.durable import os_reason
from agcx_format.errors import LockFailed

__all__ = ["locked"]

TIMEOUT = 10.0
# Between two tries, in seconds: at first so short that a writer in a tight loop leaves a gap to it.
_SHORTEST_WAIT, _LONGEST_WAIT = 0.0005, 0.004

_in_process: dict[str, threading.RLock] = defaultdict(threading.RLock)
_held = threading.local()


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
        depth = _held.__dict__.setdefault(key, 0)
        _held.__dict__[key] = depth + 1
        try:
            if depth:
                yield
            else:
                with _flocked(directory, timeout):
                    yield
        finally:
            _held.__dict__[key] = depth
    finally:
        mutex.release()


@contextlib.contextmanager
def _flocked(directory: Path, timeout: float) -> Iterator[None]:
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as cause:
        raise LockFailed(f"cannot be locked: {os_reason(cause)}", path=directory) from None
    try:
        _take(fd, directory, time.monotonic() + timeout)
        yield
    finally:
        os.close(fd)


def _take(fd: int, directory: Path, deadline: float) -> None:
    wait = _SHORTEST_WAIT
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LockFailed("another program is changing it", path=directory) from None
        except OSError as cause:
            raise LockFailed(f"cannot be locked: {os_reason(cause)}", path=directory) from None
        time.sleep(wait * (0.5 + random.random()))
        wait = min(wait * 1.3, _LONGEST_WAIT)
