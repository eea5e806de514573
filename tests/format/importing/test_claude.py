"""Claude Code transcripts become sessions; each line is a message or accounted for."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import open_store
from agcx_format.codec import messagepack
from agcx_format.errors import ConversionError
from agcx_format.importing.claude import default_places, find_transcripts, read_transcript
from agcx_format.importing.codex import read_rollout
from agcx_format.importing.draft import Imported
from agcx_format.importing.run import ImportOutcome, import_sessions
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    Message,
    OutputText,
    Reasoning,
    SummaryText,
)
from tests.support.rollout_lines import write

SESSION = "2d984148-cddb-4605-aac1-13e720fe613c"
TIME = "2025-10-26T10:38:08.752Z"


def said(kind: str, content: object, uuid: str = "", **more) -> dict:
    message = {"role": kind, "content": content}
    if kind == "assistant":
        message |= {"id": "msg_1", "model": "claude-sonnet-4-5"}
    line = {"type": kind, "uuid": uuid, "sessionId": SESSION, "timestamp": TIME, "message": message}
    return line | {"cwd": "/src/site", "gitBranch": "main", "isSidechain": False} | more


def user(content: object, **more) -> dict:
    return said("user", content, **more)


def assistant(*blocks: dict, **more) -> dict:
    return said("assistant", list(blocks), **more)


def text(words: str) -> dict:
    return {"type": "text", "text": words}


def use(name: str = "Bash", call_id: str = "toolu_1", **given) -> dict:
    return {"type": "tool_use", "id": call_id, "name": name, "input": given}


def result(content: object, call_id: str = "toolu_1", **more) -> dict:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **more}


PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "QUJD"}}


@pytest.fixture
def read(tmp_path):
    def read_lines(*lines: dict | str) -> Imported:
        return read_transcript(write(tmp_path / "transcript.jsonl", *lines))

    return read_lines


def items(imported: Imported) -> list:
    return [message.item for message in imported.conversation.messages]


def test_a_whole_conversation(read):
    imported = read(
        {"type": "file-history-snapshot", "messageId": "x", "snapshot": {}},
        user("Fix the grid\nplease"),
        assistant({"type": "thinking", "thinking": "The grid…", "signature": "abc"}),
        assistant(text("Looking.")),
        assistant(use(command="rg grid")),
        user([result("a.css")], toolUseResult={"durationMs": 33}),
        assistant(text("Done."), timestamp="2025-10-26T10:40:00Z"),
    )
    thought, looking, call, output, done = items(imported)[1:]
    assert isinstance(thought, Reasoning)
    assert (thought.summary, thought.content) == ([SummaryText("The grid…")], None)
    assert thought.encrypted_content is None
    assert looking == Message("msg_1", "assistant", [OutputText("Looking.")])
    assert call == FunctionCall("msg_1", "Bash", '{"command": "rg grid"}', "toolu_1")
    assert output == FunctionCallOutput("toolu_1", "a.css")
    assert done.content == [OutputText("Done.")]
    metadata = imported.metadata
    assert metadata.id == UUID(SESSION)
    assert (metadata.title, metadata.turn_count) == ("Fix the grid", 1)
    assert (metadata.created_at, metadata.updated_at) == (TIME, "2025-10-26T10:40:00Z")
    assert metadata.model == "claude-sonnet-4-5"
    assert metadata.tags == ["claude-code", "main"]
    assert imported.conversation.context.working_directory == "/src/site"
    assert imported.report.skipped == {"file-history-snapshot": 1}


def test_a_failed_tool_is_told_from_one_that_succeeded(read):
    imported = read(
        user("x"),
        assistant(use()),
        user([result("Exit code 1\nno", is_error=True)], toolUseResult={"durationMs": 1500}),
        assistant(use(call_id="toolu_2")),
        user([result("fine", "toolu_2")]),
    )
    failed, fine = [m.metadata.tool_calls[0] for m in imported.conversation.messages[2::2]]
    assert (failed.tool_name, failed.success, failed.error) == ("Bash", False, "Exit code 1")
    assert failed.execution_time_ms == 1500
    assert (fine.success, fine.error) == (True, None)


def test_words_and_pictures_of_a_person_stay_one_message(read):
    (only,) = items(read(user([PICTURE, text("What is this?")])))
    assert only.content == [InputImage("data:image/gif;base64,QUJD"), InputText("What is this?")]


def test_a_picture_from_a_tool_becomes_a_message_that_is_nobodys_turn(read):
    imported = read(user("look"), assistant(use()), user([result([text("shot"), PICTURE])]))
    output, picture = items(imported)[2:]
    assert output.output == "shot\n[image: in the next message]"
    assert picture.content[-1] == InputImage("data:image/gif;base64,QUJD")
    assert imported.metadata.turn_count == 1


def test_a_result_and_words_in_one_line_are_two_messages_with_ids_of_their_own(read):
    imported = read(user("x"), assistant(use()), user([result("no"), text("Do it otherwise")]))
    assert [type(item) for item in items(imported)[2:]] == [FunctionCallOutput, Message]
    ids = {message.metadata.message_id for message in imported.conversation.messages}
    assert len(ids) == 4


def test_what_the_program_says_in_the_users_place_makes_no_turn(read):
    imported = read(
        user("Caveat: The messages below were generated by the user", isMeta=True),
        user("<command-name>/clear</command-name>\n<command-args></command-args>"),
        user("<local-command-stdout></local-command-stdout>"),
        user("You are a subagent", isSidechain=True),
        user("[Request interrupted by user]"),
        user("Hello"),
    )
    assert (imported.metadata.title, imported.metadata.turn_count) == ("Hello", 1)
    assert imported.metadata.message_count == 6
    assert [item.role for item in items(imported)[:4]] == [
        "developer", "user", "user", "developer",
    ]  # fmt: skip


def test_the_last_title_that_was_given_wins(read):
    titles = [{"type": "ai-title", "aiTitle": name, "sessionId": SESSION} for name in "ab"]
    imported = read(titles[0], user("words"), titles[1])
    assert imported.metadata.title == "b"
    assert {"a", "b", "words"} <= imported.titles


def test_a_summary_is_the_title_only_of_the_session_that_it_sums_up(read):
    def summary(leaf: str) -> dict:
        return {"type": "summary", "summary": "Summed up", "leafUuid": leaf}

    assert read(summary("u1"), user("words", uuid="u1")).metadata.title == "Summed up"
    assert read(summary("elsewhere"), user("words", uuid="u1")).metadata.title == "words"


def test_two_objects_on_a_line_are_two_messages(read):
    both = json.dumps(user("one")) + json.dumps(assistant(text("two")))
    imported = read(both)
    assert [type(item) for item in items(imported)] == [Message, Message]
    ids = {message.metadata.message_id for message in imported.conversation.messages}
    assert len(ids) == 2


def test_a_line_that_was_written_again_counts_once(read):
    again = user("one", uuid="u1")
    imported = read(again, again, user("two", uuid="u1"))
    assert imported.report.messages == 2
    assert imported.report.skipped == {"user, the same line again": 1}


def test_empty_thoughts_are_kept_as_thoughts(read):
    (thought,) = items(read(assistant({"type": "thinking", "thinking": "", "signature": "x"})))
    assert (thought.summary, bool(thought.id)) == ([], True)


def test_a_redacted_thought_keeps_what_was_encrypted(read):
    (thought,) = items(read(assistant({"type": "redacted_thinking", "data": "EnC"})))
    assert thought.encrypted_content == "EnC"


def test_blocks_of_unknown_kinds_are_kept_whole(read):
    imported = read(assistant({"type": "hologram", "beam": 1}))
    assert json.loads(items(imported)[0].content[0].text) == {"type": "hologram", "beam": 1}
    assert sum(imported.report.kept_as.values()) == 1


def test_a_file_that_is_named_after_a_session_has_its_id(tmp_path):
    other = "93a9705e-bc6a-406d-8dce-8acc014dedbd"
    path = write(tmp_path / f"{other}.jsonl", user("copied from the session before"))
    assert read_transcript(path).metadata.id == UUID(other)


def test_a_subagent_has_an_id_of_its_own_and_its_task_as_the_title(tmp_path):
    lines = user("Search the web", isSidechain=True, agentId="a1"), assistant(text("Found"))
    imported = read_transcript(write(tmp_path / "agent-a1.jsonl", *lines))
    assert imported.metadata.id != UUID(SESSION)
    assert imported.metadata.title == "Search the web"
    assert "subagent" in imported.metadata.tags


def test_broken_lines_do_not_cost_the_rest(read):
    imported = read(
        '"massive error"', "42", user("hi"), {"silly": "this"}, user(None), user(["bare"]),
        said("assistant", []) | {"message": "error"}, '{"type": "user", "mess',
    )  # fmt: skip
    assert [getattr(item, "role", None) for item in items(imported)] == ["user", "user"]
    assert [number for number, _ in imported.report.bad_lines] == [1, 2, 5, 7, 8]
    assert imported.report.skipped == {"{silly}": 1}


def test_values_of_wrong_types_are_no_errors(read):
    odd = [None, 1, "x", [], {}, [[1]], [{"type": 1}], [{"type": "tool_use"}]]
    lines = [said(kind, value) for value in odd for kind in ("user", "assistant")]
    lines += [user([result(value)]) | {"toolUseResult": value} for value in odd]
    lines += [assistant({"type": "thinking", "thinking": value}) for value in odd]
    lines += [user([{"type": "image", "source": value}]) for value in odd]
    written = messagepack.encode_messages(read(*lines).conversation.messages)
    assert messagepack.decode_messages(written)


def test_each_program_refuses_the_files_of_the_other_by_name(tmp_path):
    path = write(tmp_path / "a.jsonl", user("hi"))
    with pytest.raises(ConversionError, match="Claude Code transcript"):
        read_rollout(path)
    meta = {"timestamp": TIME, "type": "session_meta", "payload": {"id": SESSION}}
    with pytest.raises(ConversionError, match="Codex rollout"):
        read_transcript(write(tmp_path / "b.jsonl", meta))


def test_transcripts_go_into_a_store_once_and_grow(tmp_path):
    store, path = open_store(tmp_path / "store"), tmp_path / f"{SESSION}.jsonl"

    def run() -> list[ImportOutcome]:
        options = {"find": find_transcripts, "read": read_transcript}
        return [result.outcome for result in import_sessions(store, [path], **options)]

    write(path, user("one"))
    assert run() == [ImportOutcome.IMPORTED]
    title = {"type": "ai-title", "aiTitle": "A better title", "sessionId": SESSION}
    write(path, user("one"), assistant(text("two")), title)
    assert run() == [ImportOutcome.UPDATED]
    assert run() == [ImportOutcome.PRESENT]
    assert [metadata.title for metadata in store.list_sessions()] == ["A better title"]


def test_the_default_place_follows_the_configuration_directory(monkeypatch):
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", "/somewhere")
    assert default_places() == [Path("/somewhere/projects")]


@pytest.mark.parametrize("mark", ["isMeta", "isSidechain", "isCompactSummary"])
def test_what_a_person_did_not_say_is_not_theirs(read, mark):
    imported = read(user("What I want"), user("This session is being continued", **{mark: True}))
    assert [each.role for each in items(imported)] == ["user", "developer"]
    assert (imported.metadata.title, imported.metadata.turn_count) == ("What I want", 1)


def test_a_message_that_the_program_made_up_has_no_model(read):
    made_up = assistant(text("API Error"))
    made_up["message"]["model"] = "<synthetic>"
    assert read(user("a"), assistant(text("b")), made_up).metadata.model == "claude-sonnet-4-5"
    assert read(user("a"), made_up).metadata.model == "unknown"


def test_a_result_of_any_tool_is_a_result(read):
    search = {
        "type": "server_tool_use",
        "id": "srv_1",
        "name": "web_search",
        "input": {"query": "x"},
    }
    found = {
        "type": "web_search_tool_result",
        "tool_use_id": "srv_1",
        "content": [{"type": "x", "url": "u"}],
    }
    _, call, output = items(read(user("a"), assistant(search, found)))
    assert (call.name, output.call_id) == ("web_search", "srv_1")
    assert json.loads(output.output) == {"type": "x", "url": "u"}


@pytest.mark.parametrize(
    ("said_of_it", "milliseconds"),
    [
        ({"durationMs": 33}, 33),
        ({"totalDurationMs": 4_200}, 4_200),
        ({"durationMs": 1, "totalDurationMs": 9}, 1),
    ],
)
def test_how_long_a_tool_took_is_told_by_either_name(read, said_of_it, milliseconds):
    imported = read(user("a"), assistant(use()), user([result("ok")], toolUseResult=said_of_it))
    (call,) = imported.conversation.messages[-1].metadata.tool_calls
    assert call.execution_time_ms == milliseconds


@pytest.mark.parametrize("custom_first", [True, False])
def test_a_title_that_a_person_gave_stands_above_one_that_was_made(read, custom_first):
    titles = [
        {"type": "custom-title", "customTitle": "Mine", "sessionId": SESSION},
        {"type": "ai-title", "aiTitle": "Made", "sessionId": SESSION},
    ]
    imported = read(user("a"), *(titles if custom_first else reversed(titles)))
    assert imported.metadata.title == "Mine"
    assert {"Mine", "Made", "a"} <= imported.titles


def test_a_document_is_kept_with_its_data(read):
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    imported = read(user([text("Read it"), {"type": "document", "source": source}]))
    (message,) = items(imported)
    assert message.content[1] == InputImage("data:application/pdf;base64,JVBERi0=")
    assert imported.report.kept_as


def test_the_directory_is_the_one_in_which_the_session_began(read):
    imported = read(user("a", cwd="/src/site"), user("b", cwd="/src/site/deep"))
    assert imported.conversation.context.working_directory == "/src/site"


def test_a_mark_of_an_editor_costs_no_line(tmp_path):
    path = tmp_path / "transcript.jsonl"
    path.write_bytes(
        b"\xef\xbb\xbf"
        + json.dumps(user("a")).encode()
        + b"\n\0\0"
        + json.dumps(user("b")).encode()
    )
    assert [each.content[0].text for each in items(read_transcript(path))] == ["a", "b"]
