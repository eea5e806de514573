"""What a message says as it is read: the text that a search goes through, and what is known about it.

Strategy: the words are those of `transcript`, which the display asks as well.  Arguments of tools are JSON
text in the file; here they are the lines that the JSON stands for, so that a needle with a quotation mark or
a line break is found as a person sees it.  Pictures and encrypted content say nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from enum import IntEnum

import msgspec

from agcx_format import limits
from agcx_format.model.items import (
    FunctionCall,
    Message,
    MessageSnapshot,
    Reasoning,
    ReasoningWithoutContent,
)
from agcx_format.transcript.outputs import without_surrogates
from agcx_format.transcript.tool_calls import CallReader, ToolCall, tool_call_of_item
from agcx_format.transcript.words import genuine_user_text, text_of

__all__ = ["Kind", "Said", "as_read", "read_messages"]


class Kind(IntEnum):
    """What kind of message it is, as `in:` tells them apart."""

    YOU = 0
    """The person's own words, or a picture of theirs."""
    OTHER = 1
    """What an agent put in: instructions, the environment."""
    ASSISTANT = 2
    REASONING = 3
    CALL = 4
    RESULT = 5


class Said(msgspec.Struct, frozen=True, gc=False):
    """One message as it is read.

    Fields:
        text: what it says; no NUL in it.
        kind: see `Kind`.
        role: of a message its role; else `reasoning` or `tool`.
        time: as the file has it.
        tool: the name of the tool that is called, or whose result this is; empty for others.
        failed: whether a tool call is known to have failed.
        paths: files that a call is about.
    """

    text: str
    kind: Kind
    role: str
    time: str
    tool: str = ""
    failed: bool = False
    paths: tuple[str, ...] = ()


def as_read(item: object) -> str:
    """The text of one item."""
    call = tool_call_of_item(item)
    return _storable(text_of(item) if call is None else _text_of_call(item, call))


def read_messages(messages: Iterable[MessageSnapshot]) -> Iterator[Said]:
    """Every message of one session, in order: results are known by the calls before them."""
    calls = CallReader()
    for message in messages:
        call = calls.read(message)
        yield _said_otherwise(message) if call is None else _said_of_call(message, call)


def _said_of_call(message: MessageSnapshot, call: ToolCall) -> Said:
    text = _storable(_text_of_call(message.item, call))
    kind = Kind.CALL if call.output is None else Kind.RESULT
    return Said(text, kind, "tool", message.timestamp, call.name, call.failed, call.files)


def _said_otherwise(message: MessageSnapshot) -> Said:
    item, metadata = message.item, message.metadata
    kind, role = Kind.OTHER, "other"
    if isinstance(item, Message):
        kind, role = _kind_of(item), item.role
    elif isinstance(item, (Reasoning, ReasoningWithoutContent)):
        kind, role = Kind.REASONING, "reasoning"
    paths = tuple(file.path for file in metadata.file_context)
    failed = any(not record.success for record in metadata.tool_calls)
    return Said(_storable(text_of(item)), kind, role, message.timestamp, "", failed, paths)


def _kind_of(item: Message) -> Kind:
    if item.role == "assistant":
        return Kind.ASSISTANT
    return Kind.OTHER if genuine_user_text(item) is None else Kind.YOU


def _storable(text: str) -> str:
    """Without what no text of a file can be, in characters of the same number."""
    if len(text) > limits.MESSAGE_SHOWN:
        # Such a message is a stub on the screen.
        return ""
    if "\0" in text:
        text = text.replace("\0", "\u2400")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-8", "replace").decode()
    return text


# --- tool calls


def _text_of_call(item: object, call: ToolCall) -> str:
    if call.output is not None:
        return call.output.text
    asked = call.call
    assert asked is not None
    if asked.command is not None:
        return "\n".join(filter(None, (f"{call.name} {asked.command}", asked.directory)))
    if asked.text is not None:
        return f"{call.name} {asked.text}"
    assert isinstance(item, FunctionCall)
    return f"{call.name} {_lines_of(item.arguments)}"


def _lines_of(arguments: str) -> str:
    """JSON as lines of `key: value`, with nothing escaped; what is no JSON as it is."""
    lines: list[str] = []
    try:
        _collect("", without_surrogates(json.loads(arguments)), lines)
    except (ValueError, RecursionError):
        return arguments
    return "\n".join(lines)


def _collect(key: str, value: object, lines: list[str]) -> None:
    if isinstance(value, dict):
        for name, each in value.items():
            _collect(str(name), each, lines)
    elif isinstance(value, list):
        for each in value:
            _collect(key, each, lines)
    else:
        shown = value if isinstance(value, str) else json.dumps(value)
        lines.append(f"{key}: {shown}" if key else shown)
