"""Restore from a backup: what of it a store has already, and the steps that bring the rest back.

Strategy: files go back where they were, byte for byte, with the time at which they were changed last.  An
object is checked against its name while it is written; if it is damaged, the whole act is taken back.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from uuid import UUID

import msgspec

from agcx_format import layout, limits
from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import CorruptData, PersistenceError, StaleSession
from agcx_format.model.session import SessionMetadata
from agcx_format.session.file_section import FileSection
from agcx_format.store import paths
from agcx_format.store.acts.manifest import ActSession, Step
from agcx_format.store.acts.plan import Change, copy_steps
from agcx_format.store.backup.archive import Archive
from agcx_format.store.backup.manifest import BackupFile, BackupSession
from agcx_format.store.entries import ScanEntry

__all__ = ["BackupReport", "Presence", "check_objects", "presence", "restoration", "verify_backup"]


class Presence(StrEnum):
    """What a store has of a session in a backup."""

    MISSING = "missing"
    """It lacks it, or some of its checkpoints."""

    SAME = "same"
    DIFFERENT = "different"
    """Another version of it is there."""


def presence(root: Path, session: BackupSession) -> Presence:
    """What a store has of a session, by the bytes of its files.

    Raises:
        PersistenceError: a file of the store cannot be read.
    """
    states = [_state(root, file) for file in session.files()]
    if Presence.DIFFERENT in states or _elsewhere(root, session):
        return Presence.DIFFERENT
    return Presence.MISSING if Presence.MISSING in states else Presence.SAME


def _state(root: Path, file: BackupFile) -> Presence:
    path = root / file.path
    there = Signature.at(path)
    if there is None:
        return Presence.MISSING
    if os.path.islink(path) or there.size != file.size:
        return Presence.DIFFERENT
    digest = hashlib.sha256()
    with OpenFile(path) as opened:
        for at in range(0, opened.size, limits.MIB):
            digest.update(opened.read(min(limits.MIB, opened.size - at), at))
    return Presence.SAME if digest.hexdigest() == file.sha256 else Presence.DIFFERENT


def _elsewhere(root: Path, session: BackupSession) -> list[str]:
    """Where else the store has a session with this id, relative to it: in the other layout."""
    if session.id is None:
        return []
    usual = [paths.session_file(number, session.id) for number in paths.folders()]
    return [path for path in usual if path != session.file.path and os.path.lexists(root / path)]


def restoration(
    root: Path,
    archive: Archive,
    sessions: Sequence[BackupSession],
    others: Sequence[BackupFile],
    replace: Iterable[ScanEntry] | None = None,
) -> Change:
    """Bring sessions back, and checkpoints that belong to none.

    Only the versions in `replace` are replaced, with their checkpoints and those of sessions that are gone;
    without it, and of the `others`, none is.

    Raises:
        StaleSession: another version of a session is there.
        CorruptData: an object is missing.
        PersistenceError: something cannot be read.
    """
    relative = paths.relative_paths(root)
    seen = {relative(entry.path): entry.signature for entry in replace or ()}
    steps: list[Step] = []
    acted: list[ActSession] = []
    index: dict[UUID, SessionMetadata | None] = {}
    for session in sessions:
        found = presence(root, session)
        if found is Presence.SAME:
            continue
        also = _elsewhere(root, session)
        if found is Presence.DIFFERENT or also:
            for path in (session.file.path, *also):
                if os.path.lexists(root / path) and path not in seen:
                    raise StaleSession("another version of it is there", path=root / path)
            if replace is None:
                # Of a session that is gone a checkpoint may have been left.
                raise StaleSession("another version of a checkpoint is there", path=root)
        for path in also:
            steps += _leaving(root, path, session, seen[path])
        for file in session.files():
            steps += _returning(root, archive, file, seen.get(file.path))
        steps += _followers(root, archive, session, index)
        acted.append(ActSession(str(session.id or ""), session.title, session.size))
    for file in others:
        if not os.path.lexists(root / file.path):
            steps += _returning(root, archive, file)
    return Change(steps, acted, index)


def _leaving(root: Path, path: str, session: BackupSession, expected: Signature) -> list[Step]:
    """The steps that move a session of the other layout to the trash, with the copy of its metadata."""
    steps = [Step("move", path, expected=expected)]
    copies = paths.layout_in(path).copies
    assert session.id is not None
    if copies is not None and os.path.lexists(root / copies.path(session.id)):
        steps.append(Step("move", copies.path(session.id)))
    return steps


def _returning(
    root: Path, archive: Archive, file: BackupFile, expected: Signature | None = None
) -> list[Step]:
    """The step that brings one file back; empty if it is there.

    What it replaces is the `expected` version, or of a checkpoint any.
    """
    path = root / file.path
    state = _state(root, file)
    if state is Presence.SAME:
        return []
    if archive.member(file.sha256).size != file.size:
        raise CorruptData("an object has another size", path=archive.path)
    parts = _Object(archive, file.sha256)
    if state is Presence.MISSING:
        return [Step("create", file.path, parts=parts, mtime_ns=file.mtime_ns)]
    if os.path.islink(path):
        raise StaleSession("a symbolic link is in its place", path=path)
    there = expected or Signature.at(path)
    return [Step("replace", file.path, parts=parts, expected=there, mtime_ns=file.mtime_ns)]


def _followers(
    root: Path,
    archive: Archive,
    session: BackupSession,
    index: dict[UUID, SessionMetadata | None],
) -> list[Step]:
    """The steps that write the copies of the metadata; their entry is added to `index`."""
    member = archive.member(session.file.sha256)
    section = FileSection(archive.file, member.start, member.start + member.size)
    try:
        kind = layout.of(section[: layout.HEAD])
        metadata = kind.metadata(section)
        indexed = metadata if kind.holds_sizes else kind.as_indexed(metadata, section)
    except PersistenceError:
        # It could not be read when it was backed up either.
        return []
    index[metadata.id] = indexed
    return copy_steps(root, paths.layout_in(session.file.path).version, metadata)


def check_objects(archive: Archive, session: BackupSession) -> None:
    """Read all that a session needs of an archive.

    Raises:
        PersistenceError: something is missing or damaged.
    """
    for file in session.files():
        if archive.member(file.sha256).size != file.size:
            raise CorruptData("an object has another size", path=archive.path)
        for _ in archive.pieces(file.sha256):
            pass


class _Object:
    """The bytes of an object, which raise `CorruptData` at their end if they are damaged."""

    def __init__(self, archive: Archive, sha256: str) -> None:
        self._archive, self._sha256 = archive, sha256

    def __iter__(self) -> Iterator[bytes]:
        return self._archive.pieces(self._sha256)


class BackupReport(msgspec.Struct, frozen=True):
    """What a check of an archive found.

    Fields:
        backups, objects: how many there are.
        size: bytes of all objects.
        problems: what is damaged or missing; empty if everything can be restored.
    """

    backups: int
    objects: int
    size: int
    problems: list[PersistenceError]


def verify_backup(path: str | os.PathLike[str]) -> BackupReport:
    """Read all of an archive, and compare every object with its name and every backup with the objects.

    Raises:
        CorruptData: it is no backup.
        PersistenceError: it cannot be opened.
    """
    with Archive(path) as archive:
        problems: list[PersistenceError] = [archive.damage] if archive.damage else []
        for sha256 in archive.objects:
            try:
                for _ in archive.pieces(sha256):
                    pass
            except PersistenceError as error:
                problems.append(error)
        for backup_id in archive.backups:
            try:
                problems += _missing(archive, backup_id)
            except PersistenceError as error:
                problems.append(error)
        size = sum(member.size for member in archive.objects.values())
        return BackupReport(len(archive.backups), len(archive.objects), size, problems)


def _missing(archive: Archive, backup_id: str) -> Collection[PersistenceError]:
    found: list[PersistenceError] = []
    for file in archive.read(backup_id).files():
        member = archive.objects.get(file.sha256)
        if member is None or member.size != file.size:
            found.append(
                CorruptData(f"{backup_id}: {file.path!r:.200} is missing", path=archive.path)
            )
    return found
