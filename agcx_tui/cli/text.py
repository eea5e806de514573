"""A conversation as text for a terminal or a pipe.

Strategy: lines come one message at a time as the file is read, so the first stands on the screen
while the last is still compressed.  All text is made safe here.  A message that cannot be shown
stands as a line that says why.
"""

from __future__ import annotations

from collections.abc import Iterator

from agcx_format.errors import PersistenceError
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    LocalShellCall,
    Message,
    MessageSnapshot,
    Reasoning,
    ReasoningWithoutContent,
    ToolCallMetadata,
)
from agcx_format.model.session import SessionMetadata
from agcx_format.model.timestamps import ns_of
from agcx_format.transcript.safe_text import safe_line, safe_text
from agcx_format.transcript.tools import read_call, read_output
from agcx_format.transcript.words import text_of
from agcx_tui.core.words.format import counted, exact, local, size


def heading(metadata: SessionMetadata) -> Iterator[str]:
    """What the session is, in three lines and an empty one."""
    yield safe_line(metadata.title) or "(no title)"
    facts = [
        metadata.model,
        metadata.current_mode.value,
        counted(metadata.message_count, "message"),
        counted(metadata.turn_count, "turn"),
        *(f"#{tag}" for tag in metadata.tags),
    ]
    yield safe_line(" · ".join(facts))
    yield f"{metadata.id} · created {exact(ns_of(metadata.created_at) // 1000)}"
    yield ""


def message_lines(number: int, message: MessageSnapshot | PersistenceError) -> Iterator[str]:
    """A line that says which message it is, its text, and an empty line."""
    if isinstance(message, PersistenceError):
        yield f"[{number}] {safe_line(message.reason)}"
    else:
        facts = [_kind(message), _clock(message), *_notes(message)]
        yield f"[{number}] " + safe_line(" · ".join(facts))
        yield from safe_text(_body(message)).rstrip("\n").split("\n")
    yield ""


def _kind(message: MessageSnapshot) -> str:
    match message.item:
        case Message(role=role):
            return role
        case Reasoning() | ReasoningWithoutContent():
            return "reasoning"
        case LocalShellCall() | FunctionCall() as call:
            return read_call(call).name
        case FunctionCallOutput():
            return "output"
        case other:
            return str(getattr(other, "tag", "other"))


def _clock(message: MessageSnapshot) -> str:
    """Local date and time, to the second; the zone stands in the heading."""
    then = local(ns_of(message.timestamp) // 1000)
    if then is None:
        return message.timestamp
    date = f"{then.tm_year}-{then.tm_mon:02}-{then.tm_mday:02}"
    return f"{date} {then.tm_hour:02}:{then.tm_min:02}:{then.tm_sec:02}"


def _notes(message: MessageSnapshot) -> Iterator[str]:
    if message.metadata.edited:
        yield "edited"
    if message.metadata.branch_point:
        yield "branches"
    if isinstance(message.item, LocalShellCall) and message.item.status.value != "completed":
        yield message.item.status.value.replace("_", " ")
    yield from map(_outcome, message.metadata.tool_calls)


def _outcome(call: ToolCallMetadata) -> str:
    result = "ok" if call.success else f"failed: {call.error or 'no reason given'}"
    return f"{call.execution_time_ms / 1000:.1f} s, {result}"


def _body(message: MessageSnapshot) -> str:
    match message.item:
        case Message(content=content):
            parts = [
                _picture(part) if isinstance(part, InputImage) else getattr(part, "text", str(part))
                for part in content
            ]
            return "\n".join(parts)
        case LocalShellCall() | FunctionCall() as call:
            meant = read_call(call)
            return f"$ {meant.command}" if meant.command else meant.text or meant.arguments
        case FunctionCallOutput(output=output):
            return read_output(output).text
        case Reasoning(encrypted_content=sealed) as item if sealed and not text_of(item):
            return "(encrypted)"
        case other:
            return text_of(other)


def _picture(part: InputImage) -> str:
    """A picture by its kind and size: its bytes mean nothing here."""
    head, comma, data = part.image_url.partition(",")
    if head.startswith("data:") and comma:
        kind = head.removeprefix("data:").split(";")[0]
        return f"(picture: {kind}, {size(len(data) * 3 // 4)})"
    return f"(picture: {part.image_url})"
