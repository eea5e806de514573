"""Reads one conversation, compares it with the store, and writes the session that it becomes into a folder.

Strategy: this is the work of an import that takes time, for one conversation, and needs no lock. What it
needs and gives can be passed between processes; the words of the conversation stay here.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from uuid import UUID, uuid5

import msgspec

from agcx_format.codec.json import to_json
from agcx_format.disk.durable import Signature
from agcx_format.disk.held import HeldBytes
from agcx_format.errors import PersistenceError, SessionNotFound
from agcx_format.importing.agent import Agent, Source
from agcx_format.importing.finding import read_from
from agcx_format.importing.growth import Growth, as_set, compare, grown
from agcx_format.importing.imported import Imported
from agcx_format.importing.report import ImportReport
from agcx_format.importing.results import ImportOutcome
from agcx_format.importing.unavailable import SourceUnavailable
from agcx_format.layout import by_version
from agcx_format.model.session import Session, SessionMetadata
from agcx_format.session.streamed import stream_session
from agcx_format.store.acts.encoder import encode_in
from agcx_format.store.import_records import ImportRecord
from agcx_format.store.owned import OwnedFields
from agcx_format.store.staging import StagedFile, write_staged
from agcx_format.store.store import Store
from agcx_format.variables import OWN_ID

__all__ = ["EDITED", "NO_MESSAGES", "OTHER_CONVERSATION", "Job", "Planned", "Prepared", "prepare"]

NO_MESSAGES = "no messages in it"
OTHER_CONVERSATION = "another conversation has this id in the store"
EDITED = "it was edited in the store"
_NO_MEMORY = "there is not enough memory to read it"


@dataclass(frozen=True, slots=True)
class Job:
    """A conversation to be read.

    Fields:
        agent: the one that wrote it.
        record: what the last import noted; None if there was none.
        store: the path of the store.
        level: zstd level.
        target: the path of the file to be written; None to write nothing.
        own_id: take in another conversation of an id that is taken, under an id of its own.
    """

    agent: Agent
    source: Source
    record: ImportRecord | None
    store: str
    layout: int
    level: int
    target: str | None
    own_id: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """A session that this run has prepared: its staged file, or else where it comes from."""

    path: str | None
    job: Job


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a conversation becomes.

    Fields:
        reason: why it is skipped or failed.
        staged: the file that was written; None if nothing is to be written.
        metadata: of the file.
        indexed: as the index holds them.
        replaces, expected: the file of the session in the store, and its version that was read.
        is_passing: whether it failed for a reason outside of the file, which need not last.
    """

    outcome: ImportOutcome
    reason: str = ""
    id: UUID | None = None
    title: str = ""
    report: ImportReport | None = None
    staged: StagedFile | None = None
    layout: int = 1
    metadata: SessionMetadata | None = None
    indexed: SessionMetadata | None = None
    replaces: str | None = None
    expected: Signature | None = None
    is_passing: bool = False


@dataclass(frozen=True, slots=True)
class _Stored:
    session: Session
    path: str
    layout: int
    signature: Signature


def prepare(job: Job, planned: Mapping[UUID, Planned] | None = None) -> Prepared:
    """Read a conversation, and write its session if it is new or has grown.

    `planned` are sessions that were prepared before and are not in the store yet.

    Raises:
        PersistenceError: the file cannot be written, or the store not be read.
    """
    try:
        return _prepared(job, planned or {})
    except PersistenceError:
        raise
    except MemoryError:
        return Prepared(ImportOutcome.FAILED, _NO_MEMORY, is_passing=True)
    except Exception as error:
        # One file does not stop the others.
        reason = f"the importer failed: {type(error).__name__}: {error}"
        return Prepared(ImportOutcome.FAILED, reason)


def _prepared(job: Job, planned: Mapping[UUID, Planned]) -> Prepared:
    try:
        new = _read(job)
    except PersistenceError as error:
        is_passing = isinstance(error, SourceUnavailable)
        return Prepared(ImportOutcome.FAILED, error.reason, is_passing=is_passing)
    known_as = job.record.session_id if job.record else None
    if known_as is not None and known_as != new.metadata.id:
        new = _with_id(new, known_as)
    return _Preparation(job, planned).of(new)


def _read(job: Job) -> Imported:
    return read_from(job.agent, job.source)


