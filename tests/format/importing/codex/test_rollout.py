"""Codex rollouts of era C become sessions, and nothing in them goes missing in silence."""

from __future__ import annotations

import json
import os
from uuid import UUID

import pytest

from agcx_format.codec import messagepack
from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.importing.draft import Imported
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    LocalShellCall,
    Message,
    PlainText,
    Reasoning,
    ReasoningText,
)
from agcx_format.model.session import OperatingMode
from tests.support.rollout_lines import (
    SESSION,
    assistant,
    at_rest,
    call,
    item,
    line,
    meta,
    output,
    user,
    write,
)

PICTURE = "data:image/png;base64,iVBORw0KGgo="


def items(imported: Imported) -> list:
    return [message.item for message in imported.conversation.messages]


def test_a_whole_session_fills_every_field_that_a_rollout_knows(read, tmp_path):
    (tmp_path / "rollout.jsonl").touch()
    imported = read(
        meta(git={"branch": "feat/grid", "commit_hash": "0"}),
        line("turn_context", {"cwd": "/src/site", "model": "gpt-5-codex"}),
        user("Fix the grid, please.\nIt overlaps."),
        call("shell", {"command": ["bash", "-lc", "rg -n grid"]}),
        output('{"output":"a.css:1\\n","metadata":{"exit_code":0,"duration_seconds":0.12}}'),
        assistant("Done."),
        user("Thanks"),
        line("turn_context", {"cwd": "/src/site", "model": "gpt-6-codex"}, "2025-09-25T15:00:00Z"),
    )
    metadata = imported.metadata
    assert metadata.id == UUID(SESSION) == imported.conversation.id
    assert metadata.title == "Fix the grid, please."
    assert metadata.created_at == "2025-09-25T14:02:05.424Z"
    assert metadata.updated_at == "2025-09-25T15:00:00Z"
    assert metadata.last_accessed == metadata.updated_at
    assert (metadata.message_count, metadata.turn_count) == (5, 2)
    assert metadata.model == "gpt-6-codex"
    assert metadata.tags == ["codex", "feat/grid"]
    assert imported.conversation.context.working_directory == "/src/site"
    assert [m.turn_index for m in imported.conversation.messages] == [0, 0, 0, 0, 1]


def test_the_same_file_gives_the_same_bytes_at_every_import(read):
    lines = (
        meta(),
        user("one"),
        item("reasoning", summary=[], encrypted_content="x"),
        item("web_search_call", status="completed", action={"type": "search", "query": "q"}),
        call("shell", {"command": ["ls"]}),
    )
    first = read(*lines)
    changed = os.stat(first.source).st_mtime_ns
    write(first.source, *lines)
    os.utime(first.source, ns=(changed, changed))
    second = read_rollout(first.source)
    assert messagepack.encode(first.conversation) == messagepack.encode(second.conversation)
    ids = [m.metadata.message_id for m in first.conversation.messages]
    assert len(set(ids)) == len(ids) == 5


def test_a_session_that_grew_keeps_the_ids_of_its_first_messages(read):
    short = read(meta(), user("one"), assistant("two"))
    long = read(meta(), user("one"), assistant("two"), user("three"))
    assert long.conversation.messages[:2] == short.conversation.messages


def test_reasoning_without_an_id_gets_a_stable_one_and_content_that_rust_can_read(read):
    imported = read(
        meta(),
        item("reasoning", summary=[{"type": "summary_text", "text": "Look"}], content=None),
        item("reasoning", summary=[], content=[]),
        item("reasoning", summary=[], content=[{"type": "text", "text": "hm"}]),
        item(
            "reasoning",
            summary=[],
            content=[{"type": "reasoning_text", "text": "a"}, {"type": "text", "text": "b"}],
        ),
    )
    found = items(imported)
    assert all(isinstance(each, Reasoning) and each.id.startswith("rs_") for each in found)
    assert len({each.id for each in found}) == 4
    assert [each.content for each in found] == [
        None,
        None,
        [ReasoningText("hm")],
        [ReasoningText("a"), PlainText("b")],
    ]


def test_a_tool_output_of_parts_is_joined_and_its_picture_becomes_a_message(read):
    parts = [
        {"type": "input_text", "text": "first"},
        {"type": "input_image", "image_url": PICTURE},
        {"type": "input_text", "text": "last"},
    ]
    imported = read(meta(), user("look"), call("view", {}), output(parts))
    result, picture = items(imported)[2:]
    assert result.output == "first\n[image: in the next message]\nlast"
    assert isinstance(picture, Message)
    assert InputImage(PICTURE) in picture.content
    assert imported.metadata.turn_count == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"type": "input_text", "text": "a.txt"}, "a.txt"),
        ({"content": "plain", "success": True}, "plain"),
        ({"stdout": "x", "code": 0}, '{"stdout": "x", "code": 0}'),
        (None, ""),
        ("as it is", "as it is"),
    ],
)
def test_a_tool_output_of_any_kind_becomes_text(read, given, kept):
    assert items(read(meta(), output(given))) == [FunctionCallOutput("call_1", kept)]


