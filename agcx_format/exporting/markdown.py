"""A conversation as Markdown, for people.

Strategy: one heading for each message, in order, so that the document's outline is the
conversation; below it what was said.  Everything that comes from the session is put in through
`embedding`, so that no message can be mistaken for another's or hide one, and what a terminal would obey is
made visible, since a document is looked at with `cat` too.  The document is made in parts,
a message at a time: a session of any size can be written out as it is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from agcx_format.codec.json import to_plain
from agcx_format.counting import counted
from agcx_format.exporting.choice import EVERYTHING, ExportChoice, chosen
from agcx_format.exporting.embedding import code_span, embedded, fenced, one_line
from agcx_format.model.items import (
    ContentItem,
    FileContext,
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
from agcx_format.model.session import ConversationContext, ConversationSnapshot, SessionMetadata
from agcx_format.transcript.safe_text import safe_yaml, visible
from agcx_format.transcript.tools import CallOutcome, read_call, read_output
from agcx_format.transcript.words import genuine_user_text, is_tool_image

__all__ = [
    "counted", "described_image", "errors_of", "heading_of", "is_context", "is_instruction", "json_text",
    "markdown_parts", "notes_in_words", "outcome_in_words", "shortened", "speaker_of",
    "time_in_words", "to_markdown",
]  # fmt: skip

# A title, name or URL that is longer than this says nothing more by its end.
_LONGEST_LINE = 200

_ROLES = {"user": "User", "assistant": "Assistant", "system": "System", "developer": "Developer"}

# What the agent was told is folded when it is longer than this many characters: pages of it open
# most sessions.
_FOLDED = 400


def to_markdown(
    metadata: SessionMetadata, conversation: ConversationSnapshot, choice: ExportChoice = EVERYTHING
) -> str:
    """The whole document."""
    parts = markdown_parts(metadata, conversation.messages, conversation.context, choice)
    return "".join(parts)


def markdown_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    context: ConversationContext | None = None,
    choice: ExportChoice = EVERYTHING,
    *,
    alone: bool = True,
) -> Iterator[str]:
    """The document in parts: the front matter and title, then each message; join with nothing.

    One that is not `alone` in its file has its facts in a block below the title, since front
    matter stands at the beginning of a file.
    """
    facts = _facts(metadata, context) if choice.metadata else ""
    if facts and alone:
        yield f"---\n{facts}---\n"
    yield visible(f"\n# {one_line(shortened(metadata.title)) or 'Untitled'}\n")
    if facts and not alone:
        yield visible(f"\n{fenced(facts, 'yaml')}\n")
    directory = context.working_directory if context is not None else ""
    names: dict[str, str] = {}
    for number, message in chosen(messages, choice):
        yield visible(f"\n{_message(number, message, names, directory)}\n")


# --- front matter


def _facts(metadata: SessionMetadata, context: ConversationContext | None) -> str:
    """What is known of the session, as lines of YAML."""
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
    """A scalar or list as YAML: double-quoted strings are JSON's, save for a few characters."""
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if not isinstance(value, str):
        return json.dumps(value)
    return safe_yaml(json.dumps(str.__str__(value), ensure_ascii=False))


# --- messages


def _message(number: int, message: MessageSnapshot, names: dict[str, str], directory: str) -> str:
    item = message.item
    heading = f"## {number}. {one_line(heading_of(message, names))}"
    body = [block for block in _body(item, message.metadata, directory) if block]
    if isinstance(item, Message) and sum(map(len, body)) > _FOLDED:
        if is_instruction(item):
            body = _folded("Instructions", body)
        elif is_context(item):
            body = _folded("Context", body)
    body += map(_error, errors_of(message))
    for when, old in message.metadata.edit_history:
        before = [block for block in _body(old, None, directory) if block]
        body += _folded(f"Until {time_in_words(when)}", before)
    notes = [f"*{note}*" for note in notes_in_words(message.metadata)]
    return "\n\n".join([heading, *notes, *body])


def is_instruction(message: Message) -> bool:
    """Whether it tells the agent what to be."""
    return message.role in ("system", "developer")


def is_context(message: Message) -> bool:
    """Whether the program, not the person, put the words into the user's mouth."""
    return message.role == "user" and bool(message.content) and genuine_user_text(message) is None


def _folded(summary: str, body: list[str]) -> list[str]:
    """Blocks behind a line to click on; `summary` must come from the program, not from data."""
    return [f"<details>\n<summary>{summary}</summary>", *body, "</details>"]


def heading_of(message: MessageSnapshot, names: dict[str, str]) -> str:
    """Who or what speaks, and when, on one line of plain text.

    `names` are the names of the tools called so far, by call id; it is kept up here.
    """
    return f"{speaker_of(message, names)} · {time_in_words(message.timestamp)}"


def speaker_of(message: MessageSnapshot, names: dict[str, str]) -> str:
    """The first half of `heading_of`."""
    if isinstance(message.item, FunctionCall):
        names[message.item.call_id] = message.item.name
    elif isinstance(message.item, LocalShellCall) and message.item.call_id:
        names[message.item.call_id] = "shell"
    return " ".join(shortened(_speaker(message.item, names)).split())


def _speaker(item: object, names: dict[str, str]) -> str:
    match item:
        case Message() if is_tool_image(item):
            return "Tool image"
        case Message() if is_context(item):
            return "Context"
        case Message():
            return _ROLES.get(item.role) or item.role or "Message"
        case Reasoning() | ReasoningWithoutContent():
            return "Reasoning"
        case LocalShellCall():
            return "Tool call: shell"
        case FunctionCall():
            return f"Tool call: {item.name}"
        case FunctionCallOutput():
            name = names.get(item.call_id)
            return f"Tool output: {name}" if name else "Tool output"
        case UnknownItem():
            return f"Item of an unknown kind: {item.tag}"
    return "Other"


