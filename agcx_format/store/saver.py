"""Saving sessions as programs do: what they say is what is stored, and nothing is kept for an undo.

Strategy: each save is one atomic replacement of a file.  It fails if another program saved the session since
this store read it, so that no message is lost; the copies of the metadata and the index follow.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from agcx_format.disk.durable import Signature
from agcx_format.errors import PersistenceError
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import (
    Checkpoint,
    ConversationSnapshot,
    SessionIndex,
    SessionMetadata,
    SessionState,
)
from agcx_format.model.value_checks import check_session
from agcx_format.session.lazy import SessionFile
from agcx_format.store import paths
from agcx_format.store.acts.act_dirs import unfinished
from agcx_format.store.arguments import all_of
from agcx_format.store.compression import CompressionLevel
from agcx_format.store.entries import ScanEntry
from agcx_format.store.reader import StoreReader
from agcx_format.store.session_names import as_id

if TYPE_CHECKING:
    from agcx_format.store.editing import SessionEditor
    from agcx_format.store.owned import OwnedFields
    from agcx_format.store.trash import Emptied
    from agcx_format.store.writer import StoreWriter

__all__ = ["StoreSaver"]


class StoreSaver(StoreReader):
    """Saves sessions; `Store` adds the acts of a person.

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

    def save_session(
        self,
        session_id: UUID,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
    ) -> None:
        """Replace the session's file in one durable step.

        A title, tags or star that a person gave it are kept if this store never read the session: the
        program cannot have seen them.

        `message_count`, `file_size`, `compression_ratio` and `format_version` are measured, whatever
        `metadata` says; in layout 2 size and ratio are in the index only.

        Raises:
            TypeError: one of the values is of another type.
            ValueError: the metadata are those of another session.
            StaleSession: the file is not the one that this store last read or wrote.
            SavedNotListed: the session is saved, but not the index or the copy of its metadata.
            StoreNotWritable: the store may not be written.
            LockFailed: another program is changing the store.
        """
        from agcx_format.layout import by_version

        check_session(metadata, conversation, state)
        if metadata.id != as_id(session_id):
            raise ValueError(f"the metadata are those of {metadata.id}, not of {session_id}")
        path = self._names.find(session_id) or self._usual_path(session_id)
        layout = paths.layout_of(self.path, path)
        there = Signature.of_target(path)
        if there is not None and not self._last_seen.knows_fields(session_id):
            metadata = self._with_owned(path, metadata)
        codec = by_version(layout)
        measured, parts = codec.encode_measured(metadata, conversation, state, self.level)
        copies = codec.companions(codec.as_stored(metadata, measured))
        self._writer.save_session(path, parts, copies, measured, there)

    @cached_property
    def _owned(self) -> OwnedFields:
        from agcx_format.store.owned import OwnedFields

        return OwnedFields(self.path)

    def _with_owned(self, path: Path, given: SessionMetadata) -> SessionMetadata:
        """The metadata to be saved over a file whose fields this store has not read."""
        try:
            with SessionFile(path, use_mmap=self.use_mmap) as file:
                return self._owned.kept(file.metadata, given)
        except PersistenceError:
            return given

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
            TypeError: one of them is not a `MessageSnapshot`, or a field has a value of the wrong type.
            SavedNotListed: they are added, but not counted in the index or the copy of the metadata.
            StoreNotWritable: the store may not be written.
            LockFailed: another program is changing the store.
        """
        from agcx_format.layout.base import Addition
        from agcx_format.store.appending import with_messages

        path, added = self._existing(session_id), all_of(MessageSnapshot, messages)
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
        >>> store.load_session(session.metadata.id).metadata.current_mode
        <OperatingMode.REVIEW: 'Review'>

        Raises:
            SessionNotFound: there is no such session.
            StaleSession: another program added messages meanwhile; then nothing is written.
            SavedNotListed: all is written but the index or the copy of the metadata.
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

    def destroy_sessions(self, entries: Iterable[ScanEntry]) -> Emptied:
        """Permanently destroy sessions with their checkpoints, where a disk is too full for a trash.

        Nothing can undo it.  Older versions that the trash has already stay in it.

        Raises:
            TypeError: one of them is not a `ScanEntry`.
            ValueError: one of them is in the trash.
            StaleSession: one of the files changed since it was scanned.
            StoreNotWritable: the store may not be written.
            PersistenceError: nothing could be removed.
            DestroyedInPart: something could not be removed, after other things were.
        """
        return self._writer.destroy_sessions(all_of(ScanEntry, entries))

    def saving_many(self) -> AbstractContextManager[None]:
        """Within this context the index is written once, at the end, for all sessions that are saved.

        Otherwise saving ten thousand sessions writes an index of ten thousand each time.

        Raises:
            SavedNotListed: (at the end) they are saved, but not the index.
        """
        return self._writer.saving_many()

    def save_checkpoint(self, session_id: UUID, value: Checkpoint) -> None:
        """Write a checkpoint of a session in the encoding of the session's layout.

        The session's metadata do not change: list the checkpoint there when you save the session.

        Raises:
            SessionNotFound: there is no such session.
            LayoutCannotHold: it has an item of an unknown kind, and the layout is 1.
            TypeError: a field holds a value that its type cannot hold.
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
        """Make an index from the session files, save and return it.

        Raises:
            PersistenceError: a folder cannot be read.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.store.index_keeper import IndexKeeper

        value = IndexKeeper(self.path).built()
        self.save_index(value)
        return value
