"""Made-up rollouts of Codex and transcripts of Claude Code, the same for the same seed."""

from __future__ import annotations

import itertools
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from random import Random
from uuid import UUID

from agcx_format.model.timestamps import Timestamp
from tests.bench.prose import Prose

__all__ = [
    "tiny_rollout", "write_droid", "write_huge_rollout", "write_huge_transcript", "write_pi",
    "write_rollout", "write_transcript",
]  # fmt: skip

_START = 1_756_123_200_000_000_000
_STEP = 1_507_000_000
# Characters of what is asked, thought, called, returned, and answered.
_ASKED, _THOUGHT, _CALLED, _RETURNED, _ANSWERED = 300, 300, 120, 2500, 900
_CALLS = 4
# Bytes of what a thought says to the model alone.
_SEALED = 1000
# A line about the whole environment comes every so many turns.
_STATED = 25
_TURN = {
    "cwd": "/src", "approval_policy": "on-request", "sandbox_policy": {"mode": "read-only"},
    "model": "gpt-5-codex", "effort": "high", "summary": "auto",
}  # fmt: skip
# Bytes of a huge rollout that are written again and again.
_REPEATED = 5_000_000


def tiny_rollout(path: Path, session_id: UUID) -> None:
    """One question, as most rollouts of a script are."""
    header = {"id": str(session_id), "timestamp": Timestamp.from_ns(_START), "cwd": "/src"}
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Why?"}]}
    lines = ("session_meta", header), ("response_item", said)
    _write(path, (_enveloped(_START, *line) for line in lines))


def write_rollout(path: Path, size: int, seed: int) -> None:
    """A rollout of at least `size` bytes."""
    _write(path, _limited(_rollout(Random(seed)), size))


def write_huge_rollout(path: Path, size: int, seed: int) -> None:
    """A rollout of at least `size` bytes, which repeats turns with other calls and words."""
    header, *lines = (json.dumps(line) for line in _limited(_rollout(Random(seed)), _REPEATED))
    with path.open("w", encoding="utf-8") as file:
        written = file.write(f"{header}\n")
        for number in itertools.count():
            for line in lines:
                line = line.replace('"call_', f'"call_{number}_')
                line = line.replace('"text": "', f'"text": "{number} ')
                written += file.write(line.replace('"message": "', f'"message": "{number} ') + "\n")
            if written >= size:
                return


def write_transcript(path: Path, size: int, seed: int) -> None:
    """A transcript of at least `size` bytes."""
    random = Random(seed)
    _write(path, _limited(_transcript(Prose(random), random), size))


def write_pi(path: Path, size: int, seed: int) -> None:
    """A session of Pi of at least `size` bytes."""
    _write(path, _limited(_pi(Prose(Random(seed))), size))


def write_droid(path: Path, size: int, seed: int) -> None:
    """A session of Factory Droid of at least `size` bytes."""
    _write(path, _limited(_droid(Prose(Random(seed))), size))


def write_huge_transcript(path: Path, size: int, seed: int) -> None:
    """A transcript of at least `size` bytes, which repeats turns with other calls, ids, and tokens."""
    random = Random(seed)
    lines = [json.dumps(line) for line in _limited(_transcript(Prose(random), random), _REPEATED)]
    with path.open("w", encoding="utf-8") as file:
        written = 0
        for number in itertools.count():
            for line in lines:
                line = re.sub(r'"(uuid|parentUuid)": "[0-9a-f]{8}', rf'"\1": "{number:08x}', line)
                line = line.replace('"toolu_', f'"toolu_{number}_')
                usage = f'"usage": {{"input_tokens": {number}, "output_tokens": 7}}, "id": "msg_{number}_'
                written += file.write(line.replace('"id": "msg_', usage) + "\n")
            if written >= size:
                return


def _write(path: Path, lines: Iterator[dict]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(line)}\n" for line in lines)


def _limited(lines: Iterator[dict], size: int) -> Iterator[dict]:
    written = 0
    for line in lines:
        yield line
        written += len(json.dumps(line)) + 1
        if written >= size:
            return


def _enveloped(moment: int, kind: str, payload: dict) -> dict:
    return {"timestamp": Timestamp.from_ns(moment), "type": kind, "payload": payload}


def _rollout(random: Random) -> Iterator[dict]:
    header = {"id": str(UUID(int=1)), "timestamp": Timestamp.from_ns(_START), "cwd": "/src"}
    yield _enveloped(_START, "session_meta", header)
    for number, (kind, payload) in enumerate(_codex_payloads(Prose(random), random)):
        yield _enveloped(_START + number * _STEP, kind, payload)


