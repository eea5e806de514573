"""What a store has besides sessions: leftovers of interrupted writes, the acts in its trash, its lock, and a
file system that can do more or less.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from agcx_format.disk import lock_file, locks
from agcx_format.disk.compare_and_swap import NO_EXCHANGE, has_exchange
from agcx_format.disk.durable import TEMPORARY, os_reason
from agcx_format.disk.exchange_name import ExchangeName
from agcx_format.disk.tree import Tree
from agcx_format.doctor.report import FileReport, ReportDraft, Severity
from agcx_format.errors import PersistenceError
from agcx_format.store import paths, staging
from agcx_format.store.acts import act_dirs, emptied, journal, reserve

__all__ = ["Surroundings"]


class Surroundings:
    """Checks all this in the store at `root`; what is about the store as a whole is added to `whole`."""

    def __init__(self, root: Path, whole: ReportDraft) -> None:
        self._root, self._whole = root, whole

    def check_system(self) -> None:
        """Check the lock and the file system."""
        self._locks()
        self._mounts()
        self._exchange()

    def _locks(self) -> None:
        if not locks.has_locks(self._root):
            self._whole.add(Severity.INFO, "no-locks", "store", locks.NO_LOCKS)
        owner = lock_file.owner_of(self._root)
        if owner is not None and (owner.is_gone or locks.has_locks(self._root)):
            reason = f"{lock_file.NAME} was left behind: nobody is changing the store"
            self._whole.add(Severity.INFO, "left-lock", "store", reason)
        elif owner is not None:
            reason = f"{owner} is changing it; if not, remove {lock_file.NAME}"
            self._whole.add(Severity.INFO, "locked", "store", reason)

    def _mounts(self) -> None:
        """Acts move files from any folder of a store into its trash."""
        with contextlib.suppress(OSError):
            device = os.stat(self._root).st_dev
            for folder in (*paths.written_folders(), paths.TRASH):
                with contextlib.suppress(FileNotFoundError):
                    if os.lstat(self._root / folder).st_dev != device:
                        reason = f"{folder} is on another file system: nothing in it can be changed"
                        self._whole.add(Severity.WARNING, "other-file-system", "store", reason)

    def _exchange(self) -> None:
        """Tests only the trash, where only this program writes; an unchanged store has none."""
        if not os.access(self._root / paths.TRASH, os.W_OK):
            return
        with (
            contextlib.suppress(PersistenceError, OSError),
            Tree(self._root) as store,
            store.below(paths.TRASH) as trash,
        ):
            if not has_exchange(trash):
                self._whole.add(Severity.INFO, "no-exchange", "store", NO_EXCHANGE)

    # --- files

    def leftovers(self) -> Iterator[FileReport]:
        """Files of interrupted writes. Those of Rust are never removed: they may be the only copy."""
        for folder in paths.written_folders():
            for name in self.names_in(folder):
                path = self._root / folder / name
                if name.endswith(".tmp"):
                    yield _leftover(path, Severity.WARNING, "an unfinished write of AGCodex")
                elif name.startswith(".") and name.endswith(TEMPORARY):
                    reason = "an unfinished write of ours, removed by the next change of the store"
                    yield _leftover(path, Severity.INFO, reason)
                elif name.startswith(".") and name.endswith(act_dirs.ASIDE):
                    reason = "it was to be destroyed: the next change of the store puts it back"
                    yield _leftover(path, Severity.INFO, reason)
                elif ExchangeName.parse(name) is not None:
                    reason = (
                        "a save of ours was interrupted: if another program saved at that moment, the next "
                        "change of the store puts that back"
                    )
                    yield _leftover(path, Severity.INFO, reason)

    def acts(self) -> Iterator[FileReport]:
        """What is in the trash and cannot be undone: interrupted acts and imports, damaged manifests."""
        try:
            names = act_dirs.act_names(self._root)
        except PersistenceError as error:
            self._unreadable(paths.TRASH, error)
            return
        unfinished = sorted(name for name in names if name.endswith(act_dirs.UNFINISHED))
        yield from map(self._interrupted_act, unfinished)
        staged = self._staged()
        abandoned = [name for name, is_used in staged.items() if not is_used]
        yield from map(self._interrupted_import, abandoned)
        explained = {*unfinished, *staged, emptied.FILE, reserve.FILE, reserve.FOLDER}
        yield from self._without_undo(set(names), explained)

    def _interrupted_act(self, name: str) -> FileReport:
        act_dir = self._root / paths.TRASH / name
        if os.path.lexists(act_dir / act_dirs.MANIFEST):
            reason = "it was interrupted: the next change of the store sets it right"
        else:
            reason = (
                "it was interrupted before anything changed: the next change of the store removes it, "
                "except for new files that were written"
            )
        return _act(act_dir, reason)

    def _interrupted_import(self, name: str) -> FileReport:
        reason = "an import of ours that was interrupted, removed by the next change of the store"
        return _leftover(self._root / paths.TRASH / name, Severity.INFO, reason)

    def _without_undo(self, names: set[str], explained: set[str]) -> Iterator[FileReport]:
        """What else is in the trash but is no act that can be undone; `names` are those of all acts."""
        try:
            problems = {act.id: act.problem for act in journal.iter_acts(self._root)}
        except PersistenceError as error:
            self._unreadable(paths.TRASH, error)
            return
        try:
            emptied.read(self._root)
        except PersistenceError as error:
            self._unreadable(f"{paths.TRASH}/{emptied.FILE}", error)
        for name in self.names_in(paths.TRASH):
            if name in explained:
                continue
            problem = problems.get(act_dirs.act_id_of(name), "") if name in names else ""
            if problem:
                reason = f"it cannot be undone, but what it holds can be restored: {problem}"
                yield _act(self._root / paths.TRASH / name, reason)
            elif problem is not None:
                reason = "nothing says what it holds: it cannot be undone"
                yield _act(self._root / paths.TRASH / name, reason)

    def _unreadable(self, name: str, error: PersistenceError) -> None:
        self._whole.add(Severity.ERROR, "unreadable", "store", f"{name}: {error.reason}")

    def _staged(self) -> dict[str, bool]:
        """The folders of imports, and whether each is in use."""
        with contextlib.suppress(PersistenceError, OSError), Tree(self._root) as store:
            return staging.folders(store)
        return {}

    def names_in(self, folder: str) -> list[str]:
        """The names in a folder; an unreadable folder is reported once."""
        try:
            return sorted(os.listdir(self._root / folder))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as cause:
            reason = f"{folder or 'the store'}: {os_reason(cause)}"
            if reason not in (finding.reason for finding in self._whole.finish().findings):
                self._whole.add(Severity.ERROR, "unreadable", "store", reason)
            return []


def _leftover(path: os.PathLike[str], severity: Severity, reason: str) -> FileReport:
    draft = ReportDraft(path, "leftover")
    with contextlib.suppress(OSError):
        draft.size = os.lstat(path).st_size
    draft.add(severity, "leftover", "file", reason)
    return draft.finish()


def _act(home: os.PathLike[str], reason: str) -> FileReport:
    draft = ReportDraft(home, "act")
    draft.add(Severity.WARNING, "act", "act", reason)
    return draft.finish()
