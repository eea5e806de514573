"""What a program last read or wrote of each session: whether another program has saved one since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from agcx_format.disk.durable import Signature
from agcx_format.errors import PersistenceError
from agcx_format.store import paths

if TYPE_CHECKING:
    from agcx_format.store.acts.manifest import Step

__all__ = ["LastSeen"]


class LastSeen:
    """The version of each session that a program has read or written; to save over another one is an error.

    A program may change fields of a session that it has loaded, or undo that. It has seen the version that
    comes of it, but what it saves next may still hold the old fields.
    """

    def __init__(self) -> None:
        self._versions: dict[UUID, Signature] = {}
        self._changed: set[UUID] = set()

    def __bool__(self) -> bool:
        """Whether any session was seen."""
        return bool(self._versions)

    def version(self, session_id: UUID) -> Signature | None:
        """The version that was seen; None if none was."""
        return self._versions.get(session_id)

    def knows_fields(self, session_id: UUID) -> bool:
        """Whether the program has read or written all that is in the version that it has seen."""
        return session_id in self._versions and session_id not in self._changed

    def set(self, session_id: UUID, version: Signature) -> None:
        """The program has read or written this version as a whole."""
        self._versions[session_id] = version
        self._changed.discard(session_id)

    def follow(self, session_id: UUID, before: Signature, now: Signature) -> None:
        """The program has added to this version without reading it."""
        if self._versions.get(session_id) == before:
            self._versions[session_id] = now

    def outdated(self, root: Path, steps: Iterable[Step]) -> Set[UUID]:
        """The sessions that these steps are about to change and another program has saved since.

        Raises:
            PersistenceError: the file system cannot say.
        """
        return {
            session_id
            for session_id, step in self._seen_in(steps)
            if Signature.of_target(root / step.path) not in (None, self._versions[session_id])
        }

    def change(self, steps: Iterable[Step], outdated: Set[UUID]) -> None:
        """An act has changed the sessions; a save over those that were outdated stays an error.

        What it wrote counts, not what is there: another program may have saved since.
        """
        self._change([(each, step.after) for each, step in self._seen_in(steps)], outdated)

    def change_back(self, root: Path, steps: Iterable[Step], outdated: Set[UUID]) -> None:
        """The same after the undo of an act with these steps; what is there now counts."""
        now: list[tuple[UUID, Signature | None]] = []
        for session_id, step in self._seen_in(steps):
            version = None
            # The undo is done, whether or not the file system can say what it has left.
            with suppress(PersistenceError):
                version = Signature.of_target(root / step.path)
            now.append((session_id, version))
        self._change(now, outdated)

    def _change(self, now: Sequence[tuple[UUID, Signature | None]], outdated: Set[UUID]) -> None:
        for session_id, version in now:
            # Where a session is gone, what another program saves in its place was not seen.
            if session_id not in outdated and version is not None:
                self._versions[session_id] = version
                self._changed.add(session_id)

    def _seen_in(self, steps: Iterable[Step]) -> Iterator[tuple[UUID, Step]]:
        """The steps with the files of sessions that were seen."""
        for step in steps if self._versions else ():
            session_id = paths.id_of(step.path)
            if session_id in self._versions:
                yield session_id, step
