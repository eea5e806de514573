"""Selects the sessions that a clean-up rule matches, for a preview and for the act alike.

Strategy: conditions that the session list answers are checked first; those that need an open file come last,
only for what is left. All conditions must hold. Protected sessions are spared even if all hold, and listed
apart, unless the rule includes their kind. Nothing is changed here: deleting the selection is an act of the
store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cached_property
from uuid import UUID

from agcx_format.counting import size
from agcx_format.errors import PersistenceError
from agcx_format.model.new import initial_state
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_format.session.lazy import SessionFile
from agcx_format.space.prune_rule import (
    Amount,
    Chosen,
    Protected,
    PruneRule,
    Selection,
    Share,
    Spared,
)
from agcx_format.store.acts.journal import iter_acts
from agcx_format.store.checkpoint_files import checkpoint_files
from agcx_format.store.entries import ScanEntry
from agcx_format.store.import_records import ImportRecords, all_records
from agcx_format.store.store import Store

__all__ = ["last_used", "select"]

Stopped = Callable[[], bool]


def select(
    store: Store,
    rule: PruneRule,
    now_ns: int,
    *,
    should_stop: Stopped = lambda: False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Selection:
    """Select what `rule` matches at the time `now_ns`, in ns since 1970; may have to read every file.

    `progress` is called with the number of files opened so far, and of how many.
    """
    if not rule:
        return Selection((), ())
    return _Run(store, rule, now_ns, should_stop, progress).selection()


class _Stop(Exception):
    """`should_stop` returned True."""


class _Run:
    def __init__(
        self,
        store: Store,
        rule: PruneRule,
        now_ns: int,
        should_stop: Stopped,
        progress: Callable[[int, int], None],
    ) -> None:
        self._store, self._rule, self._now = store, rule, now_ns
        self._should_stop, self._progress = should_stop, progress
        self._reasons: dict[str, list[str]] = {}
        self._entries: list[ScanEntry] = []

    def selection(self) -> Selection:
        try:
            self._entries = sorted(self._scan(), key=last_used, reverse=True)
            entries = self._in_scope(self._entries)
            older = entries[self._rule.keep :] if self._rule.keep is not None else entries
            kept = len(entries) - len(older)
            if self._rule.keep is not None:
                self._say(older, f"not among the newest {kept:,}")
            if self._rule.max_total is not None:
                over = self._beyond(entries, self._bytes(self._rule.max_total, entries))
                older = [entry for entry in older if entry.path in over]
            found = [entry for entry in older if self._fits(entry)]
            if self._rule.duplicates:
                found = self._duplicates(entries, found)
            if self._rule.imported_unchanged:
                found = self._opened(found, self._is_unchanged, "imported, unchanged since")
            selection = self._apart(found)
            if self._rule.free is not None:
                return self._freeing(selection, self._bytes(self._rule.free, entries))
            return selection
        except _Stop:
            return Selection((), (), complete=False)

    def _scan(self) -> Iterable[ScanEntry]:
        for entry in self._store.scan():
            self._check()
            yield entry

    def _check(self) -> None:
        if self._should_stop():
            raise _Stop

    def _say(self, entries: Iterable[ScanEntry], reason: str) -> None:
        for entry in entries:
            self._reasons.setdefault(entry.path, []).append(reason)

    # --- what the list knows

    def _in_scope(self, entries: list[ScanEntry]) -> list[ScanEntry]:
        rule = self._rule
        if rule.model:
            entries = [e for e in entries if e.metadata and _like(e.metadata.model, rule.model)]
            self._say(entries, f"model {rule.model}")
        if rule.tag:
            entries = [
                e
                for e in entries
                if e.metadata and any(_like(tag, rule.tag) for tag in e.metadata.tags)
            ]
            self._say(entries, f"tag {rule.tag}")
        if rule.directory:
            entries = self._opened(entries, self._is_in_directory, f"in {rule.directory}")
        return entries

    def _bytes(self, amount: Amount, entries: list[ScanEntry]) -> int:
        if isinstance(amount, Share):
            return amount.of(sum(map(self._size, entries)))
        return amount

    def _beyond(self, entries: list[ScanEntry], most: int) -> set[str]:
        """The paths of those for which the newer ones, and the protected ones, leave no room."""
        protected = {entry.path for entry in entries if self._protection(entry) is not None}
        left = most - sum(self._size(entry) for entry in entries if entry.path in protected)
        beyond = []
        for entry in entries:
            if entry.path not in protected:
                left -= self._size(entry)
            # What is older than the first that does not fit goes as well.
            if left < 0:
                beyond.append(entry)
        self._say(beyond, f"not among the newest {size(most)}")
        return {entry.path for entry in beyond}

    def _fits(self, entry: ScanEntry) -> bool:
        rule, reasons = self._rule, []
        if rule.older_than is not None:
            if last_used(entry) >= ns_of(rule.older_than):
                return False
            reasons.append(f"last used {Timestamp.from_ns(last_used(entry))[:10]}")
        if rule.larger_than is not None:
            if entry.size <= rule.larger_than:
                return False
            reasons.append(f"larger than {size(rule.larger_than)}")
        if rule.empty:
            if not self._is_empty(entry):
                return False
            reasons.append("empty")
        for reason in reasons:
            self._say([entry], reason)
        return True

    def _is_empty(self, entry: ScanEntry) -> bool:
        """The count in the metadata may be wrong, so the file decides."""
        if entry.metadata is None or entry.metadata.message_count:
            return False
        with _opened(entry) as file:
            return file is not None and len(file) == 0 and file.error is None

    # --- what the files know

    def _opened(
        self, entries: list[ScanEntry], holds: Callable[[ScanEntry, SessionFile], bool], reason: str
    ) -> list[ScanEntry]:
        found = []
        for done, entry in enumerate(entries):
            self._check()
            self._progress(done, len(entries))
            with _opened(entry) as file:
                try:
                    if file is not None and holds(entry, file):
                        found.append(entry)
                except PersistenceError:
                    # A file that cannot be read is not known to match anything.
                    continue
        self._say(found, reason)
        return found

    def _is_in_directory(self, entry: ScanEntry, file: SessionFile) -> bool:
        wanted = str(self._rule.directory).rstrip("/")
        directory = file.context.working_directory.rstrip("/")
        return directory == wanted or directory.startswith(wanted + "/")

    def _is_unchanged(self, entry: ScanEntry, file: SessionFile) -> bool:
        """Imported messages have ids that follow from their position; messages added since do not."""
        if entry.id is None or str(entry.id) in self._edited or file.state != initial_state():
            return False
        written = self._written.get(entry.id, ())
        if written and entry.mtime_ns not in written:
            return False
        for message in file:
            self._check()
            notes = message.metadata
            if notes.message_id.version != 5 or notes.edited or notes.branch_point:
                return False
        return len(file) > 0

    @cached_property
    def _records(self) -> list[ImportRecords]:
        return all_records(self._store.path)

    @cached_property
    def _written(self) -> dict[UUID, set[int]]:
        """When imports wrote each file.  What changed it since may have left the history."""
        found: dict[UUID, set[int]] = {}
        for records in self._records:
            for session, moment in records.written():
                found.setdefault(session, set()).add(moment)
        return found

    @cached_property
    def _edited(self) -> set[str]:
        others = ("delete", "import")
        acts = [
            act for act in iter_acts(self._store.path) if not act.undone and act.kind not in others
        ]
        found = {session.id for act in acts for session in act.sessions}
        for records in self._records:
            found.update(map(str, records.edited()))
        return found

    def _duplicates(self, entries: list[ScanEntry], among: list[ScanEntry]) -> list[ScanEntry]:
        """All but the newest of the sessions with the same messages; `entries` come newest first."""
        alike = self._grouped(entries, lambda file: _digest(file, self._check, first_only=True))
        found: set[str] = set()
        for group in alike:
            for same in self._grouped(group, lambda file: _digest(file, self._check)):
                newest, *others = same
                self._say(others, f"the same messages as “{newest.title}” ({newest.id})")
                found |= {entry.path for entry in others}
        return [entry for entry in among if entry.path in found]

    def _grouped(
        self, entries: Sequence[ScanEntry], key: Callable[[SessionFile], bytes | None]
    ) -> list[list[ScanEntry]]:
        """Groups of two or more, in the order of their first members."""
        groups: dict[bytes, list[ScanEntry]] = {}
        for done, entry in enumerate(entries):
            self._check()
            self._progress(done, len(entries))
            with _opened(entry) as file:
                found = None if file is None else key(file)
            if found is not None:
                groups.setdefault(found, []).append(entry)
        return [group for group in groups.values() if len(group) > 1]

    # --- what is spared

    def _apart(self, found: list[ScanEntry]) -> Selection:
        chosen, spared = [], []
        for entry in found:
            why = self._protection(entry)
            if why is not None:
                spared.append(Spared(entry, why))
                continue
            reasons = tuple(self._reasons.get(entry.path, ()))
            chosen.append(Chosen(entry, self._size(entry), reasons))
        return Selection(tuple(chosen), tuple(spared))

    def _freeing(self, matching: Selection, wanted: int) -> Selection:
        """The longest unused of the sessions that match, as many as it takes to free these bytes."""
        found, left = [], wanted
        for each in reversed(matching.chosen):
            if left <= 0:
                break
            reasons = (*each.reasons, f"among the longest unused, to free {size(wanted)}")
            found.append(replace(each, reasons=reasons))
            left -= each.size
        return replace(matching, chosen=tuple(reversed(found)), missing=max(0, left))

    def _protection(self, entry: ScanEntry) -> Protected | None:
        metadata = entry.metadata
        has_checkpoints = bool(self._beside(entry) or (metadata and metadata.checkpoints))
        is_kind = {
            Protected.UNREADABLE: entry.error is not None or metadata is None,
            Protected.FAVORITES: metadata is not None and metadata.is_favorite,
            Protected.CHECKPOINTS: has_checkpoints,
            Protected.IN_USE: entry.path in self._at_work,
        }
        kinds = (kind for kind, holds in is_kind.items() if holds)
        return next((kind for kind in kinds if kind not in self._rule.include), None)

    def _size(self, entry: ScanEntry) -> int:
        """Bytes with the checkpoints that go with it."""
        return entry.size + sum(size for _, size in self._beside(entry))

    def _beside(self, entry: ScanEntry) -> list[tuple[str, int]]:
        return self._checkpoints.get(str(entry.id), [])

    @cached_property
    def _checkpoints(self) -> dict[str, list[tuple[str, int]]]:
        return checkpoint_files(self._store.path)

    @cached_property
    def _at_work(self) -> set[str]:
        return {entry.path for entry in self._store.at_work(self._entries, self._now)}


def last_used(entry: ScanEntry) -> int:
    """When it was last opened or changed, in ns since 1970; for an unreadable file, last written."""
    metadata = entry.metadata
    if metadata is None:
        return entry.mtime_ns
    return max(ns_of(metadata.last_accessed), ns_of(metadata.updated_at))


def _like(text: str, pattern: str) -> bool:
    return fnmatchcase(text.casefold(), pattern.casefold())


class _opened:
    """A session's open file; None if it cannot be opened."""

    def __init__(self, entry: ScanEntry) -> None:
        self._entry = entry
        self._file: SessionFile | None = None

    def __enter__(self) -> SessionFile | None:
        try:
            self._file = SessionFile(self._entry.path)
        except PersistenceError:
            return None
        return self._file

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            self._file.close()


def _digest(
    file: SessionFile, check: Callable[[], None], *, first_only: bool = False
) -> bytes | None:
    """A digest of the bytes of all messages; None if there are no messages, or one cannot be read."""
    digest, index = hashlib.sha256(), 0
    try:
        while True:
            while index < file.known():
                check()
                digest.update(file.raw(index))
                index += 1
                if first_only:
                    return digest.digest()
            if not file.read_more() and index >= file.known():
                break
    except PersistenceError:
        return None
    return digest.digest() if index and file.error is None else None
