"""Sessions that come from elsewhere or go there: repaired files, copies of other stores, and backups.

Strategy: what comes in is an act that can be undone, all or none, and never replaces anything unasked.  A
backup only reads the store.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from agcx_format.store.arguments import all_of, one_of
from agcx_format.store.entries import ScanEntry
from agcx_format.store.saver import StoreSaver

if TYPE_CHECKING:
    from agcx_format.store.acts.manifest import Act
    from agcx_format.store.backup.archive import Archive
    from agcx_format.store.backup.manifest import BackupFile, BackupSession
    from agcx_format.store.backup.writing import BackedUp
    from agcx_format.store.incoming import Incoming

__all__ = ["StoreTransfer"]


class StoreTransfer(StoreSaver):
    """Exchanges sessions with other places; `Store` adds the acts of a person.

    Arguments and errors are those of `StoreSaver`.
    """

    def add_repaired(self, repaired: ScanEntry, title: str | None = None) -> tuple[UUID, Act]:
        """Copy a session that `doctor.repair_beside` repaired elsewhere, under a new id.

        Raises:
            TypeError: it is not a `ScanEntry`.
            StaleSession: the file changed since it was scanned.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.store.acts import plan

        new_id, repaired = uuid4(), one_of(ScanEntry, repaired)
        return new_id, self._writer.act(
            "repair",
            [repaired],
            lambda: plan.duplication(self.path, repaired, new_id, title, self.level),
        )

    def copy_in(self, sessions: Iterable[Incoming]) -> Act:
        """Copy sessions from elsewhere, with their checkpoints; all or none, and nothing is replaced.

        They take the layout of the store's own sessions; an empty store takes theirs.  A file of the same
        layout is copied byte for byte.  `agcx_format.store.find_incoming` finds them.

        Raises:
            TypeError: one of them is not an `Incoming`.
            StaleSession: a session with one of the ids exists already, or a file changed meanwhile.
            LayoutCannotHold: the layout has no place for something in a checkpoint.
            PersistenceError: one of them is damaged, or cannot be read.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.store.acts import plan_incoming
        from agcx_format.store.incoming import Incoming

        wanted = [(each, self.layout_for(each.layout)) for each in all_of(Incoming, sessions)]
        self._writer.make_root()
        return self._writer.act(
            "copy", wanted, lambda: plan_incoming.arrival(self.path, wanted, self.level)
        )

    def back_up(
        self,
        path: str | os.PathLike[str],
        entries: Iterable[ScanEntry] | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> BackedUp:
        """Back up sessions, by default all, to a new archive, or add what is new to one that exists.

        `progress` is called with how many of how many sessions are done.  Nothing in the store changes.

        Raises:
            TypeError: one of the entries is not a `ScanEntry`.
            CorruptData: the file is not an archive, or what was written does not read back.
            LockHeld: another backup is being written to it.
            PersistenceError: it cannot be written, or a folder of the store cannot be read.
        """
        from agcx_format.store.backup.writing import back_up

        chosen = None if entries is None else all_of(ScanEntry, entries)
        return back_up(self, path, chosen, progress)

    def restore_backup(
        self,
        archive: Archive,
        sessions: Iterable[BackupSession],
        others: Iterable[BackupFile] = (),
        replace: Iterable[ScanEntry] | None = None,
    ) -> Act:
        """Restore sessions from a backup, byte for byte; all or none.

        Existing sessions stay, except for the versions in `replace`, which go to the trash.  If it is
        given, other versions of checkpoints whose session is gone go there as well.

        Raises:
            TypeError: one of those to replace is not a `ScanEntry`.
            StaleSession: the store has another version of a session.
            CorruptData: the archive is damaged.
            StoreNotWritable: the store may not be written.
        """
        from agcx_format.store.backup.restoring import restoration

        wanted, more = list(sessions), list(others)
        seen = None if replace is None else all_of(ScanEntry, replace)
        self._writer.make_root()
        return self._writer.act(
            "backup-restore",
            [*wanted, *more],
            lambda: restoration(self.path, archive, wanted, more, seen),
        )
