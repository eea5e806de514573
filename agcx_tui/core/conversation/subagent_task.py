"""Which message of a subagent's session is the task that its parent gave it."""

from __future__ import annotations

from uuid import UUID

from agcx_format import MessageSnapshot, MessageSource
from agcx_format.transcript import begins_as_task, continues_from

__all__ = ["SubagentTask"]

# Messages before it at most, where it does not say so itself: instructions of the agent.
_NEAR = 24


class SubagentTask:
    """That of a source; `parent` is the session that started it, None if a person did."""

    def __init__(self, source: MessageSource, parent: UUID | None) -> None:
        self._source = source
        self._parent = parent
        # What is looked for near the beginning, until it is found.
        self._awaited = parent is not None
        self._found: int | None = None

    def is_at(self, index: int) -> bool:
        """Whether it is this message, as far as the messages are read."""
        if self._parent is None or not 0 <= index < self._source.known():
            return False
        message = self._source.get(index)
        if not isinstance(message, MessageSnapshot):
            return False
        return continues_from(self._parent, message) or index == self._first()

    def _first(self) -> int | None:
        """The first message that is one by what it says; None if there is none, or it is not read yet."""
        if not self._awaited:
            return self._found
        for index in range(min(_NEAR, self._source.known())):
            found = self._source.get(index)
            if not isinstance(found, MessageSnapshot):
                break
            is_task = begins_as_task(found.item)
            if is_task is not None:
                self._awaited = False
                self._found = index if is_task else None
                break
        return self._found
