"""Which fields of a session belong to the person who set them, so that no program replaces them unseen.

Strategy: the history knows which sessions a person gave a title, tags, or a star.  A program that saves a
session without having read it cannot have seen them.
"""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from agcx_format.disk.durable import Signature
from agcx_format.errors import PersistenceError
from agcx_format.model.session import SessionMetadata
from agcx_format.store.acts.journal import iter_acts
from agcx_format.store.paths import TRASH

__all__ = ["OWNED", "OwnedFields"]

# The fields of the metadata that belong to the person who owns the session.
OWNED = ("title", "tags", "is_favorite")


class OwnedFields:
    """What the history of one store says about who set which fields."""

    def __init__(self, root: Path) -> None:
        self._root = root
        # The trash when its acts were read, and the fields by session.
        self._read: Signature | None = None
        self._fields: dict[str, set[str]] = {}

    def kept(self, there: SessionMetadata, given: SessionMetadata) -> SessionMetadata:
        """The metadata `given` to be saved over those `there`, with what a person set."""
        fields = self.of(there.id)
        kept = {name: getattr(there, name) for name in OWNED if name in fields}
        return replace(given, **kept)

    def of(self, session_id: UUID) -> Set[str]:
        """All fields of a session that a person set, `working_directory` included."""
        return self._by_session().get(str(session_id), frozenset())

    def _by_session(self) -> dict[str, set[str]]:
        trash = Signature.at(self._root / TRASH)
        if trash != self._read:
            self._read, self._fields = trash, {}
            try:
                for act in iter_acts(self._root):
                    if act.edit and act.is_kept:
                        for session in act.sessions:
                            self._fields.setdefault(session.id, set()).update(act.edit.fields)
            except PersistenceError:
                # A history that cannot be read says nothing.
                self._read = None
        return self._fields
