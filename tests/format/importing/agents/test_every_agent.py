"""What is true of every agent: a session says who asked, what was answered, called, and what came of it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
from pathlib import Path

import pytest

from agcx_format import PersistenceError, limits, open_store
from agcx_format.codec import messagepack
from agcx_format.importing import Imported, agent_named, agent_of_file, import_sessions
from agcx_format.importing.run import ImportOutcome
from agcx_format.model.items import FunctionCall, FunctionCallOutput, Message, Reasoning
from agcx_format.model.streamed import StreamedMessages
from agcx_format.transcript.words import text_of
from tests.support.agent_files import MAKERS

MODELS = {
    "copilot": "gpt-x", "gemini": "gemini-x", "pi": "pi-x", "qwen": "qwen-x", "droid": "droid-x",
    "cursor": "cursor-x", "kimi": "kimi-x", "opencode": "open-x", "opencode older": "open-x",
    "kimi older": "unknown", "cursor store": "cursor-x",
}  # fmt: skip
# What Cursor does not note: tokens, and how long a call took.
SILENT = {"cursor", "cursor store"}


def agent_for(maker: str):
    return agent_named(maker.split()[0])


def read(maker: str, path: Path) -> Imported:
    agent = agent_for(maker)
    (source,) = agent.sources(path)
    return agent.read(source)


@pytest.fixture(params=MAKERS)
def maker(request):
    return request.param


@pytest.fixture
def path(maker, tmp_path):
    return MAKERS[maker](tmp_path / "in")


# Those that write lines, and those that keep rows or documents.
_OTHERS = {"opencode", "opencode older", "cursor store"}
of_lines = pytest.mark.parametrize("maker", [m for m in MAKERS if m not in _OTHERS])


def items(imported: Imported, kind: type) -> list:
    return [m.item for m in imported.conversation.messages if isinstance(m.item, kind)]


def said(imported: Imported, role: str) -> list[str]:
    return [
        text_of(m.item)
        for m in imported.conversation.messages
        if isinstance(m.item, Message) and m.item.role == role and m.metadata.branch_id is None
    ]


def test_a_session_is_read_with_all_that_it_says(maker, path):
    imported = read(maker, path)
    metadata, report = imported.metadata, imported.report
    assert (report.unknown, report.bad_lines, report.left_out.get("x")) == ({}, (), None)
    assert metadata.title == "The grid"
    assert metadata.tags[0] == agent_for(maker).tag
    assert metadata.model == MODELS[maker]
    assert imported.conversation.context.working_directory == "/src/site"
    assert "Fix the grid" in said(imported, "user")[-1]
    assert said(imported, "assistant") == ["Looking."]
    if maker != "cursor":
        assert "is it?" in text_of(items(imported, Reasoning)[0])
    assert metadata.turn_count == (2 if maker in ("gemini", "pi", "qwen") else 1)
    assert metadata.created_at.startswith("2026-03-01T10:00:")


def test_a_call_has_its_output_and_how_it_went(maker, path):
    imported = read(maker, path)
    call = items(imported, FunctionCall)[0]
    output = items(imported, FunctionCallOutput)[0]
    assert (call.call_id, json.loads(call.arguments)) == (output.call_id, {"command": "ls"})
    assert "nope" in output.output
    (told,) = next(
        m.metadata.tool_calls for m in imported.conversation.messages if m.item is output
    )
    assert not told.success
    if maker not in SILENT:
        assert told.execution_time_ms >= 1000


def test_tokens_and_cost_are_in_the_context(maker, path):
    environment = read(maker, path).conversation.context.environment_variables
    assert environment["AGCX_AGENT"] == agent_for(maker).tag
    if maker in SILENT:
        return
    names = ("AGCX_TOKENS_INPUT", "AGCX_TOKENS_CACHED", "AGCX_TOKENS_OUTPUT")
    assert [environment[name] for name in names] == ["100", "40", "9"]
    if maker in ("pi", "opencode", "opencode older"):
        assert environment["AGCX_COST_USD"] == "0.25"


def test_a_large_session_is_the_same_and_not_held_in_memory(maker, path, monkeypatch):
    whole = read(maker, path)
    monkeypatch.setattr(limits, "SOURCE_IN_MEMORY", 0)
    monkeypatch.setattr(limits, "PAGE_OF_MESSAGES", 50)
    streamed = read(maker, path)
    is_streamed = isinstance(streamed.conversation.messages, StreamedMessages)
    # A database holds many sessions: its size says nothing of one. Of old OpenCode it is many files.
    assert is_streamed == (maker not in ("opencode", "opencode older", "cursor store"))
    assert streamed == whole


def test_a_file_says_that_the_agent_wrote_it(maker, path):
    assert agent_of_file(path) is agent_for(maker)


def test_a_second_import_adds_nothing_and_changes_nothing(maker, path, tmp_path):
    store = open_store(tmp_path / "store")
    for outcome in (ImportOutcome.IMPORTED, ImportOutcome.PRESENT):
        (result,) = import_sessions(store, [path])
        assert result.outcome is outcome, result.reason
    (result,) = import_sessions(store, [tmp_path / "in"], agent=agent_for(maker))
    assert result.outcome is ImportOutcome.PRESENT


def test_what_is_imported_can_be_written_and_read(maker, path):
    messages = read(maker, path).conversation.messages
    assert messagepack.decode_messages(messagepack.encode_messages(messages)) == messages
    assert len({m.metadata.message_id for m in messages}) == len(messages)


@of_lines
@pytest.mark.parametrize("count", [2, 4, 6])
def test_a_session_that_grew_grows(maker, path, tmp_path, count):
    lines = path.read_text().splitlines(keepends=True)
    store = open_store(tmp_path / "store")
    path.write_text("".join(lines[:count]))
    (first,) = import_sessions(store, [path], agent=agent_for(maker))
    path.write_text("".join(lines))
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    (second,) = import_sessions(store, [path], agent=agent_for(maker))
    changed = {ImportOutcome.UPDATED, ImportOutcome.IMPORTED, ImportOutcome.PRESENT}
    assert second.outcome in changed, second.reason
    if first.id:
        assert second.id == first.id
    assert store.load_session(second.id)[1].messages == read(maker, path).conversation.messages


# --- damage

WRONG = [
    None,
    5,
    -1,
    1e300,
    "",
    "x",
    [],
    {},
    [[]],
    [None],
    {"text": 5},
    True,
    "\ud800",
    [{"type": 7}],
]


def mutated(value: object, rng: random.Random) -> object:
    """The value with something in it replaced, dropped, or nested."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(sorted(value))
        if rng.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: mutated(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        place = rng.randrange(len(value))
        return [mutated(v, rng) if i == place else v for i, v in enumerate(value)]
    return rng.choice(WRONG)


def damaged(line: str, rng: random.Random) -> str:
    match rng.randrange(4):
        case 0:
            return line[: rng.randrange(len(line))]
        case 1:
            return line.replace('"', '"}{"', 1)
        case _:
            return json.dumps(mutated(json.loads(line), rng))


@of_lines
def test_damage_never_stops_an_import_nor_loses_a_neighbor(maker, path):
    whole = path.read_text().splitlines()
    rng = random.Random(maker)
    for _ in range(150):
        lines = list(whole)
        # The prompt stays: with the header gone, the file may be nobody's.
        place = rng.choice([n for n, line in enumerate(lines) if "Fix the grid" not in line])
        lines[place] = damaged(lines[place], rng)
        path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
        imported = read(maker, path)
        assert "Fix the grid" in "\n".join(said(imported, "user") + [
            text_of(m.item) for m in imported.conversation.messages
        ])  # fmt: skip
        assert messagepack.encode_messages(imported.conversation.messages)
        assert imported.metadata.title


@of_lines
def test_all_lines_at_once_may_be_damaged(maker, path):
    whole = path.read_text().splitlines()
    rng = random.Random(maker)
    for _ in range(50):
        lines = [damaged(line, rng) if rng.random() < 0.5 else line for line in whole]
        path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
        try:
            imported = read(maker, path)
        except PersistenceError:
            continue
        assert messagepack.encode_messages(imported.conversation.messages) is not None


@of_lines
def test_unknown_lines_become_text_and_are_counted(maker, path):
    with path.open("a") as file:
        file.write(
            json.dumps({"type": "brand.new", "text": "novel words"}) + "\n[1]\n" + "[" * 9000 + "\n"
        )
    imported = read(maker, path)
    assert sum(imported.report.unknown.values()) == 1
    assert any("novel words" in text_of(m.item) for m in imported.conversation.messages)
    assert imported.report.bad_count == 2
    assert "incomplete" in imported.metadata.tags


ROWS = {
    "opencode": [
        ("part", "data"), ("message", "data"), ("message", "time_created"), ("session", "title"),
        ("session", "revert"), ("session", "time_created"), ("part", "time_updated"),
    ],
    "cursor store": [("blobs", "data"), ("meta", "value")],
}  # fmt: skip


@pytest.mark.parametrize("maker", ROWS)
def test_damaged_rows_never_stop_an_import(maker, path):
    rng = random.Random(maker)
    whole = path.read_bytes()
    for _ in range(60):
        path.write_bytes(whole)
        table, column = rng.choice(ROWS[maker])
        with contextlib.closing(sqlite3.connect(path)) as db:
            rows = db.execute(f"select rowid, {column} from {table}").fetchall()
            row, value = rng.choice(rows)
            try:
                new: object = json.dumps(mutated(json.loads(value), rng))
            except (ValueError, TypeError):
                new = rng.choice([None, 5, -1, 1e300, "x", b"\xff"])
            with contextlib.suppress(sqlite3.Error):
                db.execute(f"update {table} set {column} = ? where rowid = ?", (new, row))
                db.commit()
        with contextlib.suppress(PersistenceError):
            imported = read(maker, path)
            assert messagepack.encode_messages(imported.conversation.messages) is not None


def test_damaged_documents_never_stop_an_import(tmp_path):
    rng = random.Random(1)
    for count in range(40):
        path = MAKERS["opencode older"](tmp_path / str(count))
        file = rng.choice(sorted((tmp_path / str(count)).rglob("*.json")))
        file.write_text(json.dumps(mutated(json.loads(file.read_text()), rng)))
        with contextlib.suppress(PersistenceError):
            imported = read("opencode older", path)
            assert file == path or "grid" in imported.metadata.title


def test_what_is_no_file_is_an_error(maker, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    agent = agent_for(maker)
    for name in ("fifo", "missing"):
        with pytest.raises(PersistenceError):
            for source in agent.sources(tmp_path / name):
                agent.read(source)
