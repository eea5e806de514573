"""A store of sessions: where its files are, what is in them, and how they change.

Strategy: `StoreReader` is all of reading, `StoreSaver` saves as programs do, by plain atomic replacement
of one file, and `StoreTransfer` exchanges sessions with other places.  What a person does is an act that
can be undone.  Every change holds the store's lock,
checks that the files are still those that were read, and is carried out by `StoreWriter`.  What
changing a store needs is imported with the first change, since most programs start by reading.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from msgspec.structs import replace

from agcx_format.disk.durable import Signature
from agcx_format.errors import PersistenceError
from agcx_format.store.arguments import all_of, one_of
from agcx_format.store.compression import CompressionLevel
from agcx_format.store.entries import ScanEntry
from agcx_format.store.session_names import SHORTEST_PREFIX
from agcx_format.store.transfer import StoreTransfer

if TYPE_CHECKING:
    from agcx_format.store.acts.manifest import Act
    from agcx_format.store.checkpoints import Checkpoints
    from agcx_format.store.content import Content
    from agcx_format.store.imports import Imports
    from agcx_format.store.trash import Emptied, TrashedSession

__all__ = ["SHORTEST_PREFIX", "CompressionLevel", "ScanEntry", "Store", "open_store"]


class Store(StoreTransfer):
    """The sessions below one directory, of one layout or both.  Opening writes nothing.

    Implements `StorageBackend`.  A path that does not exist is an empty store, which is created when
    something is first saved.  Several threads may use one store.

    Every change, also those of `checkpoints` and `content`, waits ten seconds for that of another program,
    and then raises `LockFailed`.

    Args:
        path: the directory; `~` is expanded.
        level: zstd level of what is written, 1…22.
        use_mmap: read metadata through a memory map.
        layout: of new sessions; by default the one that is there, and layout 1 if both are or none.

    Raises:
        ValueError: there is no such layout.
        PersistenceError: the path is not a directory, or cannot be looked at.
    """

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """All checkpoints: list, create, rename, delete, go back; see `agcx_format.store.Checkpoints`."""
        from agcx_format.store.checkpoints import Checkpoints

        return Checkpoints(self, lambda *act: self._writer.act(*act), self.level)

    @cached_property
    def content(self) -> Content:
        """Changes to messages: remove secrets, edit, delete, join; see `help(store.content)`."""
        from agcx_format.store.content import Content

        return Content(self, lambda *act: self._writer.act(*act), self.level)

    @cached_property
    def imports(self) -> Imports:
        """What is remembered of the conversations that `agcx_format.importing` imported."""
        from agcx_format.store.imports import Imports

        return Imports(self.path, self._writer)

    # --- acts: what a person does, and can undo

    def delete(self, entries: Iterable[ScanEntry], *, kind: str = "delete") -> Act:
        """Move sessions to the trash, with their checkpoints; all or none.

        `kind` is what the history calls the act.

        Raises:
            TypeError: one of them is not a `ScanEntry`.
            StaleSession: one of the files changed since it was scanned.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.store.acts import plan

        entries = all_of(ScanEntry, entries)
        return self._writer.act(kind, entries, lambda: plan.deletion(self.path, entries))

    def delete_session(self, session_id: UUID) -> None:
        """Move a session to the trash; does nothing if it does not exist.

        Raises:
            StoreNotWritable: the store may not be written.
        """
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
        """Change the given fields; the rest of the file stays the same, byte for byte.

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
            TypeError: one of them is not a `ScanEntry`.
            ValueError: a field is measured, as `message_count` is, or does not exist.
            StaleSession: one of the files changed since it was scanned.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.store.acts import plan

        edits = [(one_of(ScanEntry, entry), fields) for entry, fields in edits]
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

    def convert(self, entries: Iterable[ScanEntry], layout: int) -> Act:
        """Write sessions in another layout, with their checkpoints; all or none.

        The old files go to the trash.  What the layout cannot hold is left out: see `losses`.

        Raises:
            TypeError: one of them is not a `ScanEntry`.
            ValueError: there is no such layout.
            StaleSession: a file changed since it was scanned, or a session of that layout has the same id.
            LayoutCannotHold: the layout has no place for something in a checkpoint.
            PersistenceError: one of them is damaged, or cannot be read.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.layout import by_version
        from agcx_format.store.acts import plan_convert

        by_version(layout)
        wanted = [entry for entry in all_of(ScanEntry, entries) if entry.layout != layout]
        return self._writer.act(
            "convert",
            wanted,
            lambda: plan_convert.conversion(self.path, wanted, layout, self.level),
        )

    def losses(self, entry: ScanEntry, layout: int) -> list[str]:
        """What a conversion of a session to a layout leaves out, in words.

        Raises:
            TypeError: it is not a `ScanEntry`.
            LayoutCannotHold: the layout has no place for something in a checkpoint.
            StaleSession: a session of that layout has the same id.
            PersistenceError: the session is damaged, or cannot be read.
        """
        from agcx_format.store.acts.plan_convert import converted_path
        from agcx_format.store.incoming import incoming_of

        incoming = incoming_of(self, one_of(ScanEntry, entry))
        if incoming is None:
            raise entry.error or PersistenceError("it cannot be read", path=entry.path)
        if entry.layout != layout:
            converted_path(self.path, entry, layout)
        return incoming.losses(layout)

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
        """Make a new session from a checkpoint, even if its session no longer exists.

        Raises:
            SessionNotFound: there is neither such a session nor a checkpoint of it.
            InvalidCheckpoint: the checkpoint has no file.
            PersistenceError: the file is damaged, or cannot be read.
            StoreNotWritable: the store may not be written.
        """
        return self.checkpoints.restore(self.checkpoints.find(session_id, checkpoint_id), title)

    # --- the history and the trash

    def undo(self, act_id: str | None = None) -> Act:
        """Undo an act, by default the last.

        Raises:
            TypeError: the id is not a `str`.
            NothingToUndo: there is no such act, or it was undone or emptied.
            UndoConflict: a file has changed since the act; then nothing is undone.  An edit is undone
                nevertheless if its fields still have the values it set; later messages stay.
            CorruptData: the act's manifest cannot be used.
            StoreNotWritable: the store may not be written.
        """
        return self._writer.undo(act_id, self.level)

    def restore(self, sessions: Iterable[TrashedSession]) -> Act:
        """Move sessions out of the trash to where they were; all or none, and nothing is overwritten.

        Raises:
            TypeError: one of them is not a `TrashedSession`.
            StaleSession: something else is in the place of one of them.
            SessionNotFound: one is no longer in the trash.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.store.acts.plan_restored import restoration

        sessions = list(sessions)
        return self._writer.act("restore", sessions, lambda: restoration(self.path, sessions))

    def empty_trash(self, before: str | None = None) -> Emptied:
        """Permanently destroy what acts keep: all acts, or those before a moment (RFC 3339).

        Deleted sessions are destroyed, and what edits replaced: these acts can no longer be undone.

        Raises:
            ValueError: `before` is not a timestamp.
            StoreNotWritable: the store may not be written.
            PersistenceError: the trash cannot be read, or nothing could be removed.
            DestroyedInPart: something could not be removed, after other things were.
        """
        return self.destroy(self.to_destroy(before))

    def destroy(self, acts: Collection[Act]) -> Emptied:
        """Like `empty_trash`, for acts that `to_destroy` returned and a person has confirmed.

        Raises:
            TypeError: one of them is not an `Act`.
            StoreNotWritable: the store may not be written.
            PersistenceError: nothing could be removed.
            DestroyedInPart: something could not be removed, after other things were.
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
    >>> store.load_session(session.metadata.id).metadata.title
    'Night build'

    Raises:
        PersistenceError: the path is not a directory, or cannot be looked at.
    """
    return Store(path)
