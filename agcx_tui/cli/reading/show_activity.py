"""`agcx show --activity`: what happened in a session, as text or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from agcx_format.errors import PersistenceError
from agcx_format.transcript import Activity, safe_line
from agcx_tui.core.conversation.activity import activity_facts
from agcx_tui.core.conversation.facts import usage_facts

if TYPE_CHECKING:
    from agcx_tui.core.conversation.fact import Fact
    from agcx_tui.core.conversation.subject import Conversation

_NAME_WIDTH = 20


def activity_lines(conversation: Conversation, activity: Activity) -> Iterator[str]:
    """Each group of facts with its title, and an empty line."""
    for group in activity_facts(activity, usage_facts(conversation)):
        yield group.title
        for fact in group.facts:
            yield f"  {_line(fact)}".rstrip()
        yield ""


def _line(fact: Fact) -> str:
    note = f"  ({safe_line(fact.note)})" if fact.note else ""
    return f"{safe_line(fact.name):{_NAME_WIDTH}}  {safe_line(fact.value)}{note}"


def activity_json(conversation: Conversation, activity: Activity) -> dict[str, Any]:
    """The session's id and title, and all fields of its activity, with the sums over them.

    Tokens and cost are None if no import recorded them.
    """
    import msgspec

    metadata = conversation.metadata
    fields: dict[str, Any] = msgspec.to_builtins(activity)
    sums = {"calls": activity.calls, "added": activity.added, "removed": activity.removed}
    usage = _usage(conversation)
    return {"id": str(metadata.id), "title": metadata.title, **fields, **sums, **usage}


def _usage(conversation: Conversation) -> dict[str, Any]:
    from agcx_format.importing import source_details

    try:
        environment = conversation.context().environment_variables
    except PersistenceError:
        environment = {}
    details = source_details(environment)
    return {name: details[name] for name in details if name.startswith(("tokens", "cost"))}
