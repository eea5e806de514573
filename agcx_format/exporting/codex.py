"""A conversation as a Codex rollout, so that `codex resume` can take it up.

Strategy: the lines that Codex has written since 0.34, `{timestamp, type, payload}`: a `session_meta`, a
`turn_context` with the model, then each item as a `response_item`, which is what the agent is
given again.  The `event_msg` beside what was said is what Codex shows, and by which its list of
sessions tells a conversation from an empty file.  Our own import reads the items back as they were, except:
an item of a kind that AGCX does not know keeps its fields only, reasoning that lacks its content gets none,
and what rollouts have no place for (edits, branches, files) is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from agcx_format.codec.json import to_plain
from agcx_format.exporting.choice import EVERYTHING, ExportChoice, chosen
from agcx_format.model.items import (
    Item,
    LocalShellCall,
    Message,
    MessageSnapshot,
    Reasoning,
    ReasoningWithoutContent,
    UnknownItem,
)
from agcx_format.model.session import ConversationContext, ConversationSnapshot, SessionMetadata
from agcx_format.transcript.escaping import safe_json
from agcx_format.transcript.words import genuine_user_text, text_of

__all__ = ["rollout_name", "rollout_parts", "to_rollout"]

# The version whose lines these are; Codex reads it only to tell people.
_VERSION = "0.34.0"


def rollout_name(metadata: SessionMetadata) -> str:
    """The name by which Codex finds it: `sessions/YYYY/MM/DD/` below `$CODEX_HOME` is its place."""
    moment = metadata.created_at[:19].replace(":", "-")
    return f"rollout-{moment}-{metadata.id}.jsonl"


def to_rollout(
    metadata: SessionMetadata, conversation: ConversationSnapshot, choice: ExportChoice = EVERYTHING
) -> str:
    """The whole rollout."""
    return "".join(rollout_parts(metadata, conversation.messages, conversation.context, choice))


def rollout_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    context: ConversationContext | None = None,
    choice: ExportChoice = EVERYTHING,
) -> Iterator[str]:
    """The lines, those of a message in each part."""
    directory = context.working_directory if context is not None else ""
    yield _start(metadata, directory or "/")
    for _, message in chosen(messages, choice):
        lines = [_line(message.timestamp, "response_item", _payload(message.item))]
        lines += [_line(message.timestamp, "event_msg", event) for event in _events(message.item)]
        yield "".join(lines)


def _start(metadata: SessionMetadata, directory: str) -> str:
    meta = {
        "id": str(metadata.id),
        "timestamp": metadata.created_at,
        "cwd": directory,
        "originator": "agcx",
        "cli_version": _VERSION,
        "instructions": None,
        "source": "cli",
    }
    # The least that a resumed session may do until it is told otherwise.  Codex has called the kind of
    # its sandbox by both names.
    turn = {
        "cwd": directory,
        "approval_policy": "on-request",
        "sandbox_policy": {"mode": "read-only", "type": "read-only"},
        "model": metadata.model,
        "summary": "auto",
    }
    created = metadata.created_at
    return _line(created, "session_meta", meta) + _line(created, "turn_context", turn)


def _line(moment: str, kind: str, payload: object) -> str:
    line = {"timestamp": moment, "type": kind, "payload": payload}
    # Half a surrogate pair cannot be in a text of ours, nor then in the file.
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=repr)
    return safe_json(text) + "\n"


def _payload(item: object) -> dict[str, Any]:
    if isinstance(item, UnknownItem):
        fields = to_plain(item.fields())
        return {"type": item.tag} | (fields if isinstance(fields, dict) else {"fields": fields})
    payload = to_plain(item)
    if isinstance(item, Message):
        payload["content"] = [
            _payload(part) if isinstance(part, UnknownItem) else to_plain(part)
            for part in item.content
        ]
    # Codex leaves out what is not there, and reads `null` for some of it as an error.
    optional = ("id", "call_id", "content", "encrypted_content")
    kept = {k: v for k, v in payload.items() if v is not None or k not in optional}
    if isinstance(item, Reasoning | ReasoningWithoutContent):
        kept.setdefault("encrypted_content", None)
        if not kept.get("content"):
            kept.pop("content", None)
    if isinstance(item, LocalShellCall):
        kept.setdefault("call_id", None)
    return kept


def _events(item: Item) -> Iterator[dict[str, Any]]:
    """What Codex shows of the item when it takes the session up."""
    match item:
        case Message(role="user"):
            if words := genuine_user_text(item):
                yield {"type": "user_message", "message": words, "kind": "plain"}
        case Message(role="assistant"):
            if words := text_of(item):
                yield {"type": "agent_message", "message": words}
        case Reasoning() | ReasoningWithoutContent():
            for part in item.summary:
                yield {"type": "agent_reasoning", "text": part.text}
