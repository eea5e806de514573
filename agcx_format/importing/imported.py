"""What an import makes of a conversation: a session, and what is known beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from agcx_format.importing.report import ImportReport
from agcx_format.model.session import ConversationSnapshot, SessionMetadata, SessionState

__all__ = ["Imported", "Parent"]


@dataclass(frozen=True, slots=True)
class Parent:
    """The session that a subagent was started from.

    Fields:
        id: of the parent's session, as its import makes it.
        call_id: of the tool call that started it; empty if that is not known.
        role: what kind of agent it is, in the agent's words.
        task: what it was asked to do.
    """

    id: UUID
    call_id: str = ""
    role: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """A session in the form of `Store.save_session`; its sizes are 0 until it is written.

    `titles` are all titles that an import of an earlier state of the file may have given it. `parent` is set
    for the conversation of a subagent. The messages of a large one are not a list: each iteration reads them
    again, one by one.
    """

    metadata: SessionMetadata
    conversation: ConversationSnapshot
    state: SessionState
    source: Path
    report: ImportReport
    titles: frozenset[str]
    parent: Parent | None = None
