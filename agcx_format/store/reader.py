"""A store as a reader sees it: every session file, one by one or as a list, its history and its trash.

Strategy: the directory is the truth.  Every list is made from the files themselves, unreadable ones
included; the index beside them never overrides them.  Reading takes no lock and writes nothing,
so a store that may not be written can be browsed.  What only few readers need is imported when they
ask for it: most programs start with a list.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from agcx_format.disk.durable import Signature, os_reason
from agcx_format.errors import PersistenceError, SessionNotFound
from agcx_format.model.session import (
    Checkpoint,
    CheckpointMetadata,
    Session,
    SessionIndex,
    SessionMetadata,
)
from agcx_format.model.timestamps import newest_first
from agcx_format.session.lazy import SessionFile
from agcx_format.session.whole import read_session
from agcx_format.store import paths
from agcx_format.store.arguments import all_of, one_of, path_of
from agcx_format.store.entries import EntryReader, ScanEntry
from agcx_format.store.last_seen import LastSeen
from agcx_format.store.session_names import SessionNames

if TYPE_CHECKING:
    from agcx_format.store.acts.manifest import Act
    from agcx_format.store.trash import TrashedSession

__all__ = ["StoreReader"]


class StoreReader:
    """Reads the sessions below one directory, of one layout or both.

    `Store` adds everything that changes them.  A path that does not exist is an empty store.

    Args:
        path: the directory; `~` is expanded.
        use_mmap: read metadata through a memory map.
        layout: of new sessions; by default the one that is there, and layout 1 if both are or none.

    Raises:
        PersistenceError: the path is not a directory, or cannot be looked at.
    """

    def __init__(
        self, path: str | os.PathLike[str], use_mmap: bool = True, layout: int | None = None
    ) -> None:
        if layout is not None and layout not in paths.folders():
            raise ValueError(f"there is no layout {layout}")
        self.path = _absolute(path)
        self.use_mmap = use_mmap
        self._layout = layout
        self._names = SessionNames(self.path)
        self._last_seen = LastSeen()
        _check_directory(self.path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    @property
    def exists(self) -> bool:
        """Whether there is such a directory; without one the store is empty."""
        return os.path.isdir(self.path)

    @property
    def layout(self) -> int:
        """The layout of new sessions."""
        if self._layout is not None:
            return self._layout
        found = next((layout for layout, _ in paths.session_paths(self.path)), None)
        # An empty one keeps its layout: an undo may restore its sessions.
        return found or paths.emptied_layout(self.path)

    # --- sessions

    def scan(self) -> Iterator[ScanEntry]:
        """Every session file, in the order of the directory; unreadable ones with the reason.

        To follow a store, scan it again: the `signature` of an entry changes with every save.

        Raises:
            PersistenceError: the directory itself cannot be read.
        """
        reader = EntryReader(self.path, self.use_mmap)
        for layout, path in paths.session_paths(self.path):
            entry = reader.entry(layout, path)
            if entry is not None:
                yield entry

    def __iter__(self) -> Iterator[ScanEntry]:
        """The same as `scan()`."""
        return self.scan()

    def __len__(self) -> int:
        """The number of session files, readable or not.

        Raises:
            PersistenceError: the directory itself cannot be read.
        """
        return sum(1 for _ in paths.session_paths(self.path))

    def __contains__(self, session_id: object) -> bool:
        """Whether the store has the file of a session, readable or not."""
        return isinstance(session_id, UUID) and self._names.find(session_id) is not None

    def __bool__(self) -> bool:
        """Always true, so that `store or …` does not depend on what is in it."""
        return True

    def entry(self, path: str | os.PathLike[str]) -> ScanEntry | None:
        """The entry of one file; None if there is none.  `resolve` gives that of an id.

        Raises:
            TypeError: it is not a path.
        """
        name = path_of(path)
        return EntryReader(self.path, self.use_mmap).entry(paths.layout_of(self.path, name), name)

    def list_sessions(self) -> list[SessionMetadata]:
        """The metadata of every readable session, the last accessed first.

        Texts that are too long for a list are cut and end in `…`.

        Raises:
            PersistenceError: the directory itself cannot be read.
        """
        reader = EntryReader(self.path, self.use_mmap)
        found = []
        for layout, path in paths.session_paths(self.path):
            try:
                found.append(reader.measured_metadata(layout, path))
            except PersistenceError:
                continue
        return newest_first(found, key=lambda metadata: metadata.last_accessed)

    def resolve(self, name: str | UUID | os.PathLike[str]) -> ScanEntry:
        """The session that a person names: by id, a unique prefix of it, or the path of a file.

        Raises:
            TypeError: it is something else.
            SessionNotFound: there is none, or the prefix is too short.
            AmbiguousSession: several ids begin with the prefix.
            PersistenceError: a folder cannot be read.
        """
        text = str(name) if isinstance(name, UUID) else os.fspath(name)
        entry = self.entry(self._names.resolve(text))
        if entry is None:
            raise SessionNotFound(repr(text), path=self.path)
        return entry

    def open_session(self, session_id: UUID) -> SessionFile:
        """A session, read lazily; the caller closes it.

        Raises:
            SessionNotFound: there is no such session.
            PersistenceError: its file cannot be read.
        """
        return SessionFile(self._existing(session_id), use_mmap=self.use_mmap)

    def load_session(self, session_id: UUID) -> Session:
        """A whole session.

        Raises:
            SessionNotFound: there is no such session.
            PersistenceError: its file is damaged, or cannot be read.
        """
        path = self._existing(session_id)
        signature = Signature.of_target(path)
        session = read_session(path)
        if signature is not None:
            self._last_seen.set(session_id, signature)
        return session

    def list_checkpoints(self, session_id: UUID) -> list[CheckpointMetadata]:
        """The checkpoints of a session that have a file, oldest first.

        Raises:
            SessionNotFound: there is no such session.
            PersistenceError: its metadata or the folder cannot be read.
        """
        from agcx_format.store.checkpoint_files import list_checkpoints

        return list_checkpoints(self.path, session_id, self._metadata_of(session_id).checkpoints)

    def checkpoint_sizes(self) -> dict[str, int]:
        """Bytes of the checkpoints of each session that has some, by its id in lower case.

        Raises:
            PersistenceError: the folder of checkpoints cannot be read.
        """
        from agcx_format.store.checkpoint_files import checkpoint_sizes

        return checkpoint_sizes(self.path)

    def load_checkpoint(self, session_id: UUID, checkpoint_id: UUID) -> Checkpoint:
        """One checkpoint of a session.

        Raises:
            SessionNotFound: there is no such session.
            InvalidCheckpoint: the checkpoint has no file.
            PersistenceError: the file is damaged, or cannot be read.
        """
        from agcx_format.store.checkpoint_files import load_checkpoint

        listed = self._metadata_of(session_id).checkpoints
        return load_checkpoint(self.path, session_id, checkpoint_id, listed)

    def load_index(self) -> SessionIndex:
        """The index in `sessions.idx`, as stored; empty if the file is missing.

        Raises:
            PersistenceError: it is damaged, or cannot be read.
        """
        from agcx_format.layout import index
        from agcx_format.store.index_file import read_index

        path = self.path / paths.INDEX
        return read_index(path)[0] if os.path.lexists(path) else index.empty()

    def layout_for(self, original: int | None) -> int:
        """The layout that a session from elsewhere gets here; `original` is its own, None if it has none.

        An empty store for which no layout was chosen keeps the original one.
        """
        is_open = self._layout is None and not len(self)
        return original if is_open and original is not None else self.layout

    def at_work(self, entries: Iterable[ScanEntry], now_ns: int) -> list[ScanEntry]:
        """The sessions that may belong to a running agent, which would save them again.

        Raises:
            TypeError: one of them is not a `ScanEntry`.
        """
        from agcx_format.store.at_work import was_used

        recent = [entry for entry in all_of(ScanEntry, entries) if was_used(entry, now_ns)]
        running = self.in_use((entry.signature for entry in recent), now_ns)
        return [entry for entry in recent if entry.signature in running]

    def in_use(self, files: Iterable[Signature], now_ns: int) -> set[Signature]:
        """The session files that changed in the minutes before `now_ns`, other than by an act."""
        from agcx_format.store.at_work import in_use

        return in_use(self.path, files, now_ns)

    # --- the history and the trash

    def acts(self) -> list[Act]:
        """The acts that can be undone, newest first.

        Raises:
            PersistenceError: the trash cannot be read.
        """
        from agcx_format.store.acts.journal import iter_acts

        return [act for act in iter_acts(self.path) if act.can_be_undone]

    def next_to_undo(self, act_id: str | None = None) -> Act | None:
        """The act that `Store.undo` would undo, by default the last; None if nothing can be undone.

        Raises:
            TypeError: the id is not a `str`.
            PersistenceError: the trash cannot be read.
        """
        from agcx_format.store.acts.journal import next_to_undo

        return next_to_undo(self.path, None if act_id is None else one_of(str, act_id))

    def destroyed_since(self, act: Act | None) -> list[Act]:
        """The acts destroyed since `act` was done, or at any time, over which an undo of it passes.

        Raises:
            TypeError: it is neither an `Act` nor None.
            PersistenceError: the trash cannot be read.
        """
        from agcx_format.store.acts.journal import destroyed_since
        from agcx_format.store.acts.manifest import Act

        return destroyed_since(self.path, None if act is None else one_of(Act, act))

    def log(self) -> list[Act]:
        """Every act, also those undone or emptied since, newest first.

        Raises:
            PersistenceError: the trash cannot be read.
        """
        from agcx_format.store.acts.journal import history

        return history(self.path)

    def trash(self, log: Iterable[Act] | None = None) -> list[TrashedSession]:
        """The sessions in the trash, the last deleted first.

        `log` is what `log` gave, if it was called already: the acts are then not read again.

        Raises:
            PersistenceError: the trash cannot be read.
        """
        from agcx_format.store.trash import trashed

        return list(trashed(self.path, log))

    def to_destroy(self, before: str | None = None) -> list[Act]:
        """The acts that `empty_trash` would destroy, including those of interrupted emptyings.

        Raises:
            ValueError: `before` is not an RFC 3339 timestamp.
            PersistenceError: the trash cannot be read.
        """
        from agcx_format.store import trash
        from agcx_format.store.acts.journal import half_emptied, iter_acts

        return trash.to_destroy([*iter_acts(self.path), *half_emptied(self.path)], before)

    # --- inside

    def _existing(self, session_id: UUID) -> Path:
        path = self._names.find(session_id)
        if path is None:
            raise SessionNotFound(session_id, path=self._usual_path(session_id))
        return path

    def _usual_path(self, session_id: UUID) -> Path:
        """Where a new session with this id goes."""
        return self.path / paths.session_file(self.layout, session_id)

    def _entry_of(self, session_id: UUID) -> ScanEntry:
        path = self._existing(session_id)
        entry = self.entry(os.fspath(path))
        if entry is None:
            raise SessionNotFound(session_id, path=path)
        return entry

    def _metadata_of(self, session_id: UUID) -> SessionMetadata:
        path = self._existing(session_id)
        reader = EntryReader(self.path, self.use_mmap, whole=True)
        return reader.metadata(paths.layout_of(self.path, path), os.fspath(path))


def _check_directory(path: Path) -> None:
    """Raises `PersistenceError` if there is something else, or what leads there may not be entered."""
    try:
        is_directory = stat.S_ISDIR(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        # A dangling link is no place for a store; a directory may be created at this moment.
        is_directory = not os.path.islink(path)
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=path) from None
    if not is_directory:
        raise PersistenceError("not a directory", path=path)


def _absolute(path: str | os.PathLike[str]) -> Path:
    """The path of a store, which stays the same when the program changes its directory."""
    try:
        return Path(os.path.expanduser(path)).absolute()
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=path) from None
