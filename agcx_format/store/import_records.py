"""What was imported from where: which file became which session, and how the file was then.

Strategy: one file per agent in `imports/` of the store. A file that did not change since is known by its
size and time alone, without reading it or its session. A session that is recorded and not in the store was
deleted there, and is not imported again by itself. The records follow from acts as the index does: what an
undo took back is marked, so that the next import looks at the file again. Damaged records count as missing;
everything is then compared once more.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from agcx_format import limits
from agcx_format.disk.checked_frames import framed, unframed
from agcx_format.disk.durable import Signature, read_exactly
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError
from agcx_format.model.timestamps import Timestamp
from agcx_format.store.acts.act_dirs import SAVE
from agcx_format.store.acts.manifest import Act, Step
from agcx_format.store.paths import IMPORTS

__all__ = [
    "KIND", "ImportRecord", "ImportRecords", "RecordState", "RecordsOfUndo", "all_records",
    "records_after_rollback", "records_step",
]  # fmt: skip

# Of the acts that import.
KIND: Final = "import"
_SUFFIX = ".idx"
_FORMAT = 1
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class RecordState(IntEnum):
    """What became of a file."""

    TAKEN = 0
    # It holds no conversation.
    EMPTY = 1
    # It could not be read.
    FAILED = 2
    # The import was undone.
    WITHDRAWN = 3
    # Its conversation and that in the store do not continue each other.
    KEPT_OUT = 4


class ImportRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One conversation where its agent keeps it, when it was last read.

    Fields:
        source: the path of its file; for a part of a file, also a zero byte and the name of the part.
        size: bytes of the file.
        changed_ns: when it last changed.
        session: the bytes of the session's id; empty if there is none.
        reader: the version of the importer that read it.
        state: what became of it.
        reason: why it was not taken.
        written_ns: when the file of the session was written; 0 if that is not known.
        was_edited: whether that file replaced one that was edited, which keeps what a person changed.
    """

    source: bytes
    size: int
    changed_ns: int
    session: bytes
    reader: str
    state: RecordState = RecordState.TAKEN
    reason: str = ""
    written_ns: int = 0
    was_edited: bool = False

    @property
    def session_id(self) -> UUID | None:
        return UUID(bytes=self.session) if len(self.session) == 16 else None

    def is_edited(self, file: Signature) -> bool:
        """Whether the session, whose file is this one, was changed by anything but an import."""
        return self.was_edited or self.written_ns not in (0, file.mtime_ns)


class _File(msgspec.Struct, array_like=True):
    format: int
    records: list[ImportRecord]


_decode = msgspec.msgpack.Decoder(_File).decode


