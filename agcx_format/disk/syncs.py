"""Sync several files and directories together, so that they cost one wait for the disk.

Strategy: a sync takes milliseconds, nearly all of it waiting, and a file system commits what several
threads wait for in one go.  So what has no order among itself is collected here and synced by a
thread each, a few at a time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import Final, Self

from agcx_format.disk.durable import sync_directory_of, sync_file

__all__ = ["Syncs"]

# At a time: descriptors that are open meanwhile, and threads.
_MOST: Final = 16


class Syncs:
    """Files and directories that wait to be synced; used as a context, which waits at its end.

    After an exception the rest is not synced.
    """

    def __init__(self) -> None:
        self._files: list[int] = []
        self._directories: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            self._close()

    def add_file(self, fd: int) -> None:
        """Sync a file and close it; its descriptor is no longer the caller's.

        Raises:
            OSError: the sync of an earlier one failed.
        """
        self._files.append(fd)
        if len(self._files) >= _MOST:
            self.wait()

    def add_directory(self, fd: int) -> None:
        """Sync a directory; the descriptor stays the caller's."""
        self._directories.append(fd)

    def wait(self) -> None:
        """Return once all is on the disk.

        Raises:
            OSError: one could not be synced.
        """
        directories, self._directories = self._directories, []
        work: list[tuple[Callable[[int], None], int]] = [(sync_file, fd) for fd in self._files]
        work += [(sync_directory_of, fd) for fd in directories]
        try:
            for at in range(0, len(work), _MOST):
                _sync_all(work[at : at + _MOST])
        finally:
            self._close()

    def _close(self) -> None:
        while self._files:
            os.close(self._files.pop())


def _sync_all(work: Sequence[tuple[Callable[[int], None], int]]) -> None:
    failed: list[OSError] = []

    def sync(call: Callable[[int], None], fd: int) -> None:
        try:
            call(fd)
        except OSError as cause:
            failed.append(cause)

    threads = []
    for each in work[1:]:
        thread = threading.Thread(target=sync, args=each)
        try:
            thread.start()
        except RuntimeError:
            # The system has no threads left: one after the other is slower, and just as safe.
            sync(*each)
        else:
            threads.append(thread)
    for each in work[:1]:
        sync(*each)
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
