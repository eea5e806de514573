"""`verify_file` and `verify_store`: checks of one file, and of a store with the relations between its files.

Strategy: one report per file, in the order of the directories, as soon as it is known. Of a checked session,
only what later files are compared with is kept: its id, a fingerprint of its metadata, its checkpoints.
The index is a copy, so an outdated one is worth knowing but not wrong.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from msgspec.structs import replace

from agcx_format.codec import bincode
from agcx_format.disk.open_file import OpenFile
from agcx_format.doctor.companions import verify_checkpoint, verify_copy, verify_index
from agcx_format.doctor.report import FileReport, Finding, ReportDraft, Severity
from agcx_format.doctor.session import verify_session
from agcx_format.doctor.surroundings import Surroundings
from agcx_format.errors import PersistenceError
from agcx_format.layout import LAYOUTS, by_version, checkpoint
from agcx_format.layout.metadata_copies import MetadataCopies
from agcx_format.model.fields import Float32
from agcx_format.model.session import SessionIndex, SessionMetadata
from agcx_format.session.listed import listed
from agcx_format.session.metadata import read_metadata
from agcx_format.store import paths
from agcx_format.store.store import Store

__all__ = ["verify_file", "verify_store"]

_NAMES_SHOWN = 3
_UNSEEN = "sessions that AGCodex does not list, since they are not in the index"


def verify_file(
    path: str | os.PathLike[str], should_stop: Callable[[], bool] = lambda: False
) -> FileReport:
    """Check one file on its own: a session, or by its name a checkpoint, an index, a `.meta`.

    Never raises for the content of the file. If `should_stop` returns True, the report is `stopped`.
    """
    name = os.path.basename(path)
    if name.endswith(checkpoint.SUFFIX):
        return verify_checkpoint(path)
    if name.endswith(".idx"):
        return verify_index(path)[0].finish()
    for layout in LAYOUTS.values():
        if layout.copies is not None and name.endswith(layout.copies.suffix):
            return verify_copy(path, layout.copies)[0].finish()
    return verify_session(path, should_stop)


def verify_store(
    store: Store, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[FileReport]:
    """Check every file of a store, then the relations between them. Changes nothing.

    If `should_stop` returns True, it ends early, without a report of the current file.
    """
    for report in _Checkup(store, should_stop).reports():
        if report.stopped:
            return
        yield report
        if should_stop():
            return


@dataclass
class _Seen:
    """What is remembered of a session."""

    paths: list[str] = field(default_factory=list)
    fingerprint: int | None = None
    checkpoints: frozenset[UUID] = frozenset()
    mtime_ns: int = 0
    layout: int = 1


class _Checkup:
    def __init__(self, store: Store, should_stop: Callable[[], bool]) -> None:
        self._root = store.path
        self._should_stop = should_stop
        self._seen: dict[UUID, _Seen] = {}
        self._whole = ReportDraft(store.path, "store")
        self._surroundings = Surroundings(store.path, self._whole)

    def reports(self) -> Iterator[FileReport]:
        there = self._surroundings.names_in(paths.CHECKPOINTS)
        checkpoints = {ids for name in there if (ids := checkpoint.ids_of(name)) is not None}
        try:
            for layout, path in paths.session_paths(self._root):
                yield self._session(layout, path, checkpoints)
        except PersistenceError as error:
            self._whole.error(error, "store")
        for name in there:
            if name.endswith(checkpoint.SUFFIX):
                yield self._checkpoint(name)
        for copies in (layout.copies for layout in LAYOUTS.values() if layout.copies):
            for name in self._surroundings.names_in(copies.folder):
                if name.endswith(copies.suffix):
                    yield self._copy(name, copies)
        if os.path.lexists(self._root / paths.INDEX):
            yield self._index()
        else:
            self._no_index()
        yield from self._surroundings.leftovers()
        yield from self._surroundings.acts()
        self._twins()
        self._surroundings.check_system()
        whole = self._whole.finish()
        if whole.findings:
            yield whole

    # --- sessions, and what belongs to them

    def _session(self, layout: int, path: str, checkpoints: set[tuple[UUID, UUID]]) -> FileReport:
        report = verify_session(path, self._should_stop)
        metadata = None
        try:
            metadata = _metadata_inside(path)
        except PersistenceError as error:
            report = _with_error(report, error)
        for session_id in filter(None, {paths.id_of(path), metadata.id if metadata else None}):
            self._seen.setdefault(session_id, _Seen()).paths.append(path)
        if metadata is None or report.id is None:
            return report
        seen = self._seen[report.id]
        seen.layout = layout
        seen.fingerprint = _fingerprint(metadata)
        seen.checkpoints = frozenset(each.id for each in metadata.checkpoints)
        seen.mtime_ns = _changed_at(path)
        missing = [each for each in metadata.checkpoints if (report.id, each.id) not in checkpoints]
        if not missing:
            return report
        reason = f"listed, but their files are missing: {_some(each.id for each in missing)}"
        finding = Finding(Severity.WARNING, "missing-checkpoint", "metadata", reason)
        return replace(report, findings=(*report.findings, finding))

    def _checkpoint(self, name: str) -> FileReport:
        report = verify_checkpoint(self._root / paths.CHECKPOINTS / name)
        ids = checkpoint.ids_of(name)
        seen = self._seen.get(ids[0]) if ids else None
        if ids is None or (seen is not None and ids[1] in seen.checkpoints):
            return report
        reason = "its session is not here" if seen is None else "its session does not list it"
        finding = Finding(Severity.INFO, "unlisted", "checkpoint", reason)
        return replace(report, findings=(*report.findings, finding))

    def _copy(self, name: str, copies: MetadataCopies) -> FileReport:
        path = self._root / copies.folder / name
        draft, metadata = verify_copy(path, copies)
        seen = self._seen.get(draft.id) if draft.id else None
        if seen is None:
            draft.add(Severity.INFO, "unlisted", draft.kind, "its session is not here")
        elif seen.fingerprint is None or metadata is None:
            # Reported already; there is nothing to compare.
            pass
        elif _fingerprint(metadata) != seen.fingerprint:
            if _changed_at(path) < seen.mtime_ns:
                reason = "older than the session's file, and not used"
                draft.add(Severity.INFO, "stale", draft.kind, reason)
            else:
                reason = "newer than the session's file, and not what that one says"
                draft.add(Severity.WARNING, "differs", draft.kind, reason)
        return draft.finish()

    def _index(self) -> FileReport:
        draft, index = verify_index(self._root / paths.INDEX)
        if index is not None:
            for severity, code, words, ids in self._index_differences(index):
                draft.add(severity, code, draft.kind, f"{words}: {_some(ids)}")
        return draft.finish()

    def _index_differences(
        self, index: SessionIndex
    ) -> Iterator[tuple[Severity, str, str, list[UUID]]]:
        known = {key for key, seen in self._seen.items() if seen.fingerprint is not None}
        listed = set(index.sessions)
        stale = [
            key
            for key in known & listed
            if _fingerprint(index.sessions[key]) != self._seen[key].fingerprint
        ]
        unseen, lacking = self._unseen(listed), known - listed
        for severity, code, words, ids in (
            (Severity.WARNING, "index-lacks", _UNSEEN, unseen),
            (Severity.INFO, "index-lacks", "sessions that are not in it", lacking - unseen),
            (Severity.INFO, "index-extra", "in it without a file", listed - set(self._seen)),
            (Severity.INFO, "index-stale", "in it as they were before they were last saved", stale),
        ):
            if ids:
                yield severity, code, words, sorted(ids)

    def _unseen(self, listed: Collection[UUID]) -> set[UUID]:
        """Readable sessions that AGCodex would find only by the index, but that the index does not list."""
        needed = {
            key
            for key, seen in self._seen.items()
            if seen.fingerprint is not None and by_version(seen.layout).is_listed_by_index
        }
        return needed.difference(listed)

    def _no_index(self) -> None:
        """Only some layouts need one."""
        if unseen := self._unseen(()):
            reason = f"no index; {_UNSEEN}: {_some(sorted(unseen))}"
            self._whole.add(Severity.WARNING, "index-lacks", "store", reason)

    # --- the store as a whole

    def _twins(self) -> None:
        for session_id, seen in self._seen.items():
            if len(seen.paths) > 1:
                names = ", ".join(os.path.relpath(path, self._root) for path in seen.paths)
                reason = f"{session_id} is the id of {len(seen.paths)} files: {names}"
                self._whole.add(Severity.WARNING, "twins", "store", reason)


def _changed_at(path: str | os.PathLike[str]) -> int:
    """Nanoseconds since 1970; 0 for a file that was deleted in the meantime."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _metadata_inside(path: str) -> SessionMetadata:
    with OpenFile(path) as file:
        return read_metadata(file.fd, file.size, use_mmap=False)


def _with_error(report: FileReport, error: PersistenceError) -> FileReport:
    """The report of a file whose metadata cannot be read, with that error unless it is there already."""
    if report.severity is Severity.ERROR:
        return report
    finding = Finding(Severity.ERROR, "unreadable", error.section or "metadata", error.reason)
    return replace(report, findings=(*report.findings, finding))


def _fingerprint(metadata: SessionMetadata) -> int:
    """Equal for copies of the same state: sizes are left out, since only some copies have them."""
    metadata = listed(metadata)
    return hash(bincode.encode(replace(metadata, file_size=0, compression_ratio=Float32(0.0))))


def _some(ids: Iterable[UUID]) -> str:
    names = [str(each) for each in ids]
    more = f" and {len(names) - _NAMES_SHOWN:,} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(names[:_NAMES_SHOWN]) + more
