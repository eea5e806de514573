"""What one agent alone writes: rewinds, plans, answers, subagents, pictures, and where it keeps them."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from agcx_format import OperatingMode, open_store
from agcx_format.importing import agent_named, import_sessions
from agcx_format.importing.formats import sqlite
from agcx_format.importing.run import ImportOutcome
from agcx_format.model.items import FunctionCall, InputImage, Message
from agcx_format.transcript.words import text_of
from tests.support.agent_databases import cursor_store, write_cursor_store
from tests.support.agent_files import cursor, gemini
from tests.support.agent_lines import CHILD, MS, PNG, SESSION, at
from tests.support.agent_reading import read, texts


def left(imported) -> list[str]:
    """What is in a branch that was left."""
    messages = imported.conversation.messages
    return [text_of(m.item) for m in messages if m.metadata.branch_id is not None]


def images(imported) -> list[str]:
    found = [m.item for m in imported.conversation.messages if isinstance(m.item, Message)]
    return [
        part.image_url for item in found for part in item.content if isinstance(part, InputImage)
    ]


def event(kind: str, name: str = "e", **data: object) -> dict:
    return {"type": kind, "data": data, "id": name, "timestamp": at(1)}


# --- GitHub Copilot CLI


def test_copilot_a_rewind_a_plan_and_answers(tmp_path):
    (tmp_path / SESSION).mkdir()
    (tmp_path / SESSION / "plan.md").write_text("Then that.\n", encoding="utf-8")
    imported = read(
        "copilot",
        tmp_path / SESSION / "events.jsonl",
        event("user.message", "1", content="one"),
        event("user.message", "2", content="two"),
        event("assistant.message", "3", content="gone"),
        event("session.snapshot_rewind", "4", upToEventId="2", eventsRemoved=2),
        event("session.mode_changed", "5", newMode="plan", previousMode="interactive"),
        event("user.message", "6", content="three", attachments=[{"type": "file", "path": "a.py"}]),
        event("exit_plan_mode.requested", "7", planContent="First this."),
        event("exit_plan_mode.completed", "8", approved=False, feedback="No."),
        event("elicitation.completed", "9", content={"Which?": "That"}),
        event("subagent.started", "10", agentDisplayName="Explore", toolCallId="c"),
        event("session.error", "11", message="Out of quota"),
    )
    assert left(imported) == ["two", "gone"]
    assert imported.conversation.messages[0].metadata.branch_point
    assert imported.metadata.title == "one"
    assert imported.metadata.current_mode is OperatingMode.PLAN
    for words in (
        "three\n[file: a.py]", "Plan\nFirst this.", "Plan rejected: No.", "Asked: Which?\nAnswered: That",
        "Subagent Explore started", "Error: Out of quota", "Plan\nThen that.",
    ):  # fmt: skip
        assert words in texts(imported)


def test_copilot_what_the_program_traces_of_its_models_is_not_said_again(tmp_path):
    imported = read(
        "copilot",
        tmp_path / "events.jsonl",
        event("user.message", "1", content="one"),
        event("model.turn_started", "2"),
        event("model.messages_snapshot", "3", messages=[{"role": "user", "content": "one"}]),
        event("model.message", "4", message={"role": "assistant", "content": "two"}),
        event("model.response", "5", response={"content": "two"}),
        event("assistant.message", "6", messageId="m", content="two"),
        event("model.call_failure", "7", errorMessage="Overloaded", statusCode=529),
        event("session.compaction_complete", "8", success=False, error="too long"),
        event("session.compaction_complete", "9", success=True, preCompactionTokens=900),
    )
    assert texts(imported) == [
        "one", "two", "API error: Overloaded", "Compaction failed: too long",
        "Context compacted: 900 tokens",
    ]  # fmt: skip
    assert not imported.report.unknown


def test_copilot_the_to_do_list_beside_a_session(tmp_path):
    (tmp_path / SESSION).mkdir()
    events = tmp_path / SESSION / "events.jsonl"
    with contextlib.closing(sqlite3.connect(events.with_name("session.db"))) as db, db:
        db.execute(
            "create table todos (id text primary key, title text not null, description text,"
            " status text default 'pending', created_at text, updated_at text)"
        )
        rows = [
            ("a", "Look\nfirst", "done"),
            ("b", "Mend", "in_progress"),
            ("c", "Test", "pending"),
        ]
        db.executemany("insert into todos (id, title, status) values (?, ?, ?)", rows)
    asked = event("user.message", "1", content="one")
    todos = "To-do list\n- [x] Look first\n- [ ] Mend (in progress)\n- [ ] Test"
    assert texts(read("copilot", events, asked)) == ["one", todos]
    # It is the agent's own, and small: nothing else is looked at.
    events.with_name("session.db").write_bytes(b"broken")
    assert texts(read("copilot", events)) == ["one"]
    events.with_name("session.db").unlink()
    events.with_name("session.db").symlink_to(tmp_path / "elsewhere.db")
    assert texts(read("copilot", events)) == ["one"]


def test_copilot_a_message_that_nobody_typed_is_no_turn(tmp_path):
    imported = read(
        "copilot",
        tmp_path / "events.jsonl",
        event("session.start", sessionId=SESSION),
        event("user.message", content="<skill>", source="skill-x"),
        event("user.message", content="one", source="user"),
    )
    assert (imported.metadata.turn_count, imported.metadata.title) == (1, "one")


# --- Gemini CLI


def test_gemini_what_was_rewound_is_a_branch(tmp_path):
    imported = read("gemini", gemini(tmp_path))
    assert left(imported) == ["Wrong words", "Hm."]
    assert imported.metadata.title == "The grid"


def test_gemini_a_checkpoint_changes_messages_and_loses_none(tmp_path):
    path = gemini(tmp_path)
    before = texts(read("gemini", path))
    changed = {"id": "u1", "type": "user", "content": "Fix the table", "timestamp": at(2)}
    with path.open("a") as file:
        file.write(json.dumps({"$set": {"messages": [changed]}}) + "\n")
    after = texts(read("gemini", path))
    assert len(after) == len(before)
    assert ("Fix the grid" in after, "Fix the table" in after) == (False, True)


def test_gemini_a_patch_adds_what_a_message_lacked(tmp_path):
    calls = [{"id": f"c{n}", "name": "read", "args": {}, "status": "success"} for n in (1, 2)]
    calls[0]["result"] = "all of it"
    patch = {
        "id": "1",
        "content": "…",
        "toolCalls": [{"id": "c1", "result": "(masked)"}, {"id": "c2", "result": "the rest"}],
    }
    imported = read(
        "gemini",
        tmp_path / "a.jsonl",
        {"sessionId": SESSION, "projectHash": "h"},
        {"id": "1", "type": "gemini", "timestamp": at(1), "content": "Look", "toolCalls": calls},
        {"$patch": {**patch, "removeIds": ["1"]}},
        {"id": "2", "type": "gemini", "timestamp": at(2), "content": ""},
        {"$patch": {"id": "2", "content": "Done", "toolCalls": calls[:1]}},
        {"$patch": {"id": "gone", "content": "x"}},
    )
    assert texts(imported) == [
        *("Look", "read {}", "all of it", "read {}", "the rest"),
        *("Done", "read {}", "all of it"),
    ]
    assert not imported.report.unknown


def test_gemini_a_document_of_an_older_version(tmp_path):
    message = {"id": "1", "type": "user", "content": "one", "timestamp": at(1)}
    more = {"id": "2", "type": "gemini", "content": "two", "timestamp": at(2)}
    path = tmp_path / "chats" / "session-1.json"
    path.parent.mkdir()
    document = {"sessionId": SESSION, "projectHash": "h", "messages": [message, more]}
    path.write_text(json.dumps(document, indent=2))
    imported = read("gemini", path)
    assert (str(imported.metadata.id), texts(imported)) == (SESSION, ["one", "two"])


def test_gemini_a_subagent_names_its_parent(tmp_path):
    imported = read(
        "gemini",
        tmp_path / "chats" / SESSION / f"{CHILD}.jsonl",
        {"sessionId": CHILD, "projectHash": "h", "kind": "subagent"},
        {"id": "1", "type": "user", "content": "Look around", "timestamp": at(1)},
    )
    assert str(imported.parent.id) == SESSION
    assert str(imported.metadata.id) == CHILD
    assert "subagent" in imported.metadata.tags
    # It is not the person who asked.
    assert (imported.metadata.turn_count, imported.parent.task) == (0, "Look around")


def test_gemini_what_was_typed_counts_where_files_were_added_to_it(tmp_path):
    imported = read(
        "gemini",
        tmp_path / "a.jsonl",
        {"sessionId": SESSION, "projectHash": "h"},
        {
            "id": "1", "type": "user", "timestamp": at(1), "displayContent": "Read @a.py",
            "content": [{"text": "Read @a.py"}, {"text": "print()"}, {"inlineData": {"data": PNG}}],
        },
    )  # fmt: skip
    assert (imported.metadata.title, imported.metadata.turn_count) == ("Read @a.py", 1)
    assert images(imported) == [f"data:image/png;base64,{PNG}"]


# --- Pi and Qwen Code: trees


def of_pi(own: str, parent: str | None, words: str, role: str = "user") -> dict:
    message = {"role": role, "content": words, "timestamp": MS}
    return {"type": "message", "id": own, "parentId": parent, "message": message}


@pytest.mark.parametrize("name", ["pi", "qwen"])
def test_of_a_tree_the_way_to_the_last_message_was_lived(tmp_path, name):
    def entry(own: str, parent: str | None, words: str, role: str = "user") -> dict:
        if name == "pi":
            return of_pi(own, parent, words, role)
        message = {"role": role, "parts": [{"text": words}]}
        return {
            "type": role, "uuid": own, "parentUuid": parent, "sessionId": SESSION, "message": message,
        }  # fmt: skip

    imported = read(
        name,
        tmp_path / "a.jsonl",
        entry("1", None, "one"),
        entry("2", "1", "two", "assistant"),
        entry("3", "1", "three", "assistant"),
        entry("4", "3", "four"),
    )
    assert left(imported) == ["two"]


def test_pi_who_goes_back_and_says_nothing_leaves_what_came_after(tmp_path):
    imported = read(
        "pi",
        tmp_path / "a.jsonl",
        of_pi("1", None, "one"),
        of_pi("2", "1", "two", "assistant"),
        {"type": "leaf", "id": "3", "parentId": "2", "targetId": "1"},
    )
    assert texts(imported) == ["one", "two", "Went back to an earlier message"]
    assert left(imported) == ["two"]


def test_pi_newer_entries_are_known(tmp_path):
    imported = read(
        "pi",
        tmp_path / "a.jsonl",
        of_pi("0", None, "You are Pi.", "system"),
        of_pi("1", "0", "one"),
        {"type": "usage", "id": "2", "parentId": "1", "kind": "cache_warm", "usage": {"input": 1}},
        {"type": "context_edit", "id": "3", "parentId": "2", "targetId": "1", "replacement": None},
    )
    assert texts(imported) == ["You are Pi.", "one"]
    assert (imported.metadata.title, imported.metadata.turn_count) == ("one", 1)
    assert not imported.report.unknown


def test_qwen_what_its_managed_engine_says_is_not_passed_over(tmp_path):
    """No sample of it is known, so it is shown as it is, and counted as not understood."""
    said = {"kind": "message.committed", "payload": {"role": "user", "text": "Fix it"}}
    line = {"type": "system", "uuid": "1", "parentUuid": None, "sessionId": SESSION}
    first = {**line, "type": "user", "message": {"role": "user", "parts": [{"text": "one"}]}}
    kinds = {**line, "uuid": "2", "subtype": "managed_session_event_v1", "managedSession": said}
    imported = read("qwen", tmp_path / "a.jsonl", first, kinds)
    assert "Fix it" in texts(imported)[1]
    assert imported.report.not_understood == 1


def test_pi_what_the_program_notes_for_itself_is_no_conversation(tmp_path):
    header = {
        "type": "session",
        "version": 3,
        "id": SESSION,
        "timestamp": at(0),
        "cwd": "/src/site",
    }
    message = {"role": "user", "content": "one", "timestamp": MS}
    imported = read(
        "pi",
        tmp_path / "a.jsonl",
        header,
        {"type": "message", "id": "1", "parentId": None, "message": message},
        {"type": "active_tools_change", "id": "2", "parentId": "1", "activeToolNames": ["read"]},
        {"type": "leaf", "id": "3", "parentId": "2", "targetId": "2"},
    )
    assert texts(imported) == ["one"]
    assert not imported.report.unknown


def test_pi_the_first_version_had_no_ids(tmp_path):
    header = {"type": "session", "id": SESSION, "timestamp": at(0), "cwd": "/src/site"}
    said = {"type": "message", "timestamp": at(1), "message": {"role": "user", "content": "one"}}
    imported = read("pi", tmp_path / "a.jsonl", header, said)
    assert (texts(imported), left(imported)) == (["one"], [])


def test_pi_a_command_of_the_person_and_a_picture(tmp_path):
    ran = {
        "role": "bashExecution",
        "command": "false",
        "output": "",
        "exitCode": 1,
        "timestamp": MS,
    }
    picture = {"type": "image", "data": PNG, "mimeType": "image/png"}
    shown = {"role": "user", "content": [picture], "timestamp": MS}
    lines = [
        {"type": "message", "id": f"{n}", "parentId": None, "message": m}
        for n, m in enumerate((ran, shown))
    ]
    imported = read("pi", tmp_path / "a.jsonl", *lines)
    call, output = imported.conversation.messages[:2]
    assert isinstance(call.item, FunctionCall)
    assert not output.metadata.tool_calls[0].success
    assert images(imported) == [f"data:image/png;base64,{PNG}"]


# --- Cursor


def test_cursor_only_the_query_is_the_persons(tmp_path):
    imported = read("cursor", cursor(tmp_path))
    first = imported.conversation.messages[0]
    assert text_of(first.item) == "Fix the grid"
    assert first.timestamp == "2026-03-01T10:00:00Z"


def test_cursor_a_chat_with_a_database_is_read_from_there(tmp_path):
    transcript, database = cursor(tmp_path / "projects"), cursor_store(tmp_path)
    store = open_store(tmp_path / "store")
    (result,) = import_sessions(store, [tmp_path], agent=agent_named("cursor"))
    assert (result.outcome, result.path) == (ImportOutcome.IMPORTED, database)
    assert str(result.id) == SESSION
    database.unlink()
    assert list(agent_named("cursor").sources(transcript))


def test_cursor_a_blob_that_is_too_long_loses_only_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "LONGEST_LINE", 100_000)
    path = cursor_store(tmp_path)
    before = len(read("cursor", path).conversation.messages)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("insert into blobs (rowid, id, data) values (0, 'long', zeroblob(200000))")
    imported = read("cursor", path)
    assert len(imported.conversation.messages) == before
    assert imported.report.bad_lines == ((1, "longer than 100,000 bytes"),)


def test_cursor_what_was_said_twice_is_there_twice_and_a_chat_grows(tmp_path):
    path = cursor_store(tmp_path)
    store = open_store(tmp_path / "store")
    again, done = {"role": "user", "content": "go on"}, {"role": "assistant", "content": "Done."}
    said: list[dict] = []
    for outcome in (ImportOutcome.IMPORTED, ImportOutcome.UPDATED):
        said += [again, done]
        with contextlib.closing(sqlite3.connect(path)) as db:
            rows = db.execute("select data from blobs where id != 'root' order by rowid").fetchall()
            first = [v for (d,) in rows if (v := json.loads(d)) not in (again, done)]
            write_cursor_store(db, first + said)
        (result,) = import_sessions(store, [path])
        assert result.outcome is outcome, result.reason
    words = [text_of(m.item) for m in store.load_session(result.id)[1].messages]
    assert words[-4:] == ["go on", "Done.", "go on", "Done."]


# --- where they are


@pytest.mark.parametrize(
    ("name", "variable", "below"),
    [
        ("copilot", "COPILOT_HOME", "session-state"),
        ("gemini", "GEMINI_CLI_HOME", ".gemini/tmp"),
        ("pi", "PI_CODING_AGENT_DIR", "sessions"),
        ("qwen", "QWEN_HOME", "projects"),
        ("droid", "FACTORY_HOME", "sessions"),
        ("cursor", "CURSOR_CONFIG_DIR", "projects"),
        ("kimi", "KIMI_CODE_HOME", "sessions"),
    ],
)
def test_the_places_follow_the_environment(monkeypatch, name, variable, below):
    monkeypatch.setenv(variable, "/elsewhere")
    assert agent_named(name).default_places()[0] == Path("/elsewhere") / below
