"""A store of sessions: where its files are, what is in them, and how they change.

Strategy: the directory is the truth.  Every list is made from the files themselves, unreadable ones
included; the index that lies beside them follows, and is never believed over them.  Reading
takes no lock and writes nothing, so a read-only store browses.  Everything that changes the store
holds its lock for the one change, looks whether the files are still those that were read, and is
either the plain atomic replacement of one file (`save_session`) or a journaled act (`acts`), whose
steps `changes.py` works out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from uuid import UUID

from agcx_format.disk.compare_and_swap import ANYTHING, replace_if
from agcx_format.disk.durable import Signature, naming, open_regular, os_reason, read_exactly
from agcx_format.disk.tree import Tree
from agcx_format.errors import (
    AmbiguousSession,
    InvalidCheckpoint,
    PersistenceError,
    SessionNotFound,
)
from agcx_format.layout import by_version, checkpoint, index
from agcx_format.model.session import (
    Checkpoint,
    CheckpointMetadata,
    ConversationSnapshot,
    Session,
    SessionIndex,
    SessionMetadata,
    SessionState,
)
from agcx_format.model.timestamps import newest_first, ns_of
from agcx_format.session.lazy import SessionFile
from agcx_format.session.whole import read_session
from agcx_format.store import checkpoint_files
from agcx_format.store import paths as places
from agcx_format.store.acting import ActingStore
from agcx_format.store.acts import reserve
from agcx_format.store.entries import EntryReader, ScanEntry
from agcx_format.store.index_file import read_index
from agcx_format.store.index_keeper import IndexKeeper
from agcx_format.store.session_names import SessionNames, as_id

__all__ = ["CompressionLevel", "ScanEntry", "Store", "open_store"]

# A name is written out, or shortened to no fewer characters than these.
SHORTEST_PREFIX = 4
# Of several that are meant by a name.
_LISTED = 5


class CompressionLevel(IntEnum):
    """zstd levels by name, as the Rust crate has them; `custom` for any other."""

    FAST = 1
    BALANCED = 3
    MAXIMUM = 9

    @staticmethod
    def custom(level: int) -> int:
        """Any level of zstd, clamped to 1…22."""
        return max(1, min(22, level))


class Store(ActingStore):
    """The sessions below one directory, of one layout or both.  Opening writes nothing.

    Implements `StorageBackend`.  A path that does not exist is an empty store, made when
    something is first saved; one that is no directory is a `PersistenceError`.  `layout` is that
    of sessions that are new; by default the one that is there, and layout 1 where both are or none.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        level: int = CompressionLevel.BALANCED,
        use_mmap: bool = True,
        layout: int | None = None,
    ) -> None:
        self.path = _absolute(path)
        self.level = CompressionLevel.custom(level)
        self.use_mmap = use_mmap
        self._layout = layout
        # What this program last read or wrote of a session: saving over anything else would
        # lose what another program wrote.
        self._last_seen: dict[UUID, Signature] = {}
        self._tidied = False
        self._names = SessionNames(self.path)
        self._index = IndexKeeper(self.path)
        if _is_there(self.path) and not self.path.is_dir():
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
        reader = EntryReader(self.path, self.use_mmap)
        for layout, path in places.session_paths(self.path):
            entry = reader.entry(layout, path)
            if entry is not None:
                yield entry

    def entry(self, path: str) -> ScanEntry | None:
        """The entry of one file; None when there is none (deleted while one looked)."""
        return EntryReader(self.path, self.use_mmap).entry(places.layout_of(self.path, path), path)

    def list_sessions(self) -> list[SessionMetadata]:
        """The metadata of every readable session, the last accessed first.

        Texts that are too long for a list are cut and end in `…`.
        """
        reader = EntryReader(self.path, self.use_mmap)
        found = []
        for layout, path in places.session_paths(self.path):
            try:
                found.append(reader.measured_metadata(layout, path))
            except PersistenceError:
                continue
        return newest_first(found, key=lambda metadata: metadata.last_accessed)

    def resolve(self, name: str) -> ScanEntry:
        """The session that a person names: by id, a unique prefix of it, or the path of a file.

        Raises `SessionNotFound` or `AmbiguousSession`.
        """
        if places.is_uuid(name):
            found = self._find(UUID(name))
            paths = [os.fspath(found)] if found else []
        elif not places.can_be_named(name):
            raise SessionNotFound(repr(name), path=self.path)
        elif name.endswith(places.SUFFIX) or os.sep in name:
            paths = [os.path.expanduser(name)]
        elif len(name) >= SHORTEST_PREFIX:
            wanted, every = name.lower(), places.session_paths(self.path)
            paths = [path for _, path in every if os.path.basename(path).lower().startswith(wanted)]
        else:
            raise SessionNotFound(f"{name!r}: name at least {SHORTEST_PREFIX} characters of its id")
        if len(paths) > 1:
            ids = sorted(os.path.basename(path).removesuffix(places.SUFFIX) for path in paths)
            listed = ", ".join(ids[:_LISTED]) + (", …" if len(ids) > _LISTED else "")
            text = f"{len(paths)} sessions begin with {name!r}: {listed}"
            raise AmbiguousSession(text, path=self.path)
        entry = self.entry(paths[0]) if paths else None
        if entry is None:
            raise SessionNotFound(repr(name), path=self.path)
        return entry

    def open_session(self, session_id: UUID) -> SessionFile:
        return SessionFile(self._existing(session_id), use_mmap=self.use_mmap)

    # --- checkpoints

    def list_checkpoints(self, session_id: UUID) -> list[CheckpointMetadata]:
        """The checkpoints of a session whose files are there, oldest first."""
        files = checkpoint_files.checkpoint_files(self.path).get(str(as_id(session_id)), [])
        known = {each.id: each for each in self._metadata_of(session_id).checkpoints}
        found = []
        for path, _ in files:
            ids = checkpoint.ids_of(os.path.basename(path))
            if ids is not None:
                found.append(
                    known.get(ids[1]) or checkpoint_files.unnamed(ids[1], self.path / path)
                )
        return sorted(found, key=lambda each: ns_of(each.created_at))

    def load_checkpoint(self, session_id: UUID, checkpoint_id: UUID) -> Checkpoint:
        """`InvalidCheckpoint` when it is not there, or the error of what is damaged in it."""
        path = self._checkpoint(session_id, checkpoint_id)
        if path is None:
            name = checkpoint.file_name(session_id, checkpoint_id)
            missing = self.path / places.CHECKPOINTS / name
            raise InvalidCheckpoint(f"no checkpoint {checkpoint_id}", path=missing)
        known = {each.id: each for each in self._metadata_of(session_id).checkpoints}
        metadata = known.get(checkpoint_id) or checkpoint_files.unnamed(checkpoint_id, path)
        fd, status = open_regular(path)
        try:
            return checkpoint.decode(read_exactly(fd, status.st_size, 0), metadata)
        except PersistenceError as error:
            raise error.located(path=path) from None
        finally:
            os.close(fd)

    def save_checkpoint(self, session_id: UUID, value: Checkpoint) -> None:
        """Write a checkpoint of a session in the encoding of the session's layout.

        The session's metadata are left as they are: whoever saves the session lists it there.
        """
        layout = places.layout_of(self.path, self._existing(session_id))
        path = self._checkpoint(session_id, value.metadata.id)
        if path is None:
            name = checkpoint.file_name(session_id, value.metadata.id)
            path = self.path / places.CHECKPOINTS / name
        parts = checkpoint.encode(value, layout)
        self._make()
        with self._writing(), Tree(self.path) as tree:
            place = tree.place(places.relative(self.path, path), make=True)
            replace_if(place, parts, ANYTHING)

    # --- StorageBackend

    def load_session(self, session_id: UUID) -> Session:
        """The whole session; `SessionNotFound`, or the error of what is damaged in it."""
        path = self._existing(session_id)
        signature = Signature.behind(path)
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

        `message_count`, `file_size` and `compression_ratio` are measured, whatever `metadata` says;
        of layout 2 the last two stand in the index only.  `ValueError` when the metadata are those of
        another session, `StaleSession` when the file is not the one that this store last read or wrote.
        """
        if metadata.id != as_id(session_id):
            raise ValueError(f"the metadata are those of {metadata.id}, not of {session_id}")
        path = self._find(session_id) or self.path / places.session_file(self.layout, session_id)
        layout = places.layout_of(self.path, path)
        there = Signature.behind(path)
        codec = by_version(layout)
        measured, parts = codec.encode_measured(metadata, conversation, state, self.level)
        self._make()
        with self._writing(), Tree(self.path) as tree:
            place = tree.place(places.relative(self.path, path), make=True)
            if place.is_link():
                place = tree.behind(place)
            # Before anything is written: what cannot be written at all is refused whole.
            copies = [
                (tree.place(copy, make=True), data)
                for copy, data in codec.companions(codec.as_stored(metadata, measured))
            ]
            # One that is gone may be saved again; one that is another was saved by somebody else.
            expected = self._last_seen.get(session_id, there) if place.is_taken() else None
            self._last_seen[session_id] = replace_if(place, parts, expected)
            for copy, data in copies:
                replace_if(copy, [data], ANYTHING)
            self._indexed({session_id: measured}, layout)
            reserve.keep(tree)

    def delete_session(self, session_id: UUID) -> None:
        """Move a session to the trash; one that is not there is no error."""
        path = self._find(session_id)
        entry = self.entry(os.fspath(path)) if path else None
        if entry is not None:
            self.delete([entry])

    def load_index(self) -> SessionIndex:
        """`sessions.idx` as it lies there; an empty index when it is missing."""
        path = self.path / places.INDEX
        return read_index(path)[0] if os.path.lexists(path) else index.empty()

    def save_index(self, value: SessionIndex) -> None:
        self._make()
        with self._writing(), Tree(self.path) as tree:
            data = index.encode(value, self.layout)
            replace_if(tree.place(places.INDEX), [data], ANYTHING)

    def rebuild_index(self) -> SessionIndex:
        """Make the index anew from the files and save it; gives it."""
        value = self._index.built()
        self.save_index(value)
        return value

    # --- inside

    @property
    def layout(self) -> int:
        """The layout of sessions that are new here."""
        if self._layout is not None:
            return self._layout
        found = next((layout for layout, _ in places.session_paths(self.path)), None)
        # One that was emptied keeps its layout: an undo may bring the others back.
        return found or places.emptied_layout(self.path)

    def _make(self) -> None:
        with naming(self.path):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _find(self, session_id: UUID) -> Path | None:
        """Where a session's file lies, whatever its layout."""
        return self._names.find(session_id)

    def _checkpoint(self, session_id: UUID, checkpoint_id: UUID) -> Path | None:
        """Where the file of a checkpoint lies."""
        name = checkpoint.file_name(as_id(session_id), as_id(checkpoint_id))
        path = self.path / places.CHECKPOINTS / name
        if os.path.lexists(path):
            return path
        for found, _ in checkpoint_files.checkpoint_files(self.path).get(str(session_id), ()):
            if os.path.basename(found).lower() == name:
                return self.path / found
        return None

    def _existing(self, session_id: UUID) -> Path:
        path = self._find(session_id)
        if path is None:
            missing = self.path / places.session_file(self.layout, session_id)
            raise SessionNotFound(session_id, path=missing)
        return path

    def _metadata_of(self, session_id: UUID) -> SessionMetadata:
        path = self._existing(session_id)
        reader = EntryReader(self.path, self.use_mmap, whole=True)
        return reader.metadata(places.layout_of(self.path, path), os.fspath(path))


def _is_there(path: Path) -> bool:
    """Raises `PersistenceError` when that cannot be found out: the folder above may be another user's."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=path) from None
    return True


def _absolute(path: str | os.PathLike[str]) -> Path:
    """The path of a store, so that it stays the same one when the program changes its directory."""
    try:
        return Path(os.path.expanduser(path)).absolute()
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=path) from None


def open_store(path: str | os.PathLike[str]) -> Store:
    """The store at `path`, one layout or both; see `Store`."""
    return Store(path)
