"""Imports sessions of Kimi: `sessions/<directory>/<session>/agents/<agent>/wire.jsonl`.

Strategy: the lines are what the agent and its window say to each other. The newer ones are named
`turn.prompt` or `context.append_loop_event` and have a time in milliseconds; the older ones are
`{timestamp, message: {type: TurnBegin, payload}}`. Both are read as the same steps. A subagent has a file of
its own, or its events are inside those of its parent. The oldest sessions have only `context.jsonl`, the
messages for the model, without times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agcx_format.importing.agent import Source, home_directory
from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.importing.environment import count_of
from agcx_format.importing.fields import as_text
from agcx_format.importing.file_contexts import files_of
from agcx_format.importing.formats.beside import json_beside, line_of_session
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
from agcx_format.importing.moments import moment_of
from agcx_format.importing.notices import compacted, summary
from agcx_format.importing.taken_back import take_back
from agcx_format.model.items import FunctionCall
from agcx_format.model.session import OperatingMode
from agcx_format.model.timestamps import Timestamp

__all__ = ["Kimi"]

_MAIN = "main"
_WIRE, _CONTEXT = "wire.jsonl", "context.jsonl"
_NO_CONVERSATION = (
    "metadata", "llm.", "tools.", "plugin.", "runtime.", "token_counting.", "background.", "cron.",
    "goal.", "task.", "swarm_mode.", "tower_mode.", "interaction.", "plan.", "interruptionReminder.",
    "forked", "permission.", "mcp.", "file_history.", "turn.started", "turn.steered", "session.",
    "StatusUpdate", "StepBegin", "TurnEnd", "ApprovalRequest", "ApprovalResponse",
    "ApprovalRequestResolved", "MCPLoading", "MCPStatus", "HookTriggered", "HookResolved",
    "ToolCallRequest", "agent.turn.", "prompt.completed",
)  # fmt: skip


class Kimi(LineAgent):
    """Kimi Code of Moonshot."""

    name = "kimi"
    label = "Kimi Code"
    tag = "kimi"
    patterns = (_WIRE, _CONTEXT)

    def default_places(self) -> list[Path]:
        home = home_directory("KIMI_CODE_HOME", ".kimi-code")
        older = home_directory("KIMI_SHARE_DIR", ".kimi")
        return [home / "sessions", older / "sessions"]

    def is_line(self, value: Any) -> bool:
        match value:
            case {"type": "turn.prompt", "input": _} | {"type": "context.append_loop_event"}:
                return True
            case {"type": "metadata", "protocol_version": _}:
                return True
            case {"timestamp": int() | float(), "message": {"type": str(), "payload": dict()}}:
                return True
            case {"role": "_checkpoint", "id": int()} | {"role": "_usage", "token_count": int()}:
                return True
        return False

    def sources(self, path: Path) -> Iterator[Source]:
        """None in the messages for the model where all that happened is beside them."""
        if path.name != _CONTEXT or not path.with_name(_WIRE).exists():
            yield Source(path)

    def begin(self, values: list[dict[str, Any]], path: Path, modified: Timestamp) -> Reading:
        folder, agent = _session_of(path)
        name = _own(folder, agent) if folder else path.stem
        start = start_of(values, "created_at", "time", "timestamp")
        wire = _Wire(self, path, modified, identity(self, name, path), start)
        wire.named(name)
        if agent not in ("", _MAIN) and folder:
            parent = identity(self, folder.name, path)
            wire.draft.parent = Parent(parent, role=agent.rstrip("0123456789-_"))
        return wire


def _session_of(wire: Path) -> tuple[Path | None, str]:
    """The directory of the session, and the name of the agent in it; empty in older sessions."""
    folder = wire.absolute().parent
    if wire.name not in (_WIRE, _CONTEXT):
        return None, ""
    if folder.parent.name in ("agents", "subagents"):
        return folder.parent.parent, folder.name
    return folder, ""


def _own(folder: Path | None, agent: str) -> str:
    name = folder.name if folder else ""
    return name if agent in ("", _MAIN) else f"{name}/{agent}"


class _Wire(Reading):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        # What was asked in this turn, and whether anything has come of it.
        self._heard: set[str] = set()
        self._is_answered = False
        self._is_interrupted = False
        # Those of the last call as they are written.
        self._arguments = ""
        self._last_call: DraftEntry | None = None

    def value(self, value: dict[str, Any], number: int) -> None:
        self.draft.at(moment_of(value.get("time")) or moment_of(value.get("timestamp")))
        match value:
            case {"message": {"type": str(kind), "payload": dict(payload)}}:
                self._older(kind, payload)
            case {"type": "context.append_loop_event", "event": dict(event)}:
                self._event(as_text(event.get("type")), event)
            case {"type": str(kind)}:
                self._newer(kind, value)
            case {"role": str(role)}:
                self._oldest(role, value)
            case _:
                self.unknown("", value)

    # --- the messages for the model

    def _oldest(self, role: str, message: dict[str, Any]) -> None:
        content = message.get("content")
        if role == "user" and text_in(content).lstrip().startswith("<system>"):
            self.injected(content, "context of system")
        elif role == "user":
            self.asked(content)
        elif role == "assistant":
            for part in content if isinstance(content, list) else [content]:
                self._part(part if isinstance(part, dict) else {"type": "text", "text": part})
            for each in map(as_dict, as_list(message.get("tool_calls"))):
                called = as_dict(each.get("function"))
                self._call(each.get("id"), called.get("name"), called.get("arguments"))
        elif role == "tool":
            self.result(message.get("tool_call_id"), content)
        elif role.startswith("_"):
            self.skip(role, message)
        else:
            self.injected(content, f"context of {role}")

    # --- newer

    def _newer(self, kind: str, value: dict[str, Any]) -> None:
        match kind:
            case "turn.prompt" | "turn.steer" | "prompt.accepted":
                self._prompt(kind, value)
            case "context.append_message":
                self._message(as_dict(value.get("message")), value)
            case "turn.cancel":
                self._interrupted()
            case "context.clear":
                self.notice("Context cleared")
            case "goal.create" if as_text(value.get("objective")):
                self.notice(f"Goal: {value['objective']}")
            case "context.rewind" | "context.undo" | "turn.undo":
                turns = value.get("count", value.get("turns"))
                take_back(self.draft, max(1, count_of(turns)))
                self.notice("Went back")
            case _ if "compact" in kind:
                self._compacted(kind, value)
            case _ if self._about_session(kind, value) or kind.startswith(_NO_CONVERSATION):
                self.skip(kind, value)
            case _:
                self.unknown(kind, value)

    def _about_session(self, kind: str, value: dict[str, Any]) -> bool:
        """Use what a line says about the session or a turn; False if it is of another kind."""
        match kind:
            case "usage.record":
                self.model = as_text(value.get("model")) or self.model
                self._count(value.get("usage"))
            case "turn.ended":
                self._ended(value)
            case "plan_mode.enter":
                self.draft.mode(OperatingMode.PLAN)
            case "plan_mode.exit" | "plan_mode.cancel":
                self.draft.mode(OperatingMode.BUILD)
            case "config.update" | "profile.bind":
                self.model = as_text(value.get("modelAlias")) or self.model
                disclosed = as_dict(value.get("environmentDisclosure"))
                directories = (value.get("cwd"), disclosed.get("cwd"), self.directory)
                self.directory = next(filter(None, map(as_text, directories)), "")
            case _:
                return False
        return True

    def _prompt(self, kind: str, value: dict[str, Any]) -> None:
        given = value.get("input", value.get("content"))
        words = "".join(text_in(given).split())
        # The same words after an answer are asked again.
        if kind == "prompt.accepted" or (words in self._heard and not self._is_answered):
            self.repeated(kind, value)
            return
        origin = as_text(as_dict(value.get("origin")).get("kind"))
        if origin in ("", "user"):
            # What is put in while the agent works comes beside the prompt of the turn.
            self._heard = {words} | (self._heard if kind == "turn.steer" else set())
            self._is_answered = self._is_interrupted = False
            self.asked(given)
        else:
            self.injected(given, f"{kind} of {origin}")

    def _message(self, message: dict[str, Any], value: dict[str, Any]) -> None:
        """A message of the context: the prompt again, or what was put into it."""
        content, role = message.get("content"), as_text(message.get("role"))
        origin = as_text(as_dict(message.get("origin")).get("kind"))
        if role == "user" and "".join(text_in(content).split()) in self._heard:
            self.repeated("context.append_message", value)
        elif role == "assistant":
            self._is_answered = True
            self.said(content)
        elif role == "user" and origin in ("", "user"):
            self.asked(content)
        else:
            self.injected(content, f"context of {origin or role or 'nobody'}")

    def _event(self, kind: str, event: dict[str, Any]) -> None:
        self._is_answered = True
        if kind == "content.part":
            self._part(event.get("part"))
        elif kind == "tool.call":
            arguments = event.get("args", event.get("arguments"))
            self._call(event.get("toolCallId"), event.get("name"), arguments)
        elif kind == "tool.result":
            self._result(event.get("toolCallId"), event.get("result"))
        elif kind == "step.end":
            self.skip(kind, event)
            self._count(event.get("usage"), in_step=True)
        elif kind in ("step.begin", "tool.progress", "step.retry"):
            self.skip(kind, event)
        elif kind in ("step.interrupted", "step.error"):
            self.notice(_reason("Interrupted", event))
        else:
            self.unknown(f"event {kind}", event)

    def _ended(self, value: dict[str, Any]) -> None:
        self._is_answered = True
        reason = as_text(value.get("reason"))
        if reason == "cancelled":
            self._interrupted()
        elif reason == "failed":
            self.notice(_reason("Error", value))

    def _interrupted(self) -> None:
        """Say it once, though both the wish and the end of the turn say it."""
        if not self._is_interrupted:
            self.notice("Interrupted")
        self._is_interrupted = self._is_answered = True

    # --- older

    def _older(self, kind: str, payload: dict[str, Any]) -> None:
        match kind:
            case "TurnBegin" | "SteerInput":
                self.asked(payload.get("user_input"))
            case "ContentPart" | "TextPart" | "ThinkPart" | "ImageURLPart":
                self._part(payload)
            case "ToolCall" if "name" in (called := as_dict(payload.get("function"))):
                self._call(payload.get("id"), called.get("name"), called.get("arguments"))
            case "ToolCallPart":
                self._more_of_call(payload, kind)
            case "ToolResult" if "return_value" in payload:
                self._result(payload.get("tool_call_id"), payload.get("return_value"))
            case "StatusUpdate":
                self.skip(kind, payload)
                self._count(payload.get("token_usage"), as_text(payload.get("message_id")))
            case "StepInterrupted":
                self.notice("Interrupted")
            case "CompactionBegin":
                self.notice(compacted(None, None))
            case "CompactionEnd" | "ParseError":
                self.skip(kind, payload)
            case "SubagentEvent":
                self._subagent(payload)
            case "PlanDisplay" if as_text(payload.get("content")):
                self.notice(f"Plan\n{payload['content']}")
            case "Notification" if as_text(payload.get("body")):
                self.notice(payload["body"])
            case _ if kind.startswith(_NO_CONVERSATION):
                self.skip(kind, payload)
            case _:
                self.unknown(kind, payload)

    def _more_of_call(self, payload: dict[str, Any], kind: str) -> None:
        """The rest of the arguments of the last call, which were written as they came."""
        # Results of other calls can come before it.
        last = self._last_call
        more = as_text(payload.get("arguments_part"))
        if last is None or not isinstance(last.item, FunctionCall) or not more:
            self.skip(kind, payload)
            return
        self._arguments += more
        called = FunctionCall(None, last.item.name, self._arguments, last.item.call_id)
        last.item, last.files = called, files_of(called)

    def _subagent(self, payload: dict[str, Any]) -> None:
        """What a subagent did is in its own file; in older sessions only here: its words are kept."""
        event = as_dict(payload.get("event"))
        kind, about = as_text(event.get("type")), as_dict(event.get("payload"))
        if kind == "ContentPart" and as_text(about.get("text")).strip():
            self.notice(f"Subagent: {about['text']}")
        else:
            self.skip(f"SubagentEvent.{kind}", payload)

    # --- both

    def _part(self, part: Any) -> None:
        about = as_dict(part)
        if about.get("type") in ("think", "thought"):
            self.thought(about.get("think") or about.get("text"), about.get("encrypted"))
        else:
            self.said(part)

    def _call(self, call_id: Any, name: Any, arguments: Any) -> None:
        self._arguments = as_text(arguments)
        self.call(call_id, name, arguments)
        self._last_call = self.draft.entries[-1]

    def _result(self, call_id: Any, result: Any) -> None:
        about = as_dict(result)
        failed = about.get("isError", about.get("is_error"))
        is_usual = not result or {"output", "message"} & about.keys()
        output = (about.get("output") or about.get("message")) if is_usual else result
        success = not failed if isinstance(failed, bool) else None
        self.result(call_id, output, outcome_of(success, text_in(output)))
        if (found := _started(text_in(output)[:200])) and (folder := _session_of(self.source)[0]):
            name = _own(folder, found[1])
            self.draft.subagents[as_text(call_id)] = identity(self.agent, name, self.source)

    def _count(self, usage: Any, answer: str = "", *, in_step: bool = False) -> None:
        """Tokens: newer sessions count each step, and some count each turn again."""
        counts = as_dict(usage)
        if not counts:
            return
        if in_step:
            self.usage.forget(lambda name: name.startswith("turn "))
        elif not answer and any(name.startswith("step ") for name in self.usage.names()):
            return
        names = (
            ("inputOther", "input_other"),
            ("inputCacheRead", "input_cache_read"),
            ("inputCacheCreation", "input_cache_creation"),
            ("output", "output"),
        )
        found = [next((counts[n] for n in pair if type(counts.get(n)) is int), 0) for pair in names]
        name = answer or f"{'step' if in_step else 'turn'} {len(self.usage.names())}"
        self.usage.add(name, sum(found[:3]), found[1], found[3])

    def _compacted(self, kind: str, value: dict[str, Any]) -> None:
        if kind in ("compaction", "compaction.complete", "context.apply_compaction"):
            before = value.get("tokensBefore", value.get("before"))
            self.notice(compacted(value.get("trigger"), before, value.get("tokensAfter")))
            given = as_dict(value.get("summary")).get("content") or value.get("summary")
            if words := text_in(given or value.get("contextSummary")).strip():
                self.draft.add(summary(words), self._number)
        else:
            self.skip(kind, value)

    def finish(self, changed: Timestamp | None = None) -> Imported:
        folder, agent = _session_of(self.source)
        state = json_beside(folder / "state.json") if folder else {}
        if agent in ("", _MAIN):
            self.title = as_text(state.get("title")) or as_text(state.get("custom_title"))
        noted = as_text(state.get("workDir")) or as_text(state.get("work_dir"))
        if folder and not noted and not self.directory:
            index = folder.parent.parent.parent / "session_index.jsonl"
            noted = as_text(line_of_session(index, folder.name).get("workDir"))
        self.directory = noted or self.directory
        return super().finish(changed)


# How the result of a subagent begins.
_started = re.compile(r"agent_id: ([\w.-]{1,100})\n").match


def _reason(what: str, value: dict[str, Any]) -> str:
    error = value.get("error")
    words = (
        as_text(as_dict(error).get("message")) or as_text(error) or as_text(value.get("message"))
    )
    return f"{what}: {words}" if words else what
