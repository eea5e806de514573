"""Back up a store: add to an archive what it does not hold yet, and check what was written.

Strategy: a file is copied from one descriptor, and what is recorded of it is what was read.  Agents save at
any moment, so a session is taken again if it changed meanwhile; if it does not stop changing, it is
reported and the others are backed up.  What was written is read again before it counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from agcx_format import layout
from agcx_format.disk.durable import os_reason
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import CorruptData, PersistenceError, StaleSession
from agcx_format.layout import checkpoint
from agcx_format.layout.base import MAGIC
from agcx_format.session.file_section import FileSection
from agcx_format.store import paths
from agcx_format.store.backup.archive import Archive
from agcx_format.store.backup.archive_writer import ArchiveNotWritten, ArchiveWriter
from agcx_format.store.backup.manifest import (
    Backup,
    BackupFile,
    BackupSession,
    Failure,
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

    `progress` is called with how many of how many sessions are done.

    Raises:
        CorruptData: something else has the name of the archive, or what was written reads otherwise.
        LockHeld: another backup is being written to it.
        PersistenceError: the archive cannot be written, or a folder of the store cannot be read.
    """
    with ArchiveWriter(path) as writer:
        result = _back_up(store, writer, entries, progress)
        writer.end()
        # What reads otherwise is taken back.
        with Archive(writer.written) as written:
            _verify(written, result, writer.start)
        writer.put()
    return result


def _verify(archive: Archive, result: BackedUp, start: int) -> None:
    """Read again what was written; the older objects must be there."""
    if archive.damage is not None:
        raise archive.damage.located(path=archive.path)
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
    writer: ArchiveWriter,
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
        except ArchiveNotWritten:
            raise
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
            except ArchiveNotWritten:
                raise
            except (PersistenceError, OSError) as error:
                failures.append(_failure(store.path, os.fspath(store.path / path), error))
    backup = new_backup(os.fspath(store.path), sessions, others, failures)
    return BackedUp(writer.add_backup(backup), backup, writer.added)


def _failure(root: Path, path: str, error: PersistenceError | OSError) -> Failure:
    reason = error.reason if isinstance(error, PersistenceError) else os_reason(error)
    return Failure(os.path.relpath(path, root), reason)


def _session(
    store: StoreReader,
    writer: ArchiveWriter,
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
    store: StoreReader, writer: ArchiveWriter, paths_of: Sequence[str], failures: list[Failure]
) -> list[BackupFile]:
    files = []
    for path in paths_of:
        try:
            files.append(writer.add(store.path, path))
        except (ArchiveNotWritten, StaleSession):
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
