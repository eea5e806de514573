"""Looks at the files of a store in another process, while this one imports what searches them.

Strategy: the system takes as long to describe ten thousand files as Python to import the rest of a command.
A thread would not do: it would wait for the interpreter after each file.  The other process is a fork, which
needs to import nothing, and its answer is a file in memory, which need not be read while it is written.
If anything goes wrong there, the files are looked at here.
"""

from __future__ import annotations

import marshal
import os
import sys
from pathlib import Path
from typing import NoReturn

from agcx_format.search.file_keys import FolderKeys, folders_of

__all__ = ["LookAhead"]


class LookAhead:
    """The session files of a store as they are from now on, for one search.

    Fields:
        root: the directory of the store.
    """

    def __init__(self, root: Path) -> None:
        """Begins at once.  Only for a process that has no other thread yet: it is forked."""
        self.root = root
        self._looking = _start(root)

    def folders(self) -> list[FolderKeys]:
        """As `folders_of` has them; waits until all are known.

        Raises:
            PersistenceError: a folder cannot be read.
        """
        looking, self._looking = self._looking, None
        answer = None if looking is None else _answer(*looking)
        return folders_of(self.root) if answer is None else answer


def _start(root: Path) -> tuple[int, int] | None:
    """The process that looks, and the file of its answer; None if there is none or it would not help."""
    # On macOS, what the system's libraries do in a fork is undefined.
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) == 1:
        return None
    try:
        file = os.memfd_create("agcx", os.MFD_CLOEXEC)
    except OSError:
        return None
    try:
        process = os.fork()
    except OSError:
        os.close(file)
        return None
    if not process:
        _look(root, file)
    return process, file


def _look(root: Path, file: int) -> NoReturn:
    """What the other process does; nothing that it inherited is flushed, called or printed at its end."""
    status = 1
    try:
        # Who reads what this program prints must not wait for this process too.
        os.closerange(0, 3)
        answer = marshal.dumps([tuple(folder) for folder in folders_of(root)])
        while answer:
            answer = answer[os.write(file, answer) :]
        status = 0
    finally:
        os._exit(status)


def _answer(process: int, file: int) -> list[FolderKeys] | None:
    """None when the process failed or was killed."""
    try:
        _, status = os.waitpid(process, 0)
        if status:
            return None
        answer = os.pread(file, os.fstat(file).st_size, 0)
    except OSError:
        # Also where the system waits for the processes of this one by itself.
        return None
    finally:
        os.close(file)
    return [FolderKeys(*folder) for folder in marshal.loads(answer)]
