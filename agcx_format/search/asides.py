"""What a message shows beside its own text: environment, files with snippets, errors, earlier versions.

These are what the display says of the metadata of a message, in its words; each is a text of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    LocalShellCall,
    MessageSnapshot,
    ToolCallMetadata,
)
from agcx_format.transcript.wording import describe_file, describe_record

__all__ = ["MADE_WORDS", "asides_of"]

MADE_WORDS = ("lines", "failed")
"""The words of five letters or more in these texts that need not be in the file."""


def asides_of(message: MessageSnapshot, read: Callable[[object], str]) -> list[str]:
    """The texts, in the order of the display; `read` gives that of an earlier version."""
    item, metadata = message.item, message.metadata
    texts: list[str] = []
    if isinstance(item, LocalShellCall) and item.action.env:
        texts.append("\n".join(f"{key}={value}" for key, value in item.action.env.items()))
    for file in metadata.file_context:
        texts.append(describe_file(file))
        if file.snippet:
            texts.append(file.snippet)
    if metadata.tool_calls:
        texts += _records(message, metadata.tool_calls)
    texts += [read(earlier) for _, earlier in reversed(metadata.edit_history)]
    return texts


def _records(message: MessageSnapshot, records: list[ToolCallMetadata]) -> Iterator[str]:
    if not isinstance(message.item, FunctionCall | FunctionCallOutput | LocalShellCall):
        for record in records:
            yield "\n".join(filter(None, (describe_record(record), record.error)))
    elif any(record.error for record in records):
        from agcx_format.transcript.tool_calls import tool_call

        call = tool_call(message) or tool_call(None, message)
        if call is not None:
            yield from call.unsaid_errors
