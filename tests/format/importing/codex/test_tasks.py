"""What a subagent of Codex was asked to do is from its parent, however it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from agcx_format import open_store
from agcx_format.exporting import text_parts, to_rollout
from agcx_format.importing import import_sessions
from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.importing.growth import Growth, compare
from agcx_format.importing.imported import Imported
from agcx_format.model.items import Message
from agcx_format.session.source import ListSource
from agcx_format.subagents import parent_of
from agcx_format.transcript import TranscriptReader
from agcx_format.transcript.words import text_of
from agcx_tui.core.conversation.subagent_task import SubagentTask
from tests.support.rollout_lines import SESSION, assistant, item, meta, user, write

OTHER = "0199bbbb-1111-7222-8333-444455556666"
RULES = item("message", role="developer", content=[
    {"type": "input_text", "text": "<permissions instructions>You may read.</permissions instructions>"}
])  # fmt: skip


def child(path: Path, *lines: dict, source: object = None, **more) -> Imported:
    spawned = {"thread_spawn": {"parent_thread_id": SESSION, "agent_role": "scout"}}
    header = meta(id=OTHER, source={"subagent": source or spawned}, **more)
    return read_rollout(write(path / f"rollout-{OTHER}.jsonl", header, *lines))


def letter(author: str, recipient: str, *texts: str, **part: str) -> dict:
    content = [{"type": "input_text", "text": text} for text in texts] + [part] * bool(part)
    return item("agent_message", author=author, recipient=recipient, content=content)


def speakers(session: Imported) -> list[str]:
    reader = TranscriptReader.of(session.metadata)
    read = [reader.read(*each) for each in enumerate(session.conversation.messages, 1)]
    return [each.speaker for each in read]


def test_it_is_neither_the_persons_nor_a_turn_and_names_the_session(tmp_path):
    session = child(
        tmp_path, RULES, user("check the parser"), assistant("checked"), user("and now?")
    )
    assert speakers(session) == ["Developer", "Task from its parent", "Assistant", "User"]
    assert (session.metadata.title, session.metadata.turn_count) == ("scout: check the parser", 1)


def test_instructions_of_an_unknown_kind_are_no_second_task(tmp_path):
    block = {"type": "input_text", "text": "<brand_new kind='1'>\nYou may read.\n</brand_new>\n"}
    rules = item("message", role="developer", content=[block])
    session = child(tmp_path, rules, user("check the parser"), assistant("checked"))
    assert speakers(session) == ["Developer", "Task from its parent", "Assistant"]
    task = SubagentTask(ListSource(session.conversation.messages), parent_of(session.metadata.tags))
    assert [task.is_at(index) for index in range(3)] == [False, True, False]


@pytest.mark.parametrize("stores", [False, True])
def test_what_the_parent_was_told_before_is_the_persons(tmp_path, monkeypatch, stores):
    if stores:
        monkeypatch.setattr("agcx_format.limits.SOURCE_IN_MEMORY", 0)
    write(tmp_path / f"rollout-{SESSION}.jsonl", meta(), user("first ask"), assistant("one"))
    session = child(
        tmp_path, meta(), user("first ask"), assistant("one"), user("check the parser"),
        assistant("checked"),
    )  # fmt: skip
    assert speakers(session) == [
        "User", "Assistant", "Task from its parent", "Assistant",
    ]  # fmt: skip
    assert (session.metadata.title, session.metadata.turn_count) == ("scout: check the parser", 0)
    document = "".join(text_parts(session.metadata, session.conversation.messages))
    assert document.count("Task from its parent") == 1


def test_where_the_header_says_what_is_its_own_the_parents_file_is_not_needed(tmp_path):
    said = user("first ask"), assistant("one"), user("check the parser")
    lines = [line | {"ordinal": number} for number, line in enumerate(said, 1)]
    session = child(tmp_path, *lines, subagent_history_start_ordinal=3, forked_from_id=SESSION)
    assert speakers(session) == ["User", "Assistant", "Task from its parent"]
    assert session.metadata.title == "scout: check the parser"


HEAD = "Message Type: NEW_TASK\nTask name: /root/docs_review\nSender: /root\nPayload:\n"
ENCRYPTED = {"type": "encrypted_content", "encrypted_content": "gAAA"}


@pytest.mark.parametrize(
    ("written", "title"),
    [
        (letter("/root", "/root/docs_review", HEAD, "review the docs"), "review the docs"),
        (letter("/root", "/root/docs_review", HEAD + "review the docs"), "review the docs"),
        (letter("/root", "/root/docs_review", "Message Type: NEW_TASK", "review it"), "review it"),
        (letter("/root", "/root/docs_review", HEAD, **ENCRYPTED), "docs review"),
    ],
)
def test_a_letter_from_the_agent_above_is_a_task(tmp_path, written, title):
    spawned = {"parent_thread_id": SESSION, "agent_path": "/root/docs_review"}
    back = letter("/root/docs_review/links", "/root/docs_review", "Message Type: FINAL_ANSWER")
    inherited = letter("/root", "/root/other", "Message Type: NEW_TASK\nPayload: something else")
    session = child(
        tmp_path,
        RULES,
        inherited,
        written,
        back,
        assistant("done"),
        source={"thread_spawn": spawned},
    )
    assert speakers(session) == [
        "Developer", "Assistant", "Task from its parent", "Assistant", "Assistant",
    ]  # fmt: skip
    assert session.metadata.title == title


def test_an_agent_that_codex_started_by_itself_belongs_to_its_session(tmp_path):
    given = {"source": {"other": "guardian"}, "parent_thread_id": SESSION}
    session = child(tmp_path, user("judge this"), **given)
    assert str(parent_of(session.metadata.tags)) == SESSION
    assert session.metadata.title == "guardian: judge this"
    assert speakers(session) == ["Task from its parent"]


def test_it_is_the_same_after_an_export_and_an_import(tmp_path):
    write(tmp_path / f"rollout-{SESSION}.jsonl", meta(), user("first ask"))
    session = child(tmp_path, user("first ask"), user("check the parser"), assistant("checked"))
    path = tmp_path / "back.jsonl"
    path.write_text(to_rollout(session.metadata, session.conversation))
    back = read_rollout(path)
    assert speakers(back) == speakers(session) == ["User", "Task from its parent", "Assistant"]
    assert list(back.conversation.messages) == list(session.conversation.messages)
    assert back.metadata.turn_count == session.metadata.turn_count == 0


def test_a_task_that_was_imported_as_the_persons_becomes_its_parents(tmp_path):
    session = child(tmp_path, user("check the parser"), assistant("checked"))
    first, second = session.conversation.messages
    assert isinstance(first.item, Message)
    old = replace(
        first,
        item=replace(first.item, role="user"),
        metadata=replace(first.metadata, parent_message_id=None),
    )
    context = session.conversation.context
    noted = {**context.environment_variables, "AGCX_IMPORTER": "8"}
    conversation = replace(
        session.conversation,
        messages=[old, second],
        context=replace(context, environment_variables=noted),
    )
    stored = replace(session.metadata, turn_count=1), conversation, session.state
    assert compare(stored, session) is Growth.SOME


def test_a_second_import_changes_nothing(tmp_path):
    child(tmp_path, user("check the parser"), assistant("checked"))
    store = open_store(tmp_path / "store")
    (path,) = tmp_path.glob("rollout-*")
    for outcome in ("imported", "already there"):
        (result,) = import_sessions(store, [path])
        assert result.outcome == outcome
        path.touch()
    assert text_of(store.load_session(result.id)[1].messages[0].item) == "check the parser"
