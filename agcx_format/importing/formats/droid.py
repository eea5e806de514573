"""Imports sessions of Factory Droid: `sessions/<directory>/<id>.jsonl`.

Strategy: a header, then messages with the blocks of Anthropic. Model and tokens are in `<id>.settings.json`
beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agcx_format.importing.agent import home_directory
from agcx_format.importing.fields import as_text
from agcx_format.importing.formats.anthropic import add_answer, add_results
from agcx_format.importing.formats.beside import json_beside
from agcx_format.importing.formats.reading import (
    LineAgent,
    Reading,
    as_dict,
    identity,
    outline,
    start_of,
)
from agcx_format.importing.imported import Imported, Parent
from agcx_format.importing.notices import compacted, summary
from agcx_format.model.timestamps import Timestamp

__all__ = ["Droid"]

_UNTITLED = ("New Session", "Untitled")


class Droid(LineAgent):
    """Factory Droid."""

    name = "droid"
    label = "Factory Droid"
    tag = "factory-droid"

    def default_places(self) -> list[Path]:
        home = home_directory("FACTORY_HOME", ".factory")
        return [home / "sessions", home / "projects"]

    def is_line(self, value: Any) -> bool:
        match value:
            case {"type": "session_start", "id": str()} if {"title", "cwd", "owner"} & value.keys():
                return True
            case {"type": "message", "message": {"role": "user" | "assistant", "content": _}}:
                others = {"timestamp", "stopReason", "provider"} & value["message"].keys()
                return not others and not {"uuid", "sessionId"} & value.keys()
        return False

    def begin(self, values: list[dict[str, Any]], path: Path, modified: Timestamp) -> Reading:
        header = next((v for v in values if v.get("type") == "session_start"), {})
        given = identity(self, header.get("id") or path.stem, path)
        session = _Session(self, path, modified, given, start_of(values))
        if parent := as_text(header.get("callingSessionId")) or as_text(header.get("parent")):
            session.draft.parent = Parent(
                identity(self, parent, path),
                as_text(header.get("callingToolUseId")),
                task=as_text(header.get("title")),
            )
        return session


class _Session(Reading):
    stores_large = True

    # Whether a call has said what the tasks are.
    _writes_tasks = False

    def value(self, value: dict[str, Any], number: int) -> None:
        kind = as_text(value.get("type"))
        if kind == "message":
            self._message(as_dict(value.get("message")), value)
        elif kind == "session_start":
            self.skip(kind, value)
            title = as_text(value.get("sessionTitle")) or as_text(value.get("title"))
            self.title = self.title or ("" if title in _UNTITLED else title)
            self.directory = self.directory or as_text(value.get("cwd"))
        elif kind == "todo_state":
            self._tasks(value)
        elif kind == "compaction_state":
            self.notice(compacted(None, as_dict(value.get("summaryTokens")).get("before")))
            if words := as_text(value.get("summaryText")).strip():
                self.draft.add(summary(words), number)
        elif kind in ("session_end", "session_title_updated"):
            self.skip(kind, value)
            self.title = as_text(value.get("title")) or self.title
        elif kind == "error":
            self.notice(f"Error: {as_text(value.get('message')) or 'no reason given'}")
        else:
            self.unknown(kind, value)

    def _tasks(self, value: dict[str, Any]) -> None:
        todos = value.get("todos")
        words = as_text(as_dict(todos).get("todos")) or outline(
            as_dict(todos).get("todos") if isinstance(todos, dict) else todos
        )
        if self._writes_tasks:
            # The call that wrote them says so.
            self.repeated("todo_state", value)
        elif words.strip():
            self.notice(f"Tasks\n{words}")
        else:
            self.skip("todo_state", value)

    def _message(self, message: dict[str, Any], value: dict[str, Any]) -> None:
        role, content = as_text(message.get("role")), message.get("content")
        if not isinstance(content, str | list):
            self.draft.bad(self._number, f"a message of {role or 'nobody'} without content")
        elif role == "assistant":
            self._writes_tasks |= any(as_dict(b).get("name") == "TodoWrite" for b in content)
            self.model = as_text(message.get("model")) or self.model
            add_answer(self, content, value.get("id"))
        elif role == "user":
            others = add_results(self, content)
            hidden = (
                value.get("visibility") == "llm_only" or message.get("visibility") == "llm_only"
            )
            if hidden:
                self.injected(others, "message for the model only")
            else:
                self.asked(others)
        else:
            self.injected(content, f"message of {role or 'nobody'}")

    def finish(self, changed: Timestamp | None = None) -> Imported:
        settings = json_beside(self.source.with_suffix(".settings.json"))
        self.model = self.model or as_text(settings.get("model"))
        counts = as_dict(settings.get("tokenUsage"))
        names = ("inputTokens", "cacheReadTokens", "cacheCreationTokens")
        read = sum(n for name in names if type(n := counts.get(name)) is int)
        self.usage.add("settings", read, counts.get("cacheReadTokens"), counts.get("outputTokens"))
        return super().finish(changed)
