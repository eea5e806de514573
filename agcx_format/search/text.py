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
    FunctionCallOutput,
    LocalShellCall,
    Message,
    MessageSnapshot,
    Reasoning,
    ReasoningWithoutContent,
)
from agcx_format.transcript.tools import read_call, read_output, typed_command, without_surrogates
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
    if isinstance(item, FunctionCall):
        text = _call_text(item)[0]
    elif isinstance(item, LocalShellCall):
        text = _shell_text(item)
    elif isinstance(item, FunctionCallOutput):
        text = read_output(item.output).text
    else:
        text = text_of(item)
    return _storable(text)


def read_messages(messages: Iterable[MessageSnapshot]) -> Iterator[Said]:
    """Every message of one session, in order: results are known by the calls before them."""
    tools: dict[str, str] = {}
    for message in messages:
        yield _said(message, tools)


def _said(message: MessageSnapshot, tools: dict[str, str]) -> Said:
    item, time = message.item, message.timestamp
    paths = tuple(file.path for file in message.metadata.file_context)
    failed = any(not call.success for call in message.metadata.tool_calls)
    if isinstance(item, FunctionCall):
        text, found = _call_text(item)
        tools[item.call_id] = item.name
        return Said(_storable(text), Kind.CALL, "tool", time, item.name, failed, paths + found)
    if isinstance(item, FunctionCallOutput):
        output = read_output(item.output)
        failed = failed or output.outcome.success is False
        tool = tools.get(item.call_id, "")
        return Said(_storable(output.text), Kind.RESULT, "tool", time, tool, failed, paths)
    if isinstance(item, LocalShellCall):
        if item.call_id is not None:
            tools[item.call_id] = "shell"
        return Said(_storable(_shell_text(item)), Kind.CALL, "tool", time, "shell", failed, paths)
    text = _storable(text_of(item))
    if isinstance(item, (Reasoning, ReasoningWithoutContent)):
        return Said(text, Kind.REASONING, "reasoning", time, "", failed, paths)
    if isinstance(item, Message):
        return Said(text, _kind_of(item), item.role, time, "", failed, paths)
    return Said(text, Kind.OTHER, "other", time, "", failed, paths)


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

# Arguments that name a file or a directory, by the tools of several agents.
_PATH_KEYS = frozenset(
    ("file_path", "path", "notebook_path", "filename", "file", "workdir", "cwd", "directory")
)
_PATCHED = ("*** Update File: ", "*** Add File: ", "*** Delete File: ", "*** Move to: ")

_decode = msgspec.json.Decoder().decode


def _shell_text(item: LocalShellCall) -> str:
    call = read_call(item)
    return "\n".join(filter(None, (f"shell {call.command or ''}", call.directory)))


def _call_text(item: FunctionCall) -> tuple[str, tuple[str, ...]]:
    """What a call says, and the paths in it."""
    try:
        arguments = _json(item.arguments)
        lines: list[str] = []
        paths: list[str] = []
        _collect("", arguments, lines, paths)
    except (ValueError, RecursionError):
        return f"{item.name} {item.arguments}", ()
    text = "\n".join(lines)
    if "*** " in text:
        paths += _patched(text)
    return f"{item.name} {text}", tuple(dict.fromkeys(paths))


def _json(text: str) -> object:
    try:
        return _decode(text)
    except msgspec.DecodeError:
        # The standard library takes what this one refuses, half a surrogate pair for example.
        return without_surrogates(json.loads(text))


def _collect(key: str, value: object, lines: list[str], paths: list[str]) -> None:
    """Lines of `key: value`; a command without its key, as one would type it."""
    if isinstance(value, str):
        if key in _PATH_KEYS:
            paths.append(value)
        lines.append(value if key in _BARE or not key else f"{key}: {value}")
    elif isinstance(value, dict):
        for name, each in value.items():
            _collect(str(name), each, lines, paths)
    elif isinstance(value, list):
        if key in _COMMANDS and (command := typed_command(value)) is not None:
            lines.append(command)
            return
        for each in value:
            _collect(key, each, lines, paths)
    else:
        lines.append(f"{key}: {json.dumps(value)}" if key else json.dumps(value))


_COMMANDS = frozenset(("command", "cmd"))
_BARE = _COMMANDS | {"input"}


def _patched(text: str) -> list[str]:
    return [
        line[len(mark) :].strip()
        for line in text.split("\n")
        if line.startswith("*** ")
        for mark in _PATCHED
        if line.startswith(mark)
    ]
