"""Lines of a Claude Code transcript that are not messages: prompts that wait, notices, titles, attachments.

Strategy: a prompt that was typed while the agent worked can stand only in the queue or in an attachment (see
`prompts`). What happened is kept as a notice; types that are not known are kept as text.
"""

from __future__ import annotations

from typing import Any

from agcx_format.importing.claude.prompts import Prompts
from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.fields import as_json, as_text
from agcx_format.importing.formats.parts import content_of
from agcx_format.importing.notices import add_notice, add_unknown, compacted
from agcx_format.model.items import ContentPart, InputText, Message
from agcx_format.model.session import OperatingMode
from agcx_format.transcript.injected import command_name
from agcx_format.transcript.title import short_title
from agcx_format.transcript.words import own_words
from agcx_format.variables import COST_USD, ROLE

__all__ = ["Asides"]

_NO_CONVERSATION = frozenset(
    {
        "agent-color", "agent-name", "agent-setting", "api-request", "api-request-blob", "api-request-shape",
        "artifact-autoreact-ledger", "artifact-comment-monitor", "atis-latch", "attribution-snapshot",
        "bridge-session", "content-replacement", "context-collapse-commit", "context-collapse-snapshot",
        "continued-in", "cost-state", "dev-mods", "ended-by-model", "file-history-delta",
        "file-history-snapshot", "fork-context-ref", "frame-link", "history-suppression", "isolation-latch",
        "marble-origami-commit", "marble-origami-reset", "marble-origami-snapshot", "memory-mode", "mode",
        "observer-ref", "permission-mode", "pr-link", "progress", "relocated", "result",
        "speculation-accept", "stream_event", "tag", "task-summary", "worktree-state",
    }
)  # fmt: skip
# System lines about the program rather than the conversation.
_SILENT = frozenset(
    {
        "agents_killed", "bridge_status", "cloud_session_status", "file_snapshot", "hook_response",
        "hook_started", "init", "memory_saved", "status", "stop_hook_summary", "task_notification",
        "task_started", "thinking", "turn_duration",
    }
)  # fmt: skip
# What becomes of a prompt that waits.
_QUEUE = frozenset({"enqueue", "dequeue", "remove", "popAll"})
_TOLD = frozenset(
    {
        "away_summary", "informational", "model_refusal_fallback", "model_refusal_no_fallback",
        "permission_retry", "scheduled_task_fire",
    }
)  # fmt: skip


