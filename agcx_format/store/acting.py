"""What a person does to a store: each is one journaled act, and all but emptying the trash can be undone.

Strategy: `changes`, `derived` and `trash` work out the steps, `acts` carries them out; here they meet
the store's lock.  `Store` adds reading, and saving as programs do it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from msgspec.structs import replace

from agcx_format.disk.durable import Signature
from agcx_format.disk.locks import locked
from agcx_format.disk.tree import Tree
from agcx_format.errors import LockFailed, PersistenceError, SessionNotFound
from agcx_format.model.session import Checkpoint, SessionMetadata
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_format.store import paths, trash
from agcx_format.store.acts import perform as acts
from agcx_format.store.acts import plan as changes
from agcx_format.store.acts import recovery
from agcx_format.store.acts.journal import half_emptied, iter_acts
from agcx_format.store.acts.perform import Act, Step
from agcx_format.store.entries import ScanEntry, is_recent
from agcx_format.store.index_keeper import IndexKeeper
from agcx_format.store.trash import Emptied, TrashedSession

__all__ = ["ActingStore"]

# From the beginning of an act until its last file is written.
_LONGEST_ACT_NS = 10 * 60 * 1_000_000_000


class ActingStore:
    """The half of `Store` that changes what is there."""

    path: Path
    level: int
    # What this program last read or wrote of a session: saving over anything else would lose what
    # another program wrote.
    _last_seen: dict[UUID, Signature]
    _tidied: bool
    _index: IndexKeeper
    # What the index is to hold of sessions that were saved, by layout, while more are to come.
    _unindexed: dict[int, dict[UUID, SessionMetadata | None]] | None = None

    # What the other half has.
    entry: Callable[[str], ScanEntry | None]
    load_checkpoint: Callable[[UUID, UUID], Checkpoint]
    _existing: Callable[[UUID], Path]

    def delete(self, entries: Iterable[ScanEntry], *, kind: str = "delete") -> Act:
        """Move sessions to the trash, checkpoints and all, as one act that `undo` takes back.

        `StaleSession` when one of the files changed since it was scanned; then all stay.  `kind` is
        what the log calls it.
        """
        entries = list(entries)
        if not entries:
            return self._perform(kind, changes.Change((), ()))
        with self._writing():
            return self._perform(kind, changes.deletion(self.path, entries))

    def update_metadata(
        self,
        session_id: UUID,
        *,
        title: str | None = None,
        tags: list[str] | None = None,
        is_favorite: bool | None = None,
    ) -> Act:
        """Change what is given, as one act; the rest of the file stays byte for byte."""
        wanted = {"title": title, "tags": tags, "is_favorite": is_favorite}
        given = {name: value for name, value in wanted.items() if value is not None}
        return self.update_many([(self._entry_of(session_id), given)])

    def update_many(self, edits: Iterable[tuple[ScanEntry, Mapping[str, Any]]]) -> Act:
        """Change fields of many sessions' metadata as one act.

        `StaleSession` when one of the files changed since it was scanned; then all stay.
        """
        edits = list(edits)
        if not edits:
            return self._perform("edit", changes.Change((), ()))
        with self._writing():
            return self._perform("edit", changes.edits(self.path, edits, self.level))

    def duplicate(self, session_id: UUID, title: str | None = None) -> tuple[UUID, Act]:
        """A copy of a session under a new id, as one act; checkpoints stay with the first."""
        new_id = uuid4()
        entry = self._entry_of(session_id)
        with self._writing():
            change = changes.duplication(self.path, entry, new_id, title, self.level)
            return new_id, self._perform("duplicate", change)

    def split(
        self,
        session_id: UUID,
        at: int,
        title: str | None = None,
        *,
        seen: Signature | None = None,
    ) -> tuple[UUID, Act]:
        """Messages from number `at` on, from 0, become a session of their own, as one act.

        `ValueError` when one of the two would be left without any; `StaleSession` when the file is
        no longer as it was `seen`.
        """
        from agcx_format.store.acts import plan_derived

        new_id = uuid4()
        entry = self._entry_of(session_id)
        if seen is not None:
            entry = replace(entry, signature=seen)
        with self._writing():
            change = plan_derived.split(self.path, entry, at, new_id, title, self.level)
            return new_id, self._perform("split", change)

    def restore_checkpoint(
        self, session_id: UUID, checkpoint_id: UUID, title: str | None = None
    ) -> tuple[UUID, Act]:
        """The conversation as it was at a checkpoint becomes a session of its own, as one act."""
        from agcx_format.store.acts import plan_derived

        new_id = uuid4()
        checkpoint = self.load_checkpoint(session_id, checkpoint_id)
        entry = self._entry_of(session_id)
        with self._writing():
            change = plan_derived.from_checkpoint(
                self.path, entry, checkpoint, new_id, title, self.level
            )
            return new_id, self._perform("checkpoint", change)

    # --- the log and the trash

    def undo(self, act_id: str | None = None) -> Act:
        """Take back an act, by default the last; `NothingToUndo` or `UndoConflict`."""
        if not self.path.is_dir():
            return acts.undo(self.path, act_id)
        with self._writing():
            act = acts.undo(self.path, act_id, self._follow)
            self._index.remember()
            changed = {session.id for session in act.sessions}
            for session_id in [each for each in self._last_seen if str(each) in changed]:
                del self._last_seen[session_id]
            return act

    def acts(self) -> list[Act]:
        """What can be undone, the last act first."""
        return [act for act in acts.read_acts(self.path) if act.can_be_undone]

    def log(self) -> list[Act]:
        """Every act that was done, also those undone or emptied since, the last first."""
        return acts.read_acts(self.path)

    def trash(self) -> list[TrashedSession]:
        """The sessions in the trash, the last deleted first."""
        return list(trash.trashed(self.path))

    def restore(self, sessions: Iterable[TrashedSession]) -> Act:
        """Bring sessions back from the trash, as one act; nothing that is there is overwritten.

        `StaleSession` when something is in the place of one of them; then all stay.
        """
        sessions = list(sessions)
        if not sessions:
            return self._perform("restore", changes.Change((), ()))
        with self._writing():
            return self._perform("restore", trash.restoration(self.path, sessions))

    def empty_trash(self, before: str | None = None) -> Emptied:
        """Destroy for good what acts keep, all or those of before a moment: this cannot be undone.

        Deleted sessions go, and what edits replaced: these acts cannot be undone any more.
        """
        return self.destroy(self.doomed(before))

    def doomed(self, before: str | None = None) -> list[Act]:
        """The acts that `empty_trash` would take, with what is left of emptyings that did not end."""
        return trash.doomed([*self.log(), *half_emptied(self.path)], before)

    def destroy(self, doomed: Collection[Act]) -> Emptied:
        """`empty_trash` of the acts that a person was shown, as `doomed` gave them."""
        if not doomed:
            return Emptied((), (), 0)
        with self._writing():
            # Another program may have undone or emptied some of them meanwhile.
            there = {act.id: act for act in trash.doomed(self.log())}
            return trash.empty(self.path, [there[act.id] for act in doomed if act.id in there])

    def at_work(self, entries: Iterable[ScanEntry], now_ns: int) -> list[ScanEntry]:
        """Those that may belong to a running agent, which would save them again.

        Deleting or editing them asks first.
        """
        entries = list(entries)
        running = self.in_use((entry.signature for entry in entries), now_ns)
        return [entry for entry in entries if entry.signature in running]

    def in_use(self, files: Iterable[Signature], now_ns: int) -> set[Signature]:
        """Of session files those that changed in the last minutes before `now_ns`, and not by an act.

        The one rule for whether an agent may be at work.
        """
        recent = {file for file in files if is_recent(file.mtime_ns, now_ns)}
        if recent:
            began = min(file.mtime_ns for file in recent) - _LONGEST_ACT_NS
            # Without a log that can be read any of them may be an agent's.
            with suppress(PersistenceError):
                for act in iter_acts(self.path):
                    if act.problem is None and ns_of(act.created_at) < began:
                        break
                    recent -= {step.after for step in act.steps if step.after is not None}
        return recent

    # --- inside

    def _entry_of(self, session_id: UUID) -> ScanEntry:
        path = self._existing(session_id)
        entry = self.entry(os.fspath(path))
        if entry is None:
            raise SessionNotFound(session_id, path=path)
        return entry

    def _perform(self, kind: str, change: changes.Change) -> Act:
        """The index follows in the same act; what changes nothing is no act for `undo` to find."""
        if not change.steps:
            return Act("", kind, Timestamp.now(), tuple(change.sessions), (), edit=change.edit)
        steps: list[Step] = [*change.steps, *self._index.step(change.steps, change.index)]
        act = acts.perform(self.path, kind, steps, change.sessions, change.edit)
        self._index.remember()
        for session_id in change.index:
            self._last_seen.pop(session_id, None)
        return act

    def _follow(self, act: Act) -> list[Step]:
        """The index and the copies of metadata as they must be after an act was taken back."""
        return self._index.after_return(act)

    def _recover(self) -> None:
        """Set right what a crash left, if there is anything and the store may be written.

        A reader never waits: an act whose writer holds the lock is left to it.
        """
        if acts.unfinished(self.path) and os.access(self.path, os.W_OK):
            with suppress(LockFailed), locked(self.path, timeout=0):
                recovery.recover(self.path, self._follow)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the store for one change, first setting right what a crash left of an earlier one."""
        with locked(self.path):
            self._index.look()
            if not self._tidied:
                self._sweep()
                self._tidied = True
            recovery.recover(self.path, self._follow)
            yield

    def _sweep(self) -> None:
        """Remove what killed writers left; never an error."""
        unfinished = [f"{paths.TRASH}/{home.name}" for home in acts.unfinished(self.path)]
        with suppress(OSError, PersistenceError), Tree(self.path) as tree:
            for folder in paths.written_folders():
                tree.sweep(folder)
            for home in unfinished:
                tree.sweep(home, deep=True)

    # --- saving as programs do

    @contextmanager
    def saving_many(self) -> Iterator[None]:
        """Sessions that are saved within are put into the index together, at the end.

        Else each of ten thousand would write an index of ten thousand.
        """
        if self._unindexed is not None:
            yield
            return
        self._unindexed = {}
        try:
            yield
        finally:
            waiting, self._unindexed = self._unindexed, None
            if waiting:
                with self._writing():
                    for layout, changed in waiting.items():
                        self._index.follow(changed, layout)

    def _indexed(self, changed: Mapping[UUID, SessionMetadata | None], layout: int) -> None:
        """Have the index follow what was saved; the store is locked."""
        if self._unindexed is None:
            self._index.follow(changed, layout)
        else:
            self._unindexed.setdefault(layout, {}).update(changed)
