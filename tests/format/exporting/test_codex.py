"""A rollout that goes out comes back with the same messages, and has what Codex looks for."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agcx_format import read_session
from agcx_format.exporting.choice import ExportChoice
from agcx_format.exporting.codex import rollout_name, to_rollout
from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.importing.draft import ImportDraft
from agcx_format.model.items import (
    ExecAction,
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    LocalShellCall,
    LocalShellStatus,
    Message,
    Other,
    OutputText,
    PlainText,
    Reasoning,
    ReasoningText,
    ReasoningWithoutContent,
    SummaryText,
    UnknownItem,
)
from agcx_format.model.timestamps import Timestamp
from tests.support.golden_files import GOLDEN

ITEMS = [
    Message(None, "developer", [InputText("Be brief.")]),
    Message(None, "user", [InputText("<environment_context>x</environment_context>")]),
    Message(
        "u", "user", [InputText("Fix\nthe \u2028 grid"), InputImage("data:image/png;base64,QUJD")]
    ),
    Reasoning("r", [SummaryText("Looking")], None, "gAAA"),
    Reasoning("r2", [], [ReasoningText("a"), PlainText("b")], None),
    FunctionCall("f", "shell", '{"command": ["ls"]}', "c1"),
    FunctionCallOutput("c1", '{"output":"x","metadata":{"exit_code":1,"duration_seconds":2}}'),
    LocalShellCall(
        None, "c2", LocalShellStatus.INCOMPLETE, ExecAction(["ls", "-l"], 10, "/", {"A": "b"}, "me")
    ),
    Message(None, "assistant", [OutputText("Done.")]),
]


def session(items):
    draft = ImportDraft(UUID(int=7), Timestamp("2025-08-26T04:12:50.123456789Z"))
    for number, item in enumerate(items, 1):
        draft.at(Timestamp(f"2025-08-26T04:12:{number:02}.5Z"))
        draft.add(item, number)
    made = draft.finish(source=None, agent="", title="t", model="gpt-5", tags=[], directory="/src")
    return made.metadata, made.conversation


def again(tmp_path: Path, metadata, conversation, choice: ExportChoice | None = None):
    target = tmp_path / rollout_name(metadata)
    target.write_text(to_rollout(metadata, conversation, choice or ExportChoice()), "utf-8")
    return read_rollout(target)


def lines(items) -> list[dict]:
    return [json.loads(line) for line in to_rollout(*session(items)).split("\n")[:-1]]


def test_every_item_comes_back_as_it_was_at_its_time_and_in_its_turn(tmp_path):
    metadata, conversation = session(ITEMS)
    back = again(tmp_path, metadata, conversation)
    assert [message.item for message in back.conversation.messages] == ITEMS
    for before, after in zip(conversation.messages, back.conversation.messages, strict=True):
        assert (after.timestamp, after.turn_index) == (before.timestamp, before.turn_index)
        assert after.metadata.tool_calls == before.metadata.tool_calls
    assert back.report.bad_count == 0
    assert (back.metadata.id, back.metadata.model) == (metadata.id, "gpt-5")
    assert back.metadata.created_at == metadata.created_at
    assert back.conversation.context.working_directory == "/src"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_comes_back(tmp_path_factory, text):
    items = [Message(None, "user", [InputText(text)]), FunctionCallOutput(text, text)]
    back = again(tmp_path_factory.mktemp("rollout"), *session(items))
    assert [message.item for message in back.conversation.messages] == items


def test_what_rollouts_have_no_place_for_comes_back_as_well(tmp_path):
    items = [
        ReasoningWithoutContent("r", [SummaryText("s")], None),
        UnknownItem(msgpack.packb({"type": "web_search_call", "id": "w", "status": "completed"})),
        Other(),
    ]
    back = again(tmp_path, *session(items))
    assert [message.item for message in back.conversation.messages] == items


def test_the_list_of_codex_finds_who_spoke_first():
    """Its list of sessions passes over a file in which no `user_message` stands near the beginning."""
    kinds = [(line["type"], line["payload"].get("type")) for line in lines(ITEMS[2:])]
    assert kinds[:4] == [
        ("session_meta", None),
        ("turn_context", None),
        ("response_item", "message"),
        ("event_msg", "user_message"),
    ]


def test_what_the_program_said_in_the_users_place_is_not_shown_as_the_users():
    shown = [line["payload"]["message"] for line in lines(ITEMS) if line["payload"].get("message")]
    assert shown == ["Fix\nthe \u2028 grid", "Done."]


def test_the_name_has_the_time_and_the_id_that_codex_sorts_and_resumes_by():
    metadata, _ = session(ITEMS)
    assert rollout_name(metadata) == f"rollout-2025-08-26T04-12-50-{UUID(int=7)}.jsonl"


def test_what_was_not_chosen_stays_behind(tmp_path):
    back = again(tmp_path, *session(ITEMS), ExportChoice(reasoning=False, tool_calls=False))
    assert {type(message.item) for message in back.conversation.messages} == {Message}


@pytest.mark.parametrize(
    "path",
    sorted((GOLDEN / "v1").glob("*.agcx")),
    ids=lambda p: p.stem[:8],
)
def test_every_golden_session_comes_back(tmp_path, path):
    metadata, conversation, _ = read_session(path)
    back = again(tmp_path, metadata, conversation).conversation.messages
    assert back == conversation.messages


def test_the_first_lines_are_those_that_codex_resumes_from():
    """Byte for byte: a sandbox that could write, or an id of null, would be obeyed or refused."""
    metadata, conversation = session([Message(None, "user", [InputText("Fix it")])])
    choice = ExportChoice(metadata=False)
    first, second, third, fourth = to_rollout(metadata, conversation, choice).splitlines()
    assert first == (
        '{"timestamp":"2025-08-26T04:12:50.123456789Z","type":"session_meta","payload":{'
        '"id":"00000000-0000-0000-0000-000000000007","timestamp":"2025-08-26T04:12:50.123456789Z",'
        '"cwd":"/src","originator":"agcx","cli_version":"0.34.0","instructions":null,"source":"cli"}}'
    )
    assert second == (
        '{"timestamp":"2025-08-26T04:12:50.123456789Z","type":"turn_context","payload":{'
        '"cwd":"/src","approval_policy":"on-request",'
        '"sandbox_policy":{"mode":"read-only","type":"read-only"},"model":"gpt-5","summary":"auto"}}'
    )
    assert third == (
        '{"timestamp":"2025-08-26T04:12:01.500Z","type":"response_item","payload":{"type":"message",'
        '"role":"user","content":[{"type":"input_text","text":"Fix it"}]}}'
    )
    assert json.loads(fourth)["payload"] == {
        "type": "user_message",
        "message": "Fix it",
        "kind": "plain",
    }


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: type(item).__name__)
def test_what_is_not_there_is_left_out_and_not_null(item):
    metadata, conversation = session([item])
    payload = json.loads(to_rollout(metadata, conversation).splitlines()[2])["payload"]
    nulls = {key for key, value in payload.items() if value is None}
    # The two that Codex wants to see.
    allowed = {"local_shell_call": {"call_id"}, "reasoning": {"encrypted_content"}}
    assert nulls <= allowed.get(payload["type"], set())