def _codex_payloads(prose: Prose, random: Random) -> Iterator[tuple[str, dict]]:
    """Lines in the order and about the shares of real rollouts: most events come before their items."""
    number = 0
    for turn in itertools.count():
        yield _event("task_started", turn_id=str(turn), model_context_window=258_400)
        if turn % _STATED == 0:
            yield "world_state", {"full": True, "state": {"notes": prose.sentences(_RETURNED)}}
        asked = prose.sentences(_ASKED)
        yield "response_item", _message("user", "input_text", asked)
        yield _event("user_message", message=asked)
        for _ in range(_CALLS):
            number += 1
            thought, call_id = prose.sentences(_THOUGHT), f"call_{number}"
            yield _event("agent_reasoning", text=thought)
            yield _token_count(number)
            sealed = b64encode(random.randbytes(_SEALED)).decode()
            summary = [{"type": "summary_text", "text": thought}]
            reasoning = {"type": "reasoning", "id": f"rs_{number}", "summary": summary}
            yield "response_item", {**reasoning, "content": None, "encrypted_content": sealed}
            arguments = json.dumps({"command": ["bash", "-lc", prose.sentences(_CALLED)]})
            called = {"name": "shell", "arguments": arguments, "call_id": call_id}
            yield "response_item", {"type": "function_call", **called}
            result = {"output": prose.code(_RETURNED), "metadata": {"exit_code": 0}}
            returned = {"call_id": call_id, "output": json.dumps(result)}
            yield "response_item", {"type": "function_call_output", **returned}
            if number % 2:
                yield "turn_context", _TURN
        answer = prose.sentences(_ANSWERED)
        yield _event("agent_message", message=answer)
        yield "response_item", _message("assistant", "output_text", answer)
        yield _event("task_complete", turn_id=str(turn), last_agent_message=answer)


def _event(kind: str, **fields: object) -> tuple[str, dict]:
    return "event_msg", {"type": kind, **fields}


def _token_count(number: int) -> tuple[str, dict]:
    usage = {
        "input_tokens": 9000 + number, "cached_input_tokens": 5120, "output_tokens": 137,
        "reasoning_output_tokens": 64, "total_tokens": 9137 + number,
    }  # fmt: skip
    info = {"total_token_usage": usage, "last_token_usage": usage, "model_context_window": 258_400}
    limits = {
        name: {"used_percent": 15.0, "window_minutes": 299, "resets_in_seconds": 5026}
        for name in ("primary", "secondary")
    }
    return _event("token_count", info=info, rate_limits=limits)


def _message(role: str, kind: str, text: str) -> dict:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def _transcript(prose: Prose, random: Random) -> Iterator[dict]:
    before = None
    for number, (kind, content) in enumerate(_claude_contents(prose)):
        uuid = str(UUID(int=random.getrandbits(128), version=4))
        message = {"role": kind, "content": content}
        if kind == "assistant":
            message |= {"id": f"msg_{number}", "model": "claude-sonnet-4-5"}
        yield {
            "parentUuid": before, "isSidechain": False, "cwd": "/src", "version": "2.0.0",
            "sessionId": str(UUID(int=1)), "gitBranch": "main", "type": kind, "message": message,
            "uuid": uuid, "timestamp": Timestamp.from_ns(_START + number * _STEP),
        }  # fmt: skip
        before = uuid


def _pi(prose: Prose) -> Iterator[dict]:
    about = {"type": "session", "version": 3, "id": str(UUID(int=1)), "cwd": "/src"}
    yield {**about, "timestamp": Timestamp.from_ns(_START)}
    before = None
    for number, (role, content) in enumerate(_claude_contents(prose)):
        yield {
            "type": "message", "id": f"m{number}", "parentId": before,
            "timestamp": Timestamp.from_ns(_START + number * _STEP),
            "message": _pi_message(role, content),
        }  # fmt: skip
        before = f"m{number}"


def _pi_message(role: str, content: object) -> dict:
    match content:
        case [{"type": "tool_use", "id": call, "name": name, "input": given}]:
            content = [{"type": "toolCall", "id": call, "name": name, "arguments": given}]
        case [{"type": "tool_result", "tool_use_id": call, "content": text}]:
            text = [{"type": "text", "text": text}]
            return {"role": "toolResult", "toolCallId": call, "content": text, "isError": False}
    return {"role": role, "content": content}


def _droid(prose: Prose) -> Iterator[dict]:
    yield {"type": "session_start", "id": str(UUID(int=1)), "title": "Sort it", "cwd": "/src"}
    for number, (role, content) in enumerate(_claude_contents(prose)):
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        yield {
            "type": "message", "id": f"m{number}", "message": {"role": role, "content": blocks},
            "timestamp": Timestamp.from_ns(_START + number * _STEP),
        }  # fmt: skip


def _claude_contents(prose: Prose) -> Iterator[tuple[str, object]]:
    number = 0
    while True:
        yield "user", prose.sentences(_ASKED)
        for _ in range(_CALLS):
            number += 1
            thought = {"type": "thinking", "thinking": prose.sentences(_THOUGHT)}
            yield "assistant", [thought]
            given = {"command": prose.sentences(_CALLED)}
            use = {"type": "tool_use", "id": f"toolu_{number}", "name": "Bash", "input": given}
            yield "assistant", [use]
            result = {"type": "tool_result", "tool_use_id": f"toolu_{number}"}
            yield "user", [result | {"content": prose.code(_RETURNED)}]
        yield "assistant", [{"type": "text", "text": prose.sentences(_ANSWERED)}]
