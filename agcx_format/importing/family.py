"""How a session and its subagents are linked, in both directions.

The session of a subagent has the tags of `agcx_format.subagents`, and in the environment of its context
`AGCX_PARENT`, `AGCX_PARENT_CALL`, and `AGCX_ROLE`. The session that started it has `AGCX_SUBAGENTS`: a JSON
object with the id of each subagent's session by the id of the call that started it.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from agcx_format.importing.imported import Parent
from agcx_format.subagents import SUBAGENT, parent_tag
from agcx_format.transcript.title import short_title
from agcx_format.variables import PARENT, PARENT_CALL, ROLE, SUBAGENTS

__all__ = ["family", "links", "title_of"]


def links(parent: Parent | None) -> list[str]:
    """The tags of a subagent."""
    return [] if parent is None else [SUBAGENT, parent_tag(parent.id)]


def title_of(parent: Parent, title: str) -> str:
    """The title of a subagent: what kind it is, and its task."""
    task = short_title(parent.task) or title
    role = " ".join(parent.role.split())
    return short_title(f"{role}: {task}" if role and role != task else task)


def family(parent: Parent | None, subagents: Mapping[str, UUID]) -> dict[str, str]:
    """What goes into the environment."""
    found: dict[str, str] = {}
    if parent is not None:
        found |= {PARENT: str(parent.id), PARENT_CALL: parent.call_id, ROLE: parent.role}
    if subagents:
        ids = {call: str(each) for call, each in subagents.items()}
        found[SUBAGENTS] = msgspec.json.encode(ids).decode()
    return found
