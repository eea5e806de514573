"""Constructors that do not check the fields of a value, for importers, which make a hundred thousand.

Strategy: a value checks its fields when it is constructed, which takes several times as long as the
construction. An importer has just looked at the types of what it found in the JSON, to tell what it is.
Callers of these must have done the same: nothing is checked here. What is written to a file is checked in
any case, as deep as it goes (see `value_checks`), so a mistake cannot damage a session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from agcx_format.model.items import (
    ContentPart,
    FileContext,
    FunctionCall,
    FunctionCallOutput,
    InputText,
    Item,
    Message,
    MessageMetadata,
    MessageSnapshot,
    OutputText,
    PlainText,
    Reasoning,
    ReasoningText,
    SummaryText,
    ToolCallMetadata,
)

__all__ = [
    "file_context", "function_call", "function_call_output", "input_text", "message", "message_metadata",
    "message_snapshot", "output_text", "reasoning", "summary_text", "tool_call_metadata",
]  # fmt: skip

_Thoughts = Sequence[ReasoningText | PlainText] | None

input_text: Callable[[str], InputText] = InputText.unchecked
output_text: Callable[[str], OutputText] = OutputText.unchecked
summary_text: Callable[[str], SummaryText] = SummaryText.unchecked

# Each takes the fields in their order.
message: Callable[[str | None, str, Sequence[ContentPart]], Message] = Message.unchecked
reasoning: Callable[[str, Sequence[SummaryText], _Thoughts, str | None], Reasoning] = (
    Reasoning.unchecked
)
function_call: Callable[[str | None, str, str, str], FunctionCall] = FunctionCall.unchecked
function_call_output: Callable[[str, str], FunctionCallOutput] = FunctionCallOutput.unchecked

file_context: Callable[[str, tuple[int, int] | None, str | None, str | None], FileContext] = (
    FileContext.unchecked
)
tool_call_metadata: Callable[[str, int, bool, str | None], ToolCallMetadata] = (
    ToolCallMetadata.unchecked
)
message_metadata: Callable[
    [
        bool, Sequence[tuple[str, Item]], bool, UUID | None, UUID | None, UUID, Sequence[FileContext],
        Sequence[ToolCallMetadata],
    ],
    MessageMetadata,
] = MessageMetadata.unchecked  # fmt: skip
message_snapshot: Callable[[Item, str, int, MessageMetadata], MessageSnapshot] = (
    MessageSnapshot.unchecked
)
