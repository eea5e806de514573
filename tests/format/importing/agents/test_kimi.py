"""What Kimi alone writes: prompts while it works, arguments in parts, subagents, its oldest sessions."""

from __future__ import annotations

import json

from agcx_format import open_store
from agcx_format.importing import agent_named, agent_of_file, import_sessions
from agcx_format.importing.run import ImportOutcome
from agcx_format.model.items import FunctionCall
from agcx_format.subagents import subagents_in
from agcx_format.transcript.words import text_of
from tests.support.agent_files import kimi
from tests.support.agent_lines import MS, SESSION, write_lines
from tests.support.agent_reading import read, texts


def test_a_subagent_names_its_parent(tmp_path):
    main = kimi(tmp_path)
    path = write_lines(
        main.parent.parent / "agent-0" / "wire.jsonl",
        {"type": "turn.prompt", "input": "Look around", "origin": {"kind": "system_trigger"}},
    )
    ran = {
        "type": "tool.result",
        "toolCallId": "c9",
        "result": {"output": "agent_id: agent-0\ndone"},
    }
    with main.open("a") as file:
        file.write(json.dumps({"type": "context.append_loop_event", "event": ran}) + "\n")
    child, parent = read("kimi", path), read("kimi", main)
    environment = parent.conversation.context.environment_variables
    assert subagents_in(environment) == {"c9": child.metadata.id}
    assert child.parent.id == parent.metadata.id != child.metadata.id
    assert str(parent.metadata.id) == SESSION


def test_what_was_asked_twice_is_kept_twice(tmp_path):
    def asked(words: str, kind: str = "turn.prompt") -> list[dict]:
        content = [{"type": "text", "text": words}]
        message = {"role": "user", "content": content}
        return [
            {"type": kind, "input": content, "origin": {"kind": "user"}},
            {"type": "context.append_message", "message": message},
        ]

    def answer(words: str) -> dict:
        event = {"type": "content.part", "part": {"type": "text", "text": words}}
        return {"type": "context.append_loop_event", "event": event}

    slower, smaller = asked("slower", "turn.steer"), asked("smaller", "turn.steer")
    imported = read(
        "kimi",
        tmp_path / "wire.jsonl",
        *(*asked("go on"), answer("Done."), *asked("go on"), answer("More.")),
        *(*asked("go on"), {"type": "turn.ended", "reason": "failed"}, *asked("go on")),
        *(slower[0], answer("Hm."), smaller[0], slower[1], smaller[1]),
        {"type": "agent.turn.ended", "outcome": "done"},
        {"type": "prompt.completed", "promptId": "p"},
    )
    assert texts(imported) == [
        "go on", "Done.", "go on", "More.", "go on", "Error", "go on", "slower", "Hm.", "smaller",
    ]  # fmt: skip
    assert not imported.report.unknown


def test_arguments_that_came_in_parts_are_whole(tmp_path):
    def line(kind: str, **payload: object) -> dict:
        return {"timestamp": MS / 1000, "message": {"type": kind, "payload": payload}}

    imported = read(
        "kimi",
        tmp_path / "wire.jsonl",
        line("TurnBegin", user_input="go"),
        line("ToolCall", id="c", function={"name": "ReadFile", "arguments": '{"path": "a'}),
        line("ToolResult", tool_call_id="b", return_value={"output": "other"}),
        line("ToolCallPart", arguments_part='.py"}'),
    )
    call = next(m for m in imported.conversation.messages if isinstance(m.item, FunctionCall))
    lines = (tmp_path / "wire.jsonl").read_text().splitlines(keepends=True)
    store, grown = open_store(tmp_path / "store"), tmp_path / "in" / "wire.jsonl"
    grown.parent.mkdir()
    for count, outcome in ((3, ImportOutcome.IMPORTED), (4, ImportOutcome.UPDATED)):
        grown.write_text("".join(lines[:count]))
        (result,) = import_sessions(store, [grown])
        assert result.outcome is outcome, result.reason
    assert json.loads(call.item.arguments) == {"path": "a.py"}
    assert [file.path for file in call.metadata.file_context] == ["a.py"]


def test_the_oldest_sessions_of_kimi_have_only_the_messages_for_the_model(tmp_path):
    folder = tmp_path / "abc" / SESSION
    call = {"type": "function", "id": "c1", "function": {"name": "Shell", "arguments": '{"a": 1}'}}
    path = write_lines(
        folder / "context.jsonl",
        {"role": "_system_prompt", "content": "You are an agent."},
        {"role": "_checkpoint", "id": 0},
        {"role": "user", "content": [{"type": "text", "text": "<system>CHECKPOINT 0</system>"}]},
        {"role": "user", "content": "Fix the grid"},
        {
            "role": "assistant",
            "content": [{"type": "think", "think": "How?"}, {"type": "text", "text": "So."}],
            "tool_calls": [call],
        },
        {"role": "tool", "content": [{"type": "text", "text": "done"}], "tool_call_id": "c1"},
        {"role": "_usage", "token_count": 9},
    )
    agent = agent_named("kimi")
    assert agent_of_file(path) is agent
    (source,) = agent.sources(path)
    imported = agent.read(source)
    said = [text_of(message.item) for message in imported.conversation.messages]
    assert [words for words in said if "CHECKPOINT" not in words] == [
        "Fix the grid", "How?", "So.", said[-2], "done",
    ]  # fmt: skip
    assert (imported.metadata.title, imported.metadata.turn_count) == ("Fix the grid", 1)
    assert imported.report.not_understood == 0
    # Where all that happened is beside it, that is read instead.
    (folder / "wire.jsonl").touch()
    assert list(agent.sources(path)) == []
