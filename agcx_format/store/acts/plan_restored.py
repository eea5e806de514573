"""The steps that restore sessions from the trash."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from uuid import UUID

from agcx_format.errors import SessionNotFound, StaleSession
from agcx_format.model.session import SessionMetadata
from agcx_format.store import paths
from agcx_format.store.acts.manifest import ActSession, Step
from agcx_format.store.acts.plan import Change
from agcx_format.store.arguments import all_of
from agcx_format.store.index_keeper import as_indexed
from agcx_format.store.trash import TrashedSession

__all__ = ["restoration"]


def restoration(root: Path, wanted: Collection[TrashedSession]) -> Change:
    """The steps that restore sessions.

    Raises:
        StaleSession: two of them were in the same place; `perform` raises it if a place is taken.
        SessionNotFound: one is no longer in the trash.
    """
    steps: dict[str, Step] = {}
    sessions: list[ActSession] = []
    indexed: dict[UUID, SessionMetadata | None] = {}
    for session in all_of(TrashedSession, wanted):
        entry = session.entry()
        if entry is None:
            raise SessionNotFound("in the trash any more", path=session.path)
        if session.origin in steps:
            raise StaleSession("two of them belong here", path=root / session.origin)
        source = f"{paths.TRASH}/{session.act.id}/files"
        steps[session.origin] = Step(
            "restore",
            session.origin,
            expected=session.signature,
            source=f"{source}/{session.origin}",
        )
        for path in session.belongings:
            steps.setdefault(path, Step("restore", path, source=f"{source}/{path}"))
        sessions.append(ActSession(str(session.id or ""), entry.title, session.size))
        if session.id is not None and entry.metadata is not None:
            indexed[session.id] = as_indexed(session.path, entry.layout, entry.metadata)
    return Change(list(steps.values()), sessions, indexed)
