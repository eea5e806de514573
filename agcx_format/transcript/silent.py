"""Messages that say nothing new, which views leave out so that the others are read.

Strategy: models encrypt their reasoning, a message for each thought, and all that can be said of it is that
it is there: once in a turn is enough. Imports add a notice of what a person answered or decided, since
another program may not understand the call that asked; where the call itself says so, the notice is silent.
"""

from __future__ import annotations

from agcx_format.model.items import Message, MessageSnapshot, Reasoning, ReasoningWithoutContent
from agcx_format.transcript.meaning import Plan
from agcx_format.transcript.tool_calls import ToolCall
from agcx_format.transcript.words import genuine_user_text, text_of

__all__ = ["SilentMessages", "is_sealed", "repeats"]


# Not a union, which would be built for each message.
_REASONING = (Reasoning, ReasoningWithoutContent)


def is_sealed(item: object) -> bool:
    """Whether this is reasoning without any readable text."""
    return isinstance(item, _REASONING) and not text_of(item).strip()


def repeats(item: object, call: ToolCall | None) -> bool:
    """Whether this is a notice of what the call before it says."""
    if call is None or not isinstance(item, Message) or item.role != "system":
        return False
    words = text_of(item)
    if call.answers:
        return words == "\n".join(
            f"Asked: {each.question.words}\nAnswered: {each.words}" for each in call.answers
        )
    return isinstance(call.meaning, Plan) and (
        (words == "Plan accepted" and call.outcome.success is True)
        or (words == "Plan rejected" and call.outcome.status == "rejected")
    )


class SilentMessages:
    """Finds the silent messages of a conversation that is read in order."""

    def __init__(self) -> None:
        self._was_sealed = False

    def is_silent(self, message: MessageSnapshot, before: ToolCall | None) -> bool:
        """Whether the next message is silent; `before` is the call or output just before it."""
        item = message.item
        if isinstance(item, Message):
            if self._was_sealed and genuine_user_text(item) is not None:
                self._was_sealed = False
            return repeats(item, before)
        if is_sealed(item):
            was_sealed, self._was_sealed = self._was_sealed, True
            return was_sealed
        return False
