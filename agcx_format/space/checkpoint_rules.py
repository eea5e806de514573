"""Selects the checkpoints that a clean-up takes: those that no session lists, and all but the newest of each.

Strategy: as for sessions, nothing is changed here, and what is protected is spared unless it is included: the
checkpoints of favorites, and of sessions that an agent may be using.  What an unreadable session lists is
unknown, so its checkpoints are spared as well.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from agcx_format.model.timestamps import ns_of
from agcx_format.space.prune_rule import Protected
from agcx_format.store.store import Store
from agcx_format.store.stored_checkpoint import StoredCheckpoint

__all__ = ["CheckpointSelection", "ChosenCheckpoint", "select_checkpoints"]


@dataclass(frozen=True, slots=True)
class ChosenCheckpoint:
    """A checkpoint that a rule takes; `reasons` in words."""

    checkpoint: StoredCheckpoint
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckpointSelection:
    """What a rule takes at one moment, and how many it spares because they are protected."""

    chosen: tuple[ChosenCheckpoint, ...]
    spared: int

    @property
    def size(self) -> int:
        """Bytes that deleting them moves to the trash."""
        return sum(each.checkpoint.size for each in self.chosen)

    @property
    def checkpoints(self) -> list[StoredCheckpoint]:
        """The checkpoints that the rule takes, as `store.checkpoints.delete` takes them."""
        return [each.checkpoint for each in self.chosen]


def select_checkpoints(
    store: Store,
    now_ns: int,
    *,
    unlisted: bool = False,
    keep: int | None = None,
    include: Collection[Protected] = (),
) -> CheckpointSelection:
    """Select checkpoints at the time `now_ns` since 1970.

    `unlisted` takes those that no session lists, `keep` all but that many newest of each session; with both,
    `keep` counts only those that sessions list.

    Raises:
        PersistenceError: a folder cannot be read.
    """
    found = [each for each in store.checkpoints.all() if each.path is not None]
    left = [each for each in found if not (unlisted and each.is_unlisted)]
    older = set() if keep is None else _older(left, keep)
    entries = {each.session.path: each.session for each in found if each.session is not None}
    at_work = {entry.path for entry in store.at_work(entries.values(), now_ns)}
    chosen: list[ChosenCheckpoint] = []
    spared = 0
    for each in found:
        reasons = []
        if unlisted and each.is_unlisted:
            reasons.append(
                "its session does not list it" if each.session else "its session is gone"
            )
        if (each.session_id, each.metadata.id) in older:
            reasons.append(f"not among the newest {keep:,} of its session")
        if not reasons:
            continue
        kind = _protection(each, at_work)
        if kind is not None and kind not in include:
            spared += 1
            continue
        chosen.append(ChosenCheckpoint(each, tuple(reasons)))
    return CheckpointSelection(tuple(chosen), spared)


def _older(found: Sequence[StoredCheckpoint], keep: int) -> set[tuple[UUID, UUID]]:
    """The ids, of session and checkpoint, of all but the newest `keep` of each session."""
    by_session: dict[UUID, list[StoredCheckpoint]] = {}
    for each in found:
        by_session.setdefault(each.session_id, []).append(each)
    older: set[tuple[UUID, UUID]] = set()
    for some in by_session.values():
        newest = sorted(some, key=lambda each: ns_of(each.metadata.created_at), reverse=True)
        older |= {(each.session_id, each.metadata.id) for each in newest[keep:]}
    return older


def _protection(each: StoredCheckpoint, at_work: Collection[str]) -> Protected | None:
    entry = each.session
    if entry is None:
        return None
    if entry.metadata is None or entry.error is not None:
        return Protected.UNREADABLE
    if entry.metadata.is_favorite:
        return Protected.FAVORITES
    return Protected.IN_USE if entry.path in at_work else None
