"""What became of a call is one answer, however many places say something about it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agcx_format.model.items import (
    ExecAction,
    FileContext,
    InputImage,
    InputText,
    LocalShellCall,
    LocalShellStatus,
    ToolCallMetadata,
)
from agcx_format.transcript.outputs import CallOutcome, read_outcome, read_output, without_images
from agcx_format.transcript.tool_calls import CallReader, tool_call
from agcx_format.transcript.wording import describe_outcome
from tests.support.messages import assistant, call, output, snapshot, user

PICTURE = "data:image/png;base64,AAAA"


def envelope(text: str, **metadata: object) -> str:
    return json.dumps({"output": text, "metadata": metadata})


def record(success: bool, milliseconds: int = 0, error: str | None = None) -> ToolCallMetadata:
    return ToolCallMetadata("shell", milliseconds, success, error)


def outcome(text: str, *records: ToolCallMetadata, of_call=()) -> CallOutcome:
    asked = call("{}", tool_calls=list(of_call))
    found = tool_call(asked, output(text, tool_calls=list(records)))
    assert found is not None
    return found.outcome


@pytest.mark.parametrize(
    ("text", "word", "seconds", "rest"),
    [
        ('{"output":"hi\\n","metadata":{"exit_code":0,"duration_seconds":0.1}}', "ok", 0.1, "hi\n"),
        ('{"output":"no","metadata":{"exit_code":127}}', "exit 127", None, "no"),
        ("Exit code: 1\nWall time: 2.5 seconds\nOutput:\nbad", "exit 1", 2.5, "bad"),
        ("Chunk ID: a\nWall time: 0.2 seconds\nProcess exited with code 0\nOutput:\nx", "ok", 0.2, "x"),
        ("Wall time: 1 seconds\nProcess running with session ID 7\nOutput:\nx", "in progress", 1, "x"),
        ("failed in sandbox Seatbelt with error, exit code: 3, stdout:", "exit 3", None, None),
        ("exec command rejected by user", "rejected", None, None),
        ("aborted by user after 2 s", "aborted", None, None),
        ("command timed out after 10 s", "failed", None, None),
        ('{"output": 5}', "", None, None),
        ("plain", "", None, None),
    ],
)  # fmt: skip
def test_an_outcome_is_found_however_an_agent_wrote_it_down(text, word, seconds, rest):
    found = tool_call(call("{}"), output(text))
    assert (found.outcome.word, found.outcome.seconds) == (word, seconds)
    assert found.output.text == (text if rest is None else rest)
    assert read_outcome(text) == read_output(text).outcome


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 200) | st.floats(0, 9) | st.sampled_from(["", "x", "[]"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["output", "metadata", "exit_code", "duration_seconds", "content", "isError", "type", "text"]
        ),
        inner,
        max_size=4,
    ),
)  # fmt: skip


@settings(max_examples=30)
@given(json_values, json_values)
def test_an_outcome_alone_is_that_of_the_whole_output(value, other):
    for each in (value, {"output": "x", "metadata": value}, {"content": value, "isError": other}):
        text = json.dumps(each)
        assert read_outcome(text) == read_output(text).outcome


def test_an_exit_code_in_the_envelope_counts_without_any_record():
    found = outcome(envelope("make: error", exit_code=2, duration_seconds=1.5))
    assert found == CallOutcome(False, 2, 1.5, "exit code 2", None)


def test_an_exit_code_is_believed_before_a_record_that_says_success():
    found = outcome(envelope("x", exit_code=2), record(True, 900))
    assert (found.success, found.exit_code, found.seconds) == (False, 2, 0.9)


def test_one_failure_among_several_records_is_a_failure_and_times_add_up():
    found = outcome("x", record(True, 1000), record(False, 500, "denied"), record(False, 0, "gone"))
    assert (found.success, found.seconds, found.error) == (False, 1.5, "denied\ngone")


def test_records_of_the_call_count_when_the_output_has_none_and_are_not_counted_twice():
    assert outcome("x", of_call=[record(True, 700)]).seconds == 0.7
    assert outcome("x", record(True, 700), of_call=[record(True, 700)]).seconds == 0.7


def test_an_exit_code_that_only_a_record_has_is_one():
    assert outcome("x", record(False, 1, "exit code 3")).exit_code == 3


@pytest.mark.parametrize("status", [LocalShellStatus.IN_PROGRESS, LocalShellStatus.INCOMPLETE])
def test_a_call_that_has_not_ended_is_not_ok(status):
    item = LocalShellCall(None, "c1", status, ExecAction(["ls"], None, None, None, None))
    found = tool_call(snapshot(item, tool_calls=[record(True, 5)]))
    assert (found.outcome.success, found.outcome.status) == (None, status.value)
    ended = tool_call(snapshot(item), output(envelope("", exit_code=0)))
    assert (ended.outcome.word, ended.outcome.status) == ("ok", None)


def test_name_command_directory_and_files_come_from_the_call():
    asked = call(
        '{"command": ["bash", "-lc", "rg grid"], "workdir": "/src"}',
        file_context=[FileContext("a.css", None, None, None)],
    )
    found = tool_call(asked, output("x", file_context=[FileContext("b.css", None, None, None)]))
    assert (found.name, found.command, found.directory) == ("shell", "rg grid", "/src")
    assert found.files == ("a.css", "b.css")


def test_a_patch_and_a_path_name_the_files_of_a_call():
    patch = "*** Begin Patch\n*** Update File: a.py\n*** Add File: b.py\n*** End Patch"
    assert tool_call(call(json.dumps({"input": patch}))).files == ("a.py", "b.py")
    assert tool_call(call('{"file_path": "c.py"}')).files == ("c.py",)


def test_an_output_far_from_its_call_knows_its_tool_and_its_records():
    reader = CallReader()
    assert reader.read(call("{}", "c7", "grep", tool_calls=[record(False, 3, "broke")])).failed
    assert reader.read(user("between")) is None
    found = reader.read(output("x", "c7"))
    assert (found.name, found.failed, found.call) == ("grep", True, None)
    assert reader.read(output("x", "other")).name == ""


def test_other_messages_are_no_tool_calls():
    assert tool_call(assistant("said")) is None
    assert tool_call(assistant("said"), user("answered")) is None


def test_an_error_that_the_output_says_itself_is_not_said_again():
    found = tool_call(call("{}"), output("it was denied", tool_calls=[record(False, 0, "denied")]))
    assert (found.errors, found.unsaid_errors) == (("denied",), ())


@pytest.mark.parametrize(
    "wrapped",
    [
        [{"type": "text", "text": "a"}, {"type": "image", "data": "AAAA", "mimeType": "image/png"}],
        [{"type": "input_text", "text": "a"}, {"type": "input_image", "image_url": PICTURE}],
        [
            {"type": "text", "text": "a"},
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"},
            },
        ],
    ],
)
@pytest.mark.parametrize("around", ["bare", "envelope", "header", "result"])
def test_a_structured_output_is_text_and_a_picture(wrapped, around):
    text = json.dumps(wrapped)
    text = {
        "bare": text,
        "envelope": envelope(text, exit_code=0),
        "header": f"Exit code: 0\nWall time: 1 seconds\nOutput:\n{text}",
        "result": json.dumps({"content": wrapped, "isError": False}),
    }[around]
    found = read_output(text)
    assert found.content == (InputText("a"), InputImage(PICTURE))
    assert found.text == "a"
    bare = without_images(text)
    assert "AAAA" not in bare
    assert read_output(bare).outcome == found.outcome
    assert read_output(bare).text == "a"


def test_a_resource_that_an_mcp_tool_returned_is_text():
    parts = [
        {"type": "text", "text": "found"},
        {"type": "resource", "resource": {"uri": "wiki://a", "text": "the page"}},
        {"type": "resource_link", "uri": "wiki://b", "name": "b"},
    ]
    words = "found\nthe page\nwiki://b"
    assert read_output(json.dumps({"content": parts})).text == words
    picture = {"type": "image", "data": "AAAA", "mimeType": "image/png"}
    bare = without_images(json.dumps({"content": [picture, *parts]}))
    assert (read_output(bare).text, "AAAA" in bare) == (words, False)


def test_a_result_that_says_it_is_an_error_failed():
    text = json.dumps({"content": [{"type": "text", "text": "no access\nmore"}], "isError": True})
    assert (read_output(text).outcome.success, read_output(text).outcome.error) == (
        False,
        "no access",
    )


def test_a_result_below_a_header_is_text_but_what_a_command_printed_stays():
    result = json.dumps({"content": [{"type": "text", "text": "no access"}], "isError": True})
    below = f"Wall time: 0.5 seconds\nOutput:\n{result}"
    found = read_output(below)
    assert found.text == "no access"
    assert found.outcome == CallOutcome(success=False, seconds=0.5, error="no access")
    assert read_outcome(below) == found.outcome
    printed = f"Exit code: 0\nWall time: 0.5 seconds\nOutput:\n{result}"
    assert read_output(printed).text == result
    assert read_outcome(printed) == read_output(printed).outcome


@pytest.mark.parametrize(
    "text", ["[]", "[1, 2]", '[{"type": "text"}]', '[{"type": "text", "text": "a"}, 1]', '{"content": []}']
)  # fmt: skip
def test_other_json_is_shown_as_it_is(text):
    assert read_output(text).text == text


def test_half_a_surrogate_pair_in_an_envelope_is_a_replacement_character():
    assert read_output('{"output":"a\\ud800","metadata":{}}').text == "a\ufffd"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (CallOutcome(), ""),
        (CallOutcome(True, 0, 0.02), "ok · 20 ms"),
        (CallOutcome(False, 2, 1.25, "exit code 2"), "exit 2 · 1.2 s"),
        (CallOutcome(status="in_progress"), "in progress"),
        (CallOutcome(False, status="rejected"), "rejected"),
        (CallOutcome(False, 0), "failed"),
    ],
)
def test_an_outcome_in_a_few_words(found, words):
    assert describe_outcome(found) == words
