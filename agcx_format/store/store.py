"""A store of sessions: where its files are, what is in them, and how they change.

Strategy: `StoreReader` is all of reading.  Every change holds the store's lock, checks that the files
are still those that were read, and is either the plain atomic replacement of one file
(`save_session`) or an act that can be undone; `StoreWriter` carries it out.  What changing a
store needs is imported with the first change, since most programs start by reading.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from msgspec.structs import replace

from agcx_format.disk.durable import Signature
from agcx_format.model.session import (
    Checkpoint,
    ConversationSnapshot,
    SessionIndex,
    SessionMetadata,
    SessionState,
)
from agcx_format.session.lazy import SessionFile
from agcx_format.store import paths
from agcx_format.store.acts.act_dirs import unfinished
from agcx_format.store.compression import CompressionLevel
from agcx_format.store.entries import ScanEntry
from agcx_format.store.reader import StoreReader
from agcx_format.store.session_names import SHORTEST_PREFIX, as_id

if TYPE_CHECKING:
    from agcx_format.model.items import MessageSnapshot
    from agcx_format.store.acts.manifest import Act
    from agcx_format.store.checkpoints import Checkpoints
    from agcx_format.store.editing import SessionEditor
    from agcx_format.store.trash import Emptied, TrashedSession
    from agcx_format.store.writer import StoreWriter

__all__ = ["SHORTEST_PREFIX", "CompressionLevel", "ScanEntry", "Store", "open_store"]


class Store(StoreReader):
    """The sessions below one directory, of one layout or both.  Opening writes nothing.

    Implements `StorageBackend`.  A path that does not exist is an empty store, which is created when
    something is first saved.  Several threads may use one store.

    Args:
        path: the directory; `~` is expanded.
        level: zstd level of what is written, 1…22.
        use_mmap: read metadata through a memory map.
        layout: of new sessions; by default the one that is there, and layout 1 if both are or none.

    Raises:
        PersistenceError: the path is not a directory, or cannot be looked at.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        level: int = CompressionLevel.BALANCED,
        use_mmap: bool = True,
        layout: int | None = None,
    ) -> None:
        super().__init__(path, use_mmap, layout)
        self.level = CompressionLevel.custom(level)
        if unfinished(self.path):
            self._writer.recover()

    @cached_property
    def _writer(self) -> StoreWriter:
        from agcx_format.store.writer import StoreWriter

        return StoreWriter(self.path, self._last_seen)

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """All checkpoints: list, name, create, rename, delete, and go back to one."""
        from agcx_format.store.checkpoints import Checkpoints

        return Checkpoints(self, lambda *act: self._writer.act(*act), self.level)

    # --- saving as programs do: no act, so it cannot be undone

    def save_session(
        self,
        session_id: UUID,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
    ) -> None:
        """Replace the session's file in one durable step.

        `message_count`, `file_size` and `compression_ratio` are measured, whatever `metadata` says;
        in layout 2 the last two are in the index only.

        Raises:
            ValueError: the metadata are those of another session.
            StaleSession: the file is not the one that this store last read or wrote.
            StoreNotWritable: the store may not be written.
            LockFailed: another program is changing the store.
        """
        from agcx_format.layout import by_version

        if metadata.id != as_id(session_id):
            raise ValueError(f"the metadata are those of {metadata.id}, not of {session_id}")
        path = self._names.find(session_id) or self._usual_path(session_id)
        layout = paths.layout_of(self.path, path)
        there = Signature.of_target(path)
        codec = by_version(layout)
        measured, parts = codec.encode_measured(metadata, conversation, state, self.level)
        copies = codec.companions(codec.as_stored(metadata, measured))
        self._writer.save_session(path, parts, copies, measured, there)

    def append(self, session_id: UUID, messages: Iterable[MessageSnapshot]) -> SessionMetadata:
        """Add messages to the end of a session; returns its metadata.

        Nothing else of the session changes, so neither this store nor the caller has to have loaded it,
        and what other programs saved is kept.  The messages there are not decoded, and in layout 1
        most of them are not even decompressed.

        >>> from agcx_format import InputText, Message, new_message, new_session, open_store
        >>> store, session = open_store(directory / "runs"), new_session(title="Run")
        >>> store.save_session(session.metadata.id, *session)
        >>> question = new_message(Message(None, "user", [InputText("Is it green now?")]))
        >>> store.append(session.metadata.id, [question]).message_count
        1

        Raises:
            SessionNotFound: there is no such session.
            PersistenceError: it is damaged, as far as it had to be read.
            TypeError: a field of a message has a value of the wrong type.
            StoreNotWritable: the store may not be written.
            LockFailed: another program is changing the store.
        """
        from agcx_format.layout.base import Addition
        from agcx_format.store.appending import with_messages

        path, added = self._existing(session_id), list(messages)
        return self._writer.append(
            path, Addition(added), lambda old: with_messages(old, added), self.level
        )

    @contextmanager
    def editing(self, session_id: UUID) -> Iterator[SessionEditor]:
        """Work on a session: what is added in the `with` block is written when it ends without an error.

        A title, tags or star that a person changes meanwhile are kept.

        >>> from agcx_format import InputText, Message, OperatingMode, new_session, open_store
        >>> store, session = open_store(directory / "plans"), new_session(title="Plan")
        >>> store.save_session(session.metadata.id, *session)
        >>> with store.editing(session.metadata.id) as editor:
        ...     message = editor.add(Message(None, "user", [InputText("Go on")]))
        ...     editor.switch_mode(OperatingMode.REVIEW)
        ...     checkpoint = editor.checkpoint("before the review", keep=10)
        >>> store.load_session(session.metadata.id)[0].current_mode
        <OperatingMode.REVIEW: 'Review'>

        Raises:
            SessionNotFound: there is no such session.
            StaleSession: another program added messages meanwhile; then nothing is written.
            PersistenceError: it is damaged, or cannot be read.
            StoreNotWritable: the store may not be written.
            LockFailed: another program is changing the store.
        """
        from agcx_format.store.editing import SessionEditor, write

        path = self._existing(session_id)
        with SessionFile(path, use_mmap=self.use_mmap) as file:
            editor = SessionEditor(file)
        yield editor
        if editor.is_changed:
            write(editor, self._writer, path, self.level)

    def saving_many(self) -> AbstractContextManager[None]:
        """Within this context the index is written once, at the end, for all sessions that are saved.

        Otherwise saving ten thousand sessions writes an index of ten thousand each time.
        """
        return self._writer.saving_many()

    def save_checkpoint(self, session_id: UUID, value: Checkpoint) -> None:
        """Write a checkpoint of a session in the encoding of the session's layout.

        The session's metadata do not change: whoever saves the session lists the checkpoint there.

        Raises:
            SessionNotFound: there is no such session.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.layout import checkpoint
        from agcx_format.store.checkpoint_files import checkpoint_path

        parts = checkpoint.encode(value, paths.layout_of(self.path, self._existing(session_id)))
        path = checkpoint_path(self.path, session_id, value.metadata.id)
        self._writer.save_file(f"{paths.CHECKPOINTS}/{path.name}", parts)

    def save_index(self, value: SessionIndex) -> None:
        """Replace `sessions.idx`.

        Raises:
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.layout import index

        self._writer.save_file(paths.INDEX, [index.encode(value, self.layout)])

    def rebuild_index(self) -> SessionIndex:
        """Make an index from the session files, save and return it."""
        from agcx_format.store.index_keeper import IndexKeeper

        value = IndexKeeper(self.path).built()
        self.save_index(value)
        return value

    # --- acts: what a person does, and can undo

    def delete(self, entries: Iterable[ScanEntry], *, kind: str = "delete") -> Act:
        """Move sessions to the trash, with their checkpoints; all or none.

        `kind` is what the history calls the act.

        Raises:
            StaleSession: one of the files changed since it was scanned.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.store.acts import plan

        entries = list(entries)
        return self._writer.act(kind, entries, lambda: plan.deletion(self.path, entries))

    def delete_session(self, session_id: UUID) -> None:
        """Move a session to the trash; does nothing if there is none."""
        path = self._names.find(session_id)
        entry = self.entry(os.fspath(path)) if path else None
        if entry is not None:
            self.delete([entry])

    def update_metadata(
        self,
        session_id: UUID,
        *,
        title: str | None = None,
        tags: list[str] | None = None,
        is_favorite: bool | None = None,
    ) -> Act:
        """Change what is given; the rest of the file stays byte for byte.

        Raises:
            SessionNotFound: there is no such session.
            StaleSession: the file changed while it was read.
            StoreNotWritable: the store may not be written.
        """
        wanted = {"title": title, "tags": tags, "is_favorite": is_favorite}
        given = {name: value for name, value in wanted.items() if value is not None}
        return self.update_many([(self._entry_of(session_id), given)])

    def update_many(self, edits: Iterable[tuple[ScanEntry, Mapping[str, Any]]]) -> Act:
        """Change fields of the metadata of many sessions; all or none.

        Raises:
            StaleSession: one of the files changed since it was scanned.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.store.acts import plan

        edits = list(edits)
        return self._writer.act("edit", edits, lambda: plan.edits(self.path, edits, self.level))

    def duplicate(self, session_id: UUID, title: str | None = None) -> tuple[UUID, Act]:
        """Copy a session under a new id; the copy has no checkpoints.

        Raises:
            SessionNotFound: there is no such session.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.store.acts import plan

        new_id, entry = uuid4(), self._entry_of(session_id)
        return new_id, self._writer.act(
            "duplicate",
            [entry],
            lambda: plan.duplication(self.path, entry, new_id, title, self.level),
        )

    def split(
        self,
        session_id: UUID,
        at: int,
        title: str | None = None,
        *,
        seen: Signature | None = None,
    ) -> tuple[UUID, Act]:
        """Move the messages from number `at` on, counted from 0, to a new session.

        Raises:
            SessionNotFound: there is no such session.
            ValueError: one of the two would have no messages.
            StaleSession: the file is not the one that was `seen`.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.store.acts import plan_derived

        new_id, entry = uuid4(), self._entry_of(session_id)
        if seen is not None:
            entry = replace(entry, signature=seen)
        return new_id, self._writer.act(
            "split",
            [entry],
            lambda: plan_derived.split(self.path, entry, at, new_id, title, self.level),
        )

    def restore_checkpoint(
        self, session_id: UUID, checkpoint_id: UUID, title: str | None = None
    ) -> tuple[UUID, Act]:
        """Make a new session of the conversation as it was at a checkpoint.

        Raises:
            SessionNotFound: there is no such session.
            InvalidCheckpoint: the checkpoint has no file.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.store.acts import plan_derived

        new_id, checkpoint = uuid4(), self.load_checkpoint(session_id, checkpoint_id)
        entry = self._entry_of(session_id)
        return new_id, self._writer.act(
            "checkpoint",
            [entry],
            lambda: plan_derived.from_checkpoint(
                self.path, entry, checkpoint, new_id, title, self.level
            ),
        )

    # --- the history and the trash

    def undo(self, act_id: str | None = None) -> Act:
        """Take back an act, by default the last.

        Raises:
            NothingToUndo: there is no such act.
            UndoConflict: a file is not as the act left it; then nothing changed.
            CorruptData: the act's manifest cannot be used.
            StoreNotWritable: the store may not be written.
        """
        return self._writer.undo(act_id)

    def restore(self, sessions: Iterable[TrashedSession]) -> Act:
        """Move sessions out of the trash to where they were; all or none, and nothing is overwritten.

        Raises:
            StaleSession: something is in the place of one of them.
            SessionNotFound: one is no longer in the trash.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.store import trash

        sessions = list(sessions)
        return self._writer.act("restore", sessions, lambda: trash.restoration(self.path, sessions))

    def empty_trash(self, before: str | None = None) -> Emptied:
        """Destroy for good what acts keep, of all acts or of those before a moment (RFC 3339).

        Deleted sessions are destroyed, and what edits replaced: these acts can no longer be undone.

        Raises:
            StoreNotWritable: the store may not be written.
            PersistenceError: the trash cannot be read.
        """
        return self.destroy(self.to_destroy(before))

    def destroy(self, acts: Collection[Act]) -> Emptied:
        """Do what `empty_trash` does to the acts that a person was shown, as `to_destroy` gave them.

        Raises:
            StoreNotWritable: the store may not be written.
            PersistenceError: something could not be removed.
        """
        return self._writer.destroy(acts)


def open_store(path: str | os.PathLike[str]) -> Store:
    """The store at `path`; see `Store`.

    >>> from agcx_format import new_session, open_store
    >>> store = open_store(directory)
    >>> session = new_session(title="Night build")
    >>> store.save_session(session.metadata.id, *session)
    >>> len(store), session.metadata.id in store, [entry.metadata.title for entry in store]
    (1, True, ['Night build'])
    >>> act = store.update_metadata(session.metadata.id, title="Nightly build")
    >>> undone = store.undo()
    >>> store.load_session(session.metadata.id)[0].title
    'Night build'

    Raises:
        PersistenceError: the path is not a directory, or cannot be looked at.
    """
    return Store(path)
