"""Which turn of a conversation a message is in."""

from __future__ import annotations

from bisect import bisect_right

from agcx_format import MessageSnapshot, MessageSource, Pending
from agcx_format.transcript import genuine_user_text

__all__ = ["TurnNumbers"]

# Messages that are looked at in one go: more would be noticed.
_MOST = 5_000


class TurnNumbers:
    """The turns of a source; `counted` says that its writer numbered the messages by turn.

    Otherwise a turn begins with each message of the person, and is known as far as the text of all messages
    before it is in memory.
    """

    def __init__(self, source: MessageSource, counted: bool) -> None:
        self._source = source
        self._counted = counted
        # The messages that begin a turn, and how many messages were looked at.
        self._starts: list[int] = []
        self._seen = 0

    def number(self, index: int, message: MessageSnapshot) -> int | None:
        """The turn of message `index`, from 1; None if it is not known yet."""
        if self._counted:
            return message.turn_index + 1
        for at in range(self._seen, min(index + 1, self._seen + _MOST)):
            found = self._source.get(at)
            if isinstance(found, Pending):
                return None
            if isinstance(found, MessageSnapshot) and genuine_user_text(found.item) is not None:
                self._starts.append(at)
            self._seen = at + 1
        return bisect_right(self._starts, index) or None if self._seen > index else None