class ImportRecords:
    """The records of one agent in one store, by their sources.

    Fields:
        path: of the file, relative to the store.
        looked: when an import last looked for new conversations; None if it never did.
    """

    def __init__(self, root: Path, agent: str) -> None:
        self.path = f"{IMPORTS}/{agent}{_SUFFIX}"
        self.looked: Timestamp | None = None
        self._records: dict[bytes, ImportRecord] = {}
        with suppress(OSError, PersistenceError, ValueError), Tree(root) as store:
            self._read(store)

    def _read(self, store: Tree) -> None:
        place = store.place(self.path)
        fd = os.open(place.name, _READ, dir_fd=place.fd)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode) or status.st_size > limits.WHOLE_SECTION:
                return
            found = _decode(unframed(read_exactly(fd, status.st_size, 0)))
        finally:
            os.close(fd)
        if found.format == _FORMAT:
            self._records = {record.source: record for record in found.records}
            self.looked = Timestamp.from_ns(status.st_mtime_ns)

    def __len__(self) -> int:
        return len(self._records)

    def encoded(self) -> bytes:
        """The file with these records."""
        return _encode(self._records)

    def get(self, source: bytes) -> ImportRecord | None:
        return self._records.get(source)

    def session_ids(self) -> set[UUID]:
        """The sessions that were imported, wherever their files are now."""
        return {
            record.session_id
            for record in self._records.values()
            if record.session_id is not None and record.state is RecordState.TAKEN
        }

    def written(self) -> Iterator[tuple[UUID, int]]:
        """The sessions with the time at which an import wrote the file of each, where it is known."""
        for record in self._records.values():
            if record.session_id is not None and record.written_ns:
                yield record.session_id, record.written_ns

    def edited(self) -> Iterator[UUID]:
        """The sessions that a person changed before an import wrote their files again."""
        for record in self._records.values():
            if record.session_id is not None and record.was_edited:
                yield record.session_id

    def written_now(
        self, record: ImportRecord, now_ns: int, replaced: Signature | None
    ) -> ImportRecord:
        """The record of a session whose file is written now, in place of the file `replaced`."""
        before = self._records.get(record.source)
        was_edited = before is not None and replaced is not None and before.is_edited(replaced)
        return msgspec.structs.replace(record, written_ns=now_ns, was_edited=was_edited)

    def changed(self, new: Iterable[ImportRecord]) -> bytes | None:
        """The file with new records in place of older ones of the same sources; None if it has them."""
        different = {
            record.source: record
            for record in map(self._with_time, new)
            if self._records.get(record.source) != record
        }
        return _encode({**self._records, **different}) if different else None

    def _with_time(self, record: ImportRecord) -> ImportRecord:
        """The record with what is known of the session's file, which need not be written each time."""
        before = self._records.get(record.source)
        if record.written_ns or before is None or before.session != record.session:
            return record
        return msgspec.structs.replace(
            record, written_ns=before.written_ns, was_edited=before.was_edited
        )

    def withdrawn(self, sessions: Iterable[UUID]) -> bytes | None:
        """The file in which what these sessions came from is to be looked at again; None if none did."""
        ids = {session.bytes for session in sessions}
        marked = [
            msgspec.structs.replace(record, changed_ns=0, state=RecordState.WITHDRAWN)
            for record in self._records.values()
            if record.session in ids
        ]
        return self.changed(marked)

    def without(self, sessions: Iterable[UUID]) -> bytes | None:
        """The file that knows nothing of what these sessions came from; None if it does not anyway."""
        ids = {session.bytes for session in sessions}
        kept = {
            source: record for source, record in self._records.items() if record.session not in ids
        }
        return _encode(kept) if len(kept) < len(self._records) else None


def _encode(records: Mapping[bytes, ImportRecord]) -> bytes:
    return framed(msgspec.msgpack.encode(_File(_FORMAT, list(records.values()))))


def all_records(root: Path) -> list[ImportRecords]:
    """The records of each agent of which there are any."""
    return [ImportRecords(root, agent) for agent in _agents(root)]


def records_step(root: Path, path: str, data: bytes) -> Step:
    """The step that writes the records of an agent in the same act as the sessions."""
    op = "replace" if os.path.lexists(root / path) else "create"
    return Step(op, path, parts=[data], derived=True)


class RecordsOfUndo:
    """The records that an undo of an act changes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._before: list[Step] = []

    def after(self, act: Act) -> list[Step]:
        """The steps that update them once the act was undone."""
        if act.kind != KIND:
            return []
        steps = _changed_by(self._root, act, ImportRecords.withdrawn)
        # On a full disk an undo is tried twice.
        self._before = self._before or [self._as_it_is(step.path) for step in steps]
        return steps

    def before(self) -> list[Step]:
        """The steps that write them as they were before `after`, since the undo failed."""
        return self._before

    def _as_it_is(self, path: str) -> Step:
        agent = os.path.basename(path).removesuffix(_SUFFIX)
        return records_step(self._root, path, ImportRecords(self._root, agent).encoded())


def records_after_rollback(root: Path, act: Act) -> list[Step]:
    """The steps that update the records once an act was taken back because it was interrupted.

    The import was unwanted, so the next one treats the conversations as never seen.
    """
    return _changed_by(root, act, ImportRecords.without) if act.kind in (KIND, SAVE) else []


def _changed_by(
    root: Path, act: Act, change: Callable[[ImportRecords, list[UUID]], bytes | None]
) -> list[Step]:
    sessions = [UUID(session.id) for session in act.sessions if session.id]
    return [
        records_step(root, each.path, data)
        for each in all_records(root)
        if (data := change(each, sessions))
    ]


def _agents(root: Path) -> list[str]:
    try:
        with Tree(root) as store:
            names = store.names(IMPORTS)
    except (OSError, PersistenceError):
        return []
    return sorted(n.removesuffix(_SUFFIX) for n in names if n.endswith(_SUFFIX))
