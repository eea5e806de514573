"""Imports sessions of other agents into a store. Idempotent: a second run adds only what is new.

Strategy: a session has the same id and the same messages at every import, so a second run recognizes what
is there already (see `growth`). All sessions are written into a staging folder first, and one act puts them
in place: a run that fails changes nothing, and one that is canceled takes what it has read, whole sessions
only. A session that has grown keeps its title, tags, star, and checkpoints; one whose messages were edited
is skipped and reported, and one that was deleted in the store stays away. A file that fails does not stop
the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self
from uuid import UUID

from agcx_format.importing.agent import Agent
from agcx_format.importing.environment import VERSION
from agcx_format.importing.found import FoundSource, Paths, SourceState, look_at
from agcx_format.importing.prepare import NO_MESSAGES, Job, Planned, Prepared, prepare
from agcx_format.importing.report import ImportReport
from agcx_format.importing.results import ImportOutcome, ImportResult
from agcx_format.importing.workers import WORTH_A_PROCESS, Workers
from agcx_format.processes.pool import processes_for
from agcx_format.store.acts.manifest import Act
from agcx_format.store.import_records import ImportRecord, RecordState
from agcx_format.store.imports import Arrival
from agcx_format.store.staging import Staging
from agcx_format.store.store import Store

__all__ = ["DELETED", "ImportOptions", "ImportRun", "ImportSummary", "LeftOut", "import_sessions"]

DELETED = "it was deleted in the store"
SAVED_MEANWHILE = "another program changed it in the store meanwhile"


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import.

    Fields:
        dry_run: find out the same and write nothing.
        deleted: take in again what was deleted in the store.
        own_ids: take in another conversation of an id that is taken, under an id of its own.
        processes: how many read at once; None for as many as are worth it.
        apart: let another process read also where one is enough, unless there is little to read: it can be
            stopped at once, and this one goes on with something else.
        in_background: read in a process of the lowest priority, never in this one, and keep nothing for an
            undo: sessions come and grow as if their agents saved them in the store.
    """

    dry_run: bool = False
    deleted: bool = False
    own_ids: bool = False
    processes: int | None = 1
    apart: bool = False
    in_background: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A conversation that was read and is not in the store.

    Fields:
        instead_of: what its first result said.
    """

    result: ImportResult
    instead_of: ImportOutcome


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What a run did.

    Fields:
        acts: none if nothing changed; more than one only for very many sessions.
        left_out: sessions that another program changed meanwhile; the next import takes them.
    """

    acts: tuple[Act, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class ImportRun:
    """One import: reads conversations, then puts the sessions in place. A context that leaves no trace.

    Iterate over `results`, then call `finish`. To cancel, stop iterating and call `finish`, which takes what
    was read, or leave the context without it, which takes nothing. `should_stop` is asked while other
    processes read; once it is true, the results end. Those are `workers`, for the caller to close, else
    as many as the options say.

    >>> from agcx_format import open_store
    >>> with ImportRun(open_store(directory), found=[]) as run:
    ...     for result in run.results():
    ...         print(result.outcome, result.title)
    ...     summary = run.finish()

    Raises:
        StoreNotWritable: the store may not be written.
    """

    def __init__(
        self,
        store: Store,
        found: Iterable[FoundSource],
        options: ImportOptions | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        workers: Workers | None = None,
    ) -> None:
        self._store, self._options = store, options or ImportOptions()
        self._should_stop = should_stop
        self._workers = workers
        self._own_workers: Workers | None = None
        self._found = list(found)
        self._results: Iterator[ImportResult] | None = None
        self._arrivals: dict[UUID, Arrival] = {}
        self._planned: dict[UUID, Planned] = {}
        self._records: dict[str, list[ImportRecord]] = {}
        self._deleted: set[UUID] | None = None
        self._layout = store.layout
        self._staging: Staging | None = None
        if not self._options.dry_run:
            self._staging = store.imports.staging()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what is running, and remove what was not put in place."""
        if isinstance(self._results, Iterator) and hasattr(self._results, "close"):
            self._results.close()
        if self._own_workers is not None:
            self._own_workers.close()
        if self._staging is not None:
            self._staging.close()
            self._staging = None

    @property
    def size(self) -> int:
        """Bytes of the files that are to be read."""
        return sum(each.size for each in self._found if self._known(each) is None)

    # --- reading

    def results(self) -> Iterator[ImportResult]:
        """What becomes of each conversation, in their order.

        Raises:
            PersistenceError: the store cannot be read or written.
        """
        if self._results is None:
            self._results = self._each()
        return self._results

    def _each(self) -> Iterator[ImportResult]:
        waiting = [each for each in self._found if self._known(each) is None]
        jobs = (self._job(number, each) for number, each in enumerate(waiting))
        workers = self._workers_for(waiting)
        prepared = workers.prepare_all(jobs, self._should_stop) if workers else None
        for number, found in enumerate(self._found):
            if (known := self._known(found)) is not None:
                yield known
            elif prepared is None:
                job = self._job(number, found)
                yield self._taken(found, job, prepare(job, self._planned))
            else:
                following = next(prepared, None)
                if following is None:
                    return
                job, done = following
                if done.id in self._planned and done.outcome is not ImportOutcome.FAILED:
                    # Two files of one session: the second continues what the first one became.
                    done = prepare(
                        replace(job, target=self._target(f"again-{number}")), self._planned
                    )
                yield self._taken(found, job, done)

    def _workers_for(self, waiting: Collection[FoundSource]) -> Workers | None:
        """The processes that read these; None to read them here."""
        if not waiting or self._workers is not None:
            return self._workers
        processes, sizes = self._options.processes, [each.size for each in waiting]
        if processes is None:
            processes = processes_for(sizes, WORTH_A_PROCESS)
        quietly = self._options.in_background
        apart = self._options.apart and sum(sizes) >= WORTH_A_PROCESS
        if processes > 1 or quietly or apart:
            self._own_workers = Workers(processes, low_priority=quietly)
        return self._own_workers

    def _known(self, found: FoundSource) -> ImportResult | None:
        """The result for a conversation that need not be read."""
        record = found.record
        if found.state is SourceState.KNOWN and record is not None:
            outcome, reason = {
                RecordState.FAILED: (ImportOutcome.FAILED, record.reason),
                RecordState.EMPTY: (ImportOutcome.SKIPPED, record.reason),
            }.get(record.state, (ImportOutcome.PRESENT, ""))
            return _result(found, outcome, reason, found.session_id)
        if found.state is SourceState.DELETED and not self._options.deleted:
            return _result(found, ImportOutcome.SKIPPED, DELETED, found.session_id)
        return None

    def _target(self, name: str) -> str | None:
        return f"{self._staging.path}/{name}" if self._staging else None

    def _job(self, number: int, found: FoundSource) -> Job:
        return Job(
            found.agent,
            found.source,
            found.record,
            str(self._store.path),
            self._layout,
            self._store.level,
            self._target(str(number)),
            self._options.own_ids,
        )

    def _taken(self, found: FoundSource, job: Job, done: Prepared) -> ImportResult:
        if done.outcome is ImportOutcome.IMPORTED and self._is_deleted(done.id):
            self._note(found, done.id, RecordState.TAKEN)
            return _result(found, ImportOutcome.SKIPPED, DELETED, done.id, done)
        if done.id is not None and done.outcome in (ImportOutcome.IMPORTED, ImportOutcome.UPDATED):
            self._plan(found, job, done)
        elif not done.is_passing:
            self._note(found, done.id, _state_of(done), done.reason, done.report)
        return _result(found, done.outcome, done.reason, done.id, done)

    def _plan(self, found: FoundSource, job: Job, done: Prepared) -> None:
        assert done.id is not None
        record = _record(found, done.id, RecordState.TAKEN, report=done.report)
        self._planned[done.id] = Planned(done.staged.path if done.staged else None, job)
        if done.staged is None or done.metadata is None or done.indexed is None:
            return
        before = self._arrivals.get(done.id)
        if before is not None:
            self._records.setdefault(before.agent, []).append(before.record)
        self._arrivals[done.id] = Arrival(
            done.staged,
            done.layout,
            done.metadata,
            done.indexed,
            done.replaces,
            done.expected,
            record,
            found.agent.name,
        )

    def _is_deleted(self, session_id: UUID | None) -> bool:
        """Whether a session is in the trash, or was imported from a file that has moved since."""
        if self._options.deleted:
            return False
        if self._deleted is None:
            imports = self._store.imports
            self._deleted = imports.deleted()
            for agent in {each.agent.name for each in self._found}:
                self._deleted |= imports.records(agent).session_ids()
        return session_id in self._deleted

    def _note(
        self,
        found: FoundSource,
        session_id: UUID | None,
        state: RecordState,
        reason: str = "",
        report: ImportReport | None = None,
    ) -> None:
        record = _record(found, session_id, state, reason, report)
        self._records.setdefault(found.agent.name, []).append(record)

    # --- the act

    def finish(self) -> ImportSummary:
        """Put the sessions in place that were prepared, in one act.

        Raises:
            StoreNotWritable: the store may not be written.
            PersistenceError: the system refuses something else; then nothing changed.
        """
        if self._staging is None:
            return ImportSummary()
        imports = self._store.imports
        taken = imports.take(
            list(self._arrivals.values()), self._records, as_saved=self._options.in_background
        )
        for agent in {each.agent.name for each in self._found}:
            imports.looked(agent)
        sources = {each.key: each for each in self._found}
        left_out = (
            LeftOut(
                _result(
                    sources[each.record.source],
                    ImportOutcome.SKIPPED,
                    SAVED_MEANWHILE,
                    each.metadata.id,
                ),
                ImportOutcome.UPDATED if each.replaces else ImportOutcome.IMPORTED,
            )
            for each in taken.left_out
        )
        return ImportSummary(taken.acts, tuple(left_out))


def _state_of(done: Prepared) -> RecordState:
    if done.outcome is ImportOutcome.PRESENT:
        return RecordState.TAKEN
    if done.outcome is ImportOutcome.FAILED:
        return RecordState.FAILED if done.id is None else RecordState.KEPT_OUT
    return RecordState.EMPTY if done.reason == NO_MESSAGES else RecordState.KEPT_OUT


def _record(
    found: FoundSource,
    session_id: UUID | None,
    state: RecordState,
    reason: str = "",
    report: ImportReport | None = None,
) -> ImportRecord:
    # Its program may end before the line does: then the file stays as it is, and is read once more.
    is_unfinished = report is not None and report.is_unfinished
    return ImportRecord(
        found.key,
        found.size,
        0 if is_unfinished else found.changed_ns,
        session_id.bytes if session_id else b"",
        VERSION,
        state,
        reason,
    )


def _result(
    found: FoundSource,
    outcome: ImportOutcome,
    reason: str = "",
    session_id: UUID | None = None,
    done: Prepared | None = None,
) -> ImportResult:
    return ImportResult(
        found.source.path,
        outcome,
        reason,
        session_id,
        done.title if done else "",
        done.report if done else None,
        found.source.part,
        found.size,
        found.agent.name,
        found.has_said(reason),
    )


def import_sessions(
    store: Store,
    paths: Paths,
    dry_run: bool = False,
    *,
    agent: Agent | None = None,
    options: ImportOptions | None = None,
) -> Iterator[ImportResult]:
    """Import files, and the files below directories, one result for each conversation, sorted by name.

    Nothing happens before the first result is taken. The sessions are added, in one act, after the last one,
    or when the iterator is closed before. With `dry_run`, here or in `options`, the results are the same and
    nothing is written. `paths` is one path or several. Without `agent`, each file tells which one wrote it;
    files below a directory that no agent wrote are ignored.

    Raises:
        PersistenceError: the store itself cannot be read or written.
        TypeError: `agent` is not an `Agent`.
    """
    options = options or ImportOptions()
    if dry_run:
        options = replace(options, dry_run=True)
    found: list[FoundSource] = []
    for each in look_at(store, paths, agent):
        if isinstance(each, FoundSource):
            found.append(each)
        else:
            yield ImportResult(Path(each.path or ""), ImportOutcome.FAILED, each.reason)
    with ImportRun(store, found, options) as run:
        try:
            yield from run.results()
        except GeneratorExit:
            run.finish()
            raise
        yield from (each.result for each in run.finish().left_out)
