"""Exports a conversation as a Codex rollout that `codex resume` can continue.

Strategy: the lines are those of Codex since 0.34, `{timestamp, type, payload}`: a `session_meta`, a
`turn_context` with the model, then each item as a `response_item`, which the agent gets again. Speech also
becomes an `event_msg`: Codex shows it, and its list of sessions ignores files without one. A branch that was
left ends with the event of turns that were rolled back. What rollouts have no place for is noted for our own
import, which reads the same messages back (see `notes`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from agcx_format.codec.json import to_plain
from agcx_format.exporting.choice import EVERYTHING, ExportChoice, check_arguments, chosen
from agcx_format.exporting.notes import NOTES, git_facts, message_notes, session_notes
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    Item,
    LocalShellCall,
    Message,
    MessageSnapshot,
    OutputText,
    Reasoning,
    ReasoningWithoutContent,
    UnknownItem,
)
from agcx_format.model.session import ConversationContext, ConversationSnapshot, SessionMetadata
from agcx_format.transcript.escaping import safe_json
from agcx_format.transcript.modes import ModeChanges
from agcx_format.transcript.words import genuine_user_text, text_of

__all__ = ["rollout_name", "rollout_parts", "to_rollout"]

# The version of Codex that writes such lines; Codex only displays it.
_VERSION = "0.34.0"


def rollout_name(metadata: SessionMetadata) -> str:
    """The file name that Codex expects, in `sessions/YYYY/MM/DD/` below `$CODEX_HOME`."""
    moment = metadata.created_at[:19].replace(":", "-")
    return f"rollout-{moment}-{metadata.id}.jsonl"


def to_rollout(
    metadata: SessionMetadata, conversation: ConversationSnapshot, choice: ExportChoice = EVERYTHING
) -> str:
    """The whole rollout.

    Raises:
        TypeError: one of the arguments is something else.
    """
    check_arguments(metadata, conversation, choice)
    messages, modes = conversation.messages, conversation.mode_history
    return "".join(rollout_parts(metadata, messages, conversation.context, choice, modes=modes))


def rollout_parts(
    metadata: SessionMetadata,
    messages: Iterable[MessageSnapshot],
    context: ConversationContext | None = None,
    choice: ExportChoice = EVERYTHING,
    *,
    modes: ModeChanges = (),
) -> Iterator[str]:
    """The document in parts; after the first, each has the lines of one message."""
    directory = context.working_directory if context is not None else ""
    notes = session_notes(metadata, context, modes) if choice.metadata else None
    yield _start(metadata, directory or "/", _git(context if choice.metadata else None), notes)
    # Turns of the current branch, which ends when the next message is in another.
    branch, turns, moment = None, 0, ""
    for _, message in chosen(messages, choice):
        lines = []
        if message.metadata.branch_id != branch:
            lines.append(_rolled_back(message.timestamp, turns if branch else 0))
            branch, turns = message.metadata.branch_id, 0
        turns += genuine_user_text(message.item) is not None
        moment = message.timestamp
        notes = message_notes(message, with_item=_is_changed(message.item))
        noted = notes if choice.metadata else None
        lines.append(_line(moment, "response_item", _payload(message.item), noted))
        beside: dict[str, Any] | None = {} if choice.metadata else None
        lines += [_line(moment, "event_msg", event, beside) for event in _events(message.item)]
        yield "".join(lines)
    if branch and turns:
        yield _rolled_back(moment, turns)


def _rolled_back(moment: str, turns: int) -> str:
    """The line that rolls turns back; empty if none are."""
    event = {"type": "thread_rolled_back", "num_turns": turns}
    return _line(moment, "event_msg", event, {}) if turns else ""


def _is_changed(item: object) -> bool:
    """Whether an import makes another item of the line."""
    if isinstance(item, Message):
        return not all(
            isinstance(part, InputText | InputImage | OutputText) for part in item.content
        )
    return not isinstance(item, FunctionCall | FunctionCallOutput | LocalShellCall | Reasoning)


def _git(context: ConversationContext | None) -> dict[str, str]:
    """What Codex shows of the repository in its list of sessions."""
    branch, commit = git_facts(context)
    known = {"branch": branch, "commit_hash": commit}
    return {name: text for name, text in known.items() if text}


def _start(
    metadata: SessionMetadata, directory: str, git: dict[str, str], notes: dict[str, Any] | None
) -> str:
    meta: dict[str, Any] = {
        "id": str(metadata.id),
        "timestamp": metadata.created_at,
        "cwd": directory,
        "originator": "agcx",
        "cli_version": _VERSION,
        "instructions": None,
        "source": "cli",
    }
    if git:
        meta["git"] = git
    # The strictest settings: a resumed session must ask for more. Codex has used both names for the kind of
    # sandbox.
    turn = {
        "cwd": directory,
        "approval_policy": "on-request",
        "sandbox_policy": {"mode": "read-only", "type": "read-only"},
        "model": metadata.model,
        "summary": "auto",
    }
    created = metadata.created_at
    beside: dict[str, Any] | None = None if notes is None else {}
    return _line(created, "session_meta", meta, notes) + _line(
        created, "turn_context", turn, beside
    )


def _line(moment: str, kind: str, payload: object, notes: dict[str, Any] | None = None) -> str:
    line = {"timestamp": moment, "type": kind, "payload": payload}
    if notes is not None:
        line[NOTES] = notes
    # Our texts cannot contain unpaired surrogates, so the file cannot either.
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
    # Codex omits absent fields, and rejects `null` for some of them.
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
    """What Codex shows of the item when it resumes the session."""
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
