"""Adds to the file of a backup: objects that it does not hold yet, and what makes them a backup.

Strategy: a first backup is written beside its place and put there when it is whole, if the name is still
free.  Later ones are added at the end: what an archive holds is never touched, so one that fails or is killed
leaves at most some bytes after the end, which the next one replaces.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from agcx_format import limits
from agcx_format.disk.durable import (
    TEMPORARY,
    Signature,
    naming,
    os_reason,
    remove_unused,
    sync_directory,
    sync_file,
    temporary_beginning,
    temporary_name,
)
from agcx_format.disk.new_file import put_new
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import CorruptData, LockHeld, PersistenceError, StaleSession
from agcx_format.model.timestamps import Timestamp
from agcx_format.store.acts.act_dirs import stamp
from agcx_format.store.backup.archive import BLOCK, END, MARK, MARK_TEXT, Archive, header, padding
from agcx_format.store.backup.manifest import Backup, BackupFile, encode
from agcx_format.store.entries import is_link

__all__ = ["ArchiveNotWritten", "ArchiveWriter"]


class ArchiveNotWritten(PersistenceError):
    """The archive takes nothing more, so no other file can be backed up either."""


class ArchiveWriter:
    """An archive that is added to; a context that locks it, and takes back what failed.

    Fields:
        written: where it is written to, which for a first backup is a temporary file.
        start: where what is added begins; 0 for a first backup.
        added: bytes of the objects that were added.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._target = Path(os.path.realpath(path))
        self.written = self._target
        self._objects: set[str] = set()
        self._backups: set[str] = set()
        self._is_new = False
        self.start = 0
        self._end = 0
        self._fd = -1
        self.added = 0

    def __enter__(self) -> Self:
        with naming(self._target):
            flags = os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                self._fd = os.open(self._target, flags)
            except FileNotFoundError:
                self._is_new = True
                _sweep(self._target)
                self.written = self._target.with_name(temporary_name(self._target.name))
                self._fd = os.open(self.written, flags | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            self._begin()
        except BaseException:
            if self._is_new:
                os.unlink(self.written)
            self._close()
            raise
        return self

    def _begin(self) -> None:
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):
            raise CorruptData("not a regular file", path=self._target)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeld("another backup is being written to it", path=self._target) from None
        except OSError:
            # A file system without locks.
            pass
        # Only now: another backup may just have been written to it.
        if os.fstat(self._fd).st_size:
            with Archive(self._target) as there:
                if there.damage is not None and not there.damage.truncated:
                    # What follows may be all that is left of a backup.
                    raise there.damage.located(path=self._target)
                self._objects, self._backups = set(there.objects), set(there.backups)
                self.start = self._end = there.end
        with naming(self._target):
            # Without the mark of the end, what is written next is either whole or cut off.
            os.ftruncate(self._fd, self._end)
            if not self._end:
                self._add(MARK, len(MARK_TEXT), [MARK_TEXT])

    def add(
        self,
        root: Path,
        path: str,
        expected: Signature | None = None,
        *,
        follow: bool = False,
    ) -> BackupFile:
        """Add a file of a store, relative to it, unless its content is there; a link only to `follow`.

        Raises:
            StaleSession: it is not the `expected` version, or changed while it was read.
            ArchiveNotWritten: the disk of the archive is full, or fails.
            PersistenceError: it cannot be read, is a link, or is huge and mostly holes.
        """
        full = os.fspath(root / path)
        if not follow and is_link(full):
            raise PersistenceError("a symbolic link, which is not followed", path=full)
        with OpenFile(full) as file:
            signature = file.signature
            if expected is not None and signature != expected:
                raise StaleSession("it changed since it was read", path=full)
            file.check_not_sparse()
            digest = hashlib.sha256()
            for piece in _pieces(file):
                digest.update(piece)
            name = digest.hexdigest()
            file.check_unchanged()
            if name not in self._objects:
                self._add_object(file, name)
        return BackupFile(path, name, signature.size, signature.mtime_ns)

    def _add_object(self, file: OpenFile, name: str) -> None:
        before = self._end
        digest = hashlib.sha256()

        def hashed() -> Iterator[bytes]:
            for piece in _pieces(file):
                digest.update(piece)
                yield piece

        try:
            self._add(f"objects/{name}", file.size, hashed())
            file.check_unchanged()
            if digest.hexdigest() != name:
                raise StaleSession("it changed while it was read", path=file.path)
        except OSError as cause:
            reason = f"cannot be written: {os_reason(cause)}"
            raise ArchiveNotWritten(reason, path=self._target) from cause
        except PersistenceError:
            # The archive continues with another file, where this one began.
            self._end = before
            with naming(self._target):
                os.ftruncate(self._fd, before)
            raise
        self._objects.add(name)
        self.added += file.size

    def add_backup(self, backup: Backup) -> str:
        """Add what makes the objects a backup; its id."""
        wanted = stamp(Timestamp(backup.created_at))
        free = (f"{wanted}-{number}" if number else wanted for number in range(10_000))
        name = next(each for each in free if each not in self._backups)
        data = encode(backup)
        with naming(self._target):
            # The objects first: a backup that is there is whole.
            sync_file(self._fd)
            self._add(f"backups/{name}.json", len(data), [data])
        return name

    def end(self) -> None:
        """End the archive, durably; it can be read again then, from the disk where that can be asked for."""
        with naming(self._target):
            self._write(END, self._end)
            sync_file(self._fd)
        if hasattr(os, "posix_fadvise"):
            with contextlib.suppress(OSError):
                os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def put(self) -> None:
        """Give a first backup its name.

        Raises:
            PersistenceError: something else has taken its place.
        """
        if not self._is_new:
            return
        with naming(self._target):
            put_new(self.written, self._target)
            self.written.unlink(missing_ok=True)
            # A directory that may be written and not read cannot be opened to be synced.
            with contextlib.suppress(PermissionError):
                sync_directory(self._target.parent)

    def _add(self, name: str, size: int, parts: Iterator[bytes] | list[bytes]) -> None:
        at = self._end
        at = self._write(header(name, size, time.time_ns() // 1_000_000_000), at)
        for part in parts:
            at = self._write(part, at)
        written = at - self._end - BLOCK
        if written != size:
            # It became shorter while it was read; the caller takes it back.
            at = self._write(bytes(max(0, size - written)), at)
        self._end = self._write(padding(size), at)

    def _write(self, data: bytes, at: int) -> int:
        os.lseek(self._fd, at, os.SEEK_SET)
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        return at + len(data)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            with contextlib.suppress(OSError):
                self._take_back()
        self._close()

    def _take_back(self) -> None:
        """Leave the archive as it was; of a first backup leave nothing."""
        if self._is_new:
            os.unlink(self.written)
            return
        os.ftruncate(self._fd, self.start)
        if self.start:
            self._write(END, self.start)

    def _close(self) -> None:
        os.close(self._fd)


def _sweep(target: Path) -> None:
    """Remove what first backups to this place left when they were killed, if that can be found out."""
    is_ours = re.compile(
        re.escape(temporary_beginning(target.name)) + r"[0-9a-f]{12}" + re.escape(TEMPORARY)
    ).fullmatch
    try:
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        for name in filter(is_ours, os.listdir(folder)):
            with contextlib.suppress(OSError):
                remove_unused(folder, name)
    finally:
        os.close(folder)


def _pieces(file: OpenFile) -> Iterator[bytes]:
    for at in range(0, file.size, limits.MIB):
        piece = file.read(min(limits.MIB, file.size - at), at)
        yield piece
        if not piece:
            return
