"""The lines that most of a Codex rollout consists of, parsed straight into typed values.

Strategy: msgspec checks the fields while it parses, in less time than it takes to make dicts of them. A line
that has another field, or another type in one, is not usual, and is parsed into dicts.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta, Struct, field
from msgspec.json import Decoder

from agcx_format.importing.codex.speakers import PASSTHROUGH
from agcx_format.importing.environment import Count
from agcx_format.importing.json_lines import Usual

__all__ = [
    "USAGE", "Called", "ContextLine", "CustomCalled", "CustomReturned", "EventLine", "ItemLine", "OutputText",
    "Returned", "Said", "SilentEvent", "TaskStarted", "Thought", "TokenCount", "Tokens", "UsageLine",
    "UsualEvent", "UsualItem", "UsualLine", "usual_after",
]  # fmt: skip

_Name = Annotated[str, Meta(min_length=1)]
_Nothing = Annotated[list[Any], Meta(max_length=0)] | None


# The type of a line after each answer.
USAGE: Final = "token_usage_record"


# --- items


class _Item(Struct, gc=False, kw_only=True, forbid_unknown_fields=True):
    """The fields that all items have.

    Fields:
        passthrough: what Codex notes for its own display.
    """

    passthrough: dict[str, Any] | None = field(default=None, name=PASSTHROUGH)


class InputText(Struct, tag="input_text", gc=False):
    text: str


class OutputText(Struct, tag="output_text", gc=False):
    text: str


class SummaryText(Struct, tag="summary_text", gc=False):
    text: str


class Said(_Item, tag="message"):
    """A message of texts alone."""

    role: _Name
    content: list[InputText | OutputText]
    id: str | None = None
    phase: str | None = None


class Thought(_Item, tag="reasoning"):
    summary: list[SummaryText]
    id: _Name | None = None
    content: _Nothing = None
    encrypted_content: str | None = None


class Called(_Item, tag="function_call"):
    name: _Name
    arguments: str
    call_id: _Name
    id: str | None = None
    status: str | None = None


class Returned(_Item, tag="function_call_output"):
    call_id: _Name
    output: str


class CustomCalled(_Item, tag="custom_tool_call"):
    name: _Name
    input: str
    call_id: _Name
    id: str | None = None
    status: str | None = None


class CustomReturned(_Item, tag="custom_tool_call_output"):
    call_id: _Name
    output: str


UsualItem = Said | Thought | Called | Returned | CustomCalled | CustomReturned


class ItemLine(Struct, tag="response_item", gc=False, forbid_unknown_fields=True):
    payload: UsualItem
    timestamp: str
    ordinal: int | None = None


# --- events that repeat items


class _Event(Struct, gc=False, omit_defaults=True):
    """An event without pictures; other fields than these do not matter.

    Fields:
        kind, name: its type, and what a report calls it.
        words: that it repeats.
    """


class _SaidByPerson(_Event, tag="user_message"):
    kind: ClassVar[str] = "user_message"
    name: ClassVar[str] = "event_msg.user_message"
    words: _Name = field(name="message")
    images: _Nothing = None
    local_images: _Nothing = None
    content: _Nothing = None


class _SaidByAgent(_Event, tag="agent_message"):
    kind: ClassVar[str] = "agent_message"
    name: ClassVar[str] = "event_msg.agent_message"
    words: _Name = field(name="message")


class _Thought(_Event, tag="agent_reasoning"):
    kind: ClassVar[str] = "agent_reasoning"
    name: ClassVar[str] = "event_msg.agent_reasoning"
    words: str = field(name="text")
    message: None = None


UsualEvent = _SaidByPerson | _SaidByAgent | _Thought


# --- lines that say nothing, and of which there are as many as calls or turns


class Tokens(Struct, gc=False):
    input_tokens: Count = 0
    cached_input_tokens: Count = 0
    output_tokens: Count = 0
    total_tokens: int | None = None


class _Info(Struct, gc=False):
    total_token_usage: Tokens | None = None
    last_token_usage: Tokens | None = None


class SilentEvent(Struct, gc=False, omit_defaults=True):
    """An event that says nothing; other fields than these do not matter.

    Fields:
        name: what a report calls it.
    """

    name: ClassVar[str] = ""
    turn_id: str | None = None
    review_output: None = None


class TokenCount(SilentEvent, tag="token_count"):
    name: ClassVar[str] = "event_msg.token_count"
    info: _Info | None = None


class TaskStarted(SilentEvent, tag="task_started"):
    name: ClassVar[str] = "event_msg.task_started"
    collaboration_mode_kind: str | None = None


class _TaskComplete(SilentEvent, tag="task_complete"):
    name: ClassVar[str] = "event_msg.task_complete"
    last_agent_message: str | None = None


class _Mode(Struct, gc=False):
    mode: str = ""


class _Context(Struct, gc=False):
    model: str = ""
    cwd: str = ""
    collaboration_mode: _Mode | str | None = None


class ContextLine(Struct, tag="turn_context", gc=False, forbid_unknown_fields=True):
    payload: _Context
    timestamp: str
    ordinal: int | None = None

    @property
    def mode(self) -> str:
        given = self.payload.collaboration_mode
        return (given.mode if isinstance(given, _Mode) else given or "").lower()


class EventLine(Struct, tag="event_msg", gc=False, forbid_unknown_fields=True):
    payload: UsualEvent | TokenCount | TaskStarted | _TaskComplete
    timestamp: str
    ordinal: int | None = None


class UsageLine(Struct, tag=USAGE, gc=False):
    """What one answer took, which the next count of tokens includes."""

    timestamp: str
    ordinal: int | None = None


UsualLine = ItemLine | EventLine | ContextLine | UsageLine

_parse = Decoder(UsualLine).decode


def usual_after(lines: int) -> Usual:
    """Reads the usual lines, after the first ones."""
    return Usual(_parse, lines)
