"""Events of a rollout count for display, unless they are the only ones that say something."""

from __future__ import annotations

import json

import pytest

from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.importing.draft import Imported
from agcx_format.importing.environment import VERSION
from agcx_format.model.items import InputImage, Message, Reasoning
from agcx_format.transcript.words import text_of
from tests.support.rollout_lines import (
    SESSION,
    assistant,
    call,
    event,
    item,
    line,
    meta,
    output,
    user,
    write,
)


@pytest.fixture
def read(tmp_path):
    def read_lines(*lines: dict | str) -> Imported:
        return read_rollout(write(tmp_path / "rollout.jsonl", *lines))

    return read_lines


def texts(imported: Imported) -> list[str]:
    return [text_of(message.item) for message in imported.conversation.messages]


def thought(words: str) -> dict:
    return item("reasoning", id="rs", summary=[{"type": "summary_text", "text": words}])


def test_what_an_interrupted_turn_said_is_kept_where_it_was_said(read):
    imported = read(
        meta(),
        event("user_message", message="sort it"),
        user("sort it"),
        event("agent_reasoning", text="**Sorting**"),
        event("agent_message", message="I began with a.py"),
        event("turn_aborted", reason="interrupted"),
        user("again"),
    )
    assert texts(imported) == [
        "sort it",
        "**Sorting**",
        "I began with a.py",
        "Interrupted",
        "again",
    ]
    kinds = [type(message.item) for message in imported.conversation.messages]
    assert kinds == [Message, Reasoning, Message, Message, Message]
    assert imported.metadata.turn_count == 2
    assert imported.report.duplicates == {"event_msg.user_message": 1}


@pytest.mark.parametrize("event_first", [True, False])
def test_an_event_that_says_what_an_item_says_is_for_display(read, event_first):
    pairs = [
        (event("user_message", message="one"), user("one")),
        (event("agent_reasoning", text="hm"), thought("hm")),
        (event("agent_message", message="two"), assistant("two")),
    ]
    lines = [each for pair in pairs for each in (pair if event_first else reversed(pair))]
    imported = read(meta(), *lines)
    assert texts(imported) == ["one", "hm", "two"]
    assert sum(imported.report.duplicates.values()) == 3
    assert imported.report.examples["event_msg.user_message"].line == (2 if event_first else 3)


def test_the_second_time_that_something_is_said_is_not_a_copy_of_the_first(read):
    said = [event("user_message", message="go on"), user("go on")]
    imported = read(meta(), *said, event("user_message", message="go on"))
    assert texts(imported) == ["go on", "go on"]


def test_a_prompt_is_no_copy_of_one_that_the_agent_has_answered(read):
    again = event("user_message", message="go on"), event("turn_aborted", reason="interrupted")
    imported = read(meta(), user("go on"), assistant("done"), *again, user("go on"))
    assert texts(imported) == ["go on", "done", "go on", "Interrupted", "go on"]
    assert imported.metadata.turn_count == 3


def test_a_request_around_which_an_editor_wrote_is_still_a_copy(read):
    words = "# Context from my IDE setup:\n\n## My request for Codex:\nrename it\n"
    imported = read(meta(), user(words), event("user_message", message="rename it\n"))
    assert texts(imported) == [words]


def test_a_picture_beside_the_words_makes_no_difference(read):
    lost = {"type": "input_image"}
    imported = read(meta(), event("user_message", message="look"), user("look", lost))
    assert imported.report.messages == 1


SEEN = "data:image/png;base64,AAAA"


def pictures(imported: Imported) -> list[list[str]]:
    return [
        [part.image_url for part in message.item.content if isinstance(part, InputImage)]
        for message in imported.conversation.messages
    ]


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "user_message", "message": "", "images": [SEEN]},
        {"type": "user_message", "message": "", "images": None, "local_images": ["/a b.png"]},
        {
            "type": "item_completed",
            "item": {"type": "UserMessage", "content": [{"type": "image", "image_url": SEEN}]},
        },
        {
            "type": "item_completed",
            "item": {
                "type": "UserMessage",
                "content": [{"type": "local_image", "path": "/a b.png"}],
            },
        },
    ],
    ids=["sent", "of a file", "completed", "completed, of a file"],
)
@pytest.mark.parametrize("has_item", [False, True])
def test_a_picture_that_only_an_event_has_is_kept(read, payload, has_item):
    marks = [{"type": "input_text", "text": t} for t in ("<image name=[Image #1]>", "</image>")]
    same = item(
        "message", role="user",
        content=[marks[0], {"type": "input_image", "image_url": SEEN}, marks[1]],
    )  # fmt: skip
    imported = read(meta(), line("event_msg", payload), *([same] if has_item else []))
    local = "/a b.png" in json.dumps(payload) and not has_item
    assert pictures(imported) == [["file:///a b.png" if local else SEEN]]
    assert imported.metadata.turn_count == 1


