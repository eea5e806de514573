"""Lines are read alike, whether they are parsed into typed values or into dicts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from agcx_format.importing.claude.spoken import AgentLine, UserLine, usual_after
from agcx_format.importing.claude.transcript import convert
from agcx_format.importing.imported import Imported
from agcx_format.importing.json_lines import parse_lines
from agcx_format.model.timestamps import Timestamp

ABOUT = {
    "sessionId": "11111111-2222-4333-8444-555555555555", "cwd": "/src", "gitBranch": "main",
    "version": "2.0.1", "entrypoint": "cli", "timestamp": "2025-08-01T10:00:00.000Z",
}  # fmt: skip
SPENT = {"input_tokens": 3, "output_tokens": 4, "cache_read_input_tokens": 5, "service_tier": "x"}
CALL = {"type": "tool_use", "id": "t", "name": "Read", "input": {"file_path": "/a", "limit": 3}}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "text", "is_error": False}
FILE = {"file": {"filePath": "/a", "startLine": 1, "numLines": 3}, "durationMs": 12, "agentId": "a"}
ODD = (
    None,
    "",
    "x",
    7,
    -1.5,
    True,
    [],
    {},
    ["x"],
    [{"type": "text", "text": 1}],
    {"answers": {"a": "b"}},
)


def said(number: int, kind: str, content: object, message: dict | None = None, **more) -> dict:
    spoken = {"role": kind, "content": content, **(message or {})}
    ids = {"uuid": f"u{number}", "parentUuid": f"u{number - 1}"}
    return {"type": kind, "message": spoken, **ids, **ABOUT, **more}


ANSWER = {"id": "m", "model": "claude-x", "usage": SPENT}
LINES = (
    said(1, "user", "Why?", permissionMode="plan", isMeta=False, isSidechain=False),
    said(2, "assistant", [{"type": "thinking", "thinking": "Hm.", "signature": "s"}], ANSWER),
    said(3, "assistant", [{"type": "text", "text": "So."}, CALL], ANSWER, costUSD=0.5),
    said(4, "user", [RESULT], toolUseResult=FILE),
    said(5, "user", [{"type": "text", "text": "[Request interrupted by user]"}]),
    said(6, "user", "Do it", planContent="# The plan", isCompactSummary=True),
)


def variants() -> Iterator[dict]:
    """Each line as it is, and with another value in, or without, a field of it and what is in it."""
    names = [*ABOUT, "uuid", "isMeta", "toolUseResult", "planContent", "costUSD", "agcx"]
    for line in LINES:
        message, content = line["message"], line["message"]["content"]
        for odd in ODD:
            yield from (line | {name: odd} for name in [*names, "message"])
            for name in [*message, "usage", "id"]:
                yield line | {"message": message | {name: odd}}
            if isinstance(content, list):
                for name in [*content[0], "data", "input", "tool_use_id"]:
                    block = content[0] | {name: odd}
                    yield line | {"message": message | {"content": [block, *content[1:]]}}
                    lacks = {n: v for n, v in content[0].items() if n != name}
                    yield line | {"message": message | {"content": [lacks]}}
        yield line


def test_it_makes_no_difference_how_a_line_was_parsed(tmp_path):
    # What is said again is left out, so each line has an id of its own, but for the last ones.
    lines = [line | {"uuid": line.get("uuid") and f"{n}"} for n, line in enumerate(variants())]
    data = [json.dumps(line).encode() + b"\n" for line in [*LINES, *lines, *LINES]]

    def read(first: int) -> Imported:
        return convert(
            parse_lines(data, usual=usual_after(first)), tmp_path / "a", Timestamp.from_ns(0)
        )

    typed, plain = read(len(LINES)), read(len(data))
    assert typed.metadata == plain.metadata
    assert typed.conversation == plain.conversation
    assert {**asdict(typed.report), "examples": 0} == {**asdict(plain.report), "examples": 0}
    again = sum(n for kind, n in typed.report.duplicates.items() if "the same line again" in kind)
    assert again == len(LINES)


def test_nearly_all_lines_of_a_transcript_are_usual():
    parse = usual_after(0).parse
    assert {type(parse(json.dumps(line).encode())) for line in LINES} == {UserLine, AgentLine}
