"""The work that is done to a store in threads: everything that may wait for a disk or a lock.

Strategy: plain functions that know no widget.  It loads all that can change a store, so what only looks at
one does without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from msgspec.structs import replace

from agcx_format import Act, ScanEntry, SessionMetadata, Store
from agcx_format.disk import Signature
from agcx_format.errors import PersistenceError, SessionNotFound
from agcx_format.store import SUFFIX, Review, StoredCheckpoint, TrashedSession

if TYPE_CHECKING:
    from pathlib import Path

    from agcx_format.doctor import Repair

# A path, and the signature that was shown.  If a file has changed since, `StaleSession` is raised and nothing
# changes; files that are gone are ignored.
File = tuple[str, Signature | None]
Files = Iterable[File]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An act that was done or undone, and the session files it changed: those that exist, and paths that are
    gone.  `unasked` if no person asked for it.
    """

    act: Act
    entries: list[ScanEntry]
    gone: list[str]
    undone: bool = False
    unasked: bool = False


# What is done to a store in the thread of its queue.
Acting = Callable[[Store], Outcome]


class NothingToChange(PersistenceError):
    """Nothing would change."""


class ShownFiles:
    """The versions of files that were shown when an act was requested, while it waits for its turn.

    Earlier acts of ours may change them meanwhile; what follows these acts renews the signatures.
    """

    def __init__(self, files: Files) -> None:
        self._signatures = dict(files)

    def __iter__(self) -> Iterator[File]:
        return iter(self._signatures.items())

    def renew(self, path: str, before: Signature | None, now: Signature | None) -> None:
        """An act of ours changed the file from `before` to `now`."""
        if path in self._signatures and self._signatures[path] == before:
            self._signatures[path] = now


def delete(store: Store, files: Files) -> Outcome:
    files = list(files)
    act = store.delete(_entries(store, files))
    # Files that another program deleted before are gone as well.
    return Outcome(act, [], [path for path, _ in files])


def toggle_favorite(store: Store, files: Files) -> Outcome:
    """Make sessions favorites; if all of them are, make them no favorites.  One act."""
    entries = [entry for entry in _entries(store, files) if entry.metadata is not None]
    favorite = not all(entry.metadata and entry.metadata.is_favorite for entry in entries)
    return _outcome(store, store.update_many([(e, {"is_favorite": favorite}) for e in entries]))


# Returns the new values of metadata fields.
Change = Callable[[SessionMetadata], Mapping[str, Any]]


def edit(store: Store, files: Files, change: Change) -> Outcome:
    """Change fields of the current metadata; one act.

    Raises:
        NothingToChange: The fields have these values already.
    """
    edits = []
    for entry in _entries(store, files):
        fields = change(entry.metadata) if entry.metadata is not None else {}
        if any(getattr(entry.metadata, name) != value for name, value in fields.items()):
            edits.append((entry, fields))
    if not edits:
        raise NothingToChange("there is nothing to change", path=store.path)
    return _outcome(store, store.update_many(edits))


def at_work(store: Store, files: Files, now: int) -> int:
    """How many of the files a running agent may be writing at `now` (microseconds since 1970)."""
    return len(store.at_work(_entries(store, files), now * 1000))


def duplicate(store: Store, file: File, title: str) -> Outcome:
    """Copy a session under a new title."""
    return _outcome(store, store.duplicate(_id_of(store, file), title)[1])


def repair(store: Store, file: File) -> tuple[Outcome, Repair]:
    """Write what can be saved of a session to a new one beside it, and what that lost.

    Raises:
        NothingToChange: Nothing is wrong with it.
    """
    from agcx_format.doctor import repair_beside

    done = repair_beside(store, _entry(store, file), lambda title: f"{title} (repaired)".strip())
    if done is None:
        raise NothingToChange("nothing is wrong with it", path=file[0])
    return _outcome(store, done.act), done.repair


def split(store: Store, file: File, at: int, title: str | None) -> Outcome:
    """Move the messages from number `at` on, from 0, into a new session."""
    return _outcome(store, store.split(_id_of(store, file), at, title, seen=file[1])[1])


def delete_message(store: Store, file: File, number: int) -> Outcome:
    """Delete message `number`, from 0, with the call or the outputs that belong to it."""
    return _outcome(store, store.content.delete_messages(_entry(store, file), [number]))


