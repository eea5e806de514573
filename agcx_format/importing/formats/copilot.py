"""Imports sessions of GitHub Copilot CLI: `session-state/<id>/events.jsonl`.

Strategy: each line is an event `{type, data, id, timestamp, parentId}`. A call stands in the answer that
makes it and again where it is run; the first one counts, and what is run without an answer is added. The
file `workspace.yaml` beside the events has the name of the session, `plan.md` its plan, and `session.db` its
to-do list.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from agcx_format.errors import PersistenceError
from agcx_format.importing.agent import home_directory
from agcx_format.importing.fields import as_text
from agcx_format.importing.formats.beside import small_text
from agcx_format.importing.formats.copilot_todos import todo_list
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
from agcx_format.importing.imported import Imported
from agcx_format.importing.notices import answers, compacted, summary
from agcx_format.model.session import OperatingMode
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.words import text_of
from agcx_format.variables import CLI_VERSION, COMMIT, ORIGINATOR

__all__ = ["Copilot"]

# Events that say again what others say, or that are parts of them.
_FOR_DISPLAY = (
    "assistant.message_delta", "assistant.reasoning_delta", "assistant.streaming_delta", "assistant.intent",
    "tool.execution_partial_result", "tool.execution_progress", "session.task_complete",
)  # fmt: skip
# Families of events, and single ones, about the program rather than the conversation.
_NO_CONVERSATION = (
    "hook.", "permission.", "assistant.turn_", "pending_messages.", "capabilities.", "command.",
    "commands.", "external_tool.", "mcp.", "sampling.", "subagent.selected", "subagent.deselected",
    "auto_mode", "session.idle", "session.truncation", "session.compaction_start", "session.handoff",
    "session.plan_changed", "session.workspace_file_changed", "session.usage_info",
    "session.background_tasks_changed", "session.tools_updated", "session.skills_loaded",
    "session.custom_agents_updated", "session.mcp_server", "session.auto_mode_resolved",
    "session.usage_checkpoint", "session.remote_steerable_changed", "session.permissions_changed",
    "session.canvas.", "session.schedule_", "session.session_limits_changed", "session.managed_settings",
    "session.binary_asset", "session.todos_changed", "session.autopilot_objective_changed",
    "session.extensions", "session.mode_notice", "session.fusion", "session_limits_exhausted.",
    "factory.", "model.", "mcp_app.", "tool_search.", "ui.", "subagent.configured", "session.auto_tier",
    "assistant.idle", "assistant.message_start", "assistant.server_tool_progress",
    "assistant.tool_call_delta", "assistant.fusion",
)  # fmt: skip
# What a result has, beside a text for a person.
_RESULTS = frozenset({"content", "contents", "binaryResultsForLlm", "detailedContent"})


class Copilot(LineAgent):
    """GitHub Copilot CLI."""

    name = "copilot"
    label = "GitHub Copilot CLI"
    tag = "copilot"

    def default_places(self) -> list[Path]:
        return [home_directory("COPILOT_HOME", ".copilot") / "session-state"]

    def is_line(self, value: Any) -> bool:
        match value:
            case {"type": "session.start", "data": {"sessionId": str()}}:
                return True
            case {"type": "user.message" | "assistant.message", "data": dict(), "timestamp": _}:
                return True
        return False

    def begin(self, values: list[dict[str, Any]], path: Path, modified: Timestamp) -> Reading:
        headers = (as_dict(v.get("data")) for v in values if v.get("type") == "session.start")
        given = next(filter(None, (as_text(data.get("sessionId")) for data in headers)), "")
        named = path.parent.name if path.stem == "events" else path.stem
        return _Events(self, path, modified, identity(self, given or named, path), start_of(values))


class _Events(Reading):
    stores_large = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        # Where the messages of an event begin.
        self._places: dict[str, int] = {}

    def value(self, value: dict[str, Any], number: int) -> None:
        self._places[as_text(value.get("id"))] = len(self.draft.entries)
        kind, data = as_text(value.get("type")), as_dict(value.get("data"))
        if value.get("data") and not data:
            self.unknown(kind, value)
            return
        match kind.partition("."):
            case ("user", _, "message"):
                self._asked(data)
            case ("assistant", _, "message"):
                self._answered(data)
            case ("assistant", _, "reasoning"):
                self.thought(data.get("content"))
            case ("assistant", _, "usage"):
                self.skip(kind, value)
                self._count(as_text(value.get("id")), data)
            case ("tool", _, "execution_start" | "user_requested"):
                self._started(kind, data, value)
            case ("tool", _, "execution_complete") if "toolCallId" in data:
                self._completed(data)
            case ("system", _, "message" | "notification"):
                self.injected(data.get("content"), kind)
            case ("skill", _, "invoked"):
                self.injected(data.get("content"), kind)
            case ("abort", _, _):
                self.notice(_interruption(as_text(data.get("reason"))))
            case ("subagent", _, "started" | "completed" | "failed"):
                self.notice(_subagent(kind.removeprefix("subagent."), data))
            case ("model", _, "call_failure"):
                words = as_text(data.get("errorMessage")) or "no reason given"
                self.notice(f"API error: {words}")
            case ("user_input" | "elicitation" | "exit_plan_mode", _, _):
                self._question(kind, data, value)
            case ("session", _, "snapshot_rewind"):
                self._rewind(as_text(data.get("upToEventId")))
                self.notice("Rewound")
            case ("session", _, what) if self._about_session(what, data):
                self.skip(kind, value)
            case ("session", _, what) if words := _notice_of_session(what, data):
                self.notice(words)
            case ("session", _, "compaction_complete"):
                self._compacted(data)
            case _ if kind in _FOR_DISPLAY:
                self.repeated(kind, value)
            case _ if kind.startswith(_NO_CONVERSATION):
                self.skip(kind, value)
            case _:
                self.unknown(kind, {**data, "type": kind} if data else value)

    def _asked(self, data: dict[str, Any]) -> None:
        content = data.get("content")
        source = as_text(data.get("source"))
        if source and source not in ("user", "human"):
            self.injected(content, f"message of {source}")
            return
        attached = [_attachment(each) for each in as_list(data.get("attachments")) if as_dict(each)]
        parts = [content, *filter(None, attached)] if content else attached
        self.asked(parts)
        if data.get("transformedContent") not in (None, "", content):
            self.draft.left_out["user.message.transformedContent"] += 1
        mode = as_text(data.get("agentMode"))
        if mode:
            self.draft.mode(OperatingMode.PLAN if mode == "plan" else OperatingMode.BUILD)

    def _answered(self, data: dict[str, Any]) -> None:
        self.model = as_text(data.get("model")) or self.model
        self.thought(data.get("reasoningText"), data.get("encryptedContent"))
        if data.get("reasoningOpaque"):
            self.draft.left_out["assistant.message.reasoningOpaque"] += 1
        self.said(data.get("content"), data.get("messageId"))
        for asked in self.calls_in(data.get("toolRequests"), "toolRequests"):
            self.call(asked.get("toolCallId"), asked.get("name"), asked.get("arguments"))
        self._count(as_text(data.get("messageId")), data)

    def _count(self, answer: str, data: dict[str, Any]) -> None:
        """Tokens of an answer; the totals at the end of a session replace them."""
        names = ("inputTokens", "cacheReadTokens", "outputTokens")
        if any(data.get(name) for name in names):
            self.usage.add(answer, *map(data.get, names))

    def _started(self, kind: str, data: dict[str, Any], value: dict[str, Any]) -> None:
        call_id = as_text(data.get("toolCallId"))
        if call_id and self.draft.calls.get(call_id):
            self.repeated(kind, value)
            return
        self.call(call_id, data.get("toolName"), data.get("arguments"))

    def _completed(self, data: dict[str, Any]) -> None:
        call_id, result = as_text(data.get("toolCallId")), data.get("result")
        if not self.draft.calls.get(call_id):
            self.call(call_id, data.get("toolName"), {})
        error = data.get("error")
        output: Any = result.get("content") if isinstance(result, dict) else result
        if result and isinstance(result, dict) and not _RESULTS & result.keys():
            output = result
        if not output:
            output = as_text(as_dict(error).get("message")) or as_text(error)
        about = as_dict(result)
        kept = as_list(about.get("contents")) or as_list(about.get("binaryResultsForLlm"))
        images = [each for each in kept if _is_image(each)]
        success = data.get("success") if isinstance(data.get("success"), bool) else None
        text = text_in(output)
        code = _exit_code(text)
        outcome = outcome_of(success and not code, text, code=code)
        self.result(call_id, [output, *images] if images else output, outcome)
        if as_dict(result).get("detailedContent") not in (None, "", output):
            self.draft.left_out["tool.execution_complete.detailedContent"] += 1

    def _question(self, kind: str, data: dict[str, Any], value: dict[str, Any]) -> None:
        if kind == "exit_plan_mode.requested" and as_text(data.get("planContent")):
            self.notice(f"Plan\n{data['planContent']}")
            return
        if kind == "exit_plan_mode.completed" and isinstance(data.get("approved"), bool):
            reason = as_text(data.get("feedback"))
            what = "accepted" if data["approved"] else "rejected"
            self.notice(f"Plan {what}{f': {reason}' if reason else ''}")
            return
        if given := as_dict(data.get("content")):
            self.notice(answers(given))
            return
        names = ("question", "message", "answer", "feedback", "summary", "action")
        words = next(filter(None, (as_text(data.get(name)) for name in names)), "")
        if not words:
            self.skip(kind, value)
            return
        asked = kind.endswith("requested")
        self.notice(f"{'Asked' if asked else 'Answered'}: {words}")

    def _about_session(self, what: str, data: dict[str, Any]) -> bool:
        """Use what an event says about the session; False if it says nothing of the kind."""
        match what:
            case "start" | "resume" | "context_changed":
                self._context(data, as_dict(data.get("context")) or data)
            case "model_change":
                self.model = as_text(data.get("newModel")) or self.model
            case "title_changed":
                self.title = as_text(data.get("title")) or self.title
            case "mode_changed":
                plan = data.get("newMode") == "plan"
                self.draft.mode(OperatingMode.PLAN if plan else OperatingMode.BUILD)
            case "shutdown":
                self._total(as_dict(data.get("modelMetrics")))
            case _:
                return False
        return True

    def _compacted(self, data: dict[str, Any]) -> None:
        tokens = map(data.get, ("preCompactionTokens", "postCompactionTokens"))
        how = "manual" if data.get("trigger") == "manual" else "auto"
        self.notice(compacted(how if data.get("trigger") else None, *tokens))
        if words := as_text(data.get("summaryContent")).strip():
            self.draft.add(summary(words), self._number)

    def _rewind(self, event: str) -> None:
        """Leave the branch that began with an event."""
        start = self._places.get(event)
        if start is None:
            return
        entries = self.draft.entries
        left = [at for at in range(start, len(entries)) if entries[at].branch is None]
        fork = next((at for at in reversed(range(start)) if entries[at].branch is None), None)
        self.draft.leave_at(left, fork)

    def _context(self, data: dict[str, Any], context: dict[str, Any]) -> None:
        self.directory = self.directory or as_text(context.get("cwd"))
        self.branch = self.branch or as_text(context.get("branch"))
        self.model = as_text(data.get("selectedModel")) or self.model
        for name, found in (
            (COMMIT, context.get("headCommit")), (CLI_VERSION, data.get("copilotVersion")),
            (ORIGINATOR, data.get("producer")),
        ):  # fmt: skip
            if as_text(found):
                self.draft.environment.setdefault(name, as_text(found))

    def _total(self, metrics: dict[str, Any]) -> None:
        """The counts of a run of the program, which replace those of its answers."""
        counts = [as_dict(as_dict(each).get("usage")) for each in metrics.values()]
        if not any(each.get("inputTokens") for each in counts):
            return
        run = sum(name.startswith("run ") for name in self.usage.names())
        self.usage.forget(lambda name: not name.startswith("run "))
        for number, each in enumerate(counts):
            self.usage.add(
                f"run {run} {number}",
                each.get("inputTokens"),
                each.get("cacheReadTokens"),
                each.get("outputTokens"),
            )

    def finish(self, changed: Timestamp | None = None) -> Imported:
        self.title = self.title or _name_beside(self.source)
        # As they are now: the events do not say what they were.
        plan, todos = _text_beside(self.source, "plan.md").strip(), todo_list(self.source)
        now = [
            f"{name}\n{words}" for name, words in (("Plan", plan), ("To-do list", todos)) if words
        ]
        said = {text for entry in self.draft.entries if (text := text_of(entry.item)) in now}
        for words in now:
            if words not in said:
                self.notice(words)
        return super().finish(changed)


def _attachment(attached: Any) -> Any:
    """An attachment as a part of the message: a picture, or where it is."""
    about = as_dict(attached)
    if as_text(about.get("data")) and as_text(about.get("mimeType")).startswith("image/"):
        return {"type": "image", "data": about["data"], "mimeType": about["mimeType"]}
    where = as_text(about.get("path")) or as_text(about.get("filePath"))
    name = where or as_text(about.get("displayName"))
    if about.get("type") == "selection" and as_text(about.get("text")):
        return f"[selection of {name}]\n{about['text']}"
    return f"[{as_text(about.get('type')) or 'file'}: {name}]" if name else None


def _is_image(part: Any) -> bool:
    return as_dict(part).get("type") == "image"


_exit = re.compile(r"<(?:exited|command) with exit code (-?\d{1,9})>\s*\Z").search


def _exit_code(text: str) -> int | None:
    """The exit code that a shell tool writes after its output."""
    found = _exit(text[-100:])
    return int(found[1]) if found else None


def _notice_of_session(what: str, data: dict[str, Any]) -> str:
    """The words for an event of a session that a person should see; empty for any other."""
    match what:
        case "error" | "warning":
            return f"{what.title()}: {as_text(data.get('message')) or 'no reason given'}"
        case "info":
            return as_text(data.get("message"))
        case "context_cleared":
            return "Context cleared"
        case "handoff" if as_text(data.get("summary")):
            return f"Handed off: {data['summary']}"
        case "compaction_complete" if data.get("success") is False:
            error = data.get("error")
            words = as_text(error) or as_text(as_dict(error).get("message")) or "no reason given"
            return f"Compaction failed: {words}"
    return ""


def _interruption(reason: str) -> str:
    return f"Interrupted: {reason.replace('_', ' ')}" if reason else "Interrupted"


def _subagent(what: str, data: dict[str, Any]) -> str:
    name = as_text(data.get("agentDisplayName")) or as_text(data.get("agentName")) or "agent"
    about = as_text(data.get("error")) or as_text(data.get("agentDescription"))
    return f"Subagent {name} {what}{f': {about}' if about else ''}"


_field = re.compile(r"^(name|summary): *(.+)$", re.MULTILINE).finditer


def _text_beside(events: Path, name: str) -> str:
    try:
        return small_text(events.with_name(name))
    except (OSError, PersistenceError):
        return ""


def _name_beside(events: Path) -> str:
    """The name of the session in the file beside its events; empty if it has no name."""
    text = _text_beside(events, "workspace.yaml")
    found = {field[1]: field[2].strip().strip("'\"") for field in _field(text)}
    name = found.get("name") or found.get("summary") or ""
    return "" if name[:1] in ("|", ">") else name
