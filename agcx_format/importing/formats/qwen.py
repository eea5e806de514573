"""Imports chats of Qwen Code: `projects/<directory>/chats/<id>.jsonl`.

Strategy: lines have the envelope of Claude Code and the parts of Gemini. Each names the one before it, so a
chat that was rewound is a tree, as with Claude Code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agcx_format.importing.agent import home_directory
from agcx_format.importing.fields import as_text
from agcx_format.importing.formats.parts import text_in
from agcx_format.importing.formats.reading import (
    LineAgent,
    Reading,
    as_dict,
    as_list,
    identity,
    outcome_of,
    start_of,
)
from agcx_format.importing.imported import Imported, Parent
from agcx_format.importing.lineage import Lineage
from agcx_format.importing.notices import compacted
from agcx_format.model.session import OperatingMode
from agcx_format.model.timestamps import Timestamp
from agcx_format.variables import CLI_VERSION

__all__ = ["Qwen"]

_SILENT = frozenset(
    {
        "ui_telemetry", "at_command", "custom_title", "session_artifact", "session_artifact_event",
        "session_artifact_snapshot", "session_sources_snapshot", "attribution_snapshot",
        "file_history_snapshot", "session_model", "session_notes", "session_source",
        "session_execution_engine", "omni_recall", "agent_bootstrap", "agent_retry",
        "agent_session_ready", "user_text_elements", "branch_checkpoint", "goal_state", "goal_runtime",
        "goal_turn_end", "turn_result", "turn_boundary", "managed_session_header_v1",
        "managed_session_event_v1", "managed_session_commit_v1",
    }
)  # fmt: skip


class Qwen(LineAgent):
    """Qwen Code of Alibaba."""

    name = "qwen"
    label = "Qwen Code"
    tag = "qwen"

    def default_places(self) -> list[Path]:
        home = home_directory("QWEN_HOME", ".qwen")
        return [home / "projects", home / "tmp"]

    def is_line(self, value: Any) -> bool:
        match value:
            case {"sessionId": str(), "uuid": str(), "message": {"parts": list()}}:
                return True
            case {"sessionId": str(), "uuid": str(), "type": "system", "systemPayload": _}:
                return True
        return False

    def begin(self, values: list[dict[str, Any]], path: Path, modified: Timestamp) -> Reading:
        header = next((v for v in values if as_text(v.get("sessionId"))), {})
        given = as_text(header.get("sessionId"))
        agent = next((found for v in values if (found := as_text(v.get("agentId")))), "")
        is_child = bool(agent) or any(v.get("isSidechain") is True for v in values)
        own = f"{given}/{agent or path.stem}" if is_child else given
        chat = _Chat(self, path, modified, identity(self, own, path), start_of(values))
        if is_child:
            chat.draft.parent = Parent(identity(self, given, path), role=agent)
        return chat


class _Chat(Reading):
    stores_large = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._lineage = Lineage(every_fork=True)

    def value(self, value: dict[str, Any], number: int) -> None:
        self.directory = self.directory or as_text(value.get("cwd"))
        self.branch = self.branch or as_text(value.get("gitBranch"))
        if version := as_text(value.get("version")):
            self.draft.environment[CLI_VERSION] = version
        before = len(self.draft.entries)
        self._line(as_text(value.get("type")), value)
        names = as_text(value.get("uuid")), as_text(value.get("parentUuid"))
        self._lineage.add(*names, before, len(self.draft.entries))

    def _line(self, kind: str, value: dict[str, Any]) -> None:
        parts = as_dict(value.get("message")).get("parts")
        if kind == "system":
            self._system(as_text(value.get("subtype")), as_dict(value.get("systemPayload")), value)
        elif not isinstance(parts, list) and kind in ("user", "assistant", "tool_result"):
            self.draft.bad(self._number, f"a {kind} line without parts")
        elif kind == "user":
            self._user(value, parts)
        elif kind == "assistant":
            self._answer(value, parts or [])
        elif kind == "tool_result":
            self._results(value, parts or [])
        else:
            self.unknown(kind, value)

    def _user(self, value: dict[str, Any], parts: Any) -> None:
        subtype = as_text(value.get("subtype"))
        typed = as_text(as_dict(value.get("systemPayload")).get("displayText")).strip()
        if subtype in ("", "mid_turn_user_message") and typed and typed != text_in(parts).strip():
            # What was typed, and what became of it with the files that it names.
            self.asked([typed, *(part for part in as_list(parts) if "inlineData" in as_dict(part))])
            self.injected(parts, "message with what was added to it")
        elif subtype in ("", "mid_turn_user_message"):
            self.asked(parts)
        elif subtype == "agent_launch_prompt":
            self.injected(parts, "task of a subagent")
        else:
            self.injected(parts, f"user message {subtype}")

    def _answer(self, value: dict[str, Any], parts: list[Any]) -> None:
        self.model = as_text(value.get("model")) or self.model
        words: list[Any] = []
        for part in parts:
            match part:
                case {"text": str(thought), "thought": True}:
                    self.thought(thought)
                case {"functionCall": dict(call)}:
                    self.said(words)
                    words = []
                    self.call(call.get("id"), call.get("name"), call.get("args"))
                case _:
                    words.append(part)
        self.said(words)
        counts = as_dict(value.get("usageMetadata"))
        names = ("candidatesTokenCount", "thoughtsTokenCount")
        written = sum(n for name in names if type(n := counts.get(name)) is int)
        self.usage.add(
            as_text(value.get("uuid")),
            counts.get("promptTokenCount"),
            counts.get("cachedContentTokenCount"),
            written,
        )

    def _results(self, value: dict[str, Any], parts: list[Any]) -> None:
        about = as_dict(value.get("toolCallResult"))
        status = as_text(about.get("status"))
        images = [part for part in parts if "inlineData" in as_dict(part)]
        found = [as_dict(as_dict(part).get("functionResponse")) for part in parts]
        responses = list(filter(None, found))
        others = [
            part
            for part, response in zip(parts, found, strict=True)
            if not response and part not in images
        ]
        for response in responses or [{"response": others}]:
            returned = response.get("response", response)
            given = as_dict(returned)
            said = next((given[n] for n in ("output", "error", "content") if given.get(n)), None)
            text = text_in(said if said is not None else returned or others)
            error = as_text(about.get("error")) or as_text(
                as_dict(about.get("error")).get("message")
            )
            success = {"success": True, "error": False, "cancelled": False}.get(status)
            if success is None and given:
                success = "error" not in given
            outcome = outcome_of(success, error or text, seconds=_seconds(about))
            self.result(response.get("id") or about.get("callId"), [text, *images], outcome)
            images = []

    def _system(self, subtype: str, payload: dict[str, Any], value: dict[str, Any]) -> None:
        name = f"system.{subtype}"
        if subtype == "chat_compression":
            info = as_dict(payload.get("info"))
            self.notice(compacted(None, info.get("originalTokenCount"), info.get("newTokenCount")))
        elif subtype == "slash_command":
            self._command(payload, value)
        elif subtype == "rewind":
            self.notice("Rewound")
        elif subtype == "notification" or subtype == "error":
            words = as_text(payload.get("message")) or as_text(payload.get("displayText"))
            self.notice(words or name)
        elif subtype == "parent_session" and as_text(payload.get("parentSessionId")):
            self.skip(name, value)
            parent = identity(self.agent, payload["parentSessionId"], self.source)
            self.draft.parent = self.draft.parent or Parent(parent)
        elif subtype == "session_approval_mode":
            self.skip(name, value)
            plan = payload.get("mode") == "plan"
            self.draft.mode(OperatingMode.PLAN if plan else OperatingMode.BUILD)
        elif as_dict(value.get("managedSession")).get("kind") == "message.committed":
            # It may be the only copy of what was said.
            self.unknown(name, as_dict(value["managedSession"]))
        elif subtype in _SILENT:
            self.skip(name, value)
            self.title = as_text(payload.get("customTitle")) or self.title
        else:
            self.unknown(name, payload or value)

    def _command(self, payload: dict[str, Any], value: dict[str, Any]) -> None:
        """A command that the person typed is recorded when it begins and when it ends."""
        if payload.get("phase") == "result":
            said = [
                text
                for each in as_list(payload.get("outputHistoryItems"))
                if (text := as_text(as_dict(each).get("text")).strip())
            ]
            if said:
                self.notice("\n".join(said))
            else:
                self.skip("system.slash_command", value)
        elif command := as_text(payload.get("rawCommand")).strip():
            self.notice(f"Command: {command}")
        else:
            self.skip("system.slash_command", value)

    def finish(self, changed: Timestamp | None = None) -> Imported:
        self._lineage.mark(self.draft)
        return super().finish(changed)


def _seconds(about: dict[str, Any]) -> float | None:
    took = about.get("durationMs")
    return took / 1000 if isinstance(took, int | float) and not isinstance(took, bool) else None
