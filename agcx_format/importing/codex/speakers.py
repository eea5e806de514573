"""Who speaks in a message in the person's place: newer versions of Codex say it for each of its parts."""

from __future__ import annotations

from typing import Any

from agcx_format.model import unchecked
from agcx_format.model.items import Message
from agcx_format.transcript.words import genuine_user_text

__all__ = ["PASSTHROUGH", "is_of_program", "spoken"]

# The field of an item that has what Codex notes for itself.
PASSTHROUGH = "internal_chat_message_metadata_passthrough"


def spoken(message: Message, passthrough: Any) -> Message:
    """The message, as the developer's if its words could be the person's and are not."""
    if (
        message.role != "user"
        or not is_of_program(passthrough)
        or genuine_user_text(message) is None
    ):
        return message
    return unchecked.message(message.id, "developer", message.content)


def is_of_program(passthrough: Any) -> bool:
    """Whether the person wrote no part of a message in their place."""
    kinds = passthrough.get("content_item_kinds") if isinstance(passthrough, dict) else None
    return isinstance(kinds, list) and bool(kinds) and not any(map(_may_be_theirs, kinds))


def _may_be_theirs(kind: Any) -> bool:
    # The others are of the program: `agents_md.instructions`, `environments.environment_context`, ….
    return not isinstance(kind, str) or kind in ("", "unknown") or kind.startswith("user.")
