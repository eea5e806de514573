"""A store of sessions: where its files are, what is in them, and how they change.

Strategy: the directory is the truth.  Every list is made from the files themselves, unreadable ones
included; the index that lies beside them follows, and is never believed over them.  Reading
takes no lock and writes nothing, so a read-only store browses.  Everything that changes the store
holds its lock for the one change, looks whether the files are still those that were read, and is
either the plain atomic replacement of one file (`save_session`) or a journaled act (`acts`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from uuid import UUID

import msgspec

from agcx_format import acts, index, layout1, limits
from agcx_format.acts import Act, ActSession, Step
from agcx_format.durable import (
    Signature,
    naming,
    open_regular,
    read_exactly,
    replace_file,
    sweep,
)
from agcx_format.errors import (
    AmbiguousSession,
    IndexCorrupted,
    PersistenceError,
    SessionNotFound,
    StaleSession,
)
from agcx_format.files import read_metadata, read_session
from agcx_format.locks import locked
from agcx_format.session_file import SessionFile
from agcx_format.timestamps import newest_first
from agcx_format.types import (
    ConversationSnapshot,
    Session,
    SessionIndex,
    SessionMetadata,
    SessionState,
)

__all__ = ["CompressionLevel", "ScanEntry", "Store", "open_store"]

SUFFIX = ".agcx"
INDEX = "sessions.idx"
CHECKPOINTS = "checkpoints"

# A name is written out, or shortened to no fewer characters than these.
SHORTEST_PREFIX = 4

_is_uuid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE).fullmatch


class CompressionLevel(IntEnum):
    """zstd levels by name, as the Rust crate has them; `custom` for any other."""

    FAST = 1
    BALANCED = 3
    MAXIMUM = 9

    @staticmethod
    def custom(level: int) -> int:
        """Any level of zstd, clamped to 1…22."""
        return max(1, min(22, level))


class ScanEntry(msgspec.Struct, frozen=True):
    """One session file as the directory shows it, readable or not; `size` in bytes on disk."""

    path: str
    id: UUID | None
    """From the file's name; None when that is no UUID."""
    metadata: SessionMetadata | None
    error: PersistenceError | None
    signature: Signature

    @property
    def size(self) -> int:
        return self.signature.size

    @property
    def mtime_ns(self) -> int:
        return self.signature.mtime_ns

    @property
    def title(self) -> str:
        return self.metadata.title if self.metadata else os.path.basename(self.path)


