"""Lines are read alike, whether they are parsed into typed values or into dicts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from agcx_format.importing.claude.spoken import SpokenLine, usual_after
from agcx_format.importing.claude.transcript import convert
from agcx_format.importing.imported import Imported
from agcx_format.importing.json_lines import Line, Parsed, UsualLines, parse_lines
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.words import text_of

ABOUT = {
    "sessionId": "11111111-2222-4333-8444-555555555555", "cwd": "/src", "gitBranch": "main",
    "version": "2.0.1", "entrypoint": "cli", "timestamp": "2025-08-01T10:00:00.000Z",
}  # fmt: skip
SPENT = {"input_tokens": 3, "output_tokens": 4, "cache_read_input_tokens": 5, "service_tier": "x"}
CALL = {"type": "tool_use", "id": "t", "name": "Read", "input": {"file_path": "/a", "limit": 3}}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "text", "is_error": False}
# A result with the fields of a call is read as one.
BOTH = RESULT | {"id": "t2", "name": "Bash", "input": {"command": "ls"}}
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
    for line in (*LINES, said(7, "user", [BOTH])):
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


def read(data: list[bytes], first: int, path: Path, **how: bool) -> Imported:
    def lines() -> Iterator[Parsed]:
        return parse_lines(data, usual=usual_after(first))

    return convert(lines(), path, Timestamp.from_ns(0), again=lines, **how)


def encoded(*lines: dict) -> list[bytes]:
    return [json.dumps(line).encode() + b"\n" for line in lines]


def test_it_makes_no_difference_how_a_line_was_parsed(tmp_path):
    # What is said again is left out, so each line has an id of its own, but for the last ones.
    lines = [line | {"uuid": line.get("uuid") and f"{n}"} for n, line in enumerate(variants())]
    data = encoded(*LINES, *lines, *LINES)

    typed, plain = read(data, len(LINES), tmp_path / "a"), read(data, len(data), tmp_path / "a")
    stored = read(data, len(LINES), tmp_path / "a", stores=True)
    assert stored.conversation == plain.conversation
    assert stored.report == typed.report
    assert typed.metadata == plain.metadata
    assert typed.conversation == plain.conversation
    assert {**asdict(typed.report), "examples": 0} == {**asdict(plain.report), "examples": 0}
    again = sum(n for kind, n in typed.report.duplicates.items() if "the same line again" in kind)
    assert again == len(LINES)


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("stores", [False, True])
def test_lines_that_come_again_are_recognized_wherever_they_are(tmp_path, size, stores):
    # Two are the same within a few lines, two far apart; one has an id of another, and says something else.
    first = [said(n, "user", f"{n}?") for n in range(1, 9)]
    lines = [
        *first,
        first[-1],
        said(2, "user", "Else?"),
        said(20, "user", "New?"),
        first[0],
        first[4],
    ]
    data = encoded(*lines, *(said(n, "user", f"{n}?") for n in range(30, 36)), first[0])
    chunks = [b"".join(data[at : at + size]) for at in range(0, len(data), size)]
    session = read(chunks, 1, tmp_path / "a", stores=stores)
    words = [text_of(message.item) for message in session.conversation.messages]
    others = ["Else?", "New?", *(f"{n}?" for n in range(30, 36))]
    assert words == [*(f"{n}?" for n in range(1, 9)), *others]
    assert session.report.duplicates == {"user, the same line again": 4}


@pytest.mark.parametrize("first", [1, 100])
def test_an_output_belongs_to_the_nearest_call_before_it(tmp_path, first):
    # The program began to number its calls anew.
    def at(second: int) -> dict[str, str]:
        return {"timestamp": f"2025-09-25T14:03:{second:02}.000Z"}

    lines = (
        said(1, "assistant", [CALL | {"name": "Bash"}], **at(1)), said(2, "user", [RESULT], **at(2)),
        said(3, "assistant", [CALL], **at(5)), said(4, "user", [RESULT], **at(7)),
    )  # fmt: skip
    messages = read(encoded(*lines), first, tmp_path / "a").conversation.messages
    records = [record for message in messages for record in message.metadata.tool_calls]
    assert [(r.tool_name, r.execution_time_ms) for r in records] == [("Bash", 1000), ("Read", 2000)]


SO = [{"type": "text", "text": "So."}]


@pytest.mark.parametrize(
    "odd",
    [
        # What an export of this program noted.
        said(2, "assistant", SO, agcx={"tags": ["mine"], "title": "Mine", "model": "x"}),
        said(2, "assistant", [CALL | {"input": {"n": 10**30}}]),
        said(2, "user", [RESULT], isMeta=1),
        said(2, "user", [RESULT | {"is_error": 1}]),
        said(2, "assistant", SO, parentUuid=None, timestamp=None),
        said(2, "assistant", SO, uuid=""),
    ],
)
def test_an_odd_line_between_usual_ones_is_read_like_everywhere(tmp_path, odd):
    # Another conversation begins before it, and one line says the same again.
    more = said(3, "user", "And now?"), odd, said(4, "user", "Go on"), odd
    data = encoded(LINES[0], LINES[0] | {"parentUuid": None, "uuid": "u8"}, *more)
    typed, plain = read(data, 1, tmp_path / "a"), read(data, len(data), tmp_path / "a")
    assert (typed.metadata, typed.conversation) == (plain.metadata, plain.conversation)
    assert typed.report.duplicates == plain.report.duplicates
    assert typed.report.bad_lines == plain.report.bad_lines


def test_lines_are_typed_as_soon_as_it_is_known_what_the_file_is():
    data = encoded({"type": "mode", "sessionId": "s"}, *LINES)
    lines = list(parse_lines([b"".join(data)], usual=usual_after(1)))
    assert [type(line) for line in lines] == [Line, Line, UsualLines]


@pytest.mark.parametrize("first", [1, 100])
def test_what_the_first_line_does_not_say_of_the_session_a_later_one_says(tmp_path, first):
    without = {name: value for name, value in said(1, "user", "Why?").items() if name not in ABOUT}
    metadata = read(encoded(without, said(2, "assistant", SO)), first, tmp_path / "a").metadata
    assert str(metadata.id) == ABOUT["sessionId"]
    assert metadata.created_at == Timestamp(ABOUT["timestamp"])


@pytest.mark.parametrize("first", [1, 100])
def test_what_was_rewound_is_a_branch(tmp_path, first):
    asked, other = said(3, "user", "this"), said(5, "user", "that", parentUuid="u2")
    answered = said(2, "assistant", SO), asked, said(4, "assistant", SO), other
    data = encoded(said(1, "user", "Why?", parentUuid=None), *answered, said(6, "assistant", SO))
    messages = read(data, first, tmp_path / "a").conversation.messages
    branches = [message.metadata.branch_id for message in messages]
    assert [branch is None for branch in branches] == [True, True, False, False, True, True]


@pytest.mark.parametrize("first", [1, 100])
def test_another_first_message_is_a_branch_where_it_is_said_which_goes_on(tmp_path, first):
    last = {"type": "last-prompt", "sessionId": ABOUT["sessionId"], "leafUuid": "u5"}
    begun = said(3, "user", "this", parentUuid=None), said(4, "assistant", SO)
    again = said(5, "user", "that", parentUuid=None), said(6, "assistant", SO)
    data = encoded({"type": "mode", "sessionId": ABOUT["sessionId"]}, *begun, *again, last)
    messages = read(data, first, tmp_path / "a").conversation.messages
    assert [message.metadata.branch_id is None for message in messages] == [False] * 2 + [True] * 2


@pytest.mark.parametrize("first", [1, 100])
@pytest.mark.parametrize("mark", [{}, {"is_error": None}, {"is_error": "false"}])
def test_a_result_that_comes_again_is_the_same_however_it_says_that_nothing_failed(
    tmp_path, first, mark
):
    again = {name: value for name, value in RESULT.items() if name != "is_error"} | mark
    data = encoded(LINES[0], *(said(2, "user", [result]) for result in (RESULT, again)))
    session = read(data, first, tmp_path / "a")
    assert session.report.duplicates == {"user, the same line again": 1}


def test_a_line_that_is_nested_too_deeply_is_said_and_the_next_one_read(tmp_path):
    # How deep a parser and an encoder go differs by a few levels, which depend on the stack.
    (call,) = encoded(said(2, "assistant", [CALL | {"input": "DEEP"}]))
    deep = (
        call.replace(b'"DEEP"', b'{"a":' * depth + b"1" + b"}" * depth).replace(
            b'"u2"', b'"d%d"' % depth
        )
        for depth in range(900, 1_000)
    )
    before, after = encoded(said(1, "user", "Why?"), said(3, "user", "Go on"))
    session = read([before, *deep, after], 1, tmp_path / "a")
    last = session.conversation.messages[-1]
    assert text_of(last.item) == "Go on"


def test_only_what_is_marked_by_true_is_so_marked(tmp_path):
    """A number, or a text, is no mark: the person's words stay theirs, a result does not become a failure."""
    marks = ("isMeta", "isSidechain", "isCompactSummary")
    lines = [said(1, "user", "Why?"), said(2, "assistant", [CALL])]
    lines += [said(3, "user", [RESULT | {"is_error": "false"}])]
    lines += [
        said(n, "user", f"words {mark}", **{mark: "false"}) for n, mark in enumerate(marks, 4)
    ]
    session = read(encoded(*lines), 1, tmp_path / "a")
    messages = session.conversation.messages
    assert [getattr(m.item, "role", "") for m in messages] == [
        "user",
        "",
        "",
        "user",
        "user",
        "user",
    ]
    (record,) = messages[2].metadata.tool_calls
    assert (record.success, record.error) == (True, None)


def test_nearly_all_lines_of_a_transcript_are_usual():
    parse = usual_after(0).parse
    assert {type(parse(json.dumps(line).encode())) for line in LINES} == {SpokenLine}
