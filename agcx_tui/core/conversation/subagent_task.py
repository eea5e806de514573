"""Which message of a subagent's session is the task that its parent gave it."""

from __future__ import annotations

from agcx_format import MessageSnapshot, MessageSource
from agcx_format.transcript import begins_as_task

__all__ = ["SubagentTask"]

# Messages before it at most: instructions of the agent.
_NEAR = 24


class SubagentTask:
    """That of a source; `awaited` says that the session is a subagent's."""

    def __init__(self, source: MessageSource, awaited: bool) -> None:
        self._source = source
        self._awaited = awaited
        self._found: int | None = None

    @property
    def index(self) -> int | None:
        """The index of the message; None if there is none, or if it is not read yet."""
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
