"""Child processes that end by SIGKILL: after a time, or at the n-th thing they do to a file.

Strategy: a child is a fork of the test's own process, which costs a few milliseconds, so hundreds of
kills are affordable.  What it does to files is seen by an audit hook (opening for writing, renaming,
linking, removing, making directories) and by counting `os.write` and `os.fsync`, of which the first is
killed with half of its bytes written.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support.waiting import LIMIT

_CHANGING = {
    "os.rename", "os.link", "os.symlink", "os.mkdir", "os.rmdir", "os.remove", "os.truncate",
    "os.chmod", "os.chown", "agcx_format.rename",
}  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@contextmanager
def child(work: Callable[[], None]) -> Iterator[int]:
    """Runs `work` in a fork and gives its process id; it is dead afterwards in any case."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    try:
        yield pid
    finally:
        if pid in _running(pid):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def killed_at(step: int, work: Callable[[], None]) -> bool:
    """Run `work` in a fork that is killed before its `step`-th change of a file.

    False when it came to its end before that.
    """

    def counted() -> None:
        _count_down(step)
        work()

    with child(counted) as pid:
        _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return False


def killed_after(seconds: float, work: Callable[[], None], begun: int) -> None:
    """Run `work`, which need not end, in a fork for so long from when something can be read of `begun`."""
    with child(work) as pid:
        assert select.select([begun], [], [], LIMIT)[0], "the child never began"
        time.sleep(seconds)
        assert pid in _running(pid), "the child ended by itself"


def _count_down(step: int) -> None:
    left = step

    def change() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    def hook(event: str, arguments: tuple) -> None:
        opens = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES
        if (opens or event in _CHANGING) and change():
            os.kill(os.getpid(), signal.SIGKILL)

    def write(fd: int, data: bytes) -> int:
        if change():
            really_write(fd, memoryview(data)[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return really_write(fd, data)

    def fsync(fd: int) -> None:
        if change():
            os.kill(os.getpid(), signal.SIGKILL)
        really_fsync(fd)

    really_write, really_fsync = os.write, os.fsync
    os.write, os.fsync = write, fsync
    sys.addaudithook(hook)


def _running(pid: int) -> list[int]:
    """`[pid]` when the child has not ended; one that has is collected."""
    try:
        ended, _ = os.waitpid(pid, os.WNOHANG)
    except OSError as cause:
        assert cause.errno == errno.ECHILD
        return []
    return [] if ended else [pid]
