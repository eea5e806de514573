"""Newer rollouts say in completed items what older ones say in events; a subagent is named by its path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.importing.imported import Imported
from agcx_format.subagents import parent_of, subagents_in
from agcx_format.transcript import read_output
from agcx_format.transcript.words import text_of
from tests.support.rollout_lines import (
    SESSION,
    assistant,
    call,
    event,
    line,
    meta,
    output,
    user,
    write,
)

OTHER = "0199bbbb-1111-7222-8333-444455556666"


def completed(item: str, **fields: object) -> dict:
    return event("item_completed", turn_id="t", item={"type": item, **fields})


def texts(imported: Imported) -> list[str]:
    return [text_of(message.item) for message in imported.conversation.messages]


THOUGHTS = completed("Reasoning", id="r", summary_text=["Look.", "Then act."], raw_content=["Hm."])


def test_thoughts_that_only_a_completed_item_holds_are_kept(read):
    aborted = event("turn_aborted", reason="interrupted")
    imported = read(meta(), user("go"), THOUGHTS, aborted)
    assert texts(imported) == ["go", "Look.", "Then act.", "Hm.", "Interrupted"]


def test_thoughts_that_an_item_repeats_are_not_said_twice(read):
    parts = [{"type": "summary_text", "text": text} for text in ("Look.", "Then act.")]
    content = [{"type": "reasoning_text", "text": "Hm."}]
    item = {"type": "reasoning", "id": "r", "summary": parts, "content": content}
    thought = assistant("") | {"payload": item}
    for lines in ([THOUGHTS, thought], [thought, THOUGHTS]):
        (message,) = read(meta(), user("go"), *lines).conversation.messages[1:]
        assert message.item.id == "r"


@pytest.mark.parametrize(
    ("item", "success", "milliseconds", "error"),
    [
        (
            completed(
                "CommandExecution", id="call_1", status="failed", exit_code=2,
                stderr="no file\nx", duration={"secs": 1, "nanos": 500_000_000},
            ),
            False, 1500, "no file",
        ),
        (completed("CommandExecution", id="call_1", status="completed", exit_code=0), True, 0, None),
        (
            completed("McpToolCall", id="call_1", status="failed", error={"message": "server gone"}),
            False, 0, "server gone",
        ),
        (
            completed(
                "McpToolCall", id="call_1", status="completed", duration={"secs": 2, "nanos": 0},
                result={"isError": True, "content": [{"type": "text", "text": "no page"}]},
            ),
            False, 2000, "no page",
        ),
        (completed("FileChange", id="call_1", status="declined", changes={}), False, 0, None),
        (completed("DynamicToolCall", id="call_1", status="completed", success=True), True, 0, None),
        (completed("CommandExecution", id="exec-7", status="failed", exit_code=2), None, None, None),
    ],
)  # fmt: skip
def test_a_completed_call_says_how_it_went(read, item, success, milliseconds, error):
    imported = read(meta(), call("x", {}), item, output("plain"))
    records = [
        (each.success, each.execution_time_ms, each.error)
        for each in imported.conversation.messages[-1].metadata.tool_calls
    ]
    assert records == ([] if success is None else [(success, milliseconds, error)])


STARTED = {"kind": "started", "agent_thread_id": OTHER, "agent_path": "/root/check"}
STARTS = {
    "event": line("event_msg", {"type": "sub_agent_activity", "event_id": "call_7", **STARTED}),
    "item": completed("SubAgentActivity", id="call_7", **STARTED),
}
HEADERS = {
    "spawn": {"source": {"subagent": {"thread_spawn": {"parent_thread_id": SESSION}}}},
    "parent": {"source": {"subagent": {"thread_spawn": {"depth": 1}}}, "parent_thread_id": SESSION},
    "thread": {"thread_source": "subagent", "parent_thread_id": SESSION},
    "session": {"thread_source": "subagent", "session_id": SESSION},
    "guardian": {"source": {"subagent": {"other": "guardian"}}, "session_id": SESSION},
}


def family(folder: Path, start: dict, header: dict) -> tuple[Imported, Imported]:
    talked = {"type": "sub_agent_activity", "event_id": "call_8", **STARTED, "kind": "interacted"}
    parent = write(
        folder / f"rollout-{SESSION}.jsonl",
        meta(session_id=SESSION),
        user("one"),
        call("spawn_agent", {"task_name": "check"}, "call_7"),
        start,
        output(json.dumps({"task_name": "/root/check"}), "call_7"),
        line("event_msg", talked),
    )
    child = write(
        folder / f"rollout-{OTHER}.jsonl",
        meta(id=OTHER, agent_path="/root/check", **header),
        user("check it"),
    )
    return read_rollout(parent), read_rollout(child)


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_subagent_that_is_named_by_its_path_is_linked_in_both_directions(tmp_path, start, header):
    parent, child = family(tmp_path, start, header)
    assert parent_of(child.metadata.tags) == parent.metadata.id
    noted = child.conversation.context.environment_variables
    assert noted["AGCX_PARENT_CALL"] == "call_7"
    started = subagents_in(dict(parent.conversation.context.environment_variables))
    assert started == {"call_7": child.metadata.id}


@pytest.mark.parametrize("header", [{}, {"session_id": OTHER}, {"thread_source": "user"}])
def test_what_a_person_started_is_no_subagent(tmp_path, header):
    _, child = family(tmp_path, STARTS["event"], header)
    assert parent_of(child.metadata.tags) is None


def test_calls_that_a_script_made_are_known_from_their_ends_alone(read):
    """The item of the script has another id, and its output only what it printed."""
    content = [{"type": "text", "text": "3 pages"}]
    pages = completed(
        "McpToolCall", id="m1", server="wiki", tool="find", arguments={"q": "x"}, status="completed",
        result={"content": content},
    )  # fmt: skip
    found = completed(
        "Extension", id="w1", kind="web.search", query="x", action={"type": "search", "query": None},
        results=[{"title": "X", "url": "u"}],
    )  # fmt: skip
    imported = read(meta(), user("go"), call("exec", {"code": "…"}), pages, found, output("done"))
    assert texts(imported)[1:] == [
        'exec {"code": "\\u2026"}',
        'wiki.find {"q": "x"}',
        "3 pages",
        'web_search {"query": "x", "type": "search"}',
        '{"title": "X", "url": "u"}',
        "done",
    ]
    assert imported.conversation.messages[3].metadata.tool_calls[0].success


def test_a_call_that_an_item_has_said_is_not_said_again_by_its_end(read):
    end = completed("McpToolCall", id="call_1", server="wiki", tool="find", result={"content": []})
    imported = read(meta(), user("go"), call("find", {}), end, output("3 pages"))
    assert texts(imported)[1:] == ["find {}", "3 pages"]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ({"status": "failed", "result": None, "error": {"message": "offline"}}, "offline"),
        ({"status": "completed", "result": {"content": []}}, ""),
        ({"status": "completed", "result": None}, ""),
    ],
)
def test_a_call_of_a_script_that_returned_nothing_has_its_error(read, end, said):
    imported = read(
        meta(), user("go"), completed("McpToolCall", id="m1", server="w", tool="f", **end)
    )
    assert texts(imported)[1:] == ["w.f {}", said]
    assert imported.conversation.messages[2].metadata.tool_calls[0].success == (not said)


def test_a_picture_that_a_script_was_given_is_shown(read):
    content = [
        {"type": "text", "text": "1"},
        {"type": "image", "data": "AAAA", "mimeType": "image/png"},
    ]
    imported = read(
        meta(),
        user("go"),
        completed("McpToolCall", id="m1", server="w", tool="f", result={"content": content}),
    )
    (picture,) = read_output(imported.conversation.messages[2].item.output).images
    assert picture.image_url == "data:image/png;base64,AAAA"
