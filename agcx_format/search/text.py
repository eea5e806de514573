"""What a message says as it is read: the text that a search goes through, and what is known about it.

Strategy: the words are those of `transcript`, which the display asks as well.  Arguments of tools are JSON
text in the file; here they are the lines that the JSON stands for, so that a needle with a quotation mark or
a line break is found as a person sees it.  Pictures and encrypted content say nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from agcx_format import limits
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputText,
    LocalShellCall,
    Message,
    MessageSnapshot,
    OutputText,
    Reasoning,
    ReasoningWithoutContent,
    ToolCallMetadata,
)
from agcx_format.search.asides import asides_of
from agcx_format.search.said import Kind, Said, storable
from agcx_format.transcript.json_text import decoded_json
from agcx_format.transcript.outputs import read_output
from agcx_format.transcript.tools import FILE_KEYS, SHELL, read_call, typed_command
from agcx_format.transcript.words import genuine_user_text, text_of

__all__ = ["as_read", "read_messages", "shown_texts"]


def as_read(item: object) -> str:
    """The text of one item."""
    if isinstance(item, (FunctionCall, LocalShellCall)):
        return storable(_asked(item)[0])
    return storable(text_of(item))


def shown_texts(message: MessageSnapshot) -> list[str]:
    """The texts of one message: its own as read, then what is shown beside it.

    A search goes through them as one text, with a line break between two of them.
    """
    return [as_read(message.item), *_asides(message)]


def _asides(message: MessageSnapshot) -> list[str]:
    return list(map(storable, asides_of(message, as_read)))


def read_messages(messages: Iterable[MessageSnapshot]) -> Iterator[Said]:
    """Every message of one session, in order: results are known by the calls before them.

    What `CallReader` would say of each call, without making its objects: reading a store takes half the
    time.
    """
    calls: dict[str, _Asked] = {}
    for message in messages:
        item = message.item
        if isinstance(item, Message):
            yield _said(message, _text_of_message(item), _kind_of(item), item.role)
        elif isinstance(item, FunctionCallOutput):
            yield _said_of_output(message, item, calls.get(item.call_id))
        elif isinstance(item, (FunctionCall, LocalShellCall)):
            records = message.metadata.tool_calls
            name = item.name if isinstance(item, FunctionCall) else SHELL
            if item.call_id:
                calls[item.call_id] = name, records
            text, files = _asked(item)
            yield _said(message, text, Kind.CALL, "tool", name, files=files)
        elif isinstance(item, (Reasoning, ReasoningWithoutContent)):
            yield _said(message, _text_of_reasoning(item), Kind.REASONING, "reasoning")
        else:
            yield _said(message, text_of(item), Kind.OTHER, "other")


_Asked = tuple[str, list[ToolCallMetadata]]
"""What an output needs to know of its call: the name of the tool, and what was recorded of it."""


def _said(
    message: MessageSnapshot,
    text: str,
    kind: Kind,
    role: str,
    tool: str = "",
    failed: bool | None = None,
    files: tuple[str, ...] = (),
) -> Said:
    metadata, text = message.metadata, storable(text)
    records, context = metadata.tool_calls, metadata.file_context
    if failed is None:
        failed = bool(records) and any(not record.success for record in records)
    if context:
        files = tuple(dict.fromkeys((*files, *(file.path for file in context))))
    if context or records or metadata.edit_history or type(message.item) is LocalShellCall:
        text = "\n".join((text, *_asides(message)))
    return Said(text, kind, role, message.timestamp, tool, failed, files)


def _said_of_output(
    message: MessageSnapshot, item: FunctionCallOutput, asked: _Asked | None
) -> Said:
    output, records = read_output(item.output), message.metadata.tool_calls
    if asked is not None:
        name = asked[0]
    else:
        name = next((record.tool_name for record in records if record.tool_name), "")
    # A program may record the same call on both messages: the later record is the complete one.
    recorded = records or (asked[1] if asked is not None else ())
    failed = output.outcome.success is False or any(not record.success for record in recorded)
    return _said(message, output.text, Kind.RESULT, "tool", name, failed)


def _text_of_message(item: Message) -> str:
    content = item.content
    if len(content) == 1 and isinstance(part := content[0], _TEXTS):
        return part.text
    return text_of(item)


_TEXTS = InputText, OutputText


def _text_of_reasoning(item: Reasoning | ReasoningWithoutContent) -> str:
    summary = item.summary
    return summary[0].text if len(summary) == 1 and not item.content else text_of(item)


def _kind_of(item: Message) -> Kind:
    if item.role == "assistant":
        return Kind.ASSISTANT
    return Kind.OTHER if genuine_user_text(item) is None else Kind.YOU


# --- tool calls


def _asked(item: FunctionCall | LocalShellCall) -> tuple[str, tuple[str, ...]]:
    """The text of a call, and the files that it is about."""
    if isinstance(item, FunctionCall):
        try:
            return _asked_in(item.name, decoded_json(item.arguments))
        except (_Unusual, ValueError, RecursionError):
            pass
    call = read_call(item)
    if call.command is not None:
        return _typed(call.name, call.command, call.directory), call.files
    if call.text is not None:
        return f"{call.name} {call.text}", call.files
    assert isinstance(item, FunctionCall)
    return f"{call.name} {_lines_of(item.arguments)}", call.files


class _Unusual(Exception):
    """Arguments that `read_call` has to look at."""


def _asked_in(name: str, arguments: object) -> tuple[str, tuple[str, ...]]:
    """As `_asked` for arguments that are decoded.  Raises `_Unusual`."""
    if not isinstance(arguments, dict):
        raise _Unusual
    command = typed_command(arguments.get("command", arguments.get("cmd")))
    if command is None:
        if "input" in arguments:
            raise _Unusual
        said = _in_lines(arguments)
        named = (arguments.get(key) for key in FILE_KEYS)
        files = tuple(dict.fromkeys(path for path in named if isinstance(path, str) and path))
        return f"{name} {said}", files
    if "*** Begin Patch" in command:
        raise _Unusual
    directory = arguments.get("workdir", arguments.get("cwd"))
    return _typed(name, command, directory if isinstance(directory, str) else None), ()


def _typed(name: str, command: str, directory: str | None) -> str:
    return f"{name} {command}\n{directory}" if directory else f"{name} {command}"


def _lines_of(arguments: str) -> str:
    """JSON as lines of `key: value`, with nothing escaped; what is no JSON as it is."""
    try:
        return _in_lines(decoded_json(arguments))
    except (ValueError, RecursionError):
        return arguments


def _in_lines(value: object) -> str:
    lines = _Lines()
    lines.collect("", value)
    return "\n".join(lines.collected)


class _Lines:
    """Collects JSON as lines of `key: value`, until they are too long to be shown.

    The key of a list is that of each of its items: a megabyte of JSON could be a terabyte of lines.
    """

    def __init__(self) -> None:
        self.collected: list[str] = []
        self._room = limits.MESSAGE_SHOWN

    def collect(self, key: str, value: object) -> None:
        if isinstance(value, dict):
            for name, each in value.items():
                self.collect(str(name), each)
        elif isinstance(value, list):
            self._room -= len(key) * len(value)
            if self._room >= 0:
                for each in value:
                    self.collect(key, each)
        else:
            shown = value if isinstance(value, str) else json.dumps(value)
            self.collected.append(f"{key}: {shown}" if key else shown)
