"""Which session files may belong to a running agent, which would save them again: the one rule for it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from agcx_format.disk.durable import Signature
from agcx_format.errors import PersistenceError
from agcx_format.model.timestamps import ns_of
from agcx_format.store.entries import ScanEntry, is_recent

__all__ = ["in_use", "was_used"]

# An agent notes at least once a day that it works on a session.
_SESSION_NS: Final = 24 * 60 * 60 * 1_000_000_000

# From the beginning of an act until its last file is written.
_LONGEST_ACT_NS: Final = 10 * 60 * 1_000_000_000


def was_used(entry: ScanEntry, now_ns: int) -> bool:
    """Whether the session itself says that it was used in the day before `now_ns`.

    A copy of a store, or one that was restored, has files that are all new, but sessions of any age.  Of
    one that cannot be read this is not known, and it counts as used.
    """
    metadata = entry.metadata
    if metadata is None:
        return True
    return max(ns_of(metadata.updated_at), ns_of(metadata.last_accessed)) > now_ns - _SESSION_NS


def in_use(root: Path, files: Iterable[Signature], now_ns: int) -> set[Signature]:
    """The files that changed in the last minutes before `now_ns`, other than by an act of ours.

    An import counts as an act of ours even where the history does not list it, as one that follows the agent:
    the next import keeps what a person changes in between.
    """
    recent = {file for file in files if is_recent(file.mtime_ns, now_ns)}
    if recent:
        from agcx_format.store.import_records import all_records

        imported = {ns for records in all_records(root) for _, ns in records.written()}
        recent = {file for file in recent if file.mtime_ns not in imported}
    if recent:
        from agcx_format.store.acts.journal import iter_acts

        began = min(file.mtime_ns for file in recent) - _LONGEST_ACT_NS
        # If the history cannot be read, any of them may be an agent's.
        with suppress(PersistenceError):
            for act in iter_acts(root):
                if act.problem is None and ns_of(act.created_at) < began:
                    break
                recent -= {step.after for step in act.steps if step.after is not None}
    return recent
