"""Takes conversations that were read elsewhere into a store: many sessions in one act, with its records.

Strategy: an importer writes each session into a staging folder and describes it in an `Arrival`. The act
puts all of them in place. A session that another program saved meanwhile is left out, and everything else
is taken; the records of what was left out do not change, so that the next import tries it again.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import msgspec

from agcx_format.disk.durable import Signature, is_still
from agcx_format.errors import StaleSession
from agcx_format.model.session import SessionMetadata
from agcx_format.store import paths
from agcx_format.store.acts.act_dirs import SAVE
from agcx_format.store.acts.journal import iter_acts
from agcx_format.store.acts.manifest import Act, ActSession, Step
from agcx_format.store.acts.plan import Change, copy_steps
from agcx_format.store.import_records import KIND, ImportRecord, ImportRecords, records_step
from agcx_format.store.staging import StagedFile, Staging
from agcx_format.store.writer import StoreWriter

__all__ = ["Arrival", "Imports", "Taken"]

# How often to begin again when other programs save sessions while an act takes them in.
_ATTEMPTS = 4
_DELETIONS = ("delete", "prune")
# What an act records of a session takes some 250 bytes of its manifest.
_MOST_IN_ACT = 200_000


class Arrival(msgspec.Struct, frozen=True):
    """A session that is ready to be put in place.

    Fields:
        staged: its file.
        layout: of the file.
        metadata: of the file.
        indexed: as the index holds them.
        replaces: the path of the file in the store that it takes the place of; None if it is new.
        expected: that file when it was read.
        record: of its source.
        agent: whose records these are.
    """

    staged: StagedFile
    layout: int
    metadata: SessionMetadata
    indexed: SessionMetadata
    replaces: str | None
    expected: Signature | None
    record: ImportRecord
    agent: str


class Taken(msgspec.Struct, frozen=True):
    """What an import did.

    Fields:
        acts: the acts, the last one last; several only for very many sessions.
        left_out: arrivals whose session was changed, removed, or created meanwhile.
    """

    acts: tuple[Act, ...] = ()
    left_out: tuple[Arrival, ...] = ()


class Imports:
    """The imports of one store."""

    def __init__(self, root: Path, writer: StoreWriter) -> None:
        self._root, self._writer = root, writer

    def records(self, agent: str) -> ImportRecords:
        """What was imported of an agent; empty if nothing was."""
        return ImportRecords(self._root, agent)

    def staging(self) -> Staging:
        """A new folder for the files of an import; creates the store if it does not exist.

        Raises:
            StoreNotWritable: the store may not be written.
        """
        self._writer.make_root()
        return Staging(self._root)

    def session_ids(self) -> set[UUID]:
        """The sessions that are in the store, by the names of their files.

        Raises:
            PersistenceError: a folder cannot be read.
        """
        found = (paths.id_of(path) for _, path in paths.session_paths(self._root))
        return {each for each in found if each is not None}

    def deleted(self) -> set[UUID]:
        """The sessions that lie in the trash.

        Raises:
            PersistenceError: the trash cannot be read.
        """
        found: set[UUID] = set()
        for act in iter_acts(self._root):
            if act.kind in _DELETIONS and act.is_kept:
                for session in act.sessions:
                    with suppress(ValueError):
                        found.add(UUID(session.id))
        return found

    def take(
        self,
        arrivals: Sequence[Arrival],
        records: Mapping[str, Iterable[ImportRecord]],
        *,
        as_saved: bool = False,
    ) -> Taken:
        """Put sessions in place, in one act, and record where they came from.

        `records` are further records by agent, of sources that became no session. With `as_saved` nothing
        is kept for an undo, as when a program saves a session: the act is not in the history.

        Raises:
            StoreNotWritable: the store may not be written.
            PersistenceError: the system refuses something else; then nothing changed.
        """
        acts: list[Act] = []
        left_out: list[Arrival] = []
        for at in range(0, len(arrivals), _MOST_IN_ACT):
            act, stale = self._act(arrivals[at : at + _MOST_IN_ACT], records, as_saved)
            left_out += stale
            if act.id:
                acts.append(act)
        if not acts:
            self._record(records)
        return Taken(tuple(acts), tuple(left_out))

    def _act(
        self,
        arrivals: Sequence[Arrival],
        records: Mapping[str, Iterable[ImportRecord]],
        as_saved: bool,
    ) -> tuple[Act, list[Arrival]]:
        stale: dict[UUID, Arrival] = {}
        kind = SAVE if as_saved else KIND

        def plan() -> Change:
            stale.update({each.metadata.id: each for each in arrivals if self._is_stale(each)})
            return self._change([a for a in arrivals if a.metadata.id not in stale], records)

        for attempt in range(_ATTEMPTS):
            try:
                act = self._writer.act(kind, arrivals, plan, is_kept=not as_saved)
                return act, list(stale.values())
            except StaleSession:
                # A program that takes no lock saved it after it was looked at.
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError

    def _is_stale(self, arrival: Arrival) -> bool:
        if arrival.replaces is None or arrival.expected is None:
            return os.path.lexists(
                self._root / paths.session_file(arrival.layout, arrival.metadata.id)
            )
        return not is_still(arrival.replaces, arrival.expected)

    def _change(
        self, arrivals: Collection[Arrival], records: Mapping[str, Iterable[ImportRecord]]
    ) -> Change:
        steps: list[Step] = []
        sessions: list[ActSession] = []
        relative = paths.relative_paths(self._root)
        for each in arrivals:
            if each.replaces is None:
                path = paths.session_file(each.layout, each.metadata.id)
                steps.append(Step("create", path, staged=each.staged))
            else:
                path = relative(each.replaces)
                steps.append(Step("replace", path, staged=each.staged, expected=each.expected))
            steps += copy_steps(self._root, each.layout, each.metadata)
            sessions.append(
                ActSession(str(each.metadata.id), each.metadata.title, each.staged.size)
            )
        if steps:
            for path, data in self._changed_records(arrivals, records):
                steps.append(records_step(self._root, path, data))
        return Change(steps, sessions, {each.metadata.id: each.indexed for each in arrivals})

    def _changed_records(
        self, arrivals: Collection[Arrival], records: Mapping[str, Iterable[ImportRecord]]
    ) -> list[tuple[str, bytes]]:
        found = []
        for agent in dict.fromkeys([*records, *(each.agent for each in arrivals)]):
            old = self.records(agent)
            taken = [
                old.written_now(each.record, each.staged.signature.mtime_ns, each.expected)
                for each in arrivals
                if each.agent == agent
            ]
            if (data := old.changed([*records.get(agent, ()), *taken])) is not None:
                found.append((old.path, data))
        return found

    def _record(self, records: Mapping[str, Iterable[ImportRecord]]) -> None:
        """Write records without an act: no session changed."""
        for path, data in self._changed_records((), records):
            self._writer.save_file(path, [data])

    def looked(self, agent: str) -> None:
        """Note that an import looked at everything of an agent just now."""
        with suppress(OSError):
            os.utime(self._root / self.records(agent).path)
