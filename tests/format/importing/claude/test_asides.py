"""What a transcript of Claude Code says outside its messages: waiting prompts, notices, results in files."""

from __future__ import annotations

import pytest

from agcx_format.importing.claude.transcript import read_transcript
from agcx_format.model.items import FunctionCallOutput, Message
from agcx_format.model.session import OperatingMode
from agcx_format.transcript.words import text_of
from tests.support.rollout_lines import write
from tests.support.transcript_lines import (
    SESSION,
    TIME,
    assistant,
    result,
    roles,
    text,
    texts,
    use,
    user,
)


def system(subtype: str, **fields: object) -> dict:
    return {"type": "system", "subtype": subtype, "timestamp": TIME, "sessionId": SESSION, **fields}


def test_the_arguments_of_a_command_are_the_persons_words(read):
    run = "<command-name>/review</command-name>\n<command-args>look at the zebra</command-args>"
    imported = read(user(run))
    assert (imported.metadata.title, imported.metadata.turn_count) == ("look at the zebra", 1)


def test_a_plan_gives_its_heading_as_the_title(read):
    plan = "# Move the zebra\n\n## Context\nx"
    imported = read(user(f"Implement the following plan:\n\n{plan}", planContent=plan))
    assert imported.metadata.title == "Move the zebra"
    assert "Implement the following plan:" in imported.titles


def test_compactions_and_errors_are_lines_of_their_own(read):
    imported = read(
        user("hello"),
        system(
            "api_error", error={"error": {"message": "overloaded"}}, retryAttempt=1, maxRetries=10
        ),
        system("compact_boundary", compactMetadata={"trigger": "auto", "preTokens": 150_000}),
        user("This session is being continued. Summary: zebra", isCompactSummary=True),
        system("local_command", content="<command-name>/cost</command-name>"),
        system("turn_duration", durationMs=5),
    )
    assert texts(imported)[1:] == [
        "API error: overloaded (attempt 1 of 10)",
        "Context compacted automatically: 150,000 tokens",
        "This session is being continued. Summary: zebra",
        "<command-name>/cost</command-name>",
    ]
    assert roles(imported)[1:] == ["system", "system", "developer", "user"]
    assert imported.metadata.turn_count == 1


@pytest.mark.parametrize(("failed", "words"), [(False, "Plan accepted"), (True, "Plan rejected")])
def test_whether_a_plan_was_accepted_is_said_and_sets_the_mode(read, failed, words):
    imported = read(
        user("plan first", permissionMode="plan"),
        assistant(use("ExitPlanMode", plan="1. do")),
        user([result("…", is_error=failed)]),
    )
    assert texts(imported)[-1] == words
    mode = imported.metadata.current_mode
    assert mode is (OperatingMode.PLAN if failed else OperatingMode.BUILD)


def test_an_interruption_is_a_mark_and_what_is_said_with_it_is_said(read):
    tool = text("[Request interrupted by user for tool use]")
    imported = read(
        user("start"), user([text("[Request interrupted by user]")]), user([tool, text("not this")]),
        user("[Request interrupted by user]\nbut that"),
    )  # fmt: skip
    assert texts(imported)[1:4] == ["Interrupted", "Interrupted at a tool call", "not this"]
    assert roles(imported) == ["user", "system", "system", "user", "user"]
    assert imported.metadata.turn_count == 3


def test_questions_and_answers_are_one_readable_message(read):
    given = {"questions": [{"question": "Which color?"}], "answers": {"Which color?": "blue"}}
    imported = read(assistant(use("AskUserQuestion")), user([result("…")], toolUseResult=given))
    assert texts(imported)[-1] == "Asked: Which color?\nAnswered: blue"


def test_unknown_lines_are_readable_and_counted(read):
    imported = read(
        user("a"), {"type": "brand-new", "sessionId": SESSION, "text": "news"}, system("novel", content="x"),
    )  # fmt: skip
    assert texts(imported)[1:] == ["[brand-new] news", "[system.novel] x"]
    assert imported.report.unknown == {"brand-new": 1, "system.novel": 1}
    assert imported.report.examples["brand-new"].line == 2


def chained(line: dict, uuid: str, parent: str | None) -> dict:
    return line | {"uuid": uuid, "parentUuid": parent}


