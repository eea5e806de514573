"""What files for other agents say beside their own format, for an import of this program to read back.

Strategy: both Codex and Claude Code ignore fields that they do not know, on a line and in a header. So a line
has a field `agcx` with what the format has no place for: the notes on the message (its id, edits, branches,
files, how calls went), its turn, and the whole item where the format would change it; the first line has the
notes on the session: its title, tags, star, modes, model, times, tokens, and cost.
"""

from __future__ import annotations

from typing import Any

from agcx_format.codec.json import to_plain
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import ConversationContext, SessionMetadata
from agcx_format.transcript.modes import ModeChanges
from agcx_format.variables import BRANCH, COMMIT, OURS, SOURCE_CHANGED, WRITTEN_BY

__all__ = ["NOTES", "git_facts", "message_notes", "session_notes"]

# The field.
NOTES = "agcx"


# These say of the import itself when and how it was made.
_OF_THE_IMPORT = frozenset({WRITTEN_BY, SOURCE_CHANGED})


def session_notes(
    metadata: SessionMetadata,
    context: ConversationContext | None = None,
    modes: ModeChanges = (),
) -> dict[str, Any]:
    """The notes on a session. Of the environment only what an import has put there: the rest is private."""
    environment = context.environment_variables if context is not None else {}
    return {
        "title": metadata.title,
        "tags": list(metadata.tags),
        "favorite": metadata.is_favorite,
        "mode": metadata.current_mode.value,
        "modes": [[mode.value, str(since)] for mode, since in modes],
        "model": metadata.model,
        "created": str(metadata.created_at),
        "updated": str(metadata.updated_at),
        "environment": {
            name: value
            for name, value in environment.items()
            if name.startswith(OURS) and name not in _OF_THE_IMPORT
        },
    }


def git_facts(context: ConversationContext | None) -> tuple[str, str]:
    """The Git branch and the commit that a session began on; empty where they are not known."""
    environment = context.environment_variables if context is not None else {}
    return environment.get(BRANCH, ""), environment.get(COMMIT, "")


def message_notes(message: MessageSnapshot, *, with_item: bool) -> dict[str, Any]:
    """The notes on a message; with the item itself where the line says something else."""
    notes: dict[str, Any] = {
        "metadata": to_plain(message.metadata),
        "time": str(message.timestamp),
        "turn": message.turn_index,
    }
    return notes | ({"item": to_plain(message.item)} if with_item else {})
