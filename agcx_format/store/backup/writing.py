"""Back up a store: add to an archive what it does not hold yet, and check what was written.

Strategy: a file is copied from one descriptor, and what is recorded of it is what was read.  Agents save at
any moment, so a session is taken again if it changed meanwhile; if it does not stop changing, it is
reported and the others are backed up.  What an archive holds is never touched: a backup that fails or is
killed leaves at most some bytes after the end, which the next one replaces.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from agcx_format import layout, limits
from agcx_format.disk.durable import (
    Signature,
    naming,
    os_reason,
    sync_directory,
    sync_file,
)
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import CorruptData, LockFailed, PersistenceError, StaleSession
from agcx_format.layout import checkpoint
from agcx_format.layout.base import MAGIC
from agcx_format.model.timestamps import Timestamp
from agcx_format.session.file_section import FileSection
from agcx_format.store import paths
from agcx_format.store.acts.act_dirs import stamp
from agcx_format.store.backup.archive import BLOCK, END, MARK, MARK_TEXT, Archive, header, padding
from agcx_format.store.backup.manifest import (
    Backup,
    BackupFile,
    BackupSession,
    Failure,
    encode,
    new_backup,
)
from agcx_format.store.checkpoint_files import checkpoint_files
from agcx_format.store.entries import ScanEntry, is_link, is_recent
from agcx_format.store.reader import StoreReader

__all__ = ["BackedUp", "back_up"]

# How often a file that changes while it is read is read again, and the seconds between.
_ATTEMPTS: Final = 5
_PAUSE: Final = 0.2

Progress = Callable[[int, int], None]


class BackedUp(msgspec.Struct, frozen=True):
    """What a backup did.

    Fields:
        id: of the backup in its archive.
        new_bytes: what was added for it; all else was there already.
    """

    id: str
    backup: Backup
    new_bytes: int


def back_up(
    store: StoreReader,
    path: str | os.PathLike[str],
    entries: Sequence[ScanEntry] | None = None,
    progress: Progress = lambda done, total: None,
) -> BackedUp:
    """Back up sessions, by default all with all checkpoints, into a new archive or one that exists.

    `progress` is told how many of how many sessions are done.

    Raises:
        CorruptData: something else has the name of the archive, or what was written reads otherwise.
        LockFailed: another backup is being written to it.
        PersistenceError: the archive cannot be written, or a folder of the store cannot be read.
    """
    with _Writer(path) as writer:
        result = _back_up(store, writer, entries, progress)
        writer.finish()
    with Archive(path) as written:
        _verify(written, result, writer.start)
    return result


def _verify(archive: Archive, result: BackedUp, start: int) -> None:
    """Read again what was written; the older objects must be there."""
    backup = archive.read(result.id)
    if backup != result.backup:
        raise CorruptData("what was written reads otherwise", path=archive.path)
    for file in backup.files():
        member = archive.member(file.sha256)
        if member.size != file.size:
            raise CorruptData("an object has another size", path=archive.path, offset=member.start)
        if member.start >= start:
            for _ in archive.pieces(file.sha256):
                pass


def _back_up(
    store: StoreReader,
    writer: _Writer,
    entries: Sequence[ScanEntry] | None,
    progress: Progress,
) -> BackedUp:
    chosen = list(store.scan()) if entries is None else entries
    checkpoints, relative = checkpoint_files(store.path), paths.relative_paths(store.path)
    sessions: list[BackupSession] = []
    failures: list[Failure] = []
    for number, entry in enumerate(chosen):
        progress(number, len(chosen))
        belonging = [path for path, _ in checkpoints.pop(str(entry.id), ())]
        try:
            path = relative(entry.path)
            sessions.append(_session(store, writer, entry, path, belonging, failures))
        except (PersistenceError, OSError) as error:
            failures.append(_failure(store.path, entry.path, error))
    progress(len(chosen), len(chosen))
    others: list[BackupFile] = []
    if entries is None:
        for path in (path for some in checkpoints.values() for path, _ in some):
            if checkpoint.ids_of(os.path.basename(path).lower()) is None:
                continue
            try:
                others.append(writer.add(store.path, path))
            except (PersistenceError, OSError) as error:
                failures.append(_failure(store.path, os.fspath(store.path / path), error))
    backup = new_backup(os.fspath(store.path), sessions, others, failures)
    return BackedUp(writer.add_backup(backup), backup, writer.added)


def _failure(root: Path, path: str, error: PersistenceError | OSError) -> Failure:
    reason = error.reason if isinstance(error, PersistenceError) else os_reason(error)
    return Failure(os.path.relpath(path, root), reason)


def _session(
    store: StoreReader,
    writer: _Writer,
    entry: ScanEntry,
    path: str,
    belonging: Sequence[str],
    failures: list[Failure],
) -> BackupSession:
    """Copy one session, whose `path` is relative, with its checkpoints, of one version of its file.

    Checkpoints that cannot be read are added to `failures`.

    Raises:
        StaleSession: it changes whenever it is read.
        PersistenceError: it cannot be read.
    """
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE)
        try:
            found = store.entry(entry.path)
            if found is None:
                raise PersistenceError("it is gone", path=entry.path)
            is_last = attempt == _ATTEMPTS - 1
            if not is_last and is_recent(found.mtime_ns, time.time_ns()) and _is_cut(entry.path):
                # A writer that truncates the file may be in the middle of it.
                continue
            if found.metadata is None and is_link(entry.path) and not _is_session(entry.path):
                raise PersistenceError("a link to what is no session", path=entry.path)
            files = _checkpoints(store, writer, belonging, failures)
            file = writer.add(store.path, path, found.signature, follow=True)
        except StaleSession:
            continue
        about = found.metadata
        return BackupSession(
            found.id,
            about.title if about else "",
            str(about.updated_at) if about else "",
            about.message_count if about else 0,
            file,
            files,
        )
    raise StaleSession("it changes all the time", path=entry.path)


def _checkpoints(
    store: StoreReader, writer: _Writer, paths_of: Sequence[str], failures: list[Failure]
) -> list[BackupFile]:
    files = []
    for path in paths_of:
        try:
            files.append(writer.add(store.path, path))
        except StaleSession:
            raise
        except PersistenceError as error:
            failure = _failure(store.path, os.fspath(store.path / path), error)
            if failure not in failures:
                failures.append(failure)
    return files


def _is_cut(path: str) -> bool:
    """Whether a file ends before it should by its own lengths."""
    with OpenFile(path) as file:
        section = FileSection(file, 0, file.size)
        return layout.of(section[: layout.HEAD]).end(section) > file.size


def _is_session(path: str) -> bool:
    with OpenFile(path) as file:
        return file.read(len(MAGIC), 0) == MAGIC


class _Writer:
    """An archive that is added to; a context that locks it, and takes back what failed."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.path.realpath(path)
        self._objects: set[str] = set()
        self._backups: set[str] = set()
        self._is_new = False
        self.start = 0
        self._end = 0
        self._fd = -1
        self.added = 0

    def __enter__(self) -> _Writer:
        with naming(self._path):
            flags = os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                self._fd = os.open(self._path, flags | os.O_CREAT | os.O_EXCL, 0o600)
                self._is_new = True
            except FileExistsError:
                self._fd = os.open(self._path, flags)
        try:
            self._begin()
        except BaseException:
            if self._is_new:
                os.unlink(self._path)
            self._close()
            raise
        return self

    def _begin(self) -> None:
        status = os.fstat(self._fd)
        if not stat.S_ISREG(status.st_mode):
            raise CorruptData("not a regular file", path=self._path)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockFailed("another backup is being written to it", path=self._path) from None
        except OSError:
            # A file system without locks.
            pass
        if status.st_size:
            with Archive(self._path) as there:
                if there.damage is not None and not there.damage.truncated:
                    # Whatever follows may be all that is left of a backup.
                    raise there.damage.located(path=self._path)
                self._objects, self._backups = set(there.objects), set(there.backups)
                self.start = self._end = there.end
        with naming(self._path):
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
            PersistenceError: it cannot be read, or is a link.
        """
        full = os.fspath(root / path)
        if not follow and is_link(full):
            raise PersistenceError("a symbolic link, which is not followed", path=full)
        with OpenFile(full) as file:
            signature = file.signature
            if expected is not None and signature != expected:
                raise StaleSession("it changed since it was read", path=full)
            digest = hashlib.sha256()
            for piece in _pieces(file):
                digest.update(piece)
            name = digest.hexdigest()
            if Signature.of(os.fstat(file.fd)) != signature:
                raise StaleSession("it changed while it was read", path=full)
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

        with naming(self._path):
            self._add(f"objects/{name}", file.size, hashed())
            if digest.hexdigest() != name or Signature.of(os.fstat(file.fd)) != file.signature:
                self._end = before
                os.ftruncate(self._fd, before)
                raise StaleSession("it changed while it was read", path=file.path)
        self._objects.add(name)
        self.added += file.size

    def add_backup(self, backup: Backup) -> str:
        """Add what makes the objects a backup; its id."""
        wanted = stamp(Timestamp(backup.created_at))
        free = (f"{wanted}-{number}" if number else wanted for number in range(10_000))
        name = next(each for each in free if each not in self._backups)
        data = encode(backup)
        with naming(self._path):
            # The objects first: a backup that is there is whole.
            sync_file(self._fd)
            self._add(f"backups/{name}.json", len(data), [data])
        return name

    def finish(self) -> None:
        """End the archive, durably."""
        with naming(self._path):
            self._write(END, self._end)
            sync_file(self._fd)
            if self._is_new:
                sync_directory(os.path.dirname(self._path))

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
        """Leave the archive as it was; a new one is removed."""
        if self._is_new:
            os.unlink(self._path)
        os.ftruncate(self._fd, self.start)
        if self.start:
            self._write(END, self.start)

    def _close(self) -> None:
        os.close(self._fd)


def _pieces(file: OpenFile) -> Iterator[bytes]:
    for at in range(0, file.size, limits.MIB):
        piece = file.read(min(limits.MIB, file.size - at), at)
        yield piece
        if not piece:
            return
