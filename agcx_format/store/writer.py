"""How one store is changed: its lock, recovery from crashes, acts, plain saves, and the index that follows.

Strategy: everything that changes a store goes through `StoreWriter`, which holds the lock for that one
change.  `Store` imports this module with the first change: reading needs none of it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from uuid import UUID

from agcx_format.disk.compare_and_swap import ANYTHING, replace_if
from agcx_format.disk.durable import Signature, is_still, naming, os_reason
from agcx_format.disk.locks import locked
from agcx_format.disk.open_file import OpenFile
from agcx_format.disk.place import Place
from agcx_format.disk.tree import Tree
from agcx_format.errors import (
    LockFailed,
    PersistenceError,
    SavedNotListed,
    StaleSession,
    UndoConflict,
)
from agcx_format.layout import by_version
from agcx_format.layout.base import Addition
from agcx_format.model.session import SessionMetadata
from agcx_format.model.timestamps import Timestamp
from agcx_format.store import appending, leftovers, paths, trash
from agcx_format.store.acts import reserve
from agcx_format.store.acts.destroying import destroy_files
from agcx_format.store.acts.journal import next_to_undo, read_acts
from agcx_format.store.acts.manifest import Act, Step
from agcx_format.store.acts.perform import perform
from agcx_format.store.acts.plan import Change, deletion
from agcx_format.store.acts.recovery import recover
from agcx_format.store.acts.saving import forget, save_file
from agcx_format.store.acts.undo import undo
from agcx_format.store.acts.undo_edit import fields_back, put_back
from agcx_format.store.acts.work import Follow
from agcx_format.store.arguments import all_of, one_of
from agcx_format.store.entries import ScanEntry
from agcx_format.store.import_records import RecordsOfUndo, records_after_rollback
from agcx_format.store.index_keeper import IndexKeeper
from agcx_format.store.last_seen import LastSeen

__all__ = ["StoreWriter"]

# How often to begin again when other programs save a session while it is appended to.
_ATTEMPTS = 4


class _Postponed(threading.local):
    """What the index is to hold of sessions that one thread saved, by layout, until it is done.

    With the file and its version that were saved.
    """

    changes: dict[int, dict[UUID, tuple[SessionMetadata, Path, Signature]]] | None = None


class StoreWriter:
    """Changes one store; several threads may use it."""

    def __init__(self, root: Path, last_seen: LastSeen) -> None:
        self.root = root
        self._index = IndexKeeper(root)
        self._last_seen = last_seen
        self._is_swept = False
        # The folders of the sessions as this program left them.
        self._left: tuple[Signature | None, ...] | None = None
        self._postponed = _Postponed()

    # --- acts

    def act(
        self,
        kind: str,
        wanted: Collection[object],
        plan: Callable[[], Change],
        *,
        is_kept: bool = True,
    ) -> Act:
        """Perform what `plan` works out under the lock; the index follows in the same act.

        What changes nothing leaves no act for `undo` to find, nor does one that is not to be kept.
        """
        if not wanted:
            return _nothing(kind, Change((), ()))
        with self._writing():
            change = plan()
            if not change.steps:
                return _nothing(kind, change)
            steps: list[Step] = [*change.steps, *self._index.step(change.steps, change.index)]
            outdated = self._last_seen.outdated(self.root, change.steps)
            act = perform(
                self.root,
                kind,
                steps,
                change.sessions,
                change.edit,
                self._looked_again(self._after_rollback),
            )
            if not is_kept:
                with naming(self.root), Tree(self.root) as tree:
                    forget(tree, act, steps)
            self._index.remember()
            self._last_seen.change(act.steps, outdated)
            return act

    def undo(self, act_id: str | None, level: int) -> Act:
        """Undo an act, by default the last; an edit by its fields if a program saved the file since."""
        act_id = None if act_id is None else one_of(str, act_id)
        if not os.path.isdir(self.root):
            return undo(self.root, act_id)
        with self._writing():
            records = RecordsOfUndo(self.root)
            last = next_to_undo(self.root, act_id) if self._last_seen else None
            steps = last.steps if last else ()
            outdated = self._last_seen.outdated(self.root, steps)

            def after_failure(act: Act) -> list[Step]:
                return [*self._index.after_undo(act), *records.before()]

            try:
                act = undo(
                    self.root,
                    act_id,
                    partial(self._after_undo, records=records),
                    self._looked_again(after_failure),
                )
            except UndoConflict:
                taken_back = self._undo_by_fields(act_id, level)
                if taken_back is None:
                    raise
                act = taken_back
            self._index.remember()
            self._last_seen.change_back(self.root, steps, outdated)
            return act

    def _after_undo(self, act: Act, records: RecordsOfUndo | None = None) -> list[Step]:
        """What follows from the sessions of an act, once it was undone."""
        records = records or RecordsOfUndo(self.root)
        return [*self._index.after_undo(act), *records.after(act)]

    def _after_rollback(self, act: Act) -> list[Step]:
        """The same for an act that was interrupted."""
        return [*self._index.after_undo(act), *records_after_rollback(self.root, act)]

    def _looked_again(self, follow: Follow) -> Follow:
        """`follow` for when the index has followed an act already that then failed."""

        def after_look(act: Act) -> Iterable[Step]:
            self._index.look()
            return follow(act)

        return after_look

    def _undo_by_fields(self, act_id: str | None, level: int) -> Act | None:
        """Undo an edit whose files are not as it left them; None if that is not possible."""
        act = next_to_undo(self.root, act_id)
        fields = None if act is None else fields_back(self.root, act)
        if act is None or fields is None:
            return None
        for layout, indexed in put_back(self.root, act, fields, level):
            self._index.follow({indexed.id: indexed}, layout)
            self._index.look()
        return act

    def destroy(self, acts: Collection[Act]) -> trash.Emptied:
        """Destroy what these acts keep, and what depends on it."""
        gone = {act.id for act in all_of(Act, acts)}
        if not gone:
            return trash.Emptied((), (), 0)
        with self._writing():
            # Another program may have undone or emptied some of them meanwhile, or restored from one.
            there = trash.to_destroy(read_acts(self.root))
            return trash.empty(self.root, trash.with_dependents(there, gone))

    def destroy_sessions(self, entries: Sequence[ScanEntry]) -> trash.Emptied:
        """Destroy sessions with what belongs to them, without the trash."""
        if not entries:
            return trash.Emptied((), (), 0)
        with self._writing():
            change = deletion(self.root, entries)
            done = destroy_files(self.root, change.steps, change.sessions)
            gone = {each.id for each in done.act.sessions} - done.left
            index = {each: new for each, new in change.index.items() if str(each) in gone}
            for layout in {entry.layout for entry in entries}:
                # The disk may still be full: then the next change sets the index right.
                with suppress(PersistenceError, OSError):
                    self._index.look()
                    self._index.follow(index, layout)
            return trash.destroyed(self.root, done, entries)

    # --- plain saves

    def save_session(
        self,
        path: Path,
        parts: Sequence[bytes],
        copies: Iterable[tuple[str, bytes]],
        measured: SessionMetadata,
        there: Signature | None,
    ) -> None:
        """Replace a session's file, then the copies of its metadata and its entry in the index.

        `there` is the file before the session was encoded.
        """
        self.make_root()
        with self._writing(), Tree(self.root) as tree:
            relative = paths.relative(self.root, path)
            # Before anything is written: if one of them cannot be written, nothing is.
            copied = [(tree.place(copy, make=True), data) for copy, data in copies]
            # A file that is gone may be saved again; another file was saved by another program.
            is_there = tree.place(relative, make=True).target_status() is not None
            expected = (self._last_seen.version(measured.id) or there) if is_there else None
            saved = save_file(tree, relative, lambda: parts, expected)
            self._last_seen.set(measured.id, saved)
            self._list(measured, copied, path, saved)
            reserve.keep(tree)

    def append(
        self, path: Path, added: Addition, change: appending.Change, level: int
    ) -> SessionMetadata:
        """Add to the end of a session's file, whatever its version; returns its metadata as indexed."""
        kind = by_version(paths.layout_of(self.root, path))
        with self._writing(), Tree(self.root) as tree:
            relative = paths.relative(self.root, path)
            for attempt in range(_ATTEMPTS):
                with OpenFile(path) as file:
                    new = appending.appended(file, added, change, level)
                    copied = [
                        (tree.place(copy, make=True), data)
                        for copy, data in kind.companions(new.metadata)
                    ]
                    try:
                        parts = partial(appending.parts_of, file, new)
                        now = save_file(tree, relative, parts, file.signature)
                        break
                    except StaleSession:
                        # A program that takes no lock saved it meanwhile.
                        if attempt == _ATTEMPTS - 1:
                            raise
            self._last_seen.follow(new.indexed.id, file.signature, now)
            self._list(new.indexed, copied, path, now)
            reserve.keep(tree)
            return new.indexed

    def discard(self, path: str) -> None:
        """Remove a file that this program has just written and nothing refers to."""
        with self._writing(), Tree(self.root) as tree:
            tree.place(path).unlink()

    def save_file(self, path: str, parts: Iterable[bytes]) -> None:
        """Replace any other file of the store; `path` is relative to the store."""
        self.make_root()
        with self._writing(), Tree(self.root) as tree:
            replace_if(tree.place(path, make=True), parts, ANYTHING)

    @contextmanager
    def saving_many(self) -> Iterator[None]:
        """Write the index once, at the end, for all sessions that this thread saves meanwhile."""
        if self._postponed.changes is not None:
            yield
            return
        changes = self._postponed.changes = {}
        try:
            yield
        finally:
            self._postponed.changes = None
            _write_lists([partial(self._follow_late, *each) for each in changes.items()])

    def _list(
        self,
        saved: SessionMetadata,
        copied: Iterable[tuple[Place, bytes]],
        path: Path,
        version: Signature,
    ) -> None:
        """Write what programs list a saved session from: the copies of its metadata, and the index."""
        writes = [partial(replace_if, place, [data], ANYTHING) for place, data in copied]
        _write_lists([*writes, partial(self._follow, saved, path, version)])

    def _follow(self, saved: SessionMetadata, path: Path, version: Signature) -> None:
        layout = paths.layout_of(self.root, path)
        if self._postponed.changes is None:
            self._index.follow({saved.id: saved}, layout)
        else:
            self._postponed.changes.setdefault(layout, {})[saved.id] = saved, path, version

    def _follow_late(
        self, layout: int, changed: Mapping[UUID, tuple[SessionMetadata, Path, Signature]]
    ) -> None:
        with self._writing():
            # The index follows from what changed or removed a session since then.
            still = {
                session_id: saved
                for session_id, (saved, path, version) in changed.items()
                if is_still(path, version)
            }
            self._index.follow(still, layout)

    # --- the lock, and what crashes left

    def recover(self) -> None:
        """Deal with interrupted acts, if the store may be written and no writer is at work."""
        if os.access(self.root, os.W_OK):
            with suppress(LockFailed), locked(self.root, timeout=0):
                recover(self.root, self._after_undo, self._after_rollback)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the lock for one change, after recovering from crashes of earlier ones."""
        with locked(self.root), naming(self.root):
            self._index.look()
            if not self._is_swept:
                leftovers.sweep_trash(self.root)
            recover(self.root, self._after_undo, self._after_rollback)
            if not self._is_swept:
                leftovers.sweep(self.root)
                self._is_swept = True
            elif self._left is None or self._left != self._folders():
                leftovers.put_back(self.root)
            try:
                yield
            except BaseException:
                # What it could not put back is left as by a crash.
                self._is_swept = False
                raise
            self._left = self._folders()

    def _folders(self) -> tuple[Signature | None, ...] | None:
        """Changes whenever a name in the folders of the sessions changes; None if that is unknown."""
        try:
            return tuple(
                [Signature.of_target(self.root / each) for each in paths.folders().values()]
            )
        except PersistenceError:
            return None

    def make_root(self) -> None:
        """Create the directory of the store if it does not exist."""
        with naming(self.root):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)


def _write_lists(writes: Iterable[Callable[[], object]]) -> None:
    """Do all of `writes`; what they follow from is saved.

    Raises:
        SavedNotListed: one of them failed.
    """
    failed: list[OSError | PersistenceError] = []
    for write in writes:
        try:
            write()
        except (OSError, PersistenceError) as error:
            failed.append(error)
    if not failed:
        return
    first = failed[0]
    if isinstance(first, PersistenceError):
        reason, path = first.reason, first.path
    else:
        reason, path = os_reason(first), first.filename
    raise SavedNotListed(f"the session is saved, but not listed: {reason}", path=path) from first


def _nothing(kind: str, change: Change) -> Act:
    return Act("", kind, Timestamp.now(), tuple(change.sessions), (), edit=change.edit)