class Store:
    """The sessions below one directory.  Thread-safe; opening writes nothing.

    Implements `StorageBackend`.  A path that does not exist is an empty store, made when
    something is first saved; one that is no directory is a `PersistenceError`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        level: int = CompressionLevel.BALANCED,
        use_mmap: bool = True,
    ) -> None:
        self.path = Path(path)
        self.level = CompressionLevel.custom(level)
        self.use_mmap = use_mmap
        # What this program last read or wrote of a session: saving over anything else would
        # lose what another program wrote.
        self._last_seen: dict[UUID, Signature] = {}
        self._tidied = False
        if os.path.lexists(self.path) and not self.path.is_dir():
            raise PersistenceError("not a directory", path=path)
        self._recover()

    @property
    def exists(self) -> bool:
        return self.path.is_dir()

    # --- what is there

    def scan(self) -> Iterator[ScanEntry]:
        """Every session file, in the order of the directory, unreadable ones with the reason.

        Raises `PersistenceError` when the directory itself cannot be read.
        """
        for path in self._session_paths():
            entry = self.entry(path)
            if entry is not None:
                yield entry

    def entry(self, path: str) -> ScanEntry | None:
        """The entry of one file; None when there is none (deleted while one looked)."""
        session_id = _id_of(path)
        try:
            fd, status = open_regular(path)
        except PersistenceError as error:
            signature = Signature.at(path)
            return signature and ScanEntry(path, session_id, None, error, signature)
        try:
            metadata = read_metadata(fd, status.st_size, self.use_mmap)
            return ScanEntry(path, session_id, metadata, None, Signature.of(status))
        except PersistenceError as error:
            error.located(path=path)
            return ScanEntry(path, session_id, None, error, Signature.of(status))
        finally:
            os.close(fd)

    def list_sessions(self) -> list[SessionMetadata]:
        """The metadata of every readable session, the last accessed first."""
        found = []
        for path in self._session_paths():
            try:
                found.append(self._metadata_at(path))
            except PersistenceError:
                continue
        return newest_first(found, key=lambda metadata: metadata.last_accessed)

    def resolve(self, name: str) -> ScanEntry:
        """The session that a person names: by id, a unique prefix of it, or the path of a file.

        Raises `SessionNotFound` or `AmbiguousSession`.
        """
        if _is_uuid(name):
            paths = [self._path(UUID(name))]
        elif name.endswith(SUFFIX) or os.sep in name:
            paths = [name]
        elif len(name) >= SHORTEST_PREFIX:
            wanted = name.lower()
            paths = [p for p in self._session_paths() if os.path.basename(p).startswith(wanted)]
        else:
            raise SessionNotFound(f"{name!r}: name at least {SHORTEST_PREFIX} characters of its id")
        if len(paths) > 1:
            raise AmbiguousSession(f"{len(paths)} sessions begin with {name!r}", path=self.path)
        entry = self.entry(os.fspath(paths[0])) if paths else None
        if entry is None:
            raise SessionNotFound(repr(name), path=self.path)
        return entry

    def open_session(self, session_id: UUID) -> SessionFile:
        return SessionFile(self._existing(session_id), use_mmap=self.use_mmap)

    # --- StorageBackend

    def load_session(self, session_id: UUID) -> Session:
        """The whole session; `SessionNotFound`, or the error of what is damaged in it."""
        path = self._existing(session_id)
        signature = Signature.at(path)
        session = read_session(path)
        if signature is not None:
            self._last_seen[session_id] = signature
        return session

    def save_session(
        self,
        session_id: UUID,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
    ) -> None:
        """Replace the session's file in one durable step; this is no act and cannot be undone.

        `message_count`, `file_size` and `compression_ratio` are measured, whatever `metadata` says.
        `StaleSession` when the file is not the one that this store last read or wrote.
        """
        _, parts = layout1.encode_measured(metadata, conversation, state, self.level)
        self._make()
        path = self._path(session_id)
        with self._writing():
            seen = self._last_seen.get(session_id)
            if seen is not None and Signature.at(path) not in (seen, None):
                raise StaleSession("another program saved it since it was read", path=path)
            self._last_seen[session_id] = replace_file(path, parts)

    def delete_session(self, session_id: UUID) -> None:
        """Move a session to the trash; one that is not there is no error."""
        entry = self.entry(str(self._path(session_id)))
        if entry is not None:
            self.delete([entry])

    def load_index(self) -> SessionIndex:
        """`sessions.idx` as it lies there; an empty index when it is missing."""
        try:
            fd, status = open_regular(self.path / INDEX)
        except PersistenceError:
            if Signature.at(self.path / INDEX) is None:
                return index.empty()
            raise
        try:
            if status.st_size > limits.WHOLE_SECTION:
                raise IndexCorrupted(f"{status.st_size:,} bytes are too many")
            return index.decode(read_exactly(fd, status.st_size, 0))
        except PersistenceError as error:
            raise error.located(path=self.path / INDEX, section="index") from None
        finally:
            os.close(fd)

    def save_index(self, value: SessionIndex) -> None:
        self._make()
        with self._writing():
            replace_file(self.path / INDEX, [index.encode(value)])

    # --- acts

    def delete(self, entries: Iterable[ScanEntry]) -> Act:
        """Move sessions to the trash, checkpoints and all, as one act that `undo` takes back.

        `StaleSession` when one of the files changed since it was scanned; then all stay.
        """
        entries = list(entries)
        with self._writing():
            checkpoints = self._checkpoints()
            steps, sessions = [], []
            for entry in entries:
                belongings = checkpoints.get(str(entry.id), [])
                steps.append(Step("move", self._relative(entry.path), expected=entry.signature))
                steps += [Step("move", path) for path, _ in belongings]
                size = entry.size + sum(size for _, size in belongings)
                sessions.append(ActSession(str(entry.id or ""), entry.title, size))
            steps += self._index_without({entry.id for entry in entries if entry.id})
            return acts.perform(self.path, "delete", steps, sessions)

    def undo(self, act_id: str | None = None) -> Act:
        """Take back an act, by default the last; `NothingToUndo` or `UndoConflict`."""
        with self._writing():
            return acts.undo(self.path, act_id)

    def acts(self) -> list[Act]:
        """What can be undone, the last act first."""
        return [act for act in acts.read_acts(self.path) if not act.undone]

    # --- inside

    def _recover(self) -> None:
        """Set right what a crash left, if there is anything and the store may be written."""
        if acts.unfinished(self.path) and os.access(self.path, os.W_OK):
            with self._writing():
                pass

    def _make(self) -> None:
        with naming(self.path):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the store for one change, first setting right what a crash left of an earlier one."""
        with locked(self.path):
            acts.recover(self.path)
            if not self._tidied:
                sweep(self.path)
                self._tidied = True
            yield

    def _session_paths(self) -> Iterator[str]:
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    if entry.name.endswith(SUFFIX) and not entry.name.startswith("."):
                        yield entry.path
        except FileNotFoundError:
            return
        except OSError as cause:
            raise PersistenceError((cause.strerror or "").lower(), path=self.path) from None

    def _metadata_at(self, path: str) -> SessionMetadata:
        fd, status = open_regular(path)
        try:
            return read_metadata(fd, status.st_size, self.use_mmap)
        finally:
            os.close(fd)

    def _path(self, session_id: UUID) -> Path:
        return self.path / f"{session_id}{SUFFIX}"

    def _existing(self, session_id: UUID) -> Path:
        path = self._path(session_id)
        if not os.path.lexists(path):
            raise SessionNotFound(session_id, path=path)
        return path

    def _relative(self, path: str) -> str:
        inside = os.path.relpath(os.path.realpath(os.path.dirname(path)), self.path.resolve())
        if inside.startswith(os.pardir):
            raise PersistenceError("not in this store", path=path)
        return os.path.normpath(os.path.join(inside, os.path.basename(path)))

    def _checkpoints(self) -> dict[str, list[tuple[str, int]]]:
        """Relative path and size of every checkpoint file, by the id of its session."""
        found: dict[str, list[tuple[str, int]]] = {}
        try:
            with os.scandir(self.path / CHECKPOINTS) as entries:
                for entry in entries:
                    session, separator, _ = entry.name.partition("_")
                    if separator and entry.name.endswith(".ckpt"):
                        size = entry.stat(follow_symlinks=False).st_size
                        found.setdefault(session, []).append((f"{CHECKPOINTS}/{entry.name}", size))
        except FileNotFoundError:
            pass
        return found

    def _index_without(self, gone: set[UUID]) -> list[Step]:
        """The step that takes sessions out of the index; none when it is missing or broken."""
        try:
            present = self.load_index()
        except PersistenceError:
            return []
        if not gone & set(present.sessions):
            return []
        parts = [index.encode(index.without(present, gone))]
        return [Step("replace", INDEX, parts=parts, derived=True)]


def open_store(path: str | os.PathLike[str]) -> Store:
    """The store at `path`, one layout or both; see `Store`."""
    return Store(path)


def _id_of(path: str) -> UUID | None:
    name = os.path.basename(path).removesuffix(SUFFIX)
    return UUID(name) if _is_uuid(name) else None
