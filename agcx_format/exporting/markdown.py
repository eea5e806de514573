"""Exports a conversation as Markdown.

Strategy: each message has a heading, so the outline of the document is the conversation. Everything from the
session is inserted through `embedding`, so that no message can imitate or hide another, and characters that
a terminal would obey are made visible, since documents are read with `cat` too. The document is produced one
message at a time, so a session of any size can be written as it is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from agcx_format.codec.json import to_plain
from agcx_format.counting import counted
from agcx_format.exporting.choice import EVERYTHING, ExportChoice, check_arguments, read_chosen
from agcx_format.exporting.embedding import code_span, embedded, fenced, one_line
from agcx_format.exporting.meanings import answers_markdown, meaning_markdown
from agcx_format.model.items import (
    ContentPart,
    FileContext,
    InputImage,
    InputText,
    Message,
    MessageSnapshot,
    Reasoning,
    ReasoningWithoutContent,
    UnknownItem,
)
from agcx_format.model.session import ConversationContext, ConversationSnapshot, SessionMetadata
from agcx_format.transcript.arguments import readable_arguments
from agcx_format.transcript.escaping import safe_yaml, visible
from agcx_format.transcript.json_text import indented_json
from agcx_format.transcript.modes import ModeChanges
from agcx_format.transcript.reader import ReadMessage
from agcx_format.transcript.tool_calls import ToolCall, tool_call_of_item
from agcx_format.transcript.tools import Call
from agcx_format.transcript.wording import (
    describe_extent,
    describe_image,
    describe_outcome,
    describe_time,
    is_context,
    is_instruction,
    shortened,
)
from agcx_format.transcript.words import is_tool_image

__all__ = ["json_text", "markdown_parts", "to_markdown"]

# Instructions and context longer than this many characters are folded: most sessions begin with pages of
# them.
_FOLDED = 400


def to_markdown(
    metadata: SessionMetadata, conversation: ConversationSnapshot, choice: ExportChoice = EVERYTHING
) -> str:
    """The whole document.

    Raises:
        TypeError: one of the arguments is something else.
    """
    check_arguments(metadata, conversation, choice)
    given = metadata, conversation.messages, conversation.context, choice
    return "".join(markdown_parts(*given, modes=conversation.mode_history))


def markdown_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    context: ConversationContext | None = None,
    choice: ExportChoice = EVERYTHING,
    *,
    modes: ModeChanges = (),
    alone: bool = True,
) -> Iterator[str]:
    """The document in parts: the front matter and title, then each message; join with nothing.

    If it is not `alone` in its file, its facts are in a block below the title, since front matter is only
    valid at the start of a file.
    """
    facts = _facts(metadata, context) if choice.metadata else ""
    if facts and alone:
        yield f"---\n{facts}---\n"
    yield visible(f"\n# {one_line(shortened(metadata.title)) or 'Untitled'}\n")
    if facts and not alone:
        yield visible(f"\n{fenced(facts, 'yaml')}\n")
    directory = context.working_directory if context is not None else ""
    for read in read_chosen(metadata, messages, choice, modes):
        for heading in read.headings:
            yield visible(f"\n## — {one_line(heading)} —\n")
        yield visible(f"\n{_message(read, directory)}\n")


# --- front matter


def _facts(metadata: SessionMetadata, context: ConversationContext | None) -> str:
    """Facts about the session, as lines of YAML."""
    fields: dict[str, object] = {
        "title": metadata.title,
        "id": str(metadata.id),
        "created": metadata.created_at,
        "updated": metadata.updated_at,
        "model": metadata.model,
        "mode": metadata.current_mode.value,
        "messages": metadata.message_count,
        "turns": metadata.turn_count,
        "tags": metadata.tags,
        "favorite": metadata.is_favorite,
    }
    if context is not None:
        fields["directory"] = context.working_directory
    return "".join(f"{name}: {_yaml(value)}\n" for name, value in fields.items())


def _yaml(value: object) -> str:
    """A scalar or list as YAML, whose double-quoted strings are like those of JSON."""
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if not isinstance(value, str):
        return json.dumps(value)
    return safe_yaml(_quoted(str.__str__(value)))


_quoted = json.JSONEncoder(ensure_ascii=False).encode


# --- messages


def _message(read: ReadMessage, directory: str) -> str:
    message, item = read.message, read.message.item
    words = f"{read.number}. {one_line(f'{read.speaker} · {describe_time(message.timestamp)}')}"
    body = [block for block in _body(item, read.call, directory) if block]
    if isinstance(item, Message) and not read.is_task and sum(map(len, body)) > _FOLDED:
        if is_instruction(item):
            body = _folded("Instructions", body)
        elif is_context(item):
            body = _folded("Context", body)
    body += map(_file, message.metadata.file_context)
    body += map(_error, read.errors)
    for when, old in message.metadata.edit_history:
        before = [block for block in _body(old, tool_call_of_item(old), directory) if block]
        body += _folded(f"Until {describe_time(when)}", before)
    notes = [f"*{one_line(note)}*" for note in read.notes]
    return "\n\n".join([f"## {words}", *notes, *body])


def _folded(summary: str, body: list[str]) -> list[str]:
    """Blocks that unfold with a click; `summary` must come from the program, not from data."""
    return [f"<details>\n<summary>{summary}</summary>", *body, "</details>"]


def _body(item: object, call: ToolCall | None, directory: str) -> Iterator[str]:
    """What was said or done; `call` is the tool call, if the item is one or its output."""
    match item:
        case Message():
            yield from map(_part, item.content[1:] if is_tool_image(item) else item.content)
        case Reasoning() | ReasoningWithoutContent():
            yield from _reasoning(item)
        case UnknownItem():
            yield _json_block(item)
    if call is not None:
        if call.call is not None:
            yield from _asked(call.call, directory)
        if words := describe_outcome(call.outcome):
            yield f"*{words}*"
        yield from answers_markdown(call.answers)
        yield from map(_part if call.answers_in_prose else _output_part, call.shown_output)


def _part(part: ContentPart) -> str:
    if isinstance(part, InputImage):
        return f"*Image:* {code_span(describe_image(part.image_url))}"
    if isinstance(part, UnknownItem):
        return _json_block(part)
    return embedded(part.text)


def _reasoning(item: Reasoning | ReasoningWithoutContent) -> Iterator[str]:
    texts = [part.text for part in [*item.summary, *(item.content or [])] if part.text.strip()]
    if texts:
        yield from _folded("Reasoning", [embedded(text) for text in texts])
    elif item.encrypted_content:
        yield f"*Encrypted, {counted(len(item.encrypted_content), 'character')}*"
    else:
        yield "*Nothing was kept of it*"


def _asked(call: Call, directory: str) -> Iterator[str]:
    """A line names the directory of a call only if it is not `directory`, the session's."""
    if call.directory and call.directory not in (".", directory):
        yield f"In {code_span(call.directory)}"
    if call.settings:
        yield f"With {', '.join(map(code_span, call.settings))}"
    if call.meaning is not None:
        yield from meaning_markdown(call.meaning)
    elif call.command is not None:
        yield fenced(call.command, "sh")
    elif call.text is not None:
        yield fenced(call.text, "diff" if call.text.startswith("*** Begin Patch") else "text")
    else:
        yield from _arguments(call)


def _arguments(call: Call) -> Iterator[str]:
    arguments, passages = readable_arguments(call)
    if arguments or not passages:
        yield fenced(arguments, "json")
    for passage in passages:
        if passage.name:
            yield f"*{one_line(passage.name)}:*"
        yield fenced(passage.text, "diff" if passage.is_diff else "text")


def _output_part(part: InputText | InputImage) -> str:
    if isinstance(part, InputImage):
        return _part(part)
    return fenced(part.text, "text") if part.text.strip() else ""


def _error(error: str) -> str:
    if "\n" in error.strip():
        return f"*Error:*\n\n{fenced(error, 'text')}"
    return f"*Error:* {code_span(error)}"


def _file(context: FileContext) -> str:
    extent = one_line(describe_extent(context))
    named = f"*File:* {code_span(context.path)}{', ' if extent else ''}{extent}"
    return named if not context.snippet else f"{named}\n\n{fenced(context.snippet)}"


def _json_block(item: UnknownItem) -> str:
    return fenced(json_text(item), "json")


def json_text(item: UnknownItem) -> str:
    """An item or part of a kind that is not known, as indented JSON."""
    value = to_plain({"type": item.tag, "fields": item.fields()})
    return indented_json(value, repr)
