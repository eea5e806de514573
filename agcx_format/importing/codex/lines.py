"""What a line of a Codex rollout is, by its shape, whether it became a typed value or a dict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from agcx_format.importing.codex.usual import UsualLine
from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.fields import as_text
from agcx_format.importing.json_lines import Line, Parsed, UsualLines
from agcx_format.importing.source_file import detect

__all__ = [
    "collaboration_mode", "directory_in_messages", "header_in", "letter_in", "one_by_one", "shape_of_line",
    "split_document", "time_of",
]  # fmt: skip


def shape_of_line(value: Any) -> str | None:
    return "envelope" if isinstance(value, UsualLine) else detect(value)


def split_document(lines: Iterable[Parsed]) -> Iterator[Line]:
    """A document as lines: the header, then the items, numbered from 1."""
    for line in lines:
        if line.error:
            yield line
        for value in line.values:
            if detect(value) == "document":
                yield Line(0, (value["session"],))
                yield from (Line(n, (item,)) for n, item in enumerate(value["items"], 1))


def one_by_one(line: Parsed) -> Iterator[Parsed]:
    if isinstance(line, UsualLines):
        return (Line(n, (value,)) for n, value in enumerate(line.values, line.number))
    return iter((line,))


def header_in(value: Any) -> dict[str, Any] | None:
    """The fields of a session's header; None if the value is not one."""
    if not isinstance(value, dict):
        return None
    fields: dict[str, Any] = value
    match fields:
        case {"type": "session_meta", "payload": dict(payload)}:
            return payload
        case {"record_type": "session_meta"}:
            return fields
        case {"id": str(), "timestamp": str() | int() | float()} if fields.keys().isdisjoint(
            {"type", "record_type"}
        ):
            return fields
    return None


def letter_in(payload: dict[str, Any]) -> dict[str, Any]:
    """The item for a message from one agent to another that has a line of its own."""
    content = []
    if words := as_text(payload.get("content")):
        content.append({"type": "input_text", "text": words})
    if payload.get("encrypted_content"):
        content.append({"type": "encrypted_content"})
    ends = {name: payload.get(name) for name in ("id", "author", "recipient")}
    return {"type": "agent_message", **ends, "content": content}


def time_of(value: Any) -> Any:
    if isinstance(value, UsualLine):
        return value.timestamp
    return value.get("timestamp") if isinstance(value, dict) else None


def collaboration_mode(payload: dict[str, Any]) -> str:
    mode = payload.get("collaboration_mode")
    return as_text(mode.get("mode") if isinstance(mode, dict) else mode).lower()


_cwd = re.compile(r"<environment_context>[^<]*<cwd>([^<]+)</cwd>").search


def directory_in_messages(draft: ImportDraft) -> str:
    """The working directory that one of the first messages gives the agent."""
    for entry in draft.entries[:5]:
        for part in getattr(entry.item, "content", None) or []:
            if found := _cwd(getattr(part, "text", "")):
                return found[1].strip()
    return ""
