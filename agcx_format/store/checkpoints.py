"""The checkpoints of a store: listing, naming, creating, renaming, deleting them, and going back to one.

Strategy: a checkpoint is known by its file and by the list in its session's metadata.  What only one of them
knows is listed as well: a file that no session lists takes room, and a line without a file promises
what is not there.  A person names one as `SESSION@NAME`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import InvalidCheckpoint, PersistenceError, SessionNotFound
from agcx_format.layout import checkpoint
from agcx_format.model.session import SessionMetadata
from agcx_format.model.timestamps import ns_of
from agcx_format.session.checkpoint_file import CheckpointFile
from agcx_format.session.lazy import SessionFile
from agcx_format.session.metadata import read_metadata
from agcx_format.store import paths
from agcx_format.store.acts import plan_checkpoints, plan_derived
from agcx_format.store.acts.manifest import Act
from agcx_format.store.acts.plan import Change
from agcx_format.store.arguments import all_of, one_of
from agcx_format.store.checkpoint_files import checkpoint_files, unlisted
from agcx_format.store.entries import ScanEntry
from agcx_format.store.names import is_checkpoint
from agcx_format.store.reader import StoreReader
from agcx_format.store.session_names import as_id
from agcx_format.store.stored_checkpoint import StoredCheckpoint

__all__ = [
    "SEPARATOR",
    "CheckpointFile",
    "CheckpointReader",
    "Checkpoints",
    "checkpoint_file",
    "open_conversation",
]  # fmt: skip

# Between a session and one of its checkpoints, in what a person writes.
SEPARATOR: Final = "@"
_SHORTEST_PREFIX: Final = 4

Perform = Callable[[str, Collection[object], Callable[[], Change]], Act]


class CheckpointReader:
    """The checkpoints of one store, to look at."""

    def __init__(self, store: StoreReader) -> None:
        self._store = store

    def of(self, entry: ScanEntry) -> list[StoredCheckpoint]:
        """The checkpoints of a session, in the order of its messages.

        Raises:
            TypeError: it is not a `ScanEntry`.
            PersistenceError: the folder of checkpoints cannot be read.
        """
        one_of(ScanEntry, entry)
        if entry.id is None:
            return []
        files = checkpoint_files(self._store.path).get(str(entry.id), ())
        return self._of(entry.id, entry, [path for path, _ in files])

    def all(self) -> list[StoredCheckpoint]:
        """Every checkpoint of the store, those of a session together, also those whose session is gone.

        Raises:
            PersistenceError: a folder cannot be read.
        """
        files = checkpoint_files(self._store.path)
        entries = {str(entry.id): entry for entry in self._store.scan() if entry.id is not None}
        found: list[StoredCheckpoint] = []
        for name, entry in entries.items():
            known = [path for path, _ in files.pop(name, ())]
            if known or (entry.metadata and entry.metadata.checkpoints):
                assert entry.id is not None
                found += self._of(entry.id, entry, known)
        for name, left in files.items():
            if paths.is_uuid(name):
                found += self._of(UUID(name), None, [path for path, _ in left])
        return found

    def unlisted(self) -> list[StoredCheckpoint]:
        """The checkpoints with a file that no readable session lists.

        What an unreadable session lists is unknown, so its checkpoints are not among them.

        Raises:
            PersistenceError: a folder cannot be read.
        """
        return [each for each in self.all() if each.is_unlisted]

    def _of(
        self, session_id: UUID, entry: ScanEntry | None, files: Iterable[str]
    ) -> list[StoredCheckpoint]:
        metadata = _whole_metadata(entry)
        listed = {each.id: each for each in (metadata.checkpoints if metadata else ())}
        # What an unreadable session lists is not known.
        is_known = entry is None or metadata is not None
        there = {ids[1]: path for path in files if (ids := _ids(path))}
        found = []
        for each in [*listed, *(other for other in there if other not in listed)]:
            path = there.get(each)
            with suppress(FileNotFoundError):
                file = None if path is None else self._store.path / path
                about = listed.get(each) or unlisted(each, file or "")
                signature = Signature.at(file) if file else None
                is_unlisted = is_known and each not in listed
                found.append(
                    StoredCheckpoint(session_id, entry, about, is_unlisted, path, signature)
                )
        return sorted(
            found, key=lambda one: (one.metadata.message_index, ns_of(one.metadata.created_at))
        )

    def resolve(self, name: str) -> StoredCheckpoint:
        """The checkpoint that a person names: `SESSION@NAME`, or the path of its file.

        NAME is its name, its id, or four or more of the first characters of its id; SESSION is as in
        `store.resolve`; if the session is gone, its id or four or more of the first characters of that.

        Raises:
            SessionNotFound: there is no such session.
            InvalidCheckpoint: it has no such checkpoint, or several.
            PersistenceError: a folder cannot be read.
        """
        if name.endswith(checkpoint.SUFFIX) and os.path.lexists(name):
            return self.at(name)
        error: PersistenceError = InvalidCheckpoint(f"{name!r} is not SESSION{SEPARATOR}NAME")
        for position in (i for i, letter in enumerate(name) if letter == SEPARATOR):
            session, wanted = name[:position], name[position + 1 :]
            try:
                return _named(self._of_session(session), wanted, session)
            except SessionNotFound as cause:
                error = cause
        raise error

    def _of_session(self, name: str) -> list[StoredCheckpoint]:
        try:
            return self.of(self._store.resolve(name))
        except SessionNotFound:
            files, prefix = checkpoint_files(self._store.path), name.lower()
            gone = [
                each
                for each in files
                if len(name) >= _SHORTEST_PREFIX and each.startswith(prefix) and paths.is_uuid(each)
            ]
            if len(gone) != 1:
                raise
            return self._of(UUID(gone[0]), None, [path for path, _ in files[gone[0]]])

    def find(self, session_id: UUID, checkpoint_id: UUID) -> StoredCheckpoint:
        """The checkpoint with this id of a session, which may be gone.

        Raises:
            TypeError: one of the ids is not a UUID.
            SessionNotFound: there is no such session, and no checkpoint of it.
            InvalidCheckpoint: there is no such checkpoint.
            PersistenceError: a folder cannot be read.
        """
        wanted = as_id(checkpoint_id, "checkpoint")
        for each in self._of_session(str(as_id(session_id))):
            if each.metadata.id == wanted:
                return each
        raise InvalidCheckpoint(f"no checkpoint {wanted}", path=self._store.path)

    def at(self, path: str | os.PathLike[str]) -> StoredCheckpoint:
        """The checkpoint of the store that has this file.

        Raises:
            InvalidCheckpoint: the file is not in this store.
            PersistenceError: a folder cannot be read.
        """
        real = os.path.realpath(path)
        ids = _ids(path)
        if ids and os.path.dirname(real) == os.path.realpath(self._store.path / paths.CHECKPOINTS):
            for each in self._of_session(str(ids[0])):
                if each.metadata.id == ids[1]:
                    return each
        raise InvalidCheckpoint("not a checkpoint of this store", path=path)

    def open(self, found: StoredCheckpoint) -> CheckpointFile:
        """A checkpoint, read like a session.

        Raises:
            TypeError: it is not a `StoredCheckpoint`.
            InvalidCheckpoint: it has no file.
            PersistenceError: the file is damaged, or cannot be read.
        """
        path = self._file_of(found)
        metadata = None if found.is_unlisted else found.metadata
        return CheckpointFile(path, metadata, _whole_metadata(found.session))

    def _file_of(self, found: StoredCheckpoint) -> str:
        one_of(StoredCheckpoint, found)
        if found.path is None:
            raise InvalidCheckpoint(f"the checkpoint {found.name!r} has no file")
        return os.fspath(self._store.path / found.path)


class Checkpoints(CheckpointReader):
    """The checkpoints of one store; `store.checkpoints`.  Each change is an act that can be undone."""

    def __init__(self, store: StoreReader, perform: Perform, level: int) -> None:
        super().__init__(store)
        self._perform, self._level = perform, level

    def create(
        self, entry: ScanEntry, name: str, description: str | None = None
    ) -> tuple[UUID, Act]:
        """Save the current state of a session as a checkpoint.

        Raises:
            TypeError: it is not a `ScanEntry`.
            StaleSession: the session changed since it was scanned.
            PersistenceError: it is damaged, or cannot be read.
            StoreNotWritable: the store may not be written.
        """
        new_id, entry = uuid4(), one_of(ScanEntry, entry)

        def plan() -> Change:
            return plan_checkpoints.creation(
                self._store.path, entry, new_id, name, description, self._level
            )

        return new_id, self._perform("checkpoint-create", [entry], plan)

    def rename(self, wanted: StoredCheckpoint, name: str) -> Act:
        """Give a checkpoint another name; its session lists it from then on.

        Raises:
            TypeError: it is not a `StoredCheckpoint`.
            StaleSession: a file changed since it was listed.
            SessionNotFound: its session is gone.
            StoreNotWritable: the store may not be written.
        """
        self._session_of(wanted)
        return self._perform(
            "checkpoint-rename",
            [wanted],
            lambda: plan_checkpoints.renaming(self._store.path, wanted, name, self._level),
        )

    def delete(self, wanted: Iterable[StoredCheckpoint], *, kind: str = "checkpoint-delete") -> Act:
        """Move checkpoints to the trash; their sessions no longer list them.  All or none.

        Raises:
            TypeError: one of them is not a `StoredCheckpoint`.
            StaleSession: a file changed since it was listed.
            StoreNotWritable: the store may not be written.
        """
        chosen = all_of(StoredCheckpoint, wanted)
        return self._perform(
            kind,
            chosen,
            lambda: plan_checkpoints.deletion(self._store.path, chosen, self._level),
        )

    def restore(self, wanted: StoredCheckpoint, title: str | None = None) -> tuple[UUID, Act]:
        """Make a new session of the conversation as it was at a checkpoint.

        Without its session, what only that knows (the model, tags, earlier checkpoints) is not in it.

        Raises:
            TypeError: it is not a `StoredCheckpoint`.
            InvalidCheckpoint: the checkpoint has no file.
            PersistenceError: the file is damaged, or cannot be read.
            StoreNotWritable: the store may not be written.
        """
        self._file_of(wanted)
        new_id = uuid4()
        return new_id, self._perform(
            "checkpoint",
            [wanted],
            lambda: plan_derived.from_checkpoint(
                self._store.path, wanted, new_id, title, self._level
            ),
        )

    def go_back(self, wanted: StoredCheckpoint) -> Act:
        """Make a session what it was at a checkpoint; title, tags, star, and checkpoints stay.

        Raises:
            TypeError: it is not a `StoredCheckpoint`.
            StaleSession: the session changed since it was listed.
            SessionNotFound: it is gone; `restore` makes a new one.
            InvalidCheckpoint: the checkpoint has no file.
            StoreNotWritable: the store may not be written.
        """
        self._session_of(wanted)
        self._file_of(wanted)
        return self._perform(
            "checkpoint-restore",
            [wanted],
            lambda: plan_checkpoints.going_back(self._store.path, wanted, self._level),
        )

    def _session_of(self, wanted: StoredCheckpoint) -> ScanEntry:
        one_of(StoredCheckpoint, wanted)
        if wanted.session is None:
            raise SessionNotFound(wanted.session_id, path=self._store.path)
        return wanted.session


def _whole_metadata(entry: ScanEntry | None) -> SessionMetadata | None:
    """The metadata from the session's file: those of a list are shortened.  None if unreadable."""
    with suppress(PersistenceError):
        if entry is not None:
            with OpenFile(entry.path) as file:
                return read_metadata(file.fd, file.size)
    return None


