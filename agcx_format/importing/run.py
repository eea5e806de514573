"""Imports sessions of other agents into a store. Idempotent: a second run adds only what is new.

Strategy: a session has the same id and the same messages at every import, so a second run recognizes what is
there already (see `growth`). A session that has grown keeps its title, tags, star, and checkpoints; one whose
messages were edited is skipped and reported. A file that fails does not stop the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from agcx_format.errors import PersistenceError, SessionNotFound
from agcx_format.importing.codex import find_rollouts, read_rollout
from agcx_format.importing.draft import Imported
from agcx_format.importing.environment import SOURCE_CHANGED, VERSION, WRITTEN_BY
from agcx_format.importing.growth import Growth, compare, grown
from agcx_format.importing.report import ImportReport
from agcx_format.model.ids import uuids_in
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
    """

    path: Path
    outcome: ImportOutcome
    reason: str = ""
    id: UUID | None = None
    title: str = ""
    report: ImportReport | None = None


def import_sessions(
    store: Store,
    paths: Iterable[Path],
    dry_run: bool = False,
    *,
    find: Callable[..., Iterator[Path]] = find_rollouts,
    read: Callable[[Path], Imported] = read_rollout,
) -> Iterator[ImportResult]:
    """Import files, and the files below directories, one result each, sorted by name.

    With `dry_run` the results are the same and nothing is written. `find` and `read` belong to the agent
    that wrote the files.

    Raises:
        PersistenceError: the store itself cannot be read or written.
    """
    run = _Run(store, dry_run, read)
    errors: list[OSError] = []
    # The index is written once for all sessions.
    with store.saving_many():
        for path in find(paths, onerror=errors.append):
            yield from map(_unreadable, errors)
            errors.clear()
            yield run.file(path)
    yield from map(_unreadable, errors)


def _unreadable(error: OSError) -> ImportResult:
    return ImportResult(
        Path(error.filename or ""), ImportOutcome.FAILED, error.strerror or str(error)
    )


class _Run:
    """One import run, with what a dry run would have written."""

    def __init__(self, store: Store, dry_run: bool, read: Callable[[Path], Imported]) -> None:
        self._store = store
        self._dry_run = dry_run
        self._read = read
        # The file rather than the session, which would stay in memory: few are compared with it.
        self._planned: dict[UUID, Path] = {}

    def file(self, path: Path) -> ImportResult:
        if unchanged := self._unchanged(path):
            return unchanged
        try:
            imported = self._read(path)
        except PersistenceError as error:
            return ImportResult(path, ImportOutcome.FAILED, error.reason)
        outcome, reason = self._put(imported)
        metadata = imported.metadata
        return ImportResult(path, outcome, reason, metadata.id, metadata.title, imported.report)

    def _unchanged(self, path: Path) -> ImportResult | None:
        """The result for a file that has not changed since its import, without reading it.

        Both agents name a file after its session, and an import notes when the file last changed, to the
        nanosecond, and by which version of the importer it was read.
        """
        try:
            changed = str(Timestamp.from_ns(path.stat().st_mtime_ns))
            entry = self._store.resolve(next(iter(uuids_in(path.name))))
            with SessionFile(entry.path) as file:
                noted = file.context.environment_variables
        except (OSError, StopIteration, PersistenceError):
            return None
        if noted.get(WRITTEN_BY) != VERSION or noted.get(SOURCE_CHANGED) != changed:
            return None
        title = entry.metadata.title if entry.metadata else ""
        return ImportResult(path, ImportOutcome.PRESENT, "", entry.id, title)

    def _put(self, new: Imported) -> tuple[ImportOutcome, str]:
        if not new.conversation.messages:
            return ImportOutcome.SKIPPED, "no messages in it"
        try:
            stored = self._stored(new.metadata.id)
        except SessionNotFound:
            self._save(new)
            return ImportOutcome.IMPORTED, ""
        except PersistenceError as error:
            return ImportOutcome.FAILED, f"the store has it already, unreadable: {error.reason}"
        match compare(stored, new):
            case Growth.NONE:
                return ImportOutcome.PRESENT, ""
            case Growth.UNRELATED:
                reason = "another conversation, or an edited one, has this id in the store"
                return ImportOutcome.SKIPPED, reason
        self._save(grown(stored, new))
        return ImportOutcome.UPDATED, ""

    def _stored(self, session_id: UUID) -> Session:
        if session_id in self._planned:
            planned = self._read(self._planned[session_id])
            return planned.metadata, planned.conversation, planned.state
        return self._store.load_session(session_id)

    def _save(self, new: Imported) -> None:
        if self._dry_run:
            self._planned[new.metadata.id] = new.source
        else:
            self._store.save_session(new.metadata.id, new.metadata, new.conversation, new.state)
