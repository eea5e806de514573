"""What one backup holds, as the JSON in its archive: which object has to be which file in a store."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import msgspec

from agcx_format.errors import CorruptData
from agcx_format.layout import checkpoint
from agcx_format.model.timestamps import Timestamp, to_datetime
from agcx_format.store import paths
from agcx_format.store.acts.manifest import Step, checked

__all__ = ["Backup", "BackupFile", "BackupSession", "Failure", "decode", "encode"]

_FORMAT: Final = 1
_is_hash = re.compile(r"[0-9a-f]{64}").fullmatch
_LONGEST = 1 << 62


class BackupFile(msgspec.Struct, frozen=True):
    """A file of a store.

    Fields:
        path: relative to the store.
        sha256: of its bytes, in hexadecimal: the name of its object.
        size: in bytes.
        mtime_ns: when it was changed last, in nanoseconds since 1970.
    """

    path: str
    sha256: str
    size: int
    mtime_ns: int


class BackupSession(msgspec.Struct, frozen=True):
    """A session with its checkpoints; title and counts are empty if its file could not be read.

    Fields:
        id: from the name of its file; None if that is no UUID.
    """

    id: UUID | None
    title: str
    updated_at: str
    messages: int
    file: BackupFile
    checkpoints: list[BackupFile]

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(each.size for each in self.files())

    def files(self) -> Iterator[BackupFile]:
        """The session's file, then those of its checkpoints."""
        yield self.file
        yield from self.checkpoints


class Failure(msgspec.Struct, frozen=True):
    """A file that could not be backed up."""

    path: str
    reason: str


class Backup(msgspec.Struct, frozen=True):
    """One backup of a store.

    Fields:
        store: the path of the store.
        others: checkpoints whose session is gone.
        failures: files that it does not hold.
    """

    format: int
    created_at: str
    store: str
    sessions: list[BackupSession]
    others: list[BackupFile]
    failures: list[Failure]

    def files(self) -> Iterator[BackupFile]:
        """Every file of the backup."""
        for session in self.sessions:
            yield from session.files()
        yield from self.others

    @property
    def size(self) -> int:
        """Bytes of all its files in a store."""
        return sum(each.size for each in self.files())


def new_backup(
    store: str,
    sessions: list[BackupSession],
    others: list[BackupFile],
    failures: list[Failure],
) -> Backup:
    return Backup(_FORMAT, str(Timestamp.now()), store, sessions, others, failures)


def encode(backup: Backup) -> bytes:
    """The JSON of a backup; names that are no text are escaped."""
    return json.dumps(msgspec.to_builtins(backup), indent=1).encode("ascii")


def decode(data: bytes) -> Backup:
    """The backup that a JSON text describes, in which every path is one that a store has.

    Raises:
        CorruptData: it is damaged, or not one of ours.
    """
    try:
        plain: Any = json.loads(data.decode("ascii"))
        if isinstance(plain, dict) and plain.get("format", _FORMAT) != _FORMAT:
            raise CorruptData(f"a backup of format {plain['format']!r:.40}")
        backup = msgspec.convert(plain, Backup)
        to_datetime(backup.created_at)
        for session in backup.sessions:
            _check(session.file, is_session=True)
            for each in session.checkpoints:
                _check(each, is_session=False)
        for each in backup.others:
            _check(each, is_session=False)
    except (ValueError, RecursionError, ArithmeticError):
        raise CorruptData("damaged, or not written by agcx") from None
    names = [each.path for each in backup.files()]
    if len(names) != len(set(names)):
        raise CorruptData("it names a file twice")
    return backup


def _check(file: BackupFile, *, is_session: bool) -> None:
    """Raises `ValueError` if no backup has such a file."""
    checked(Step("create", file.path))
    folder, name = os.path.split(file.path)
    if is_session:
        fits = folder in paths.folders().values() and name.endswith(paths.SUFFIX)
        fits = fits and not name.startswith(".")
    else:
        fits = folder == paths.CHECKPOINTS and checkpoint.ids_of(name.lower()) is not None
    if not fits or not _is_hash(file.sha256):
        raise ValueError("not a file of a store")
    if not 0 <= file.size < _LONGEST or not -_LONGEST < file.mtime_ns < _LONGEST:
        raise ValueError("not a size or a time")