def _ids(path: str | os.PathLike[str]) -> tuple[UUID, UUID] | None:
    return checkpoint.ids_of(os.path.basename(path).lower())


def _named(found: list[StoredCheckpoint], name: str, session: str) -> StoredCheckpoint:
    exact = [each for each in found if each.metadata.name == name or each.name == name]
    if not exact and len(name) >= _SHORTEST_PREFIX:
        exact = [each for each in found if str(each.metadata.id).startswith(name.lower())]
    if len(exact) == 1:
        return exact[0]
    if not exact:
        raise InvalidCheckpoint(f"{session} has no checkpoint {name!r}")
    ids = ", ".join(str(each.metadata.id)[:8] for each in exact)
    raise InvalidCheckpoint(f"{len(exact)} checkpoints of {session} are named {name!r}: {ids}")


def open_conversation(path: str | os.PathLike[str]) -> SessionFile | CheckpointFile:
    """A session file or a checkpoint.

    Raises:
        PersistenceError: it cannot be read.
    """
    return checkpoint_file(path) if is_checkpoint(path) else SessionFile(path)


def checkpoint_file(path: str | os.PathLike[str]) -> CheckpointFile:
    """A checkpoint's file, with what its session says of it if that is in the same store.

    Raises:
        PersistenceError: the file is damaged, or cannot be read.
    """
    reader = CheckpointReader(StoreReader(Path(os.path.realpath(path)).parent.parent))
    try:
        found = reader.at(path)
    except PersistenceError:
        # Alone, or in a folder that only looks like one of a store.
        return CheckpointFile(path)
    return reader.open(found)