def test_what_was_rewound_is_a_branch_and_the_rest_reads_through(read):
    imported = read(
        chained(user("root"), "1", None),
        chained(assistant(text("a1")), "2", "1"),
        chained(user("dropped"), "3", "2"),
        chained(assistant(text("b1")), "4", "3"),
        chained(user("live"), "5", "2"),
        chained(assistant(text("b2")), "6", "5"),
    )
    messages = imported.conversation.messages
    assert [text_of(m.item) for m in messages if m.metadata.branch_id is None] == [
        "root",
        "a1",
        "live",
        "b2",
    ]
    fork, left, resumed = messages[1].metadata, messages[2].metadata, messages[4].metadata
    assert fork.branch_point
    assert left.parent_message_id == resumed.parent_message_id == fork.message_id
    assert imported.metadata.message_count == 6


def begun_again(*last: dict) -> list[dict]:
    return [
        user("Sort it", uuid="a", parentUuid=None),
        assistant(text("Sorted"), uuid="b", parentUuid="a"),
        user("Count it", uuid="c", parentUuid=None),
        assistant(text("Three"), uuid="d", parentUuid="c"),
        *last,
    ]


def test_a_rewind_of_the_first_message_is_a_branch_as_well(read):
    imported = read(*begun_again({"type": "last-prompt", "leafUuid": "d", "sessionId": SESSION}))
    branches = [message.metadata.branch_id for message in imported.conversation.messages]
    assert branches[0] is not None
    assert branches == [branches[0], branches[0], None, None]
    assert imported.metadata.title == "Count it"


@pytest.mark.parametrize("leaf", [None, "b", "z"])
def test_what_follows_nothing_was_lived_unless_the_source_goes_on_from_there(leaf, read):
    last = [{"type": "last-prompt", "leafUuid": leaf, "sessionId": SESSION}]
    for lines in begun_again(), begun_again(*last):
        messages = read(*lines).conversation.messages
        assert {message.metadata.branch_id for message in messages} == {None}


def test_a_rewind_within_what_was_rewound_later_is_a_branch_of_that_branch(read):
    imported = read(
        chained(user("root"), "1", None),
        chained(assistant(text("a1")), "2", "1"),
        chained(user("left"), "3", "2"),
        chained(assistant(text("b1")), "4", "3"),
        chained(user("left first"), "5", "4"),
        chained(user("left then"), "6", "4"),
        chained(user("live"), "7", "2"),
    )
    found = {text_of(m.item): m.metadata for m in imported.conversation.messages}
    of = {words: each.branch_id for words, each in found.items()}
    assert of["root"] is of["a1"] is of["live"] is None
    assert of["left"] == of["b1"] == of["left then"]
    assert of["left first"] not in (None, of["left"])
    inner = found["left first"].parent_message_id, found["left then"].parent_message_id
    assert inner == (found["b1"].message_id,) * 2


def test_a_branch_that_was_tried_and_left_for_the_first_one_is_the_one_that_was_left(read):
    imported = read(
        chained(user("root"), "1", None),
        chained(user("first"), "2", "1"),
        chained(user("tried"), "3", "1"),
        chained(assistant(text("on with the first")), "4", "2"),
    )
    left = [m for m in imported.conversation.messages if m.metadata.branch_id is not None]
    assert [text_of(m.item) for m in left] == ["tried"]


def test_a_rewind_is_found_among_lines_that_were_written_again(read):
    lines = (
        chained(user("root"), "1", "of another file"),
        chained(assistant(text("a1")), "2", "1"),
        chained(user("dropped"), "3", "2"),
    )
    imported = read(*lines, *lines, chained(user("live"), "4", "2"))
    messages = imported.conversation.messages
    assert [(text_of(m.item), m.metadata.branch_id is None) for m in messages] == [
        ("root", True),
        ("a1", True),
        ("dropped", False),
        ("live", True),
    ]
    assert messages[3].metadata.parent_message_id == messages[1].metadata.message_id


def test_tools_at_the_same_time_are_no_rewind(read):
    imported = read(
        chained(user("root"), "1", None),
        chained(assistant(use(call_id="t1")), "2", "1"),
        chained(assistant(use(call_id="t2")), "3", "2"),
        chained(user([result("a", "t1")]), "4", "2"),
        chained(user([result("b", "t2")]), "5", "3"),
        chained(assistant(text("done")), "6", "5"),
        chained(system("stop_hook_summary"), "7", "6"),
        chained(user("next"), "8", "6"),
    )
    assert not any(
        m.metadata.branch_id or m.metadata.branch_point for m in imported.conversation.messages
    )


def persisted(name: str) -> str:
    said = f"Output too large (80KB). Full output saved to: {name}\n\nPreview (first 2KB):\nthe"
    return f"<persisted-output>\n{said}\n</persisted-output>"


