"""Lines are read alike, whether they are parsed into typed values or into dicts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from random import Random

import pytest

from agcx_format.importing.codex.outputs import ENCRYPTED
from agcx_format.importing.codex.rollout import convert
from agcx_format.importing.codex.usual import ContextLine, EventLine, ItemLine, usual_after
from agcx_format.importing.imported import Imported
from agcx_format.importing.json_lines import parse_lines
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.words import text_of
from tests.support.rollout_lines import assistant, call, event, item, meta, user
from tests.support.rollout_lines import line as enveloped

PASSED = "internal_chat_message_metadata_passthrough"
TEXTS = [{"type": "output_text", "text": "Done."}, {"type": "input_text", "text": "two"}]
# More tokens than a program can count.
NO_COUNT = 2**70
LINES = (
    item("message", role="user", content=[{"type": "input_text", "text": "Why?"}]),
    event("user_message", message="Why?", images=[], local_images=None, text_elements=[]),
    item("reasoning", id="r", summary=[{"type": "summary_text", "text": "Hm."}], content=None),
    event("agent_reasoning", text="Hm."),
    item("reasoning", summary=[], content=[], encrypted_content="x", **{PASSED: {"turn": 1}}),
    item("function_call", name="request_user_input", arguments="{}", call_id="c", status="done"),
    item("function_call_output", call_id="c", output='{"answers": {"q": {"answers": ["yes"]}}}'),
    item("message", role="assistant", id="m", content=TEXTS, phase="final"),
    event("agent_message", message="Done.\ntwo", phase="final"),
    event("token_count", info={
        "total_token_usage": {"input_tokens": 7, "cached_input_tokens": 5, "output_tokens": 3},
        "last_token_usage": {"total_tokens": 9},
    }),
    event(
        "token_count", info={"total_token_usage": {"input_tokens": NO_COUNT}, "last_token_usage": {}}
    ),
    item("custom_tool_call", name="apply_patch", input="*** Begin Patch", call_id="p", status="done"),
    item("custom_tool_call_output", call_id="p", output="Exit code: 1\nOutput:\nno"),
    event("task_started", turn_id="t", model_context_window=9, collaboration_mode_kind="Plan"),
    event("task_complete", turn_id="t", last_agent_message="Done."),
    enveloped("turn_context", {"model": "m", "cwd": "/src", "collaboration_mode": {"mode": "Plan"}}),
    enveloped("turn_context", {"model": "n", "cwd": "/tmp", "collaboration_mode": "default"}),
    enveloped("compacted", {"message": "So far."}),
    item("message", role="assistant", content=[
        {"type": "output_text", "text": "<proposed_plan>Sort</proposed_plan>"}
    ]),
)  # fmt: skip
ODD = (
    None,
    "",
    "x",
    7,
    True,
    [],
    {},
    ["x"],
    [{"type": "input_image", "image_url": "u"}],
    [{"text": 1}],
)


def variants() -> Iterator[dict]:
    """Each line as it is, without a field, with another value in one, and with one more."""
    for line in LINES:
        yield line
        for odd in ODD:
            yield line | {"ordinal": odd}
            yield line | {"timestamp": odd}
            for name in [*line["payload"], "namespace", "message", "text", PASSED]:
                yield line | {"payload": line["payload"] | {name: odd}}
        for name in line["payload"]:
            yield line | {"payload": {n: v for n, v in line["payload"].items() if n != name}}


def test_it_makes_no_difference_how_a_line_was_parsed(tmp_path):
    lines = [json.dumps(line).encode() + b"\n" for line in [meta(), *variants()]]

    def read(**parser) -> Imported:
        return convert(parse_lines(lines, **parser), tmp_path / "a", Timestamp.from_ns(0))

    typed, plain = read(usual=usual_after(1)), read()
    assert typed.metadata == plain.metadata
    assert typed.conversation == plain.conversation
    assert {**asdict(typed.report), "examples": 0} == {**asdict(plain.report), "examples": 0}
    assert typed.report.examples.keys() == plain.report.examples.keys()


# Words that come twice, and what can stand between an event and its item.
THOUGHT = {"summary": [{"type": "summary_text", "text": "Hm."}]}
MIXED = (
    event("agent_message", message="Done."),
    event("agent_message", message="D o n e ."),
    assistant("Done."),
    item("message", role="user", content=[{"type": "output_text", "text": "Done."}]),
    event("agent_message", message=ENCRYPTED),
    assistant(ENCRYPTED),
    event("agent_reasoning", text="Hm."),
    item("reasoning", **THOUGHT),
    item("reasoning", summary=[*THOUGHT["summary"], *THOUGHT["summary"]]),
    event("token_count", info={"total_token_usage": {"input_tokens": 7}}),
    enveloped("turn_context", {"model": "m", "cwd": "/src"}),
    event("user_message", message="Why?"),
    user("Why?"),
    call("shell", {"command": "ls"}),
    event("turn_aborted", reason="interrupted"),
    event("task_started", collaboration_mode_kind="plan"),
    event("task_complete", last_agent_message="Done."),
    item("custom_tool_call", name="exec", input="ls", call_id="e"),
    item("custom_tool_call_output", call_id="e", output="no such file"),
    "not JSON",
)


@pytest.mark.parametrize("seed", range(8))
def test_it_makes_no_difference_in_which_order_lines_come(tmp_path, seed):
    random = Random(seed)
    for _ in range(40):
        mixed = random.choices(MIXED, k=14)
        timed = [
            each
            if isinstance(each, str)
            else each | {"timestamp": f"2025-09-25T14:03:{at:02}Z" if at % 3 else "?"}
            for at, each in enumerate(mixed)
        ]
        data = [json.dumps(each).encode() + b"\n" for each in [meta(), *timed]]
        typed, plain = (
            convert(parse_lines(data, usual=usual), tmp_path / "a", Timestamp.from_ns(0))
            for usual in (usual_after(1), None)
        )
        assert typed.metadata == plain.metadata
        assert typed.conversation == plain.conversation
        assert {**asdict(typed.report), "examples": 0} == {**asdict(plain.report), "examples": 0}


def test_an_event_that_no_item_follows_keeps_its_place_and_time(tmp_path):
    early, late = "2025-09-25T14:03:01Z", "2025-09-25T14:03:09Z"
    lines = (
        meta(), user("Why?"), event("agent_message", early, message="Once."),
        event("token_count", late, info=None), assistant("Done."),
        event("agent_message", early, message="At the end."), event("token_count", late, info=None),
    )  # fmt: skip
    data = [json.dumps(each).encode() + b"\n" for each in lines]
    session = convert(parse_lines(data, usual=usual_after(1)), tmp_path / "a", Timestamp.from_ns(0))
    _, once, done, last = session.conversation.messages
    assert [text_of(m.item) for m in (once, done, last)] == ["Once.", "Done.", "At the end."]
    assert once.timestamp == last.timestamp == early
    assert session.report.duplicates == {}


def test_a_compaction_says_how_many_tokens_the_last_count_had(tmp_path):
    counts = (
        event("token_count", info={"last_token_usage": {"total_tokens": n}}) for n in (5, 1234)
    )
    lines = meta(), user("Why?"), *counts, enveloped("compacted", {"message": ""})
    data = [json.dumps(each).encode() + b"\n" for each in lines]
    session = convert(parse_lines(data, usual=usual_after(1)), tmp_path / "a", Timestamp.from_ns(0))
    assert "1,234 tokens" in text_of(session.conversation.messages[-1].item)


def test_an_event_that_has_a_message_as_well_says_that(tmp_path):
    lines = meta(), event("agent_reasoning", text="Hm.", message="Something else")
    data = [json.dumps(line).encode() + b"\n" for line in lines]
    session = convert(parse_lines(data, usual=usual_after(1)), tmp_path / "a", Timestamp.from_ns(0))
    assert [text_of(m.item) for m in session.conversation.messages] == ["Something else"]


def test_an_object_without_fields_is_counted_and_says_nothing(tmp_path):
    lines = [b"{}\n", json.dumps({"type": "new_kind", "payload": {}}).encode() + b"\n"]
    data = [json.dumps(meta()).encode() + b"\n", *lines]
    session = convert(parse_lines(data), tmp_path / "a", Timestamp.from_ns(0))
    assert [text_of(m.item) for m in session.conversation.messages] == ["[new_kind] {}"]
    assert session.report.unknown == {"{}": 1, "new_kind": 1}


def test_nearly_all_lines_of_a_rollout_are_usual():
    parse = usual_after(0).parse
    lines = [json.dumps(line) for line in LINES if line["type"] != "compacted"]
    types = {type(parse(line.encode())) for line in lines if str(NO_COUNT) not in line}
    assert types == {ItemLine, EventLine, ContextLine}
