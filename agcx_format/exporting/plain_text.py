"""Exports a conversation as plain text, or as JSON Lines: one object for each message, for analysis.

Strategy: both pass over the messages once and yield a part for each, so a session of any size can be written
as it is read. The text is for reading and searching: it has no markup, and only characters that a terminal
would obey are changed. All objects have the same keys, so that they form a table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from textwrap import indent
from uuid import UUID

from agcx_format.counting import counted
from agcx_format.exporting.choice import (
    EVERYTHING,
    ExportChoice,
    check_arguments,
    chosen,
    read_chosen,
)
from agcx_format.model.items import (
    ContentPart,
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    LocalShellCall,
    Message,
    MessageMetadata,
    MessageSnapshot,
    Reasoning,
    ReasoningWithoutContent,
    UnknownItem,
)
from agcx_format.model.session import ConversationSnapshot, SessionMetadata
from agcx_format.transcript.escaping import safe_json, visible
from agcx_format.transcript.modes import ModeChanges
from agcx_format.transcript.reader import ReadMessage, TranscriptReader
from agcx_format.transcript.tool_calls import ToolCall, outcome_of_records, tool_call_of_item
from agcx_format.transcript.wording import (
    answer_lines,
    call_parts,
    describe_file,
    describe_image,
    describe_outcome,
    describe_time,
)
from agcx_format.transcript.words import is_tool_image, text_of

__all__ = ["jsonl_parts", "text_parts", "to_text"]


def to_text(
    metadata: SessionMetadata, conversation: ConversationSnapshot, choice: ExportChoice = EVERYTHING
) -> str:
    """The whole text.

    Raises:
        TypeError: one of the arguments is something else.
    """
    check_arguments(metadata, conversation, choice)
    parts = text_parts(metadata, conversation.messages, choice, modes=conversation.mode_history)
    return "".join(parts)


def text_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    choice: ExportChoice = EVERYTHING,
    *,
    modes: ModeChanges = (),
) -> Iterator[str]:
    """The title, then each message; join with nothing."""
    title = " ".join(metadata.title.split()) or "Untitled"
    facts = f"{metadata.id} · {metadata.model} · {counted(metadata.message_count, 'message')}\n"
    yield visible(f"{title}\n{facts if choice.metadata else ''}")
    for read in read_chosen(metadata, messages, choice, modes):
        for each in read.headings:
            yield visible(f"\n── {each} ──\n")
        heading = f"--- {read.number}. {read.speaker} · {describe_time(read.message.timestamp)}"
        parts = [
            heading,
            " · ".join(read.notes),
            describe_outcome(read.call.outcome) if read.call is not None else "",
            *(f"error: {error}" for error in read.errors),
            *_content(read.message.item, read.call),
            *_asides(read.message.metadata),
        ]
        yield visible("\n" + "\n".join(part.rstrip("\n") for part in parts if part) + "\n")


def _asides(metadata: MessageMetadata) -> Iterator[str]:
    """The files that are attached to a message, and its earlier versions, indented."""
    for file in metadata.file_context:
        yield f"file: {describe_file(file)}"
        yield _indented(file.snippet or "")
    for when, item in metadata.edit_history:
        yield f"until {describe_time(when)}:"
        yield _indented("\n".join(filter(None, _content(item, tool_call_of_item(item)))))


def _indented(text: str) -> str:
    return indent(text.rstrip("\n"), "    ")


def _content(item: object, call: ToolCall | None, *, as_json: bool = False) -> Iterator[str]:
    """What was said or done, a part at a time; `call` is the tool call, if the item is one or its output.

    `as_json` is for programs: arguments stay one JSON document.
    """
    match item:
        case Message():
            yield from map(_part, item.content[1:] if is_tool_image(item) else item.content)
        case FunctionCall() | LocalShellCall() | FunctionCallOutput() if call is not None:
            if call.call is not None:
                yield from call_parts(call.call, as_json=as_json)
            yield from answer_lines(call.answers)
            yield from map(_part, call.shown_output)
        case Reasoning() | ReasoningWithoutContent() if not text_of(item).strip():
            sealed = item.encrypted_content
            yield f"[encrypted, {counted(len(sealed), 'character')}]" if sealed else "[not kept]"
        case _:
            yield text_of(item)


def _part(part: ContentPart) -> str:
    if isinstance(part, InputImage):
        return f"[image: {describe_image(part.image_url)}]"
    return str(part.fields()) if isinstance(part, UnknownItem) else part.text


# What a record says about the session, and about the message beside its content.
_ABOUT = frozenset(
    {
        "session_id", "index", "turn", "timestamp", "files", "edited", "earlier", "message_id",
        "parent_message_id", "branch_point", "branch_id", "branch",
    }
)  # fmt: skip


def jsonl_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    choice: ExportChoice = EVERYTHING,
) -> Iterator[str]:
    """A line for each message, its newline included.

    `content` is what a person would read; pictures are in it by type and size. Keys that do not apply
    are null. How a call went (`success`, `exit_code`, `error`, `status`, `duration_ms`) is on the line
    of its output, and on that of the call as far as it is known there. Without the metadata a record has
    no session, place, and time, and no notes.
    """
    reader = TranscriptReader.of(metadata)
    for number, message in chosen(messages, choice):
        read = reader.read(number, message)
        item = message.item
        record = {
            "session_id": str(metadata.id),
            "index": number - 1,
            "turn": read.turn,
            "timestamp": message.timestamp,
            "type": item.tag if isinstance(item, UnknownItem) else item.__struct_config__.tag,
            "role": _role(item),
            "content": "\n".join(filter(None, _content(item, read.call, as_json=True))),
            "tool": _tool(read),
            "call_id": read.call.call_id if read.call is not None else None,
            **_outcome_fields(read),
            **_note_fields(message.metadata),
            "branch": read.branch,
        }
        if not choice.metadata:
            record = {key: value for key, value in record.items() if key not in _ABOUT}
        yield safe_json(json.dumps(record, ensure_ascii=False)) + "\n"


def _outcome_fields(read: ReadMessage) -> dict[str, object]:
    """How a call went; of another message with records of calls, what they say together."""
    call = read.call
    outcome = (
        call.outcome if call is not None else outcome_of_records(read.message.metadata.tool_calls)
    )
    return {
        "success": outcome.success,
        "exit_code": outcome.exit_code,
        "duration_ms": None if outcome.seconds is None else round(outcome.seconds * 1000),
        "error": outcome.error,
        "status": outcome.status,
    }


def _tool(read: ReadMessage) -> str | None:
    """The tool that is called; of another message with records of calls, their tools."""
    if read.call is not None:
        return read.call.name or None
    names = dict.fromkeys(record.tool_name for record in read.message.metadata.tool_calls)
    return ", ".join(filter(None, names)) or None


def _note_fields(metadata: MessageMetadata) -> dict[str, object]:
    """Files, earlier versions, and the place in the tree of branches."""
    return {
        "files": [
            {
                "path": file.path,
                "lines": file.line_range,
                "language": file.language,
                "snippet": file.snippet,
            }
            for file in metadata.file_context
        ],
        "edited": metadata.edited or bool(metadata.edit_history),
        "earlier": [
            {
                "until": when,
                "content": "\n".join(
                    filter(None, _content(item, tool_call_of_item(item), as_json=True))
                ),
            }
            for when, item in metadata.edit_history
        ],
        "message_id": str(metadata.message_id),
        "parent_message_id": _optional_id(metadata.parent_message_id),
        "branch_point": metadata.branch_point,
        "branch_id": _optional_id(metadata.branch_id),
    }


def _optional_id(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _role(item: object) -> str:
    if isinstance(item, Message):
        return item.role
    return "tool" if isinstance(item, FunctionCallOutput) else "assistant"