def test_a_result_in_a_file_of_its_own_is_read_from_there(tmp_path):
    said = persisted("/home/u/.claude/projects/-w/s/tool-results/toolu_1.txt")
    path = write(tmp_path / f"{SESSION}.jsonl", assistant(use()), user([result(said)]))
    folder = tmp_path / SESSION / "tool-results"
    folder.mkdir(parents=True)
    (folder / "toolu_1.txt").write_text("the whole output with the okapi")
    (_, output) = [m.item for m in read_transcript(path).conversation.messages]
    assert output == FunctionCallOutput("toolu_1", "the whole output with the okapi")
    (folder / "toolu_1.txt").unlink()
    (_, output) = [m.item for m in read_transcript(path).conversation.messages]
    assert output.output == said


@pytest.mark.parametrize("name", ["../secret.txt", "..", "C:\\x\\..", "/etc/passwd/.."])
def test_a_result_is_read_from_no_other_folder(tmp_path, name):
    path = write(tmp_path / f"{SESSION}.jsonl", assistant(use()), user([result(persisted(name))]))
    folder = tmp_path / SESSION / "tool-results"
    folder.mkdir(parents=True)
    (tmp_path / SESSION / "secret.txt").write_text("SECRET")
    (tmp_path / "linked").write_text("SECRET")
    (folder / "secret.txt").symlink_to(tmp_path / "linked")
    texts = [text_of(m.item) for m in read_transcript(path).conversation.messages]
    assert not any("SECRET" in each for each in texts)


def test_a_call_took_as_long_as_until_its_result_where_nothing_says_it(read):
    times = "2025-10-26T10:38:08Z", "2025-10-26T10:38:10.500Z"
    imported = read(
        assistant(use("Read", file_path="/src/a.py"), timestamp=times[0]),
        user(
            [result("5→z")], timestamp=times[1],
            toolUseResult={"type": "text", "file": {"filePath": "/src/a.py", "startLine": 5, "numLines": 2}},
        ),
    )  # fmt: skip
    call, output = (message.metadata for message in imported.conversation.messages)
    assert output.tool_calls[0].execution_time_ms == 2500
    assert [(file.path, file.line_range) for file in call.file_context] == [("/src/a.py", (5, 6))]


def test_an_edit_has_the_lines_that_its_result_says_it_changed(read):
    hunks = [{"newStart": 9, "newLines": 4}, {"newStart": 3, "newLines": 0}, {"newStart": "?"}]
    changed = {"filePath": "/src/a.py", "structuredPatch": hunks}
    imported = read(
        assistant(use("Edit", file_path="/src/a.py")), user([result("ok")], toolUseResult=changed)
    )
    (file,) = imported.conversation.messages[0].metadata.file_context
    assert (file.path, file.line_range) == ("/src/a.py", (3, 12))


def test_tokens_of_an_answer_on_several_lines_count_once(read):
    def answer(written: int, message_id: str, block: dict) -> dict:
        line = assistant(block, version="2.1.0", costUSD=0.25)
        usage = {
            "input_tokens": 10, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 7,
            "output_tokens": written,
        }  # fmt: skip
        line["message"] |= {"id": message_id, "usage": usage}
        return line

    imported = read(answer(1, "m1", text("a")), answer(5, "m1", use()), answer(2, "m2", text("b")))
    found = imported.conversation.context.environment_variables
    assert {name: found[f"AGCX_{name}"] for name in ("TOKENS_INPUT", "TOKENS_CACHED", "TOKENS_OUTPUT")} == {
        "TOKENS_INPUT": "234", "TOKENS_CACHED": "200", "TOKENS_OUTPUT": "7",
    }  # fmt: skip
    assert (found["AGCX_COST_USD"], found["AGCX_BRANCH"]) == ("0.75", "main")
    assert found["AGCX_CLI_VERSION"] == "2.1.0"


def test_notices_are_messages_that_any_reader_can_show(read):
    imported = read(user("a"), system("api_error", error={}))
    assert isinstance(imported.conversation.messages[1].item, Message)


def test_tags_the_name_of_the_agent_and_pull_requests_are_kept(tmp_path):
    link = {"type": "pr-link", "prUrl": "https://example.org/pr/1", "prNumber": 1}
    session = read_transcript(
        write(
            tmp_path / "a.jsonl",
            user("Fix it"), link, link, {"type": "tag", "tag": "keepme"},
            {"type": "agent-name", "agentName": "builder"},
        )
    )  # fmt: skip
    texts = [text_of(message.item) for message in session.conversation.messages]
    assert texts == ["Fix it", "Pull request: https://example.org/pr/1"]
    assert "keepme" in session.metadata.tags
    assert session.conversation.context.environment_variables["AGCX_ROLE"] == "builder"