class _Preparation:
    def __init__(self, job: Job, planned: Mapping[UUID, Planned]) -> None:
        self._job, self._planned = job, planned

    def of(self, new: Imported) -> Prepared:
        if not new.conversation.messages:
            return self._result(new, ImportOutcome.SKIPPED, NO_MESSAGES)
        try:
            stored = self._stored(new.metadata.id)
            if stored:
                new = self._as_set(stored, new)
            growth = compare(stored.session, new) if stored else None
        except PersistenceError as error:
            reason = f"the store has it already, unreadable: {error.reason}"
            return self._result(new, ImportOutcome.FAILED, reason)
        if stored is None:
            return self._written(new, None)
        match growth:
            case Growth.NONE:
                return self._result(new, ImportOutcome.PRESENT)
            case Growth.SOME:
                return self._written(grown(stored.session, new), stored)
            case Growth.EDITED:
                return self._result(new, ImportOutcome.SKIPPED, EDITED)
        if not self._job.own_id:
            return self._result(new, ImportOutcome.SKIPPED, OTHER_CONVERSATION)
        return self.of(_with_id(new, _own_id(new)))

    def _result(self, new: Imported, outcome: ImportOutcome, reason: str = "") -> Prepared:
        metadata = new.metadata
        return Prepared(outcome, reason, metadata.id, metadata.title, new.report)

    def _stored(self, session_id: UUID) -> _Stored | None:
        """The session in the store, or the one that will be; None if there is no such session."""
        store = _store(self._job.store)
        try:
            entry = store.resolve(str(session_id))
            there = entry.path, entry.layout, entry.signature
        except SessionNotFound:
            there = "", self._job.layout, Signature(0, 0, 0)
        if planned := self._planned.get(session_id):
            if planned.path is not None:
                return _Stored(stream_session(planned.path), *there)
            read = _read(planned.job)
            return _Stored(Session(read.metadata, read.conversation, read.state), *there)
        return _Stored(stream_session(there[0]), *there) if there[0] else None

    def _as_set(self, stored: _Stored, new: Imported) -> Imported:
        record, id_ = self._job.record, new.metadata.id
        was_edited = (
            record is not None and record.session_id == id_ and record.is_edited(stored.signature)
        )
        set_by_person = partial(self._set_by_person, id_)
        return as_set(stored.session, new, set_by_person, was_edited=was_edited)

    def _set_by_person(self, session_id: UUID) -> Set[str]:
        """The fields of a session that a person set."""
        return _owned(self._job.store).of(session_id)

    def _written(self, new: Imported, old: _Stored | None) -> Prepared:
        outcome = ImportOutcome.UPDATED if old else ImportOutcome.IMPORTED
        job = self._job
        if job.target is None:
            return self._result(new, outcome)
        codec = by_version(old.layout if old else job.layout)
        session = Session(new.metadata, new.conversation, new.state)
        with HeldBytes(os.path.dirname(job.target)) as hold:
            done = encode_in(codec.version, session, job.level, hold)
            staged = write_staged(job.target, done.parts)
        return replace(
            self._result(new, outcome),
            staged=staged,
            layout=codec.version,
            metadata=done.stored,
            indexed=done.indexed,
            replaces=(old.path or None) if old else None,
            expected=old.signature if old and old.path else None,
        )


@functools.lru_cache(maxsize=1)
def _store(path: str) -> Store:
    return Store(path)


@functools.lru_cache(maxsize=1)
def _owned(path: str) -> OwnedFields:
    return OwnedFields(Path(path))


def _own_id(new: Imported) -> UUID:
    """An id for another conversation of an id that is taken: the same at every import."""
    first = new.conversation.messages[0]
    said = f"{first.timestamp}\n".encode() + to_json(first.item)
    return uuid5(new.metadata.id, hashlib.sha256(said).hexdigest())


def _with_id(new: Imported, session_id: UUID) -> Imported:
    context = new.conversation.context
    environment = {OWN_ID: str(new.metadata.id), **context.environment_variables}
    return replace(
        new,
        metadata=msgspec.structs.replace(new.metadata, id=session_id),
        conversation=msgspec.structs.replace(
            new.conversation,
            id=session_id,
            context=msgspec.structs.replace(context, environment_variables=environment),
        ),
    )
