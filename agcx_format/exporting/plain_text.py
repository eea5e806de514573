"""A conversation as plain text, and as one JSON object a message for tools that analyse.

Strategy: both go through the messages once and give a part for each, so that a session of any size can
be written out as it is read.  The text is for reading and searching: what was said is as it was,
but for characters that a terminal would obey, and nothing marks it up.  The objects all have the
same keys, so that they make a table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from agcx_format.exporting.choice import EVERYTHING, ExportChoice, chosen
from agcx_format.exporting.markdown import (
    counted,
    described_image,
    errors_of,
    heading_of,
    outcome_in_words,
)
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    LocalShellCall,
    Message,
    MessageSnapshot,
    Reasoning,
    ReasoningWithoutContent,
    UnknownItem,
)
from agcx_format.model.session import ConversationSnapshot, SessionMetadata
from agcx_format.transcript.safe_text import safe_json, visible
from agcx_format.transcript.tools import read_call, read_output
from agcx_format.transcript.words import is_tool_image, text_of

__all__ = ["jsonl_parts", "text_parts", "to_text"]


def to_text(
    metadata: SessionMetadata, conversation: ConversationSnapshot, choice: ExportChoice = EVERYTHING
) -> str:
    """The whole text."""
    return "".join(text_parts(metadata, conversation.messages, choice))


def text_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    choice: ExportChoice = EVERYTHING,
) -> Iterator[str]:
    """The title, then each message; join with nothing."""
    title = " ".join(metadata.title.split()) or "Untitled"
    facts = f"{metadata.id} · {metadata.model} · {counted(metadata.message_count, 'message')}\n"
    yield visible(f"{title}\n{facts if choice.metadata else ''}")
    names: dict[str, str] = {}
    for number, message in chosen(messages, choice):
        heading = heading_of(message, names)
        errors = (f"error: {error}" for error in errors_of(message))
        parts = [f"--- {number}. {heading}", _outcome(message), *errors, *_said(message.item)]
        yield visible("\n" + "\n".join(part.rstrip("\n") for part in parts if part) + "\n")


def _outcome(message: MessageSnapshot) -> str:
    if not isinstance(message.item, FunctionCallOutput):
        return ""
    return outcome_in_words(read_output(message.item.output).outcome, message.metadata)


def _said(item: object) -> Iterator[str]:
    match item:
        case Message():
            for part in item.content[1:] if is_tool_image(item) else item.content:
                if isinstance(part, InputImage):
                    yield f"[image: {described_image(part.image_url)}]"
                else:
                    yield str(part.fields()) if isinstance(part, UnknownItem) else part.text
        case FunctionCall() | LocalShellCall():
            call = read_call(item)
            yield f"$ {call.command}" if call.command is not None else call.text or call.arguments
        case FunctionCallOutput():
            yield read_output(item.output).text
        case Reasoning() | ReasoningWithoutContent():
            yield text_of(item) or ("[encrypted]" if item.encrypted_content else "[not kept]")
        case _:
            yield text_of(item)


# What a record says of the session and of the message's place in it.
_ABOUT = ("session_id", "index", "turn", "timestamp")


def jsonl_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    choice: ExportChoice = EVERYTHING,
) -> Iterator[str]:
    """A line for each message, its newline included.

    `content` is what a person would read; images are in it by type and size.  Keys that do not
    apply are null.  Without the metadata a record has no session, place and time.
    """
    names: dict[str, str] = {}
    for number, message in chosen(messages, choice):
        item = message.item
        heading_of(message, names)
        calls = message.metadata.tool_calls
        call_id = getattr(item, "call_id", None)
        record = {
            "session_id": str(metadata.id),
            "index": number - 1,
            "turn": message.turn_index,
            "timestamp": message.timestamp,
            "type": item.tag if isinstance(item, UnknownItem) else item.__struct_config__.tag,
            "role": _role(item),
            "content": "\n".join(part for part in _said(item) if part),
            "tool": names.get(call_id) if call_id else None,
            "call_id": call_id,
            "success": all(call.success for call in calls) if calls else None,
            "duration_ms": sum(call.execution_time_ms for call in calls) if calls else None,
        }
        if not choice.metadata:
            record = {key: value for key, value in record.items() if key not in _ABOUT}
        yield safe_json(json.dumps(record, ensure_ascii=False)) + "\n"


def _role(item: object) -> str:
    if isinstance(item, Message):
        return item.role
    return "tool" if isinstance(item, FunctionCallOutput) else "assistant"