def replace_text(
    store: Store, file: File, number: int, texts: tuple[str, str], *, keep_history: bool
) -> Outcome:
    """Replace the first of two texts by the second one in message `number`, from 0.

    Raises:
        NothingToChange: The message does not hold the text.
    """
    try:
        act = store.content.replace_text(
            _entry(store, file), number, *texts, keep_history=keep_history
        )
    except ValueError:
        raise NothingToChange("the message does not contain this text", path=file[0]) from None
    return _outcome(store, act)


def purge_history(store: Store, file: File, numbers: Iterable[int] | None) -> Outcome:
    """Remove the earlier versions of messages, from 0, or of all."""
    return _outcome(store, store.content.purge_history(_entry(store, file), numbers))


def review(store: Store, file: File, texts: Mapping[str, str | None], secrets: bool) -> Review:
    """What is to be removed from a session, its checkpoints and edit histories."""
    return store.content.review([_entry(store, file)], secrets=secrets, texts=texts)


def redact(store: Store, reviewed: Review, state: Path | None) -> Outcome:
    """Replace what was reviewed; the last searches, in a state directory, forget it as well."""
    from agcx_tui.core.local.searches import LastSearches

    outcome = _outcome(store, store.content.redact(reviewed))
    if state is not None:
        LastSearches(state).forget(find.secret for _, find in reviewed.finds)
    return outcome


def create_checkpoint(store: Store, file: File, name: str) -> Outcome:
    """Save the current state of a session as a checkpoint."""
    return _outcome(store, store.checkpoints.create(_entry(store, file), name)[1])


def rename_checkpoint(store: Store, wanted: StoredCheckpoint, name: str) -> Outcome:
    return _outcome(store, store.checkpoints.rename(wanted, name))


def delete_checkpoint(store: Store, wanted: StoredCheckpoint) -> Outcome:
    return _outcome(store, store.checkpoints.delete([wanted]))


def prune_checkpoints(store: Store, wanted: Iterable[StoredCheckpoint]) -> Outcome:
    """Delete the checkpoints that a clean-up takes; one act."""
    return _outcome(store, store.checkpoints.delete(wanted, kind="checkpoint-prune"))


def go_back(store: Store, wanted: StoredCheckpoint) -> Outcome:
    """Make a session what it was at a checkpoint."""
    return _outcome(store, store.checkpoints.go_back(wanted))


def restore_checkpoint(store: Store, file: File, checkpoint_id: UUID, title: str | None) -> Outcome:
    """Make a session of a checkpoint."""
    act = store.restore_checkpoint(_id_of(store, file), checkpoint_id, title)[1]
    return _outcome(store, act)


def undo(store: Store, act_id: str | None = None) -> Outcome:
    """Undo an act, by default the last one."""
    return _outcome(store, store.undo(act_id), undone=True)


def restore(store: Store, sessions: Iterable[TrashedSession]) -> Outcome:
    """Restore sessions from the trash; one act."""
    return _outcome(store, store.restore(sessions))


def imported(store: Store, acts: Iterable[Act]) -> Outcome | None:
    """What the acts of one import changed; None if it had no acts."""
    acts = list(acts)
    if not acts:
        return None
    outcomes = [_outcome(store, act) for act in acts]
    entries = [entry for outcome in outcomes for entry in outcome.entries]
    return Outcome(acts[-1], entries, [path for outcome in outcomes for path in outcome.gone])


def _outcome(store: Store, act: Act, *, undone: bool = False) -> Outcome:
    """Look at every session file that an act changed."""
    entries, gone = [], []
    for step in act.steps:
        if step.path.endswith(SUFFIX):
            path = str(store.path / step.path)
            entry = store.entry(path)
            if entry is None:
                gone.append(path)
            else:
                entries.append(entry)
    return Outcome(act, entries, gone, undone)


def _entry(store: Store, file: File) -> ScanEntry:
    return _entries(store, [file])[0]


def _id_of(store: Store, file: File) -> UUID:
    """The id by which the store finds this file."""
    entry = _entries(store, [file])[0]
    if entry.id is None:
        raise PersistenceError("the name of its file is not a session id", path=entry.path)
    return entry.id


def _entries(store: Store, files: Files) -> list[ScanEntry]:
    entries = []
    for path, signature in files:
        entry = store.entry(path)
        if entry is not None:
            entries.append(replace(entry, signature=signature or entry.signature))
    if not entries:
        raise SessionNotFound("left: another program deleted it", path=store.path)
    return entries
