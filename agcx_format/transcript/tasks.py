"""Which messages of a subagent's session are the task that its parent gave it.

Strategy: our importers mark a task as one that continues from the parent. Without such a mark it is the first
text of the role `developer`, which no person said, before anything that a person said.
"""

from __future__ import annotations

import re
from uuid import UUID

from agcx_format.model.items import Message, MessageSnapshot
from agcx_format.transcript.words import genuine_user_text, own_words, text_of

__all__ = ["TASK_SPEAKER", "TaskFinder"]

TASK_SPEAKER = "Task from its parent"
"""Who or what the task of a subagent is from."""

# A block that a program put into the conversation: a tag alone on its line.
_block = re.compile(r"\s*<([\w-]+)[^<>\n]*>[ \t]*\n").match


class TaskFinder:
    """Takes the messages of a session, from the first; `parent` started it, None if a person did.

    Fields:
        is_awaited: whether a task can follow that is not marked as one.
    """

    def __init__(self, parent: UUID | None) -> None:
        self._parent = parent
        self.is_awaited = parent is not None

    def is_task(self, message: MessageSnapshot) -> bool:
        """Whether the next message is a task."""
        if self.is_marked(message):
            self.is_awaited = False
            return True
        if not self.is_awaited:
            return False
        is_task = _begins_as_task(message.item)
        self.is_awaited = is_task is None
        return is_task is True

    def is_marked(self, message: MessageSnapshot) -> bool:
        """Whether any message of the session says that it is a task (see `subagents`)."""
        return self._parent is not None and message.metadata.parent_message_id == self._parent


def _begins_as_task(item: object) -> bool | None:
    """Whether it is one by what it says; None if one may follow."""
    if not isinstance(item, Message):
        return None
    if item.role == "developer":
        text = text_of(item)
        return True if own_words(text) and not _is_block(text) else None
    return False if genuine_user_text(item) is not None else None


def _is_block(text: str) -> bool:
    """Whether all of it is one block, of any name."""
    opening = _block(text)
    return opening is not None and text.rstrip().endswith(f"</{opening[1]}>")
