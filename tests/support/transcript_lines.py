"""Makes small Claude Code transcripts for the tests: the shape of real lines, words of our own."""

from __future__ import annotations

from agcx_format.importing.draft import Imported
from agcx_format.transcript.words import text_of

SESSION = "2d984148-cddb-4605-aac1-13e720fe613c"
TIME = "2025-10-26T10:38:08.752Z"


def said(kind: str, content: object, uuid: str = "", **more) -> dict:
    message = {"role": kind, "content": content}
    if kind == "assistant":
        message |= {"id": "msg_1", "model": "claude-sonnet-4-5"}
    line = {"type": kind, "uuid": uuid, "sessionId": SESSION, "timestamp": TIME, "message": message}
    return line | {"cwd": "/src/site", "gitBranch": "main", "isSidechain": False} | more


def user(content: object, **more) -> dict:
    return said("user", content, **more)


def assistant(*blocks: dict, **more) -> dict:
    return said("assistant", list(blocks), **more)


def text(words: str) -> dict:
    return {"type": "text", "text": words}


def use(name: str = "Bash", call_id: str = "toolu_1", **given) -> dict:
    return {"type": "tool_use", "id": call_id, "name": name, "input": given}


def result(content: object, call_id: str = "toolu_1", **more) -> dict:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **more}


def queued(operation: str, content: object = None) -> dict:
    line = {
        "type": "queue-operation",
        "operation": operation,
        "timestamp": TIME,
        "sessionId": SESSION,
    }
    return line if content is None else line | {"content": content}


def attached(prompt: object, kind: str | None = "human") -> dict:
    attachment = {"type": "queued_command", "prompt": prompt}
    if kind is not None:
        attachment["origin"] = {"kind": kind}
    return {"type": "attachment", "timestamp": TIME, "sessionId": SESSION, "attachment": attachment}


def texts(imported: Imported) -> list[str]:
    """What the messages of an import say."""
    return [text_of(message.item) for message in imported.conversation.messages]


def roles(imported: Imported) -> list[str]:
    return [getattr(message.item, "role", "") for message in imported.conversation.messages]
