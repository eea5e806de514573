"""Exports a conversation as a transcript that Claude Code can continue (`claude --resume`).

Strategy: each message is a line of the type that Claude Code reads: what a person said and what tools
returned are `user`, answers and calls are `assistant`, notices are `system`. A line continues from the one
before it; after a branch that was left, from where it began, so that only the way that was lived is loaded.
Reasoning of other models has no signature, without which Claude Code may not send it back: its lines have a
type of their own, which Claude Code ignores and our own import reads (see `notes`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID, uuid5

import msgspec

from agcx_format.exporting.choice import EVERYTHING, ExportChoice, check_arguments, chosen
from agcx_format.exporting.notes import NOTES, git_facts, message_notes, session_notes
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    LocalShellCall,
    Message,
    MessageSnapshot,
    OutputText,
)
from agcx_format.model.session import ConversationContext, ConversationSnapshot, SessionMetadata
from agcx_format.transcript.escaping import safe_json
from agcx_format.transcript.modes import ModeChanges
from agcx_format.transcript.words import text_of

__all__ = ["to_transcript", "transcript_name", "transcript_parts"]

# The type of lines that are for our own import.
ITEM = "agcx-item"
# The version of Claude Code that writes such lines; it only displays it.
_VERSION = "2.0.0"
_DATA = "data:"


def transcript_name(metadata: SessionMetadata) -> str:
    """The file name that Claude Code expects, in a folder of `projects` below its configuration."""
    return f"{metadata.id}.jsonl"


def to_transcript(
    metadata: SessionMetadata, conversation: ConversationSnapshot, choice: ExportChoice = EVERYTHING
) -> str:
    """The whole transcript.

    Raises:
        TypeError: one of the arguments is something else.
    """
    check_arguments(metadata, conversation, choice)
    messages, modes = conversation.messages, conversation.mode_history
    return "".join(transcript_parts(metadata, messages, conversation.context, choice, modes=modes))


def transcript_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    context: ConversationContext | None = None,
    choice: ExportChoice = EVERYTHING,
    *,
    modes: ModeChanges = (),
) -> Iterator[str]:
    """The document in parts; after the first, each is the line of one message."""
    directory = context.working_directory if context is not None else ""
    title: dict[str, Any] = {
        "type": "custom-title", "sessionId": str(metadata.id), "customTitle": metadata.title,
    }  # fmt: skip
    if choice.metadata:
        title[NOTES] = session_notes(metadata, context, modes)
    yield _line(title)
    branch, _ = git_facts(context if choice.metadata else None)
    lines = _Lines(metadata, directory or "/", branch, choice)
    for _, message in chosen(messages, choice):
        yield _line(lines.of(message))


def _line(value: dict[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=repr)
    return safe_json(text) + "\n"


class _Lines:
    """Makes the lines of one session, each of which continues from another."""

    def __init__(
        self, metadata: SessionMetadata, directory: str, branch: str, choice: ExportChoice
    ) -> None:
        self._metadata, self._directory, self._branch = metadata, directory, branch
        self._choice = choice
        # The last line of each branch; None is the main path.
        self._last: dict[UUID | None, str] = {}
        self._lines: dict[UUID, str] = {}

    def of(self, message: MessageSnapshot) -> dict[str, Any]:
        kind, own, is_whole = self._own(message)
        notes = message.metadata
        uuid = str(uuid5(self._metadata.id, str(notes.message_id)))
        line: dict[str, Any] = {
            "parentUuid": self._parent(message),
            "isSidechain": False,
            "userType": "external",
            "cwd": self._directory,
            "sessionId": str(self._metadata.id),
            "version": _VERSION,
            "gitBranch": self._branch,
            "type": kind,
            **own,
            "uuid": uuid,
            "timestamp": str(message.timestamp),
        }
        if self._choice.metadata or kind == ITEM:
            line[NOTES] = message_notes(message, with_item=not is_whole)
        if kind != ITEM:
            self._lines[notes.message_id] = self._last[notes.branch_id] = uuid
        return line

    def _parent(self, message: MessageSnapshot) -> str | None:
        notes = message.metadata
        named = self._lines.get(notes.parent_message_id) if notes.parent_message_id else None
        return named or self._last.get(notes.branch_id) or self._last.get(None)

    def _own(self, message: MessageSnapshot) -> tuple[str, dict[str, Any], bool]:
        """The type of the line, its own fields, and whether an import turns them into the same item."""
        block: dict[str, Any]
        match message.item:
            case Message(role="user", id=item_id, content=content):
                is_same = item_id is None and _is_plain(content, InputText)
                return "user", {"message": _said("user", content)}, is_same
            case Message(role="assistant", id=item_id, content=[OutputText(text)]):
                block = {"type": "text", "text": text}
                return "assistant", self._answer(item_id, block), item_id is not None
            case Message(role="assistant" as role, id=item_id, content=content):
                return role, self._answer(item_id, *_blocks(content)), False
            case Message(role="system"):
                words = text_of(message.item)
                return "system", {"subtype": "informational", "content": words}, False
            case Message(content=content):
                return "user", {"message": _said("user", content), "isMeta": True}, False
            case FunctionCall(id=item_id, name=name, arguments=arguments, call_id=call_id):
                given = _arguments(arguments)
                block = {"type": "tool_use", "id": call_id, "name": name, "input": given}
                is_same = item_id is not None and json.dumps(given, ensure_ascii=False) == arguments
                return "assistant", self._answer(item_id, block), is_same
            case LocalShellCall(id=item_id, call_id=call_id, action=action):
                given = {"command": list(action.command)}
                call = call_id or item_id or str(message.metadata.message_id)
                block = {"type": "tool_use", "id": call, "name": "shell", "input": given}
                return "assistant", self._answer(item_id, block), False
            case FunctionCallOutput(call_id=call_id, output=output):
                failed = any(not call.success for call in message.metadata.tool_calls)
                result: dict[str, Any] = {
                    "type": "tool_result",
                    "tool_use_id": call_id,
                    "content": output,
                }
                result |= {"is_error": True} if failed else {}
                return "user", {"message": {"role": "user", "content": [result]}}, True
        return ITEM, {}, False

    def _answer(self, item_id: str | None, *blocks: dict[str, Any]) -> dict[str, Any]:
        return {
            "message": {
                "id": item_id,
                "type": "message",
                "role": "assistant",
                "model": self._metadata.model,
                "content": list(blocks),
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": 0, "output_tokens": 0},
            }
        }


def _said(role: str, content: Iterable[object]) -> dict[str, Any]:
    return {"role": role, "content": _blocks(content)}


def _is_plain(content: Iterable[object], kind: type) -> bool:
    return all(isinstance(part, kind | InputImage) for part in content) and any(
        True for _ in content
    )


def _blocks(content: Iterable[object]) -> list[dict[str, Any]]:
    """The parts of a message; those without text or picture are left out."""
    found = []
    for part in content:
        match part:
            case InputImage(image_url=url):
                found.append({"type": "image", "source": _source(url)})
            case _ if (text := getattr(part, "text", None)) is not None:
                found.append({"type": "text", "text": text})
    return found


def _source(url: str) -> dict[str, str]:
    media, base64, data = url.removeprefix(_DATA).partition(";base64,")
    if url.startswith(_DATA) and base64:
        return {"type": "base64", "media_type": media, "data": data}
    return {"type": "url", "url": url}


def _arguments(arguments: str) -> Any:
    """The input of a call: an object, as tools take it."""
    try:
        given = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        given = None
    return given if isinstance(given, dict) else {"input": arguments}
