"""A lock file, which names who is changing a store, for file systems that have no locks.

Strategy: the process that creates the file holds the lock; the file names the process, its machine, and the
time.  A process that is killed leaves it behind.  On the same machine the next writer notices and takes it
over.  From another machine there is no way to know, so the error names the owner and the file to remove.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from agcx_format.disk.durable import os_reason
from agcx_format.errors import LockFailed
from agcx_format.model.timestamps import Timestamp

__all__ = ["NAME", "LockFile", "Owner", "owner_of"]

NAME = ".agcx-lock"

# Held by a process while it removes the lock file of one that was killed.
_TAKING_OVER = f"{NAME}-taking-over"
# Seconds; taking over needs only a moment.
_TAKE_OVER_LIMIT = 30
_LARGEST = 4096


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds the lock.

    Fields:
        process: the number of the process, 0 when the file does not say.
        host: the name of its machine.
        since: when it took the lock, as a timestamp.
    """

    process: int
    host: str
    since: str

    @property
    def is_gone(self) -> bool:
        """Whether the process is known to have ended; known only for processes of this machine."""
        if self.process <= 0 or self.host != _this_host():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except (OSError, OverflowError):
            return False
        return False

    def __str__(self) -> str:
        if self.process <= 0:
            return "another program"
        where = f" on {self.host}" if self.host != _this_host() else ""
        return f"process {self.process}{where}, since {self.since},"


# The owner may not have written its name yet.
UNKNOWN = Owner(0, "", "")


def _this_host() -> str:
    return os.uname().nodename


def owner_of(directory: str | os.PathLike[str]) -> Owner | None:
    """The owner of a directory's lock file; None when there is no such file."""
    try:
        # O_NONBLOCK: in an untrusted store it may be a FIFO without a writer.
        fd = os.open(os.path.join(directory, NAME), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb", buffering=0) as file:
            plain = json.loads(file.read(_LARGEST) or b"")
        return Owner(int(plain["process"]), str(plain["host"]), str(plain["since"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return UNKNOWN


class LockFile:
    """The lock file of one directory.  A thread holds it from `take` to `close`."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME
        self._mine: Owner | None = None

    def take(self) -> Owner | None:
        """Try once to take the lock; returns its owner if somebody else holds it, else None.

        Raises:
            LockFailed: the directory cannot be written.
        """
        try:
            fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            owner = owner_of(self.path.parent)
            if owner is not None and owner.is_gone:
                self._remove_left_behind(owner)
            return owner or UNKNOWN
        except OSError as cause:
            raise LockFailed(f"cannot be locked: {os_reason(cause)}", path=self.path) from None
        self._mine = Owner(os.getpid(), _this_host(), Timestamp.now())
        try:
            # On a full disk the file exists, if empty, and that is what locks.
            with contextlib.suppress(OSError):
                os.write(fd, json.dumps(asdict(self._mine)).encode())
        finally:
            os.close(fd)
        return None

    def close(self) -> None:
        """Release the lock, unless somebody removed the file and another process created it."""
        if self._mine is not None and self._mine.process != os.getpid():
            # In a child that was forked meanwhile: the lock belongs to the parent.
            return
        owner = owner_of(self.path.parent)
        if owner is not None and owner in (self._mine, UNKNOWN):
            with contextlib.suppress(OSError):
                os.unlink(self.path)

    def _remove_left_behind(self, owner: Owner) -> None:
        """Remove the file of an owner that has ended, unless another process was faster."""
        taking_over = self.path.with_name(_TAKING_OVER)
        try:
            os.close(
                os.open(taking_over, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            )
        except FileExistsError:
            with contextlib.suppress(OSError):
                if time.time() - os.stat(taking_over).st_mtime > _TAKE_OVER_LIMIT:
                    os.unlink(taking_over)
            return
        except OSError:
            return
        try:
            if owner_of(self.path.parent) == owner:
                with contextlib.suppress(OSError):
                    os.unlink(self.path)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(taking_over)