def test_newer_tools_become_function_calls(read):
    imported = read(
        meta(),
        item("custom_tool_call", call_id="c1", name="apply_patch", input="*** Begin Patch"),
        item("custom_tool_call_output", call_id="c1", output="Exit code: 0\nOutput:\nDone"),
        item("web_search_call", id="ws_1", status="completed", action={"query": "grid"}),
        item("tool_search_call", call_id="c2", arguments={"query": "issues"}),
        item("tool_search_output", call_id="c2", tools=[{"name": "github"}]),
        item("function_call", name="list", namespace="mcp__gh", arguments="{}", call_id="c3"),
    )
    calls = [each for each in items(imported) if isinstance(each, FunctionCall)]
    assert [each.name for each in calls] == [
        "apply_patch", "web_search", "tool_search", "mcp__gh.list",
    ]  # fmt: skip
    assert json.loads(calls[0].arguments) == {"input": "*** Begin Patch"}
    outputs = [each for each in items(imported) if isinstance(each, FunctionCallOutput)]
    assert [each.call_id for each in outputs] == ["c1", "ws_1", "c2"]
    assert imported.report.kept_as["custom_tool_call: function_call"] == 1


def test_a_generated_picture_is_kept(read):
    imported = read(meta(), item("image_generation_call", id="ig", status="done", result="QUJD"))
    assert items(imported)[-1].content[-1] == InputImage("data:image/png;base64,QUJD")


def test_an_item_of_an_unknown_kind_is_kept_whole_and_reported(read):
    imported = read(meta(), item("quantum_call", spin="up"), item("quantum_output", spin="down"))
    first, second = items(imported)
    assert json.loads(first.arguments) == {"type": "quantum_call", "spin": "up"}
    assert json.loads(second.output) == {"type": "quantum_output", "spin": "down"}
    assert sum(imported.report.kept_as.values()) == 2


def test_a_local_shell_call_stays_one(read):
    action = {"type": "exec", "command": ["ls"], "timeout_ms": 5, "env": {"A": "b"}}
    imported = read(
        meta(), item("local_shell_call", call_id="c", status="completed", action=action)
    )
    (found,) = items(imported)
    assert isinstance(found, LocalShellCall)
    assert (found.action.command, found.action.timeout_ms) == (["ls"], 5)


def test_injected_messages_are_kept_but_make_neither_title_nor_turn(read):
    injected = [
        "<user_instructions>\nBe brief.\n</user_instructions>",
        "<environment_context>\n  <cwd>/src</cwd>\n</environment_context>",
        "# AGENTS.md instructions for /src\n\n<INSTRUCTIONS>\nx\n</INSTRUCTIONS>",
        "<turn_aborted>\nstopped\n</turn_aborted>",
        "<skill>\n<name>worktree</name>\n</skill>",
    ]
    imported = read(
        meta(),
        item(
            "message", role="developer", content=[{"type": "input_text", "text": "<permissions>"}]
        ),
        *map(user, injected),
        user(
            "# Context from my IDE setup:\n\n## Open tabs:\n- a\n\n## My request for Codex:\nGo on\n"
        ),
    )
    assert imported.metadata.title == "Go on"
    assert imported.metadata.turn_count == 1
    assert imported.metadata.message_count == 7


def test_one_message_may_hold_instructions_and_environment_in_two_parts(read):
    imported = read(
        meta(),
        user(
            "# AGENTS.md instructions for /src\n\n<INSTRUCTIONS>\nx\n</INSTRUCTIONS>",
            {"type": "input_text", "text": "<environment_context>\n</environment_context>"},
        ),
    )
    assert imported.metadata.turn_count == 0


def test_of_several_session_metas_the_first_one_counts(read):
    parent = "0199bbbb-1111-7222-8333-444455556666"
    imported = read(meta(), meta(id=parent, cwd="/other"), user("hi"))
    assert imported.metadata.id == UUID(SESSION)
    assert imported.conversation.context.working_directory == "/src/site"
    assert imported.report.skipped["session_meta"] == 2


