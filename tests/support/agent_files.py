"""Makes a small session of each agent as the agent keeps it: the shape of real files, words of our own."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

SESSION = "0199aaaa-1111-7222-8333-444455556666"
CHILD = "0199bbbb-1111-7222-8333-444455556666"
PNG = "iVBORw0KGgo="
DAY = "2026-03-01T10:00:"
MS = 1772359200000


def at(seconds: int) -> str:
    return f"{DAY}{seconds:02}.000Z"


def write_lines(path: Path, *lines: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


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


OPENCODE = "ses_0123456789abcdefghijklmnop"
OPENCODE_CHILD = "ses_1123456789abcdefghijklmnop"
TABLES = """
CREATE TABLE project (id text PRIMARY KEY, worktree text NOT NULL);
CREATE TABLE session (id text PRIMARY KEY, project_id text NOT NULL, parent_id text, directory text NOT NULL,
  title text NOT NULL, version text NOT NULL, revert text, time_created integer, time_updated integer);
CREATE TABLE message (id text PRIMARY KEY, session_id text NOT NULL, time_created integer,
  time_updated integer, data text NOT NULL);
CREATE TABLE part (id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL,
  time_created integer, time_updated integer, data text NOT NULL);
"""


def opencode_rows() -> list[tuple[str, dict, list[dict]]]:
    """Messages with their parts: id, data, parts."""
    tokens = {"input": 60, "output": 6, "reasoning": 3, "cache": {"read": 40, "write": 0}}
    state = {
        "status": "completed", "input": {"command": "ls"}, "output": "nope",
        "time": {"start": MS + 3000, "end": MS + 5000}, "metadata": {"exit": 2},
    }  # fmt: skip
    task = {
        "status": "completed", "input": {"description": "Look", "subagent_type": "explore"},
        "output": "seen", "time": {"start": MS + 5000, "end": MS + 6000},
        "metadata": {"sessionId": OPENCODE_CHILD},
    }  # fmt: skip
    times = {"start": MS + 2000, "end": MS + 2500}
    answer = {
        "role": "assistant", "modelID": "open-x", "providerID": "p", "cost": 0.25, "tokens": tokens,
        "time": {"created": MS + 2000, "completed": MS + 7000},
        "error": {"name": "MessageAbortedError", "data": {}},
    }  # fmt: skip
    return [
        (
            "msg_1",
            {"role": "user", "time": {"created": MS + 1000}, "agent": "build"},
            [
                {"id": "prt_1", "type": "text", "text": "Fix the grid"},
                {"id": "prt_2", "type": "text", "text": "Called the Read tool", "synthetic": True},
            ],
        ),
        (
            "msg_2",
            answer,
            [
                {"id": "prt_3", "type": "reasoning", "text": "Where is it?", "time": times},
                {"id": "prt_4", "type": "text", "text": "Looking.", "time": times},
                {"id": "prt_5", "type": "tool", "tool": "bash", "callID": "c1", "state": state},
                {"id": "prt_6", "type": "tool", "tool": "task", "callID": "c2", "state": task},
                {"id": "prt_7", "type": "step-finish", "reason": "stop"},
            ],
        ),
    ]


def add_opencode(
    db: sqlite3.Connection,
    session: str = OPENCODE,
    rows: list[tuple[str, dict, list[dict]]] | None = None,
    *,
    parent: str | None = None,
    title: str = "The grid",
    suffix: str = "",
) -> None:
    """Add a session; `suffix` makes the ids of its rows different from others."""
    values = (session, "p", parent, "/src/site", title, "1.2.3", None, MS, MS + 7000)
    db.execute("insert or replace into session values (?,?,?,?,?,?,?,?,?)", values)
    for place, (name, data, parts) in enumerate(opencode_rows() if rows is None else rows):
        row = (name + suffix, session, MS + place, MS + place, json.dumps(data))
        db.execute("insert or replace into message values (?,?,?,?,?)", row)
        for part in parts:
            kept = {key: part[key] for key in part if key != "id"}
            each = (part["id"] + suffix, name + suffix, session, MS, MS + 7000, json.dumps(kept))
            db.execute("insert or replace into part values (?,?,?,?,?,?)", each)


def opencode(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    path = root / "opencode.db"
    db = sqlite3.connect(path)
    db.executescript(TABLES)
    add_opencode(db)
    db.commit()
    db.close()
    return path


def opencode_older(root: Path) -> Path:
    storage = root / "storage"
    time = {"created": MS, "updated": MS + 7000}
    about = {
        "id": OPENCODE, "projectID": "p", "directory": "/src/site", "title": "The grid", "version": "0.5.0",
        "time": time,
    }  # fmt: skip
    path = storage / "session" / "p" / f"{OPENCODE}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(about, indent=2))
    for name, data, parts in opencode_rows():
        folder = storage / "message" / OPENCODE
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps({"id": name, **data}))
        for part in parts:
            folder = storage / "part" / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{part['id']}.json").write_text(json.dumps(part))
    return path


def cursor_store(root: Path) -> Path:
    called = {
        "type": "tool-call",
        "toolCallId": "c1",
        "toolName": "Shell",
        "args": {"command": "ls"},
    }
    returned = {
        "type": "tool-result", "toolCallId": "c1", "toolName": "Shell", "result": "nope", "isError": True,
    }  # fmt: skip
    asked = "<user_query>\nFix the grid\n</user_query>"
    messages = [
        {"role": "system", "content": "You are an agent."},
        {"role": "user", "content": [{"type": "text", "text": asked}]},
        {
            "role": "assistant",
            "content": [
                {"type": "reasoning", "text": "Where is it?"}, {"type": "text", "text": "Looking."}, called,
            ],
        },
        {"role": "tool", "content": [returned]},
    ]  # fmt: skip
    folder = root / "chats" / "0cc175b9c0f1b6a831c399e269772661" / SESSION
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "store.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE blobs (id TEXT PRIMARY KEY, data BLOB)")
        db.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
        write_cursor_store(db, messages)
    return path


def write_cursor_store(db: sqlite3.Connection, messages: list[dict]) -> None:
    """Add the messages that are not there yet, and say that the chat is these, in this order."""
    root = b""
    for message in messages:
        data = json.dumps(message).encode()
        name = hashlib.sha256(data).hexdigest()
        db.execute("insert or ignore into blobs values (?, ?)", (name, data))
        root += b"\x0a\x20" + bytes.fromhex(name)
    root += b"\x4a\x09/src/site"
    db.execute("insert or replace into blobs values ('root', ?)", (root,))
    about = {
        "agentId": SESSION, "latestRootBlobId": "root", "name": "The grid", "createdAt": MS,
        "lastUsedModel": "cursor-x", "mode": "default",
    }  # fmt: skip
    value = json.dumps(about).encode().hex()
    db.execute("insert or replace into meta values ('0', ?)", (value,))
    db.commit()


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
