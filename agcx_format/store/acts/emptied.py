"""What is left of emptied acts: one line each in `trash/emptied.jsonl`, without titles or ids.

Strategy: thousands of emptied acts are one file, so the history stays quick to read.  A line is
written only after what the act kept was removed, so that a full disk has room for it.  A line that
a crash cut off is ignored.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from agcx_format import limits
from agcx_format.disk.durable import os_reason, read_exactly, sync_file
from agcx_format.disk.place import Place
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError
from agcx_format.model.timestamps import Timestamp
from agcx_format.store.acts.manifest import Act, ActSession
from agcx_format.store.paths import TRASH

__all__ = ["FILE", "append", "read"]

FILE: Final = "emptied.jsonl"
_MOST_SESSIONS: Final = 1_000_000


class _Line(msgspec.Struct, frozen=True):
    id: str
    kind: str
    created_at: str
    emptied_at: str
    count: int
    size: int
    undone: bool = False

    def act(self) -> Act:
        # The size of each session is not kept, only their sum.
        one = ActSession("", "", 0)
        count = max(0, min(self.count, _MOST_SESSIONS))
        sessions = (ActSession("", "", max(0, self.size)), *(one,) * (count - 1)) if count else ()
        return Act(
            self.id,
            self.kind,
            Timestamp(self.created_at),
            sessions,
            (),
            undone=self.undone,
            emptied_at=Timestamp(self.emptied_at),
        )


_decode = msgspec.json.Decoder(_Line).decode


def read(root: Path) -> list[Act]:
    """The emptied acts, in no order; invalid lines are ignored.

    Raises:
        PersistenceError: the file cannot be read.
    """
    try:
        with Tree(root) as store:
            place = store.find(f"{TRASH}/{FILE}")
            if place is None or not _is_file(place):
                return []
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(place.name, flags, dir_fd=place.fd)
            try:
                data = _last_bytes(fd)
            finally:
                os.close(fd)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=root / TRASH / FILE) from None
    acts = []
    for line in data.splitlines():
        with suppress(msgspec.DecodeError, ValueError, ArithmeticError):
            acts.append(_decode(line).act())
    return acts


def _last_bytes(fd: int) -> bytes:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        return b""
    start = max(0, status.st_size - limits.MANIFEST)
    return read_exactly(fd, status.st_size - start, start)


def _is_file(place: Place) -> bool:
    status = place.status()
    return status is not None and stat.S_ISREG(status.st_mode)


def append(store: Tree, acts: Iterable[Act]) -> None:
    """Add a line for each act, and sync them.

    Raises:
        OSError: they cannot be written.
    """
    lines = b"".join(msgspec.json.encode(_line(act)) + b"\n" for act in acts)
    if not lines:
        return
    place = store.place(f"{TRASH}/{FILE}", make=True)
    if place.is_taken() and not _is_file(place):
        # A link or a folder came with a store from elsewhere: it is not ours to remove.
        place.rename(place.beside(f"{FILE}.{os.urandom(6).hex()}"))
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(place.name, flags, 0o600, dir_fd=place.fd)
    try:
        size = os.fstat(fd).st_size
        if size and os.pread(fd, 1, size - 1) != b"\n":
            # A crash cut the last line off.
            lines = b"\n" + lines
        view = memoryview(lines)
        while view:
            view = view[os.write(fd, view) :]
        sync_file(fd)
    finally:
        os.close(fd)
    store.sync(TRASH)


def _line(act: Act) -> _Line:
    emptied_at = act.emptied_at or Timestamp.now()
    return _Line(
        id=act.id,
        kind=act.kind,
        created_at=str(act.created_at),
        emptied_at=str(emptied_at),
        count=act.count,
        size=act.size,
        undone=act.undone,
    )