def test_a_compaction_does_not_double_the_transcript(read):
    history = [{"type": "message", "role": "user", "content": []}]
    imported = read(
        meta(),
        user("one"),
        line("compacted", {"message": "sum", "replacement_history": history}),
        assistant("two"),
    )
    said = [each.content[0].text for each in items(imported)]
    assert said == ["one", "Context compacted", "sum", "two"]
    assert [each.role for each in items(imported)[1:3]] == ["system", "developer"]
    assert imported.report.skipped["compacted"] == 1


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        ('{"output":"x","metadata":{"exit_code":0,"duration_seconds":1.5}}', (1500, True, None)),
        (
            '{"output":"x","metadata":{"exit_code":2,"duration_seconds":0}}',
            (0, False, "exit code 2"),
        ),
        ("Exit code: 0\nWall time: 0.2 seconds\nOutput:\nx", (200, True, None)),
        (
            "Chunk ID: ab\nWall time: 1.0 seconds\nProcess exited with code 1\nOutput:\n",
            (1000, False, "exit code 1"),
        ),
        (
            "Chunk ID: ab\nWall time: 1.0 seconds\nProcess running with session ID 7\nOutput:\n",
            (1000, True, None),
        ),
    ],
)
def test_the_metrics_of_a_tool_result_are_read(read, text, metrics):
    imported = read(meta(), call("shell", {"command": ["x"]}), output(text))
    (told,) = imported.conversation.messages[1].metadata.tool_calls
    assert told.tool_name == "shell"
    assert (told.execution_time_ms, told.success, told.error) == metrics
    assert items(imported)[1].output == text


def test_a_result_that_says_nothing_of_its_success_claims_none(read):
    imported = read(meta(), call("update_plan", {}), output("Plan updated"))
    assert imported.conversation.messages[1].metadata.tool_calls == []


def test_bad_lines_are_reported_with_their_numbers_and_the_rest_is_read(read):
    imported = read(
        meta(), "not json", user("hi"), "", '{"timestamp": "2025', "[1]", assistant("yes")
    )
    assert imported.report.messages == 2
    assert [number for number, _ in imported.report.bad_lines] == [2, 5, 6]
    assert imported.report.bad_lines[1][1] == "cut off in the middle of the line"


def test_a_file_that_ends_in_the_middle_of_a_line_is_read_up_to_there(tmp_path):
    whole = write(tmp_path / "a.jsonl", meta(), user("hi"), assistant("yes"))
    whole.write_bytes(whole.read_bytes()[:-20])
    report = read_rollout(at_rest(whole)).report
    assert (report.messages, report.bad_count) == (1, 1)


def test_every_line_is_a_message_or_counted(read):
    lines = [
        meta(),
        line("turn_context", {"cwd": "/src"}),
        line("event_msg", {"type": "token_count"}),
        line("world_state", {}),
        {"timestamp": "2025-09-25T14:02:08Z", "odd": 1},
        item("ghost_snapshot", ghost_commit={}),
        user("hi"),
        "broken",
    ]
    report = read(*lines).report
    assert report.messages + sum(report.skipped.values()) + report.bad_count == len(lines)
    assert report.unknown == {"{odd, timestamp}": 1}
    assert report.skipped["event_msg.token_count"] == 1
    assert report.skipped["response_item.ghost_snapshot"] == 1


def test_fields_without_a_place_in_the_format_are_counted(read):
    report = read(meta(), item("message", role="user", content=[], phase="input")).report
    assert report.left_out == {"message.phase": 1}


def test_after_the_last_time_there_is_no_later_one(read):
    broken = user("two") | {"timestamp": "[gone]"}
    imported = read(meta(), user("one"), broken)
    times = [message.timestamp for message in imported.conversation.messages]
    assert times == ["2025-09-25T14:02:07Z"] * 2
    assert imported.report.without_time == 1


def test_nanoseconds_survive(read):
    imported = read(meta(), user("hi") | {"timestamp": "2025-09-25T14:02:07.123456789Z"})
    assert imported.conversation.messages[0].timestamp == "2025-09-25T14:02:07.123456789Z"


def test_an_image_without_a_picture_leaves_a_placeholder(read):
    imported = read(meta(), user("look", {"type": "input_image", "image_url": None}))
    assert items(imported)[0].content[1] == InputText("[image: not in the file]")


def test_modes_follow_plans_and_reviews(read):
    def context(mode: str) -> dict:
        return line("turn_context", {"collaboration_mode": {"mode": mode}})

    imported = read(meta(), context("plan"), user("a"), context("default"), user("b"))
    assert [mode for mode, _ in imported.conversation.mode_history] == [
        OperatingMode.PLAN,
        OperatingMode.BUILD,
    ]
    reviewing = read(meta(), user("a"), line("event_msg", {"type": "entered_review_mode"}))
    assert reviewing.metadata.current_mode is OperatingMode.REVIEW
