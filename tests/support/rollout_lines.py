"""Makes small Codex rollouts of era C for the tests: the shape of real lines, words of our own."""

from __future__ import annotations

import json
import os
from pathlib import Path

SESSION = "0199aaaa-1111-7222-8333-444455556666"
START = "2025-09-25T14:02:05.424Z"


def line(kind: str, payload: object, time: str = "2025-09-25T14:02:06.000Z", **more) -> dict:
    return {"timestamp": time, "type": kind, "payload": payload, **more}


def meta(**more) -> dict:
    header = {"id": SESSION, "timestamp": START, "cwd": "/src/site", "cli_version": "0.40.0"}
    return line("session_meta", header | more, START)


def item(kind: str, time: str = "2025-09-25T14:02:07.000Z", **fields) -> dict:
    return line("response_item", {"type": kind, **fields}, time)


def user(text: str, *more: dict) -> dict:
    content = [{"type": "input_text", "text": text}, *more]
    return item("message", role="user", content=content)


def assistant(text: str) -> dict:
    return item("message", role="assistant", content=[{"type": "output_text", "text": text}])


def call(name: str, arguments: object, call_id: str = "call_1") -> dict:
    return item("function_call", name=name, arguments=json.dumps(arguments), call_id=call_id)


def output(text: object, call_id: str = "call_1") -> dict:
    return item("function_call_output", call_id=call_id, output=text)


def event(kind: str, time: str = "2025-09-25T14:02:08.000Z", **fields: object) -> dict:
    return line("event_msg", {"type": kind, **fields}, time)


def at_rest(path: Path) -> Path:
    """A file that nobody writes any more."""
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def write(path: Path, *lines: dict | str) -> Path:
    """Lines that are text are written as they are."""
    texts = [each if isinstance(each, str) else json.dumps(each) for each in lines]
    path.write_text("".join(text + "\n" for text in texts), encoding="utf-8")
    return path
