"""A file that says who is changing a store, for file systems that have no locks.

Strategy: whoever can create the file holds the lock, and it names the owner and the time.  A process that was
killed leaves it behind: on the machine of the owner that can be seen, and the next one takes it over.
Whether
the owner on another machine still runs cannot be seen, so a person is told who it is and which file to
remove.
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

# One that removes what was left behind holds this other file meanwhile.
_TAKING_OVER = f"{NAME}-taking-over"
# In seconds: what takes no longer than an instant.
_AN_INSTANT = 30
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
        """Whether it is known to run no more: only of a process of this machine."""
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


# It may be about to write who it is.
UNKNOWN = Owner(0, "", "")


def _this_host() -> str:
    return os.uname().nodename


def owner_of(directory: str | os.PathLike[str]) -> Owner | None:
    """Who holds the lock file of a directory; None when there is none."""
    try:
        # One that somebody sent may be a FIFO, which nobody writes into.
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
        """Take the lock, once; gives who holds it when somebody else does.

        Raises `LockFailed` when the directory cannot be written.
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
            # A full disk holds the name of the file, if not who it is of.
            with contextlib.suppress(OSError):
                os.write(fd, json.dumps(asdict(self._mine)).encode())
        finally:
            os.close(fd)
        return None

    def close(self) -> None:
        """Free the lock, unless somebody removed the file and another one made it."""
        if self._mine is not None and self._mine.process != os.getpid():
            # A child that was forked meanwhile leaves the lock to its parent.
            return
        owner = owner_of(self.path.parent)
        if owner is not None and owner in (self._mine, UNKNOWN):
            with contextlib.suppress(OSError):
                os.unlink(self.path)

    def _remove_left_behind(self, owner: Owner) -> None:
        """Remove the file of an owner that is gone, unless another one was faster."""
        taking_over = self.path.with_name(_TAKING_OVER)
        try:
            os.close(
                os.open(taking_over, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            )
        except FileExistsError:
            with contextlib.suppress(OSError):
                if time.time() - os.stat(taking_over).st_mtime > _AN_INSTANT:
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