def time_in_words(moment: str) -> str:
    """UTC to the second: a document goes to people in other time zones."""
    date, _, rest = moment.partition("T")
    return f"{date} {rest[:8]} UTC"


def notes_in_words(metadata: MessageMetadata) -> Iterator[str]:
    """What happened to a message."""
    if metadata.edited or metadata.edit_history:
        times = [time_in_words(when) for when, _ in metadata.edit_history]
        last = f", last {times[-1]}" if times else ""
        count = f" {len(times)} times" if len(times) > 1 else ""
        yield f"Edited{count}{last}"
    if metadata.branch_point:
        yield "Branch point"
    if metadata.branch_id is not None:
        yield f"Branch {metadata.branch_id}"


def _body(item: object, metadata: MessageMetadata | None, directory: str) -> Iterator[str]:
    """What was said; without the metadata, as of an item that was edited since, that alone."""
    match item:
        case Message():
            yield from map(_part, item.content[1:] if is_tool_image(item) else item.content)
        case Reasoning() | ReasoningWithoutContent():
            yield from _reasoning(item)
        case FunctionCall() | LocalShellCall():
            yield from _call(item, directory)
        case FunctionCallOutput():
            yield from _output(item, metadata)
        case UnknownItem():
            yield _json_block(item)
    yield from map(_file, metadata.file_context if metadata is not None else ())


def _part(part: ContentItem | UnknownItem) -> str:
    if isinstance(part, InputImage):
        return f"*Image:* {code_span(described_image(part.image_url))}"
    if isinstance(part, UnknownItem):
        return _json_block(part)
    return embedded(part.text)


def shortened(text: str) -> str:
    """At most what one line should hold."""
    return text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}…"


def described_image(url: str) -> str:
    """An image in a few words: type and size of a `data:` URL, otherwise the URL, shortened."""
    if url[:5].lower() != "data:":
        return shortened(url)
    head, _, data = url[5 : 5 + _LONGEST_LINE].partition(",")
    media_type = head.split(";")[0] or "text/plain"
    size = len(url) - 5 - len(head) - 1 if data else 0
    if head.endswith(";base64"):
        size = size * 3 // 4 - url[-2:].count("=")
    return f"{media_type}, {max(0, size):,} bytes"


def _reasoning(item: Reasoning | ReasoningWithoutContent) -> Iterator[str]:
    texts = [part.text for part in [*item.summary, *(item.content or [])] if part.text.strip()]
    if texts:
        yield from _folded("Reasoning", [embedded(text) for text in texts])
    elif item.encrypted_content:
        yield f"*Encrypted, {counted(len(item.encrypted_content), 'character')}*"
    else:
        yield "*Nothing was kept of it*"


def _call(item: FunctionCall | LocalShellCall, directory: str) -> Iterator[str]:
    """`directory` is the session's: only another one is worth a line."""
    call = read_call(item)
    if call.directory and call.directory not in (".", directory):
        yield f"In {code_span(call.directory)}"
    if call.command is not None:
        yield fenced(call.command, "sh")
    elif call.text is not None:
        yield fenced(call.text, "diff" if call.text.startswith("*** Begin Patch") else "text")
    else:
        yield fenced(call.arguments, "json")


def _output(item: FunctionCallOutput, metadata: MessageMetadata | None) -> Iterator[str]:
    output = read_output(item.output)
    if words := outcome_in_words(output.outcome, metadata):
        yield f"*{words}*"
    if output.text.strip():
        yield fenced(output.text, "text")


def errors_of(message: MessageSnapshot) -> list[str]:
    """What the metrics of its tools tell of failures, as far as the result does not say it itself."""
    errors = [call.error for call in message.metadata.tool_calls if call.error]
    if not errors or not isinstance(message.item, FunctionCallOutput):
        return errors
    output = read_output(message.item.output)
    return [error for error in errors if error != output.outcome.error and error not in output.text]


def _error(error: str) -> str:
    if "\n" in error.strip():
        return f"*Error:*\n\n{fenced(error, 'text')}"
    return f"*Error:* {code_span(error)}"


def outcome_in_words(outcome: CallOutcome, metadata: MessageMetadata | None) -> str:
    """How the call went and how long it took, from the result itself or else from the metrics."""
    words, calls = [], metadata.tool_calls if metadata is not None else []
    if outcome.exit_code is not None:
        words.append(f"exit {outcome.exit_code}")
    elif calls:
        ok = all(call.success for call in calls)
        words.append("ok" if ok else "failed")
    elif outcome.success is False:
        words.append("failed")
    milliseconds = sum(call.execution_time_ms for call in calls)
    seconds = outcome.seconds if outcome.seconds is not None else milliseconds / 1000
    if seconds:
        words.append(f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms")
    return " · ".join(words)


def _file(context: FileContext) -> str:
    lines = ""
    if context.line_range is not None:
        lines = f", lines {context.line_range[0]} to {context.line_range[1]}"
    named = f"*File:* {code_span(context.path)}{lines}"
    return named if not context.snippet else f"{named}\n\n{fenced(context.snippet)}"


def _json_block(item: UnknownItem) -> str:
    return fenced(json_text(item), "json")


def json_text(item: UnknownItem) -> str:
    """An item or part of a kind that is not known, as indented JSON."""
    value = to_plain({"type": item.tag, "fields": item.fields()})
    return json.dumps(value, indent=2, ensure_ascii=False, default=repr)
