"""`agcx show --activity`: what happened in a session, as text or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agcx_format.transcript import Activity, safe_line
from agcx_tui.core.conversation.activity import activity_facts

if TYPE_CHECKING:
    from agcx_format import SessionMetadata
    from agcx_tui.core.conversation.facts import Fact

_NAME_WIDTH = 20


def activity_lines(activity: Activity) -> Iterator[str]:
    """Each group of facts with its title, and an empty line."""
    for group in activity_facts(activity):
        yield group.title
        for fact in group.facts:
            yield f"  {_line(fact)}".rstrip()
        yield ""


def _line(fact: Fact) -> str:
    note = f"  ({safe_line(fact.note)})" if fact.note else ""
    return f"{safe_line(fact.name):{_NAME_WIDTH}}  {safe_line(fact.value)}{note}"


def activity_json(metadata: SessionMetadata, activity: Activity) -> dict[str, Any]:
    """The session's id and title, and all fields of its activity, with the sums over them."""
    import msgspec

    fields: dict[str, Any] = msgspec.to_builtins(activity)
    sums = {"calls": activity.calls, "added": activity.added, "removed": activity.removed}
    return {"id": str(metadata.id), "title": metadata.title, **fields, **sums}
