"""Makes small sessions of the agents that keep them in databases."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from pathlib import Path

from tests.support.agent_lines import MS, SESSION

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
