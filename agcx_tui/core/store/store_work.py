"""What the browser has threads do with a store: everything that may wait for a disk or a lock.

Strategy: plain functions without a widget, that take what they need and give values.  A scan comes in
batches, bounded by time: the first soon, so that there is something to look at, the others large
enough that sorting them in costs little.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from agcx_format import Act, ScanEntry, SessionMetadata, Store
from agcx_format.catalog import Gone
from agcx_format.disk import Signature
from agcx_format.errors import PersistenceError, SessionNotFound
from agcx_format.store import SUFFIX, TrashedSession

_FIRST_BATCH = 0.005
_BATCH = 0.1
# Python hands the interpreter over every 5 ms; this gives a key its turn at once.
_BREATHE_EVERY = 200
_BREATH = 0.0005


def batches(entries: Iterable[ScanEntry | Gone | None]) -> Iterator[list[ScanEntry | Gone]]:
    """The entries in lists of what comes in about 5 ms, then in 0.1 s; None is passed over."""
    batch: list[ScanEntry | Gone] = []
    deadline = time.perf_counter() + _FIRST_BATCH
    for count, entry in enumerate(entries, 1):
        if entry is not None:
            batch.append(entry)
        if batch and time.perf_counter() >= deadline:
            yield batch
            batch = []
            deadline = time.perf_counter() + _BATCH
        elif count % _BREATHE_EVERY == 0:
            time.sleep(_BREATH)
    if batch:
        yield batch


# Each file is a path with the signature that was shown to the person who asked: `StaleSession`, and
# nothing changes, when one is another by now.  What is gone already is passed over.
File = tuple[str, Signature | None]
Files = Iterable[File]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An act that was done or undone, and how its session files are now: there, or gone."""

    act: Act
    entries: list[ScanEntry]
    gone: list[str]
    undone: bool = False


class NothingToChange(PersistenceError):
    """All of it is as it was to become."""


class ShownFiles:
    """Files as a person saw them when asked or when a key was pressed, for an act that waits its turn.

    What the acts before do to them is no surprise to the person: whoever follows these renews the signatures.
    """

    def __init__(self, files: Files) -> None:
        self._signatures = dict(files)

    def __iter__(self) -> Iterator[File]:
        return iter(self._signatures.items())

    def renew(self, path: str, before: Signature | None, now: Signature | None) -> None:
        """An act of ours made the file that was as `before` the one that is there `now`."""
        if path in self._signatures and self._signatures[path] == before:
            self._signatures[path] = now


def delete(store: Store, files: Files) -> Outcome:
    files = list(files)
    act = store.delete(_entries(store, files))
    # Those that another program had deleted before are gone as well.
    return Outcome(act, [], [path for path, _ in files])


def toggle_favorite(store: Store, files: Files) -> Outcome:
    """Star sessions; when all of them have a star, take the stars.  One act."""
    entries = [entry for entry in _entries(store, files) if entry.metadata is not None]
    favorite = not all(entry.metadata and entry.metadata.is_favorite for entry in entries)
    return _outcome(store, store.update_many([(e, {"is_favorite": favorite}) for e in entries]))


# What is to become of the fields of a session's metadata.
Change = Callable[[SessionMetadata], Mapping[str, Any]]


def edit(store: Store, files: Files, change: Change) -> Outcome:
    """Change fields of the metadata as they are by now; one act.

    Raises:
        NothingToChange: They are so already.
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
    """How many of them may belong to a running agent at `now` (microseconds since 1970)."""
    return len(store.at_work(_entries(store, files), now * 1000))


def duplicate(store: Store, file: File, title: str) -> Outcome:
    """A copy of a session, under a title of its own."""
    return _outcome(store, store.duplicate(_id_of(store, file), title)[1])


def split(store: Store, file: File, at: int, title: str | None) -> Outcome:
    """The messages from number `at` on, from 0, become a session of their own."""
    return _outcome(store, store.split(_id_of(store, file), at, title, seen=file[1])[1])


def restore_checkpoint(store: Store, file: File, checkpoint_id: UUID, title: str | None) -> Outcome:
    """A checkpoint becomes a session of its own."""
    act = store.restore_checkpoint(_id_of(store, file), checkpoint_id, title)[1]
    return _outcome(store, act)


def undo(store: Store, act_id: str | None = None) -> Outcome:
    """Undo an act, by default the last."""
    return _outcome(store, store.undo(act_id), undone=True)


def restore(store: Store, sessions: Iterable[TrashedSession]) -> Outcome:
    """Bring sessions back from the trash; one act."""
    return _outcome(store, store.restore(sessions))


def _outcome(store: Store, act: Act, *, undone: bool = False) -> Outcome:
    """Look at every session file that an act had to do with."""
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


def _id_of(store: Store, file: File) -> UUID:
    """The id by which the store finds this very file."""
    entry = _entries(store, [file])[0]
    if entry.id is None:
        raise PersistenceError("the name of its file is no session's id", path=entry.path)
    return entry.id


def _entries(store: Store, files: Files) -> list[ScanEntry]:
    entries = []
    for path, signature in files:
        entry = store.entry(path)
        if entry is not None:
            entries.append(replace(entry, signature=signature or entry.signature))
    if not entries:
        raise SessionNotFound("any more: deleted by another program", path=store.path)
    return entries
