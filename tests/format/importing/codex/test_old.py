"""Rollouts from before the envelope: bare items, `record_type` lines, and whole documents."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from agcx_format.importing.codex.rollout import Codex, read_rollout
from agcx_format.importing.source_file import detect, find_files
from agcx_format.model.items import FunctionCall, FunctionCallOutput, Message, Reasoning
from tests.support.rollout_lines import SESSION, START, call, meta, output, user, write

HEADER = {"id": SESSION, "timestamp": START, "instructions": None, "git": {"branch": "main"}}
STATE = {"record_type": "state"}


def bare(line: dict) -> dict:
    return line["payload"]


TOLD = bare(user("<environment_context>\n<cwd>/src/told</cwd>\n</environment_context>"))
ITEMS = [
    TOLD,
    bare(user("Fix it")),
    {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": None},
    bare(call("shell", {"command": ["ls"]})),
    bare(output('{"output":"a","metadata":{"exit_code":0,"duration_seconds":1}}')),
]


def check(imported, *, branch: str = "main") -> None:
    metadata = imported.metadata
    assert metadata.id == UUID(SESSION)
    assert metadata.created_at == metadata.updated_at == START
    assert (metadata.title, metadata.turn_count) == ("Fix it", 1)
    assert metadata.tags == ["codex", branch]
    assert imported.conversation.context.working_directory == "/src/told"
    kinds = [type(message.item) for message in imported.conversation.messages]
    assert kinds == [Message, Message, Reasoning, FunctionCall, FunctionCallOutput]
    assert {message.timestamp for message in imported.conversation.messages} == {START}


def test_bare_items_below_a_bare_header(tmp_path):
    imported = read_rollout(write(tmp_path / "a.jsonl", HEADER, STATE, *ITEMS, STATE))
    check(imported)
    assert imported.report.skipped == {"header": 1, "state": 2}
    assert imported.report.without_time == len(ITEMS)
    assert imported.report.notes == ("its times may be the writer's local time",)


def test_items_with_a_record_type(tmp_path):
    lines = [
        {"record_type": "session_meta", **HEADER, "cwd": "/src/told", "cli_version": "0.30"},
        {"record_type": "event", "id": "1", "msg": {"type": "task_started"}},
        {"record_type": "prev_session_meta", "id": "other", "timestamp": START},
        *[{"record_type": "response", **item} for item in ITEMS],
    ]
    imported = read_rollout(write(tmp_path / "a.jsonl", *lines))
    check(imported)
    assert imported.report.skipped == {"session_meta": 1, "event": 1, "prev_session_meta": 1}


@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_of_april_2025(tmp_path, indent):
    document = {"session": HEADER, "items": ITEMS}
    path = tmp_path / "rollout-2025-04-20.json"
    path.write_text(json.dumps(document, indent=indent))
    check(read_rollout(path))
    assert list(find_files([tmp_path], Codex.patterns)) == [path]


def test_a_state_line_says_nothing_of_what_follows(tmp_path):
    assert detect(STATE) is None
    imported = read_rollout(write(tmp_path / "a.jsonl", STATE, meta(), user("hi")))
    assert imported.metadata.id == UUID(SESSION)
    assert imported.report.messages == 1


def test_a_session_resumed_by_a_newer_program_has_lines_of_both_ages(tmp_path):
    imported = read_rollout(write(tmp_path / "a.jsonl", HEADER, *ITEMS, user("Go on")))
    assert imported.metadata.turn_count == 2
    assert imported.metadata.updated_at == "2025-09-25T14:02:07Z"
