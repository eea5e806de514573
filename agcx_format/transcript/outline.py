"""The outline of a conversation: its turns, and which messages are what was said or what failed.

Strategy: one pass in order, which can continue when there are more messages.  A turn begins with each message
of the person.  If a call failed, both the call and its output count as failed.
"""

from __future__ import annotations

import msgspec

from agcx_format.model.items import Message, MessageSnapshot
from agcx_format.model.timestamps import ns_of
from agcx_format.transcript.meaning import Plan, Questions
from agcx_format.transcript.title import short_title
from agcx_format.transcript.tool_calls import CallReader
from agcx_format.transcript.words import genuine_user_text

__all__ = ["Outline", "OutlineTurn"]

# As much of the person's words as names a turn.
_WORDS = 200


class OutlineTurn(msgspec.Struct):
    """What happened from one message of the person to the next.

    Fields:
        start: the number of the person's message, from 0.
        words: its first words; empty for a picture.
        began: when it was sent.
        calls, failed: how many tool calls followed, and how many of them failed.
        seconds: from the person's message to the last one of the turn.
    """

    start: int
    words: str
    began: str
    calls: int = 0
    failed: int = 0
    seconds: float = 0.0


class Outline:
    """Takes the messages of one conversation, from the first.

    Fields:
        turns: in order.
        said: the numbers, from 0, of what the person and the agent said to each other, ascending.
        failed: the numbers of calls that failed, with their outputs, ascending.
        count: how many messages were read.
    """

    def __init__(self) -> None:
        self.turns: list[OutlineTurn] = []
        self.said: list[int] = []
        self.failed: list[int] = []
        self.count = 0
        self._calls = CallReader()
        # By the id of each call: its number, and the turn that it is in.
        self._open: dict[str, tuple[int, OutlineTurn | None]] = {}

    def add(self, index: int, message: MessageSnapshot) -> None:
        """Read message `index`; those before it that were left out cannot be read."""
        self.count = index + 1
        words = genuine_user_text(message.item)
        if words is not None:
            title = short_title(words, _WORDS)
            self.turns.append(OutlineTurn(index, title, message.timestamp))
        turn = self.turns[-1] if self.turns else None
        if turn is not None:
            took = (ns_of(message.timestamp) - ns_of(turn.began)) / 1e9
            turn.seconds = max(turn.seconds, took)
        is_said = isinstance(message.item, Message) and message.item.role == "assistant"
        if self._is_said_by_call(index, message, turn) or is_said or words is not None:
            self.said.append(index)

    def _is_said_by_call(
        self, index: int, message: MessageSnapshot, turn: OutlineTurn | None
    ) -> bool:
        """Count a call or an output; whether it asks the person something or shows a plan."""
        call = self._calls.read(message)
        if call is None:
            return False
        asked = index, turn
        if call.call is not None:
            if turn is not None:
                turn.calls += 1
            if call.call_id:
                self._open[call.call_id] = asked
        elif call.call_id:
            asked = self._open.pop(call.call_id, asked)
        if call.failed:
            self._fail(index, *asked)
        return call.call is not None and isinstance(call.meaning, Questions | Plan)

    def _fail(self, index: int, called: int, turn: OutlineTurn | None) -> None:
        if turn is not None:
            turn.failed += 1
        if called != index:
            self.failed.append(called)
        self.failed.append(index)
        # An output may come after those of later calls.
        self.failed.sort()