def test_pictures_sent_with_words_that_only_an_event_has_are_kept(read):
    imported = read(meta(), event("user_message", message="look", images=[SEEN]))
    assert (texts(imported), pictures(imported)) == (["look"], [[SEEN]])
    again = read(meta(), event("user_message", message="look", images=[SEEN]), user("look"))
    assert (texts(again), pictures(again)) == (["look"], [[]])


def test_items_that_stand_only_in_events_of_newer_files_are_kept_once(read):
    said = {"type": "UserMessage", "content": [{"type": "text", "text": "one"}]}
    imported = read(
        meta(),
        event("item_completed", item=said),
        event("user_message", message="one"),
        event("item_completed", item={"type": "AgentMessage", "content": [{"text": "two"}]}),
    )
    assert texts(imported) == ["one", "two"]
    assert imported.metadata.title == "one"


def test_a_turn_that_was_taken_back_is_a_branch_and_the_rest_reads_through(read):
    imported = read(
        meta(),
        user("one"),
        assistant("first answer"),
        user("two"),
        assistant("second answer"),
        event("thread_rolled_back", num_turns=1),
        user("two, better"),
        assistant("third answer"),
    )
    messages = imported.conversation.messages
    lived = [text_of(m.item) for m in messages if m.metadata.branch_id is None]
    assert lived == [
        "one",
        "first answer",
        "Rolled back the last turn",
        "two, better",
        "third answer",
    ]
    fork, left, resumed = messages[1].metadata, messages[2].metadata, messages[4].metadata
    assert fork.branch_point
    assert left.parent_message_id == resumed.parent_message_id == fork.message_id
    assert left.branch_id == messages[3].metadata.branch_id


def test_a_first_turn_that_was_taken_back_is_not_the_title(read):
    back = event("thread_rolled_back", num_turns=1)
    imported = read(meta(), user("wrong"), assistant("no"), back, user("right"))
    assert (imported.metadata.title, "wrong" in imported.titles) == ("right", True)


def test_turns_can_be_taken_back_again_and_more_than_there_are(read):
    back = event("thread_rolled_back", num_turns=1)
    imported = read(
        meta(), user("one"), user("two"), back, user("three"), back,
        event("thread_rolled_back", num_turns=9), user("four"),
    )  # fmt: skip
    lived = [m for m in imported.conversation.messages if m.metadata.branch_id is None]
    assert [text_of(m.item) for m in lived][-1] == "four"
    assert not {"one", "two", "three"} & {text_of(m.item) for m in lived}


