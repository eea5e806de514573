"""Makes a small session of each agent as the agent keeps it: the shape of real files, words of our own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.support.agent_databases import cursor_store, opencode, opencode_older
from tests.support.agent_lines import MS, SESSION, at, write_lines


def copilot(root: Path) -> Path:
    def event(kind: str, seconds: int, **data: object) -> dict:
        return {"type": kind, "data": data, "id": f"e{seconds}", "timestamp": at(seconds)}

    context = {"cwd": "/src/site", "branch": "main", "headCommit": "c0ffee"}
    called = {"toolCallId": "c1", "name": "bash", "arguments": {"command": "ls"}}
    folder = root / SESSION
    path = write_lines(
        folder / "events.jsonl",
        event("session.start", 0, sessionId=SESSION, copilotVersion="1.0.20", context=context),
        event("user.message", 1, content="Fix the grid", transformedContent="<now>Fix the grid"),
        event(
            "assistant.message", 2, messageId="m1", model="gpt-x", content="Looking.",
            reasoningText="Where is it?", toolRequests=[called], outputTokens=5,
        ),
        event("tool.execution_start", 3, toolCallId="c1", toolName="bash", arguments={}),
        event("hook.start", 3),
        event(
            "tool.execution_complete", 5, toolCallId="c1", success=False,
            result={"content": "nope\n<exited with exit code 2>"},
        ),
        event("abort", 6, reason="user_initiated"),
        event("session.compaction_complete", 7, preCompactionTokens=900, summaryContent="So far."),
        event(
            "session.shutdown", 8,
            modelMetrics={"gpt-x": {"usage": {"inputTokens": 100, "cacheReadTokens": 40, "outputTokens": 9}}},
        ),
    )  # fmt: skip
    (folder / "workspace.yaml").write_text("id: x\nname: The grid\n")
    return path


def gemini(root: Path) -> Path:
    def message(name: str, kind: str, seconds: int, content: object, **more: object) -> dict:
        return {"id": name, "timestamp": at(seconds), "type": kind, "content": content, **more}

    project = root / "site"
    project.mkdir(parents=True, exist_ok=True)
    (project / ".project_root").write_text("/src/site")
    response = {"functionResponse": {"id": "c1", "name": "shell", "response": {"error": "nope"}}}
    called = {
        "id": "c1", "name": "shell", "args": {"command": "ls"}, "status": "error",
        "result": [response], "timestamp": at(4),
    }  # fmt: skip
    thought = {"subject": "Where", "description": "is it?", "timestamp": at(2)}
    answer = {"model": "gemini-x", "thoughts": [thought]}
    tokens = {"input": 100, "cached": 40, "output": 6, "thoughts": 3}
    return write_lines(
        project / "chats" / "session-2026-03-01T10-00-0199aaaa.jsonl",
        {"sessionId": SESSION, "projectHash": "h", "startTime": at(0), "kind": "main"},
        message("u0", "user", 1, [{"text": "Wrong words"}]),
        message("g0", "gemini", 1, "Hm."),
        {"$rewindTo": "u0"},
        message("u1", "user", 2, [{"text": "Fix the grid"}]),
        message("g1", "gemini", 3, "Looking.", **answer),
        message("g1", "gemini", 3, "Looking.", **answer, toolCalls=[called], tokens=tokens),
        message("i1", "info", 5, "Request cancelled."),
        {"$set": {"summary": "The grid"}},
    )


def pi(root: Path) -> Path:
    def entry(name: str, parent: str | None, seconds: int, **message: object) -> dict:
        return {
            "type": "message", "id": name, "parentId": parent, "timestamp": at(seconds),
            "message": {**message, "timestamp": MS + seconds * 1000},
        }  # fmt: skip

    usage = {
        "input": 50, "cacheRead": 40, "cacheWrite": 10, "output": 9, "cost": {"total": 0.25},
    }  # fmt: skip
    blocks = [
        {"type": "thinking", "thinking": "Where is it?", "thinkingSignature": "s"},
        {"type": "text", "text": "Looking."},
        {"type": "toolCall", "id": "c1", "name": "bash", "arguments": {"command": "ls"}},
    ]
    return write_lines(
        root / "--src-site--" / f"2026-03-01T10-00-00-000Z_{SESSION}.jsonl",
        {"type": "session", "version": 3, "id": SESSION, "timestamp": at(0), "cwd": "/src/site"},
        {"type": "model_change", "id": "a", "parentId": None, "timestamp": at(0), "modelId": "m"},
        entry("u0", "a", 1, role="user", content="Wrong words"),
        entry("u1", "a", 2, role="user", content=[{"type": "text", "text": "Fix the grid"}]),
        entry(
            "b", "u1", 3, role="assistant", content=blocks, model="pi-x", usage=usage, stopReason="toolUse"
        ),
        entry(
            "c", "b", 5, role="toolResult", toolCallId="c1", toolName="bash", isError=True,
            content=[{"type": "text", "text": "nope"}],
        ),
        {"type": "session_info", "id": "d", "parentId": "c", "timestamp": at(6), "name": "The grid"},
        entry("e", "d", 7, role="assistant", content=[], stopReason="aborted"),
        {
            "type": "compaction", "id": "f", "parentId": "e", "timestamp": at(8), "tokensBefore": 900,
            "summary": "So far.",
        },
    )  # fmt: skip


def qwen(root: Path) -> Path:
    common = {"sessionId": SESSION, "cwd": "/src/site", "version": "0.9.0", "gitBranch": "main"}

    def line(name: str, parent: str | None, seconds: int, kind: str, **more: object) -> dict:
        return {
            "uuid": name, "parentUuid": parent, "timestamp": at(seconds), "type": kind, **common, **more,
        }  # fmt: skip

    def said(role: str, *parts: dict) -> dict:
        return {"role": role, "parts": list(parts)}

    call = {"functionCall": {"id": "c1", "name": "shell", "args": {"command": "ls"}}}
    response = {"functionResponse": {"id": "c1", "name": "shell", "response": {"error": "nope"}}}
    usage = {"promptTokenCount": 100, "cachedContentTokenCount": 40, "candidatesTokenCount": 9}
    return write_lines(
        root / "-src-site" / "chats" / f"{SESSION}.jsonl",
        line("u0", None, 1, "user", message=said("user", {"text": "Wrong words"})),
        line("r", None, 1, "system", subtype="rewind", systemPayload={}),
        line("u1", None, 2, "user", message=said("user", {"text": "Fix the grid"})),
        line(
            "a1", "u1", 3, "assistant", model="qwen-x", usageMetadata=usage,
            message=said("model", {"text": "Where is it?", "thought": True}, {"text": "Looking."}, call),
        ),
        line(
            "t1", "a1", 5, "tool_result", message=said("user", response),
            toolCallResult={"callId": "c1", "status": "error"},
        ),
        line(
            "s1", "t1", 6, "system", subtype="custom_title", systemPayload={"customTitle": "The grid"},
        ),
        line(
            "s2", "s1", 7, "system", subtype="chat_compression",
            systemPayload={"info": {"originalTokenCount": 900, "newTokenCount": 90}},
        ),
    )  # fmt: skip


def droid(root: Path) -> Path:
    def message(name: str, seconds: int, role: str, *blocks: dict) -> dict:
        return {
            "type": "message", "id": name, "timestamp": at(seconds),
            "message": {"role": role, "content": list(blocks)},
        }  # fmt: skip

    folder = root / "-src-site"
    path = write_lines(
        folder / f"{SESSION}.jsonl",
        {"type": "session_start", "id": SESSION, "title": "The grid", "owner": "me", "cwd": "/src/site"},
        message(
            "m0", 1, "user", {"type": "text", "text": "<system-reminder>x</system-reminder>"},
            {"type": "text", "text": "Fix the grid"},
        ),
        message(
            "m1", 2, "assistant", {"type": "thinking", "thinking": "Where is it?", "signature": "s"},
            {"type": "text", "text": "Looking."},
            {"type": "tool_use", "id": "c1", "name": "Execute", "input": {"command": "ls"}},
        ),
        message(
            "m2", 5, "user",
            {"type": "tool_result", "tool_use_id": "c1", "is_error": True, "content": "nope"},
        ),
        {"type": "todo_state", "id": "t", "timestamp": at(6), "todos": {"todos": "1. [pending] x"}},
    )  # fmt: skip
    usage = {"inputTokens": 60, "cacheReadTokens": 40, "outputTokens": 9}
    settings = folder / f"{SESSION}.settings.json"
    settings.write_text(json.dumps({"model": "droid-x", "tokenUsage": usage}))
    return path


def cursor(root: Path) -> Path:
    def message(role: str, *blocks: dict) -> dict:
        return {"role": role, "message": {"content": list(blocks)}}

    asked = (
        "<timestamp>Sunday, Mar 1, 2026, 12:00 PM (UTC+2)</timestamp>\n"
        "<user_query>\nFix the grid\n</user_query>"
    )
    path = write_lines(
        root / "src-site" / "agent-transcripts" / SESSION / f"{SESSION}.jsonl",
        message("user", {"type": "text", "text": asked}),
        message(
            "assistant", {"type": "text", "text": "Looking."},
            {"type": "tool_use", "id": "c1", "name": "Shell", "input": {"command": "ls"}},
        ),
        message(
            "user", {"type": "tool_result", "tool_use_id": "c1", "is_error": True, "content": "nope"}
        ),
        {"type": "turn_ended", "status": "success"},
    )  # fmt: skip
    meta = {"title": "The grid", "createdAtMs": MS, "cwd": "/src/site", "model": "cursor-x"}
    (path.parent / "meta.json").write_text(json.dumps(meta))
    return path


def kimi(root: Path) -> Path:
    def loop(seconds: int, kind: str, **event: object) -> dict:
        return {
            "type": "context.append_loop_event", "time": MS + seconds * 1000,
            "event": {"type": kind, **event},
        }  # fmt: skip

    folder = root / "wd_site_1" / f"session_{SESSION}"
    usage = {"inputOther": 60, "inputCacheRead": 40, "inputCacheCreation": 0, "output": 9}
    text = [{"type": "text", "text": "Fix the grid"}]
    path = write_lines(
        folder / "agents" / "main" / "wire.jsonl",
        {"type": "metadata", "protocol_version": "1.5", "created_at": MS},
        {"type": "turn.prompt", "input": text, "origin": {"kind": "user"}, "time": MS + 1000},
        {
            "type": "context.append_message",
            "message": {"role": "user", "content": text},
            "time": MS,
        },
        loop(2, "content.part", part={"type": "think", "think": "Where is it?"}),
        loop(3, "content.part", part={"type": "text", "text": "Looking."}),
        loop(3, "tool.call", toolCallId="c1", name="Shell", args={"command": "ls"}),
        loop(5, "tool.result", toolCallId="c1", result={"output": "nope", "isError": True}),
        loop(6, "step.end", usage=usage),
        {"type": "usage.record", "model": "kimi-x", "usage": usage, "time": MS + 6000},
        {"type": "turn.ended", "reason": "cancelled", "time": MS + 7000},
    )
    state = {"title": "The grid", "workDir": "/src/site"}
    (folder / "state.json").write_text(json.dumps(state))
    return path


def kimi_older(root: Path) -> Path:
    def line(seconds: int, kind: str, **payload: object) -> dict:
        return {"timestamp": MS / 1000 + seconds, "message": {"type": kind, "payload": payload}}

    folder = root / "abc" / SESSION
    counts = {"input_other": 60, "input_cache_read": 40, "input_cache_creation": 0, "output": 9}
    path = write_lines(
        folder / "wire.jsonl",
        {"type": "metadata", "protocol_version": "1.1"},
        line(1, "TurnBegin", user_input="Fix the grid"),
        line(2, "ContentPart", type="think", think="Where is it?"),
        line(3, "ContentPart", type="text", text="Looking."),
        line(3, "ToolCall", id="c1", function={"name": "Shell", "arguments": '{"command": "ls"}'}),
        line(5, "ToolResult", tool_call_id="c1", return_value={"output": "nope", "is_error": True}),
        line(6, "StatusUpdate", token_usage=counts, message_id="m"),
        line(7, "StepInterrupted"),
    )
    state = {"custom_title": "The grid", "work_dir": "/src/site"}
    (folder / "state.json").write_text(json.dumps(state))
    return path


# By the name of the agent; several where there are several forms.
MAKERS: dict[str, Callable[[Path], Path]] = {
    "copilot": copilot,
    "opencode": opencode,
    "opencode older": opencode_older,
    "gemini": gemini,
    "pi": pi,
    "qwen": qwen,
    "droid": droid,
    "cursor": cursor,
    "cursor store": cursor_store,
    "kimi": kimi,
    "kimi older": kimi_older,
}
