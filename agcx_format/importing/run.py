"""Imports sessions of other agents into a store. Idempotent: a second run adds only what is new.

Strategy: a session has the same id and the same messages at every import, so a second run recognizes what is
there already (see `growth`). A session that has grown keeps its title, tags, star, and checkpoints; one whose
messages were edited is skipped and reported. A file that fails does not stop the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from agcx_format.errors import PersistenceError, SessionNotFound
from agcx_format.importing.agent import Agent, Source
from agcx_format.importing.environment import SOURCE_CHANGED, VERSION, WRITTEN_BY
from agcx_format.importing.finding import find_sources, read_from
from agcx_format.importing.growth import Growth, compare, grown
from agcx_format.importing.imported import Imported
from agcx_format.importing.report import ImportReport
from agcx_format.model.session import Session
from agcx_format.model.timestamps import Timestamp
from agcx_format.session.lazy import SessionFile
from agcx_format.store.store import Store

__all__ = ["ImportOutcome", "ImportResult", "import_sessions"]


class ImportOutcome(StrEnum):
    """What became of a file."""

    IMPORTED = "imported"
    UPDATED = "updated"
    PRESENT = "already there"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of one file, or of a directory that could not be read.

    Fields:
        outcome: what was done.
        reason: why it was skipped or failed.
        id, title: of the session; None and empty if the file could not be read.
        report: None if the file could not be read, or has not changed since its import.
        part: the conversation in a file that holds several; see `Source`.
    """

    path: Path
    outcome: ImportOutcome
    reason: str = ""
    id: UUID | None = None
    title: str = ""
    report: ImportReport | None = None
    part: str = ""


def import_sessions(
    store: Store,
    paths: Iterable[Path],
    dry_run: bool = False,
    *,
    agent: Agent | None = None,
) -> Iterator[ImportResult]:
    """Import files, and the files below directories, one result for each conversation, sorted by name.

    With `dry_run` the results are the same and nothing is written. Without `agent`, each file tells which one
    wrote it; files below a directory that no agent wrote are ignored.

    Raises:
        PersistenceError: the store itself cannot be read or written.
    """
    run = _Run(store, dry_run)
    # The index is written once for all sessions.
    with store.saving_many():
        for found in find_sources(paths, agent):
            match found:
                case PersistenceError():
                    yield ImportResult(Path(found.path or ""), ImportOutcome.FAILED, found.reason)
                case _:
                    yield run.source(*found)


class _Run:
    """One import run, with what a dry run would have written."""

    def __init__(self, store: Store, dry_run: bool) -> None:
        self._store = store
        self._dry_run = dry_run
        # The source rather than the session, which would stay in memory: few are compared with it.
        self._planned: dict[UUID, tuple[Agent, Source]] = {}

    def source(self, agent: Agent, source: Source) -> ImportResult:
        if unchanged := self._unchanged(agent, source):
            return unchanged
        try:
            imported = read_from(agent, source)
        except PersistenceError as error:
            return ImportResult(source.path, ImportOutcome.FAILED, error.reason, part=source.part)
        outcome, reason = self._put(imported, agent, source)
        metadata = imported.metadata
        return ImportResult(
            source.path, outcome, reason, metadata.id, metadata.title, imported.report, source.part
        )

    def _unchanged(self, agent: Agent, source: Source) -> ImportResult | None:
        """The result for a conversation that has not changed since its import, without reading it.

        Where an agent names a file after its session: an import notes when the file last changed, to the
        nanosecond, and by which version of the importer it was read.
        """
        path = source.path
        try:
            changed = str(source.changed or Timestamp.from_ns(path.stat().st_mtime_ns))
            entry = self._store.resolve(str(agent.known_id(source)))
            with SessionFile(entry.path) as file:
                noted = file.context.environment_variables
        except (OSError, PersistenceError):
            return None
        if noted.get(WRITTEN_BY) != VERSION or noted.get(SOURCE_CHANGED) != changed:
            return None
        title = entry.metadata.title if entry.metadata else ""
        return ImportResult(path, ImportOutcome.PRESENT, id=entry.id, title=title, part=source.part)

    def _put(self, new: Imported, agent: Agent, source: Source) -> tuple[ImportOutcome, str]:
        if not new.conversation.messages:
            return ImportOutcome.SKIPPED, "no messages in it"
        try:
            stored = self._stored(new.metadata.id)
        except SessionNotFound:
            self._save(new, agent, source)
            return ImportOutcome.IMPORTED, ""
        except PersistenceError as error:
            return ImportOutcome.FAILED, f"the store has it already, unreadable: {error.reason}"
        match compare(stored, new):
            case Growth.NONE:
                return ImportOutcome.PRESENT, ""
            case Growth.UNRELATED:
                reason = "another conversation, or an edited one, has this id in the store"
                return ImportOutcome.SKIPPED, reason
        self._save(grown(stored, new), agent, source)
        return ImportOutcome.UPDATED, ""

    def _stored(self, session_id: UUID) -> Session:
        if session_id in self._planned:
            planned = read_from(*self._planned[session_id])
            return planned.metadata, planned.conversation, planned.state
        return self._store.load_session(session_id)

    def _save(self, new: Imported, agent: Agent, source: Source) -> None:
        if self._dry_run:
            self._planned[new.metadata.id] = agent, source
        else:
            self._store.save_session(new.metadata.id, new.metadata, new.conversation, new.state)