@pytest.mark.parametrize(
    ("end", "success", "milliseconds", "error"),
    [
        (
            {"kind": "exec_command_end", "exit_code": 1, "duration": {"secs": 2, "nanos": 500_000_000}},
            False, 2500, "exit code 1",
        ),
        ({"kind": "exec_command_end", "exit_code": 0, "duration": "1.5s"}, True, 1500, None),
        (
            {
                "kind": "mcp_tool_call_end", "duration": {"secs": 3, "nanos": 0},
                "result": {"Err": "server gone"},
            },
            False, 3000, "server gone",
        ),
        (
            {
                "kind": "mcp_tool_call_end", "duration": {"secs": 0, "nanos": 10**7},
                "result": {"Ok": {"isError": True, "content": [{"type": "text", "text": "no page"}]}},
            },
            False, 10, "no page",
        ),
        ({"kind": "mcp_tool_call_end", "result": {"Ok": {"content": []}}}, True, 0, None),
        ({"kind": "patch_apply_end", "success": False, "stderr": "no file\nx"}, False, 0, "no file"),
        ({"kind": "dynamic_tool_call_response", "success": True}, True, 0, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end_first", [True, False])
def test_the_end_of_a_call_says_how_it_went(read, end, success, milliseconds, error, end_first):
    ends = [event(**end, call_id="call_1"), output("plain")]
    imported = read(meta(), call("x", {}), *(ends if end_first else reversed(ends)))
    (record,) = imported.conversation.messages[-1].metadata.tool_calls
    assert (record.success, record.execution_time_ms, record.error) == (
        success,
        milliseconds,
        error,
    )


@pytest.mark.parametrize(
    "text",
    [
        "tool call error: server gone",
        "error: invalid hunk at line 3",
        "error: Failed to find expected lines in /src/a.py",
    ],
)
def test_an_output_that_says_that_it_failed_is_a_failure(read, text):
    imported = read(meta(), call("apply_patch", {}), output(text))
    (record,) = imported.conversation.messages[-1].metadata.tool_calls
    assert (record.success, record.error) == (False, text)


def test_errors_and_unknown_events_are_readable(read):
    imported = read(
        meta(),
        event("error", message="You have hit your usage limit."),
        event("new_event", message="something new"),
        line("new_line", {"text": "also new"}),
        line("new_shape", {"a": 1}),
        item("new_item", text="kept"),
    )
    assert texts(imported)[:4] == [
        "Error: You have hit your usage limit.",
        "[event_msg.new_event] something new",
        "[new_line] also new",
        '[new_shape] {"a": 1}',
    ]
    assert "kept" in texts(imported)[4]
    assert imported.report.unknown == {
        "event_msg.new_event": 1, "new_line": 1, "new_shape": 1, "response_item.new_item": 1,
    }  # fmt: skip
    assert imported.report.not_understood == 4


def test_a_compaction_is_one_line_with_its_size_and_the_summary(read):
    used = {"total_token_usage": {}, "last_token_usage": {"total_tokens": 150_000}}
    imported = read(
        meta(), user("one"), event("token_count", info=used),
        line("compacted", {"message": "What we did"}), event("context_compacted"),
    )  # fmt: skip
    assert texts(imported)[1:] == ["Context compacted: 150,000 tokens", "What we did"]


def test_questions_and_answers_are_one_readable_message(read):
    asked = {"questions": [{"id": "q1", "question": "Which color?"}]}
    given = json.dumps({"answers": {"q1": {"answers": ["blue", "green"]}}})
    imported = read(meta(), call("request_user_input", asked), output(given))
    assert texts(imported)[2] == "Asked: Which color?\nAnswered: blue, green"


def test_the_name_in_the_index_beside_the_rollouts_wins(tmp_path):
    day = tmp_path / "sessions" / "2026" / "08" / "01"
    day.mkdir(parents=True)
    path = write(day / "rollout.jsonl", meta(), user("first words"))
    names = [{"id": SESSION, "thread_name": name} for name in ("An old name", "Renamed")]
    write(tmp_path / "session_index.jsonl", names[0], "broken", {"id": "x"}, names[1])
    imported = read_rollout(path)
    assert imported.metadata.title == "Renamed"
    assert {"An old name", "first words"} <= imported.titles


def test_tokens_commit_and_program_are_in_the_context(read):
    counts = [
        {"input_tokens": n, "cached_input_tokens": n // 2, "output_tokens": 7} for n in (10, 30)
    ]
    imported = read(
        meta(git={"commit_hash": "c0ffee", "branch": "main"}, originator="codex-tui"),
        *[event("token_count", info={"total_token_usage": count}) for count in counts],
        event("token_count", info=None),
    )
    found = imported.conversation.context.environment_variables
    changed = found.pop("AGCX_SOURCE_CHANGED")
    assert changed
    assert found == {
        "AGCX_TOKENS_INPUT": "30", "AGCX_TOKENS_CACHED": "15", "AGCX_TOKENS_OUTPUT": "7",
        "AGCX_COMMIT": "c0ffee", "AGCX_BRANCH": "main", "AGCX_CLI_VERSION": "0.40.0",
        "AGCX_ORIGINATOR": "codex-tui", "AGCX_IMPORTER": VERSION,
        "AGCX_AGENT": "codex",
    }  # fmt: skip


def test_calls_name_their_files_with_lines(read):
    patch = "*** Begin Patch\n*** Update File: src/a.py\n@@\n-x\n+y\n*** End Patch"
    imported = read(
        meta(),
        item("custom_tool_call", name="apply_patch", call_id="p", input=patch),
        call("read_file", {"file_path": "/src/b.py", "offset": 5, "limit": 10}),
        call("read_file", {"file_path": "/src/b.py", "limit": 10}),
        call("grep", {"path": "/src", "limit": 10}),
        call("read_file", {"absolute_path": "/src/c.py", "offset": 10, "limit": 5}),
        call(
            "shell", {"command": ["bash", "-lc", "sed -n '1,200p' src/a.py && nl b.c | sed -n 7p"]}
        ),
        call("exec_command", {"cmd": "cat a | sort | sed -n '1,5p'; sed -n '/x/p' $FILE"}),
        call("shell", {"command": ["ls"]}),
        # An integer to Python, and to no field of a message.
        call("read_file", {"file_path": "/src/d.py", "limit": True}),
    )
    files = [
        [(file.path, file.line_range) for file in message.metadata.file_context]
        for message in imported.conversation.messages
    ]
    assert files == [
        [("src/a.py", None)], [("/src/b.py", (5, 14))], [("/src/b.py", (1, 10))], [("/src", None)],
        [("/src/c.py", (11, 15))], [("src/a.py", (1, 200)), ("b.c", (7, 7))], [], [],
        [("/src/d.py", (1, 1))],
    ]  # fmt: skip


def test_a_review_is_text_with_its_findings_and_their_places(tmp_path):
    place = {"absolute_file_path": "/src/a.py", "line_range": {"start": 3, "end": 5}}
    finding = {"title": "Off by one", "body": "It skips the last.", "code_location": place}
    review = {
        "overall_correctness": "incorrect",
        "overall_explanation": "One",
        "findings": [finding],
    }
    session = read_rollout(
        write(
            tmp_path / "a.jsonl",
            meta(),
            user("x"),
            event("exited_review_mode", review_output=review),
        )
    )
    said = text_of(session.conversation.messages[-1].item)
    assert said == ("Review: incorrect\n\nOne\n\n- Off by one\n/src/a.py:3-5\nIt skips the last.")
