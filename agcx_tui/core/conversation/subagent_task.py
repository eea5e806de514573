"""Which message of a subagent's session is the task that its parent gave it."""

from __future__ import annotations

from uuid import UUID

from agcx_format import MessageSnapshot, MessageSource
from agcx_format.transcript import TaskFinder

__all__ = ["SubagentTask"]

# Messages before it at most, where it does not say so itself: instructions of the agent.
_NEAR = 24


class SubagentTask:
    """That of a source; `parent` is the session that started it, None if a person did."""

    def __init__(self, source: MessageSource, parent: UUID | None) -> None:
        self._source = source
        self._finder = TaskFinder(parent)
        # How many messages from the first were looked at, and which of them are tasks.
        self._read = 0
        self._found: set[int] = set()

    def is_at(self, index: int) -> bool:
        """Whether it is this message, as far as the messages are read."""
        if not 0 <= index < self._source.known():
            return False
        message = self._source.get(index)
        if not isinstance(message, MessageSnapshot):
            return False
        if self._finder.is_marked(message):
            return True
        self._read_on()
        return index in self._found

    def _read_on(self) -> None:
        """Look for one near the beginning that is not marked."""
        while self._finder.is_awaited and self._read < min(_NEAR, self._source.known()):
            message = self._source.get(self._read)
            if not isinstance(message, MessageSnapshot):
                return
            if self._finder.is_task(message):
                self._found.add(self._read)
            self._read += 1
