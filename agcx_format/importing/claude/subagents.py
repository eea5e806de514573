"""Which call of which session started a subagent of Claude Code, and for what."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from agcx_format import limits
from agcx_format.disk.durable import open_regular
from agcx_format.errors import PersistenceError
from agcx_format.importing.fields import as_text
from agcx_format.importing.imported import Parent
from agcx_format.model.ids import session_id

__all__ = ["About", "about_beside", "id_of_subagent", "parent_in", "started_by"]

# What `agent-*.meta.json` says: `agentType`, `description`, `toolUseId`, `parentAgentId`.
About = dict[str, Any]


def id_of_subagent(session: str, agent: str) -> UUID:
    """The id of a subagent's session: its lines have the session id of its parent."""
    return session_id(f"{session}/{agent}", "")


def parent_in(session: str, about: About) -> Parent:
    """The session that a subagent belongs to: another subagent's, if that started it."""
    above = as_text(about.get("parentAgentId"))
    return Parent(
        id_of_subagent(session, above) if above else session_id(session, ""),
        as_text(about.get("toolUseId")),
        as_text(about.get("agentType")),
        as_text(about.get("description")),
    )


def started_by(result: Any, session: str) -> UUID | None:
    """The subagent whose result a line of this session holds; None if it holds none."""
    match result:
        case {"agentId": str(agent)} if agent:
            return id_of_subagent(session, agent)
    return None


def about_beside(transcript: Path) -> About:
    """What the file beside a subagent's transcript says about it; empty if it does not exist."""
    path = transcript.with_name(f"{transcript.name.split('.')[0]}.meta.json")
    try:
        fd, status = open_regular(path)
        with open(fd, "rb") as file:
            found = msgspec.json.decode(file.read(min(status.st_size, limits.MIB)))
    except (OSError, PersistenceError, msgspec.DecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
