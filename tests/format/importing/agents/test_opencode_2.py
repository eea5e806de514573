"""OpenCode 2: a message in one row, and the same database with the tables of version 1 beside."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from agcx_format import OperatingMode, open_store
from agcx_format.importing import Source, agent_named, agent_of_file, import_sessions
from agcx_format.importing.imported import Imported
from agcx_format.importing.results import ImportOutcome
from agcx_format.model.items import FunctionCall, InputImage, Message
from agcx_format.subagents import parent_of, subagents_in
from agcx_format.transcript.words import text_of
from tests.support.agent_databases import OPENCODE, OPENCODE_CHILD, opencode
from tests.support.agent_lines import MS, PNG

AGENT = agent_named("opencode")
TABLES = """
CREATE TABLE session_v2 (id text PRIMARY KEY, project_id text NOT NULL, parent_id text,
  directory text NOT NULL, title text, version text NOT NULL, revert text, agent text, model text,
  time_created integer, time_updated integer);
CREATE TABLE session_message (id text PRIMARY KEY, session_id text NOT NULL, type text NOT NULL,
  seq integer NOT NULL, time_created integer NOT NULL, time_updated integer NOT NULL, data text NOT NULL);
"""
MODEL = {"id": "open-x", "providerID": "p"}
Row = tuple[str, dict]


def at(second: int, **more: int) -> dict:
    return {"created": MS + second * 1000, **{n: MS + more[n] * 1000 for n in more}}


def user(text: str, **more: object) -> Row:
    return "user", {"text": text, "time": at(1), **more}


def assistant(*content: dict, **more: object) -> Row:
    return "assistant", {"content": content, "model": MODEL, "time": at(2, completed=9), **more}


def text(words: str) -> dict:
    return {"type": "text", "text": words}


def tool(name: str, state: dict, call_id: str = "c1") -> dict:
    return {
        "type": "tool",
        "id": call_id,
        "name": name,
        "state": state,
        "time": at(3, ran=4, completed=6),
    }


def add(
    path: Path,
    *rows: Row,
    session: str = OPENCODE,
    parent: str | None = None,
    agent: str | None = None,
    later: int = 0,
) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.executescript(TABLES.replace("TABLE ", "TABLE IF NOT EXISTS "))
        about = (
            session,
            "p",
            parent,
            "/src/site",
            "The grid",
            "2.0.12",
            None,
            agent,
            None,
            MS,
            MS + 9 + later,
        )
        db.execute("insert or replace into session_v2 values (?,?,?,?,?,?,?,?,?,?,?)", about)
        db.execute("delete from session_message where session_id = ?", (session,))
        for seq, (kind, data) in enumerate(rows):
            row = (
                f"msg_{session}_{seq:03}",
                session,
                kind,
                seq,
                MS + seq,
                MS + seq,
                json.dumps(data),
            )
            db.execute("insert into session_message values (?,?,?,?,?,?,?)", row)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "opencode.db"


def read(path: Path, part: str = OPENCODE) -> Imported:
    return AGENT.read(Source(path, part))


def said(session: Imported) -> list[tuple[str, str]]:
    items = [message.item for message in session.conversation.messages]
    return [(getattr(item, "role", type(item).__name__), text_of(item)) for item in items]


def test_what_was_said_thought_and_done_is_read_in_its_order(path):
    ran = {"status": "completed", "input": {"command": "ls"}, "content": [text("a\nb")]}
    failed = {"status": "error", "input": {}, "error": {"type": "tool", "message": "no such file"}}
    add(
        path,
        user("Fix the grid", skills=[{"name": "css", "text": "About grids."}]),
        assistant(
            {"type": "reasoning", "text": "Where is it?"},
            text("Looking."),
            tool("shell", ran | {"metadata": {"exit": 2}}),
            tool("read", failed, "c2"),
            text("Done."),
            agent="plan",
            cost=0.25,
            tokens={"input": 60, "output": 6, "reasoning": 3, "cache": {"read": 40, "write": 0}},
        ),
    )
    session = read(path)
    assert said(session) == [
        ("user", "Fix the grid"), ("developer", "About grids."), ("Reasoning", "Where is it?"),
        ("assistant", "Looking."), ("FunctionCall", 'shell {"command": "ls"}'),
        ("FunctionCallOutput", "a\nb"), ("FunctionCall", "read {}"),
        ("FunctionCallOutput", "no such file"), ("assistant", "Done."),
    ]  # fmt: skip
    records = [
        m.metadata.tool_calls for m in session.conversation.messages if m.metadata.tool_calls
    ]
    assert [(r.success, r.execution_time_ms) for (r,) in records] == [(False, 2000)] * 2
    metadata, noted = session.metadata, session.conversation.context.environment_variables
    assert (metadata.title, metadata.model, metadata.turn_count) == ("The grid", "open-x", 1)
    assert metadata.current_mode is OperatingMode.PLAN
    assert (noted["AGCX_TOKENS_INPUT"], noted["AGCX_TOKENS_CACHED"]) == ("100", "40")
    assert (noted["AGCX_TOKENS_OUTPUT"], noted["AGCX_COST_USD"]) == ("9", "0.25")
    assert not session.report.unknown


def test_what_happened_beside_is_told(path):
    ran = {
        "command": "make",
        "status": "exited",
        "exit": 1,
        "output": {"output": "no"},
        "shellID": "s",
    }
    add(
        path,
        user("one"),
        ("synthetic", {"text": "go on", "time": at(2)}),
        ("system", {"text": "rules", "time": at(2)}),
        ("skill", {"name": "css", "text": "About grids.", "time": at(2)}),
        ("shell", ran | {"time": at(3, completed=5)}),
        ("compaction", {"status": "completed", "reason": "auto", "summary": "What we did", "time": at(6)}),
        ("compaction", {"status": "failed", "error": {"message": "too long"}, "time": at(6)}),
        ("agent-switched", {"agent": "plan", "time": at(6)}),
        ("model-switched", {"model": {"id": "open-y"}, "time": at(6)}),
        ("location-switched", {"location": {"directory": "/src/other"}, "time": at(6)}),
        assistant(text("Then"), error={"type": "provider", "message": "quota"}),
        ("idle", {"outcome": "interrupted", "time": at(7)}),
        ("brand-new", {"text": "later", "time": at(8)}),
    )  # fmt: skip
    session = read(path)
    assert said(session) == [
        ("user", "one"), ("developer", "go on"), ("developer", "rules"), ("developer", "About grids."),
        ("FunctionCall", 'shell {"command": "make"}'), ("FunctionCallOutput", "no"),
        ("system", "Context compacted automatically"), ("developer", "What we did"),
        ("system", "Error: too long"), ("assistant", "Then"), ("system", "Error: quota"),
        ("system", "Interrupted"), ("system", "[message of brand-new] later"),
    ]  # fmt: skip
    assert session.metadata.turn_count == 1
    assert session.report.skipped == {
        f"message {kind}": 1
        for kind in ("agent-switched", "idle", "location-switched", "model-switched")
    }
    assert list(session.report.unknown) == ["message of brand-new"]


def test_pictures_and_files_are_kept_or_named(path):
    files = [
        {"mime": "image/png", "data": PNG, "name": "grid.png"},
        {"mime": "text/plain", "name": "a.py", "source": {"uri": "file:///src/a.py"}},
    ]
    add(path, user("Look", files=files))
    (message,) = read(path).conversation.messages
    assert isinstance(message.item, Message)
    picture = next(part for part in message.item.content if isinstance(part, InputImage))
    assert picture.image_url == f"data:image/png;base64,{PNG}"
    assert text_of(message.item) == "Look\n[file: a.py]"


def test_an_answer_that_is_still_being_written_is_taken_when_it_is_done(path, tmp_path):
    store = open_store(tmp_path / "store")
    live = {"content": [text("Look")], "model": MODEL, "time": at(2)}
    add(path, user("Fix the grid"), ("assistant", live))
    (first,) = import_sessions(store, [path])
    assert first.outcome is ImportOutcome.IMPORTED
    add(path, user("Fix the grid"), assistant(text("Looking."), text("Done.")), later=9)
    (second,) = import_sessions(store, [path])
    assert second.outcome is ImportOutcome.UPDATED
    texts = [text_of(m.item) for m in store.load_session(first.id)[1].messages]
    assert texts == ["Fix the grid", "Looking.", "Done."]


def test_a_subagent_is_linked_in_both_directions(path):
    started = {
        "status": "completed",
        "input": {"agent": "explore"},
        "metadata": {"sessionID": OPENCODE_CHILD},
    }
    add(path, user("one"), assistant(tool("subagent", started)))
    add(path, user("look"), session=OPENCODE_CHILD, parent=OPENCODE, agent="explore")
    parent, child = read(path), read(path, OPENCODE_CHILD)
    assert parent_of(child.metadata.tags) == parent.metadata.id
    assert child.conversation.context.environment_variables["AGCX_ROLE"] == "explore"
    noted = dict(parent.conversation.context.environment_variables)
    assert subagents_in(noted) == {"c1": child.metadata.id}


def test_of_a_session_in_the_tables_of_both_versions_the_newer_holds(tmp_path):
    path = opencode(tmp_path)
    assert [source.part for source in AGENT.sources(path)] == [OPENCODE]
    add(path, user("Fix the grid"), assistant(text("Went on.")))
    add(path, user("Another"), session=OPENCODE_CHILD)
    assert [source.part for source in AGENT.sources(path)] == [OPENCODE, OPENCODE_CHILD]
    assert [words for _, words in said(read(path))] == ["Fix the grid", "Went on."]


def test_a_database_with_the_tables_of_version_2_alone_is_recognized(path):
    add(path, user("one"))
    assert agent_of_file(path) is not None
    (source,) = AGENT.sources(path)
    assert [words for _, words in said(AGENT.read(source))] == ["one"]


def test_a_row_that_cannot_be_read_is_named_and_the_others_are_kept(path):
    add(path, user("one"), assistant(text("two")))
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("update session_message set data = '{' where seq = 0")
    session = read(path)
    assert [words for _, words in said(session)] == ["two"]
    ((number, reason),) = session.report.bad_lines
    assert (number, reason.endswith("not a JSON object")) == (1, True)
    assert not any(isinstance(m.item, FunctionCall) for m in session.conversation.messages)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (("user", {"text": ["one"], "time": at(1)}), "text"),
        (user("one", files={"uri": "a.png"}), "files"),
        (("assistant", {"content": "two", "time": at(2, completed=9)}), "content"),
        (("skill", {"text": 3}), "text"),
    ],
)
def test_what_is_said_in_an_unknown_form_is_an_error_of_its_row(path, row, field):
    add(path, row, user("and more"))
    session = read(path)
    assert session.report.bad_lines == (
        (1, f"message msg_{OPENCODE}_000: {field} in an unknown form"),
    )
    assert said(session)[-1] == ("user", "and more")


def test_the_databases_of_other_channels_are_found(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("OPENCODE_DB", raising=False)
    home = tmp_path / "opencode"
    home.mkdir()
    (home / "opencode-beta.db").touch()
    names = [place.name for place in AGENT.default_places()]
    assert names == ["opencode-beta.db", "opencode.db", "session"]
