"""What can be imported: each conversation where its agent keeps it, and whether the store has it already.

Strategy: a file that was imported before is known by its size and time, from the records of the store.
Nothing is opened but databases, and files whose agent was not named.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from agcx_format.disk.durable import os_reason
from agcx_format.errors import ConversionError, PersistenceError
from agcx_format.importing.agent import Agent, Source
from agcx_format.importing.environment import VERSION
from agcx_format.importing.finding import default_places, find_sources
from agcx_format.importing.registry import agents
from agcx_format.importing.source_file import is_missing
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_format.store.import_records import ImportRecord, ImportRecords, RecordState
from agcx_format.store.store import Store

__all__ = ["FoundAgent", "FoundSource", "Paths", "SourceState", "look", "look_at"]

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
"""One path, or several. A text is one path: as an iterable it would be `/` and single letters."""

# A file that changed within this time may be one that is being written.
_RECENT_NS = 60 * 1_000_000_000


class SourceState(StrEnum):
    """What the store has of a conversation.

    One that is kept out and that of its id in the store do not continue each other; each import looks again,
    since the one in the store may have changed.
    """

    NEW = "new"
    GROWN = "grown"
    KNOWN = "known"
    DELETED = "deleted"
    KEPT_OUT = "kept out"


@dataclass(frozen=True, slots=True)
class FoundSource:
    """A conversation where its agent keeps it.

    Fields:
        size: bytes of its file.
        changed_ns: when it last changed.
        state: what the store has of it.
        record: what the last import noted; None if there was none.
    """

    agent: Agent
    source: Source
    size: int
    changed_ns: int
    state: SourceState
    record: ImportRecord | None = None

    @property
    def key(self) -> bytes:
        """Identifies the conversation in what the store remembers of imports."""
        return _key(self.source)

    @property
    def session_id(self) -> UUID | None:
        """The session that it became; None if it became none."""
        return self.record.session_id if self.record else None

    @property
    def was_undone(self) -> bool:
        """Whether the import that took it last was undone; who asks for it again gets it again."""
        return self.record is not None and self.record.state is RecordState.WITHDRAWN

    def has_said(self, reason: str) -> bool:
        """Whether an earlier import said this of the same file; one that is kept out is read each time."""
        if self.state is SourceState.KEPT_OUT:
            return self.record is not None and self.record.reason == reason
        return self.state is SourceState.KNOWN

    @property
    def comes_by_itself(self) -> bool:
        """Whether a background import takes it: it is new or has grown, and no person undid its import,
        deleted it, or edited its session.
        """
        is_fresh = self.state in (SourceState.NEW, SourceState.GROWN)
        states = (RecordState.WITHDRAWN, RecordState.KEPT_OUT)
        return is_fresh and (self.record is None or self.record.state not in states)


@dataclass(frozen=True, slots=True)
class FoundAgent:
    """What an agent keeps on this machine.

    Fields:
        places: those of its default places that exist.
        sources: its conversations.
        errors: what could not be looked at.
        looked: when an import last looked at all of them.
        changing: how many changed within the last minute: an agent may be writing them, or they were copied.
    """

    agent: Agent
    places: tuple[Path, ...]
    sources: tuple[FoundSource, ...]
    errors: tuple[PersistenceError, ...]
    looked: Timestamp | None
    changing: int

    @property
    def counts(self) -> Counter[SourceState]:
        """How many conversations there are in each state."""
        return Counter(each.state for each in self.sources)

    @property
    def fresh(self) -> list[FoundSource]:
        """The conversations that are new or have grown."""
        fresh = (SourceState.NEW, SourceState.GROWN)
        return [each for each in self.sources if each.state in fresh]


def look(
    store: Store | None = None, chosen: Collection[Agent] | None = None
) -> Iterator[FoundAgent]:
    """What each agent keeps in its default places, and what of it the store has; writes nothing.

    Without a store all of it is new.

    Raises:
        PersistenceError: the store cannot be read.
        TypeError: one of `chosen` is not an `Agent`.
    """
    known = _Known(store)
    for agent in agents() if chosen is None else chosen:
        places = tuple(place for place in default_places(agent) if not is_missing(place))
        sources: list[FoundSource] = []
        errors: list[PersistenceError] = []
        for found in known.at(places, agent):
            if isinstance(found, FoundSource):
                sources.append(found)
            else:
                errors.append(found)
        now = Timestamp.now().ns
        recent = sum(0 <= now - each.changed_ns < _RECENT_NS for each in sources)
        looked = known.looked(agent.name)
        yield FoundAgent(agent, places, tuple(sources), tuple(errors), looked, recent)


def look_at(
    store: Store,
    paths: Paths,
    agent: Agent | None = None,
    foreign: Callable[[Path], object] = lambda path: None,
) -> Iterator[FoundSource | PersistenceError]:
    """The conversations in files and below directories, and why one cannot be looked at.

    `paths` is one of them, or several. `agent` is the one that wrote them; without it, each file tells.
    `foreign` is called with each file below a directory that no agent wrote, of those whose names are like
    an agent's.

    Raises:
        PersistenceError: the store cannot be read.
        TypeError: `agent` is not an `Agent`.
    """
    several = (paths,) if isinstance(paths, str | os.PathLike) else paths
    return _Known(store).at(map(Path, several), agent, foreign)


class _Known:
    """What a store has and had; read once."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        ids = () if store is None else store.imports.session_ids()
        self._ids = {session_id.bytes for session_id in ids}
        self._records: dict[str, ImportRecords] = {}

    def looked(self, agent: str) -> Timestamp | None:
        """When an import last looked at all of an agent's conversations."""
        records = self._of(agent)
        return None if records is None else records.looked

    def _of(self, agent: str) -> ImportRecords | None:
        """The records of an agent; None without a store."""
        if agent not in self._records and self._store is not None:
            self._records[agent] = self._store.imports.records(agent)
        return self._records.get(agent)

    def at(
        self,
        paths: Iterable[Path],
        agent: Agent | None,
        foreign: Callable[[Path], object] = lambda path: None,
    ) -> Iterator[FoundSource | PersistenceError]:
        for found in find_sources(paths, agent, foreign):
            if isinstance(found, PersistenceError):
                yield found
            else:
                yield self._source(*found)

    def _source(self, agent: Agent, source: Source) -> FoundSource | PersistenceError:
        try:
            status = os.stat(source.path)
        except OSError as error:
            return ConversionError(os_reason(error), path=source.path)
        changed_ns = status.st_mtime_ns if source.changed is None else ns_of(source.changed)
        size = status.st_size if source.changed is None else 0
        records = self._of(agent.name)
        record = None if records is None else records.get(_key(source))
        state = self._state(record, size, changed_ns)
        return FoundSource(agent, source, size, changed_ns, state, record)

    def _state(self, record: ImportRecord | None, size: int, changed_ns: int) -> SourceState:
        if record is None or record.state is RecordState.WITHDRAWN:
            return SourceState.NEW
        is_there = record.session in self._ids
        if record.state is RecordState.TAKEN and not is_there:
            return SourceState.DELETED
        is_same = (record.size, record.changed_ns, record.reader) == (size, changed_ns, VERSION)
        if is_same and record.state is not RecordState.KEPT_OUT:
            return SourceState.KNOWN
        if not is_there:
            return SourceState.NEW
        return SourceState.KEPT_OUT if is_same else SourceState.GROWN


def _key(source: Source) -> bytes:
    path = os.fsencode(os.path.abspath(source.path))
    return path + b"\0" + os.fsencode(source.part) if source.part else path