class Asides:
    """The lines beside the messages of one transcript.

    Fields:
        given: titles by the kind of line that gave them, the last one of each.
        summaries: titles, with the uuid of the line that each belongs to.
        tags: that the person gave the session.
        last: the uuid of the line that the conversation continues from; empty in older versions.
    """

    def __init__(self, draft: ImportDraft) -> None:
        self.given: dict[str, str] = {}
        self.summaries: list[tuple[str, str]] = []
        self.tags: list[str] = []
        self.last = ""
        self._pull_request = ""
        self._draft = draft
        self._prompts = Prompts(draft, _as_typed)

    def heard(self, item: Message, *, is_of_program: bool = False) -> None:
        """Note what was said in the person's place, so that copies of it are recognized."""
        if self._prompts.expects and (item.role == "user" or is_of_program):
            self._prompts.sent(item)

    def line(self, kind: str, value: dict[str, Any], number: int) -> None:
        """Use a line whose type is not that of a message."""
        draft = self._draft
        if kind == "system":
            self._system(value, number)
        elif kind == "attachment":
            self._attachment(value, number)
        elif kind == "queue-operation":
            self._queue(value, number)
        elif kind in ("ai-title", "custom-title", "summary"):
            draft.skipped.add(kind, number, value)
            self._title(kind, value)
        elif kind == "last-prompt":
            draft.duplicates.add(kind, number, value)
            self.last = as_text(value.get("leafUuid"))
        elif kind in _NO_CONVERSATION:
            draft.skipped.add(kind, number, value)
            self._about_session(kind, value, number)
        else:
            add_unknown(draft, kind or "{" + ", ".join(sorted(value)[:4]) + "}", value, number)

    def _title(self, kind: str, value: dict[str, Any]) -> None:
        if kind == "summary":
            if as_text(value.get("summary")):
                leaf = as_text(value.get("leafUuid"))
                self.summaries.append((leaf, short_title(value["summary"])))
            return
        titles = (as_text(value.get(name)) for name in ("customTitle", "aiTitle", "title"))
        if title := short_title(next(filter(None, titles), "")):
            self.given[kind] = title
            self._draft.titles.add(title)

    def _about_session(self, kind: str, value: dict[str, Any], number: int) -> None:
        if kind == "tag" and (tag := as_text(value.get("tag")).strip()):
            self.tags.append(tag)
        elif kind == "agent-name":
            self._draft.environment[ROLE] = as_text(value.get("agentName"))
        elif kind == "pr-link" and (url := as_text(value.get("prUrl"))) not in (
            "",
            self._pull_request,
        ):
            self._pull_request = url
            add_notice(self._draft, f"Pull request: {url}", number)
        if kind in ("permission-mode", "mode"):
            mode_of(self._draft, value.get("permissionMode") or value.get("mode"))
        elif kind == "ended-by-model":
            add_notice(self._draft, "Ended by the agent", number)
        elif kind == "continued-in" and (other := as_text(value.get("continuedInSessionId"))):
            add_notice(self._draft, f"Continued in session {other}", number)
        cost = value.get({"result": "total_cost_usd", "cost-state": "totalCostUSD"}.get(kind, ""))
        if (
            not isinstance(cost, bool)
            and isinstance(cost, int | float)
            and 0 <= cost < float("inf")
        ):
            self._draft.environment[COST_USD] = f"{cost:.6g}"

    # --- what the person typed while the agent worked

    def _queue(self, value: dict[str, Any], number: int) -> None:
        parts = content_of(value.get("content"))
        operation = as_text(value.get("operation"))
        if operation == "enqueue" and _is_typed(parts):
            self._prompts.queued(parts, number, value)
            return
        if operation not in _QUEUE and _is_typed(parts):
            add_unknown(self._draft, f"queue-operation.{operation}", value, number)
            return
        if operation != "enqueue":
            self._prompts.leaves(operation, _text_of(parts))
        self._draft.skipped.add(f"queue-operation.{operation}", number, value)

    def _attachment(self, value: dict[str, Any], number: int) -> None:
        attached = value.get("attachment")
        if attached and not isinstance(attached, dict):
            add_unknown(self._draft, "attachment", value, number)
            return
        attached = attached or {}
        name = f"attachment.{as_text(attached.get('type'))}"
        if name != "attachment.queued_command":
            self._draft.skipped.add(name, number, value)
            return
        parts = content_of(attached.get("prompt"))
        if not _may_be_typed(attached) or not _is_typed(parts):
            self._draft.kept_as["queued command that nobody typed: role developer"] += 1
            message = Message(None, "developer", parts or [InputText("")])
            self.heard(message, is_of_program=True)
            self._draft.add(message, number)
            return
        self._prompts.attached(parts, number, value)

    # --- what happened

    def _system(self, value: dict[str, Any], number: int) -> None:
        draft = self._draft
        subtype, content = as_text(value.get("subtype")), as_text(value.get("content"))
        name = f"system.{subtype}" if subtype else "system"
        if subtype in ("compact_boundary", "microcompact_boundary"):
            draft.skipped.add(name, number, value)
            add_notice(draft, _compaction(value), number)
        elif subtype == "api_error":
            draft.skipped.add(name, number, value)
            add_notice(draft, _api_error(value), number)
        elif subtype == "local_command" and content:
            draft.add(Message(None, "user", [InputText(content)]), number)
        elif subtype in _TOLD and content.strip():
            add_notice(draft, content.strip(), number)
        elif subtype in _SILENT or not subtype:
            draft.skipped.add(name, number, value)
        else:
            add_unknown(draft, name, value, number)


def mode_of(draft: ImportDraft, mode: object) -> None:
    """Follow a change of the permission mode, which is absent in most lines."""
    if isinstance(mode, str) and mode:
        draft.mode(OperatingMode.PLAN if mode == "plan" else OperatingMode.BUILD)


def _may_be_typed(attached: dict[str, Any]) -> bool:
    """Whether a queued command says that a person typed it; older versions say nothing of that."""
    origin = attached.get("origin")
    origin = as_text(origin.get("kind")) if isinstance(origin, dict) else "human"
    mode = as_text(attached.get("commandMode")) or "prompt"
    return origin == "human" and mode in ("prompt", "bash") and attached.get("isMeta") is not True


def _is_typed(parts: list[ContentPart]) -> bool:
    """Whether a person typed it: words, a slash command with or without arguments, or pictures alone."""
    text = _text_of(parts)
    if not text.strip():
        return bool(parts)
    return bool(own_words(text) or command_name(text))


def _as_typed(text: str) -> str:
    """A slash command in the form in which it was typed; other text is not changed."""
    name = command_name(text)
    return f"{name} {own_words(text)}".strip() if name else text


def _text_of(parts: list[ContentPart]) -> str:
    return "\n".join(part.text for part in parts if isinstance(part, InputText))


def _compaction(value: dict[str, Any]) -> str:
    about = value.get("compactMetadata") or value.get("microcompactMetadata")
    about = about if isinstance(about, dict) else {}
    return compacted(about.get("trigger"), about.get("preTokens"), about.get("postTokens"))


def _api_error(value: dict[str, Any]) -> str:
    error = value.get("error")
    words = _message_in(error) or (as_json(error) if error else as_text(value.get("content")))
    attempt, most = value.get("retryAttempt"), value.get("maxRetries")
    again = f" (attempt {attempt} of {most})" if attempt and most else ""
    return f"API error: {words or 'no reason given'}{again}"


def _message_in(error: Any) -> str:
    """The message in an error, which may be nested in others."""
    for _ in range(4):
        if not isinstance(error, dict):
            break
        if message := as_text(error.get("message")):
            return message
        error = error.get("error") or error.get("cause")
    return as_text(error)
