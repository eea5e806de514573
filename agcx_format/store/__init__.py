"""A directory of sessions: listing them, saving them, and every change as an act.

>>> from agcx_format import new_session, open_store
>>> store, session = open_store(directory), new_session(title="Red build")
>>> store.save_session(session.metadata.id, *session)
>>> entry = store.resolve(session.metadata.id)  # or the beginning of an id, or a path
>>> act = store.delete([entry])
>>> [(each.kind, each.count) for each in store.log()], [each.title for each in store.trash()]
([('delete', 1)], ['Red build'])
>>> undone = store.undo(act.id)
>>> len(store), store.trash()
(1, [])

`Store` lists its methods by subject; `store.checkpoints` and `store.content` have those about checkpoints and
about what was said.  `find_incoming` finds sessions for `store.copy_in`, `Archive` reads a backup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.store.acts.manifest import Act as Act
    from agcx_format.store.acts.manifest import Edit as Edit
    from agcx_format.store.acts.plan_derived import title_of_checkpoint as title_of_checkpoint
    from agcx_format.store.acts.plan_derived import title_of_second as title_of_second
    from agcx_format.store.backend import SessionStorage as SessionStorage
    from agcx_format.store.backend import SessionStore as SessionStore
    from agcx_format.store.backend import StorageBackend as StorageBackend
    from agcx_format.store.backup.archive import Archive as Archive
    from agcx_format.store.backup.manifest import Backup as Backup
    from agcx_format.store.backup.manifest import BackupFile as BackupFile
    from agcx_format.store.backup.manifest import BackupSession as BackupSession
    from agcx_format.store.backup.restoring import BackupReport as BackupReport
    from agcx_format.store.backup.restoring import Presence as Presence
    from agcx_format.store.backup.restoring import check_objects as check_objects
    from agcx_format.store.backup.restoring import presence as presence
    from agcx_format.store.backup.restoring import verify_backup as verify_backup
    from agcx_format.store.backup.writing import BackedUp as BackedUp
    from agcx_format.store.checkpoint_files import checkpoint_sizes as checkpoint_sizes
    from agcx_format.store.checkpoints import SEPARATOR as SEPARATOR
    from agcx_format.store.checkpoints import CheckpointFile as CheckpointFile
    from agcx_format.store.checkpoints import Checkpoints as Checkpoints
    from agcx_format.store.checkpoints import checkpoint_file as checkpoint_file
    from agcx_format.store.checkpoints import open_conversation as open_conversation
    from agcx_format.store.compression import CompressionLevel as CompressionLevel
    from agcx_format.store.editing import SessionEditor as SessionEditor
    from agcx_format.store.entries import ScanEntry as ScanEntry
    from agcx_format.store.entries import is_link as is_link
    from agcx_format.store.entries import is_recent as is_recent
    from agcx_format.store.entries import own_size as own_size
    from agcx_format.store.incoming import Incoming as Incoming
    from agcx_format.store.incoming import find_incoming as find_incoming
    from agcx_format.store.incoming import incoming_of as incoming_of
    from agcx_format.store.incoming import is_same as is_same
    from agcx_format.store.names import is_checkpoint as is_checkpoint
    from agcx_format.store.paths import SUFFIX as SUFFIX
    from agcx_format.store.paths import folders as folders
    from agcx_format.store.paths import session_paths as session_paths
    from agcx_format.store.paths import store_folder as store_folder
    from agcx_format.store.redacting import Review as Review
    from agcx_format.store.redacting import ReviewedFile as ReviewedFile
    from agcx_format.store.store import SHORTEST_PREFIX as SHORTEST_PREFIX
    from agcx_format.store.store import Store as Store
    from agcx_format.store.store import open_store as open_store
    from agcx_format.store.stored_checkpoint import StoredCheckpoint as StoredCheckpoint
    from agcx_format.store.subagents import subagents_of as subagents_of
    from agcx_format.store.trash import DestroyedInPart as DestroyedInPart
    from agcx_format.store.trash import Emptied as Emptied
    from agcx_format.store.trash import TrashedSession as TrashedSession
    from agcx_format.store.trash import to_destroy as to_destroy
    from agcx_format.store.trash import trashed as trashed

_HOMES = {
    "acts.manifest": "Act Edit",
    "acts.plan_derived": "title_of_checkpoint title_of_second",
    "backend": "SessionStorage SessionStore StorageBackend",
    "backup.archive": "Archive",
    "backup.manifest": "Backup BackupFile BackupSession",
    "backup.restoring": "BackupReport Presence check_objects presence verify_backup",
    "backup.writing": "BackedUp",
    "checkpoint_files": "checkpoint_sizes",
    "compression": "CompressionLevel",
    "editing": "SessionEditor",
    "checkpoints": "CheckpointFile Checkpoints SEPARATOR checkpoint_file open_conversation",
    "entries": "ScanEntry is_link is_recent own_size",
    "incoming": "Incoming find_incoming incoming_of is_same",
    "names": "is_checkpoint",
    "paths": "SUFFIX folders session_paths store_folder",
    "redacting": "Review ReviewedFile",
    "store": "SHORTEST_PREFIX Store open_store",
    "stored_checkpoint": "StoredCheckpoint",
    "subagents": "subagents_of",
    "trash": "DestroyedInPart Emptied TrashedSession to_destroy trashed",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
