"""Imports sessions of Pi: `sessions/<directory>/<time>_<id>.jsonl`.

Strategy: a header, then entries that each name the one before it: a tree, of which the way to the last entry
was lived. The others are branches that were left.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from agcx_format.importing.agent import home_directory
from agcx_format.importing.fields import as_text
from agcx_format.importing.formats.parts import text_in
from agcx_format.importing.formats.reading import (
    LineAgent,
    Reading,
    as_dict,
    identity,
    outcome_of,
    start_of,
)
from agcx_format.importing.imported import Imported
from agcx_format.importing.lineage import Lineage
from agcx_format.importing.notices import compacted, summary
from agcx_format.model.timestamps import Timestamp

__all__ = ["Pi"]

_NO_CONVERSATION = (
    "session", "model_change", "thinking_level_change", "service_tier_change", "fast_mode_change", "custom",
    "label", "session_info", "session_state", "active_tools_change", "leaf", "usage", "context_edit",
)  # fmt: skip


# One of these is in every message; other programs write the same without them.
_OWN_FIELDS = frozenset({"timestamp", "stopReason", "toolCallId", "exitCode"})


class Pi(LineAgent):
    """The Pi coding agent."""

    name = "pi"
    label = "Pi"
    tag = "pi"

    def default_places(self) -> list[Path]:
        home = home_directory("PI_CODING_AGENT_DIR", ".pi/agent")
        given = os.environ.get("PI_CODING_AGENT_SESSION_DIR")
        return [Path(given) if given else home / "sessions"]

    def is_line(self, value: Any) -> bool:
        match value:
            case {"type": "session", "id": str(), "version": int()}:
                return True
            case {"type": "session", "id": str(), "cwd": str()}:
                return True
            case {"type": "message", "id": str(), "parentId": _, "message": {"role": str()}}:
                return not _OWN_FIELDS.isdisjoint(value["message"])
        return False

    def begin(self, values: list[dict[str, Any]], path: Path, modified: Timestamp) -> Reading:
        header = next((v for v in values if v.get("type") == "session"), {})
        return _Tree(self, path, modified, identity(self, header.get("id"), path), start_of(values))


class _Tree(Reading):
    stores_large = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._lineage = Lineage(every_fork=True)
        # The id of the entry before.
        self._last = ""

    def value(self, value: dict[str, Any], number: int) -> None:
        before = len(self.draft.entries)
        self._entry(as_text(value.get("type")), value)
        name, parent = as_text(value.get("id")), as_text(value.get("parentId"))
        if value.get("type") == "leaf":
            parent = as_text(value.get("targetId")) or parent
        self._last = name
        self._lineage.add(name, parent, before, len(self.draft.entries))

    def _entry(self, kind: str, value: dict[str, Any]) -> None:
        if kind == "message":
            self._message(as_dict(value.get("message")), value)
        elif kind == "compaction":
            self.notice(compacted(None, value.get("tokensBefore")))
            self._summary(value.get("summary"))
        elif kind == "branch_summary":
            self.notice("Went back to an earlier message")
            self._summary(value.get("summary"))
        elif kind == "custom_message":
            self.injected(value.get("content"), f"message of {as_text(value.get('customType'))}")
        elif kind == "leaf" and as_text(value.get("targetId")) not in ("", self._last):
            self.notice("Went back to an earlier message")
        elif kind in _NO_CONVERSATION:
            self.skip(kind, value)
            self._about_session(kind, value)
        else:
            self.unknown(kind, value)

    def _summary(self, words: Any) -> None:
        if as_text(words).strip():
            self.draft.add(summary(words), self._number)

    def _about_session(self, kind: str, value: dict[str, Any]) -> None:
        if kind == "session":
            self.directory = as_text(value.get("cwd")) or self.directory
            if as_text(value.get("parentSession")):
                self.draft.note("a copy of another session up to a message")
        elif kind == "model_change":
            self.model = as_text(value.get("modelId")) or as_text(value.get("model")) or self.model
        elif kind == "session_info":
            self.title = as_text(value.get("name")) or self.title

    def _message(self, message: dict[str, Any], value: dict[str, Any]) -> None:
        role, content = as_text(message.get("role")), message.get("content")
        if role == "user":
            self.asked(content)
        elif role == "assistant":
            self._answer(message, value)
        elif role == "toolResult":
            failed = message.get("isError")
            success = not failed if isinstance(failed, bool) else None
            self.result(message.get("toolCallId"), content, outcome_of(success, text_in(content)))
        elif role == "bashExecution":
            self._bash(message)
        elif role in ("compactionSummary", "branchSummary"):
            self._summary(message.get("summary") or text_in(content))
        elif role == "system":
            self.injected(content, "system prompt")
        elif role in ("custom", "hookMessage"):
            self.injected(content, f"message of {as_text(message.get('customType')) or role}")
        else:
            self.unknown(f"message of {role or 'nobody'}", message)

    def _answer(self, message: dict[str, Any], value: dict[str, Any]) -> None:
        self.model = as_text(message.get("model")) or self.model
        content = message.get("content")
        for block in content if isinstance(content, list) else [content]:
            match block:
                case {"type": "thinking", "thinking": thought}:
                    self.thought(thought)
                    if as_dict(block).get("thinkingSignature"):
                        self.draft.left_out["thinking.thinkingSignature"] += 1
                case {"type": "toolCall", "id": call_id, "name": name, **more}:
                    self.call(call_id, name, more.get("arguments"))
                case _:
                    self.said(block)
        if message.get("stopReason") == "aborted":
            self.notice("Interrupted")
        elif message.get("stopReason") == "error" or message.get("errorMessage"):
            self.notice(f"Error: {as_text(message.get('errorMessage')) or 'no reason given'}")
        counts = as_dict(message.get("usage"))
        read = sum(
            n for k in ("input", "cacheRead", "cacheWrite") if type(n := counts.get(k)) is int
        )
        cost = as_dict(counts.get("cost")).get("total")
        self.usage.add(
            as_text(value.get("id")), read, counts.get("cacheRead"), counts.get("output"), cost
        )

    def _bash(self, message: dict[str, Any]) -> None:
        """A command that the person ran."""
        call_id = self.call("", "bash", {"command": as_text(message.get("command"))})
        output = as_text(message.get("output"))
        cancelled = message.get("cancelled") is True
        code = message.get("exitCode")
        self.result(call_id, output, outcome_of(False if cancelled else None, output, code=code))

    def finish(self, changed: Timestamp | None = None) -> Imported:
        self._lineage.mark(self.draft)
        return super().finish(changed)
