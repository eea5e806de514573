"""OpenCode: a database that another program may be writing, subagents, what was undone, what is not done."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from pathlib import Path

import pytest

from agcx_format import ConversionError, open_store
from agcx_format.importing import agent_named, import_sessions
from agcx_format.importing.formats import sqlite
from agcx_format.importing.results import ImportOutcome
from agcx_format.model.items import FunctionCall, Message
from agcx_format.subagents import parent_tag, subagents_in
from agcx_format.transcript.words import text_of
from tests.support.agent_databases import (
    OPENCODE,
    OPENCODE_CHILD,
    TABLES,
    add_opencode,
    opencode,
    opencode_older,
    opencode_rows,
)
from tests.support.agent_lines import MS

AGENT = agent_named("opencode")


def sessions(path: Path) -> list:
    return [AGENT.read(source) for source in AGENT.sources(path)]


def texts(imported) -> list[str]:
    return [text_of(message.item) for message in imported.conversation.messages]


@pytest.fixture
def path(tmp_path):
    return opencode(tmp_path / "opencode")


@contextlib.contextmanager
def changing(path: Path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        yield db
        db.commit()


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_database_that_nobody_uses_is_neither_changed_nor_accompanied(path):
    for mode in ("delete", "wal"):
        with changing(path) as db:
            db.execute(f"pragma journal_mode={mode}")
        before = contents(path.parent)
        assert len(sessions(path)) == 1
        assert contents(path.parent) == before


def test_a_database_in_use_is_read_with_what_is_only_in_its_log(path):
    with contextlib.closing(sqlite3.connect(path)) as writer:
        writer.execute("pragma journal_mode=wal")
        writer.execute("pragma wal_autocheckpoint=0")
        add_opencode(writer, OPENCODE_CHILD, parent=OPENCODE, title="Look", suffix="x")
        writer.commit()
        before = set(os.listdir(path.parent))
        first, child = sessions(path)
        assert set(os.listdir(path.parent)) == before
        # The writer is not stopped, even while somebody reads.
        for source in AGENT.sources(path):
            writer.execute("insert into project values (?, '/x')", (source.part,))
            writer.commit()
    assert child.parent is not None
    assert (child.parent.id, child.parent.call_id) == (first.metadata.id, "c2")
    assert child.parent.role == "explore"
    assert child.metadata.tags == ["opencode", "subagent", parent_tag(first.metadata.id)]
    environment = first.conversation.context.environment_variables
    assert subagents_in(environment) == {"c2": child.metadata.id}
    # By which the agent resumes it.
    assert environment["AGCX_SESSION"] == OPENCODE


def test_a_log_that_was_left_behind_is_read_and_stays(path, tmp_path):
    with contextlib.closing(sqlite3.connect(path)) as writer:
        writer.execute("pragma journal_mode=wal")
        writer.execute("pragma wal_autocheckpoint=0")
        add_opencode(writer, OPENCODE_CHILD, suffix="x")
        writer.commit()
        copied = tmp_path / "copied"
        copied.mkdir()
        for end in ("", "-wal"):
            (copied / f"opencode.db{end}").write_bytes(Path(f"{path}{end}").read_bytes())
    before = contents(copied)
    assert len(sessions(copied / "opencode.db")) == 2
    assert contents(copied) == before


@pytest.mark.parametrize("odd", ["-wal", "-journal"])
@pytest.mark.parametrize("is_link", [True, False])
def test_what_is_no_log_of_a_database_is_neither_read_nor_copied(path, tmp_path, odd, is_link):
    # A link to a device without end would fill the disk.
    pipe = tmp_path / "pipe" if is_link else Path(f"{path}{odd}")
    os.mkfifo(pipe)
    if is_link:
        Path(f"{path}{odd}").symlink_to(pipe)
    other = {"-wal": "-journal", "-journal": "-wal"}[odd]
    Path(f"{path}{other}").write_bytes(b"not a log")
    assert len(sessions(path)) == 1


def test_a_session_that_grew_grows_and_the_others_are_not_read(path, tmp_path):
    store = open_store(tmp_path / "store")
    with changing(path) as db:
        add_opencode(db, OPENCODE_CHILD, suffix="x", title="Other")
    assert {r.outcome for r in import_sessions(store, [path])} == {ImportOutcome.IMPORTED}
    more = (
        "msg_3",
        {"role": "user", "time": {"created": MS}},
        [{"id": "prt_9", "type": "text", "text": "And?"}],
    )
    with changing(path) as db:
        add_opencode(db, rows=[*opencode_rows(), more])
        db.execute("update part set time_updated = ? where id = 'prt_9'", (MS + 9000,))
    found = {result.part: result.outcome for result in import_sessions(store, [path])}
    assert found == {OPENCODE: ImportOutcome.UPDATED, OPENCODE_CHILD: ImportOutcome.PRESENT}


@pytest.mark.parametrize("at", [0, 1, 2])
def test_what_is_still_being_written_waits_and_what_follows_with_it(path, at):
    rows = opencode_rows()
    _, answer, parts = rows[1]
    answer["time"] = {"created": MS + 2000}
    del answer["error"]
    if at < 2:
        parts[at]["time"] = {"start": MS + 2000}
    else:
        parts[at]["state"] = {
            "status": "running",
            "input": {"command": "ls"},
            "time": {"start": MS},
        }
    with changing(path) as db:
        add_opencode(db, rows=rows)
    (imported,) = sessions(path)
    # Both texts of the prompt, then what was done before, and what is being done.
    assert len(texts(imported)) == 2 + at + 1
    if at == 2:
        assert isinstance(imported.conversation.messages[-1].item, FunctionCall)


def test_a_text_that_was_half_written_grows(path, tmp_path):
    rows, store = opencode_rows(), open_store(tmp_path / "store")
    for text in ("Loo", "Looking."):
        rows[1][1].pop("error", None)
        rows[1][1]["time"] = {"created": MS + 2000}
        rows[1][2][1] |= {"text": text, "time": {"start": MS + 2000}}
        with changing(path) as db:
            add_opencode(db, rows=rows)
            db.execute("update part set time_updated = ?", (MS + 7000 + len(text),))
        (result,) = import_sessions(store, [path])
    assert result.outcome is ImportOutcome.UPDATED
    assert text_of(store.load_session(result.id)[1].messages[-1].item) == "Looking."


def test_what_was_undone_is_a_branch_that_was_left(path):
    with changing(path) as db:
        db.execute("update session set revert = ?", (json.dumps({"messageID": "msg_2"}),))
    (imported,) = sessions(path)
    messages = imported.conversation.messages
    left = [m for m in messages if m.metadata.branch_id is not None]
    assert text_of(left[0].item) == "Where is it?"
    assert len(left) == len(messages) - 2
    assert messages[1].metadata.branch_point


def test_a_title_that_opencode_made_up_is_none(path):
    with changing(path) as db:
        db.execute("update session set title = 'New session - 2026-03-01T10:00:00.000Z'")
    assert sessions(path)[0].metadata.title == "Fix the grid"


def test_tasks_pictures_and_summaries_are_readable(path):
    state = {
        "status": "completed",
        "input": {"todos": [{"content": "Look", "status": "in_progress"}]},
    }
    picture = {
        "id": "prt_b",
        "type": "file",
        "mime": "image/png",
        "url": "data:image/png;base64,AA",
    }
    file = {
        "id": "prt_c",
        "type": "file",
        "mime": "text/plain",
        "filename": "a.py",
        "url": "file:///a.py",
    }
    rows = [
        ("msg_8", {"role": "user"}, [picture, file]),
        (
            "msg_9",
            {"role": "assistant", "summary": True, "time": {"completed": MS}},
            [
                {"id": "prt_d", "type": "text", "text": "So far."},
                {
                    "id": "prt_e",
                    "type": "tool",
                    "tool": "todowrite",
                    "callID": "c9",
                    "state": state,
                },
                {"id": "prt_f", "type": "brand-new", "text": "novel words"},
            ],
        ),
    ]
    with changing(path) as db:
        add_opencode(db, rows=rows, suffix="y")
    (imported,) = sessions(path)
    found = [m.item for m in imported.conversation.messages]
    assert any(
        isinstance(i, Message) and "[file: a.py]" in text_of(i) and len(i.content) == 2
        for i in found
    )
    assert any(
        isinstance(i, Message) and (i.role, text_of(i)) == ("developer", "So far.") for i in found
    )
    assert imported.report.unknown == {"part brand-new": 1}
    assert any("novel words" in text for text in texts(imported))


@pytest.mark.parametrize(
    "data", ["", "{", "[]", "5", "null", '{"type": 5}', '{"type": "tool"}', b"\xff"]
)
def test_a_row_that_is_damaged_loses_only_itself(path, data):
    with changing(path) as db:
        db.execute("update part set data = ? where id = 'prt_4'", (data,))
        db.execute("insert into message values ('msg_0', ?, 0, 0, ?)", (OPENCODE, data))
    (imported,) = sessions(path)
    assert "Fix the grid" in texts(imported)
    assert "bash" in " ".join(texts(imported))


def test_a_damaged_database_is_an_error_or_gives_what_can_be_read(path):
    data, intact = path.read_bytes(), texts(*sessions(path))
    found, errors = [], []
    for offset in range(0, len(data), 509):
        damaged = bytearray(data)
        damaged[offset : offset + 64] = b"\xa5" * 64
        path.write_bytes(damaged)
        try:
            found += map(texts, sessions(path))
        except ConversionError as error:
            errors.append(error)
    assert intact in found
    assert any(len(each) < len(intact) for each in found)
    assert {error.path for error in errors} == {str(path)}


@pytest.mark.parametrize("is_indexed", [False, True])
def test_parts_of_a_message_that_is_gone_are_counted(path, is_indexed):
    with changing(path) as db:
        if is_indexed:
            db.execute("create index part_message_idx on part (message_id)")
            db.execute("create index part_session_idx on part (session_id)")
        db.execute("update part set message_id = 'msg_gone' where id in ('prt_3', 'prt_4')")
    imported, *_ = sessions(path)
    assert imported.report.skipped["part of a message that is gone"] == 2
    assert "part of a message that is gone" in imported.report.examples
    assert "Fix the grid" in texts(imported)


def test_messages_of_a_session_that_is_gone_are_counted_once(path):
    with changing(path) as db:
        db.execute("create temp table other as select * from session limit 1")
        db.execute("update other set id = 'ses_other', time_created = time_created + 1")
        db.execute("insert into session select * from other")
        db.execute("update message set session_id = 'ses_gone' where id = 'msg_2'")
    found = sessions(path)
    assert len(found) == 2
    gone = "message of a session that is gone"
    assert sum(each.report.skipped.get(gone, 0) for each in found) == 1


@pytest.mark.parametrize(
    "index", ["part_message_idx", "part_session_idx", "message_session_idx", "part", "message", "session"]
)  # fmt: skip
def test_a_damaged_index_loses_nothing(path, index):
    with changing(path) as db:
        db.execute("create index part_message_idx on part (message_id)")
        db.execute("create index part_session_idx on part (session_id)")
        db.execute("create index message_session_idx on message (session_id)")
        whole, *_ = sessions(path)
        name = index if index.endswith("_idx") else f"sqlite_autoindex_{index}_1"
        query = "select rootpage from sqlite_master where name = ?"
        (page,) = db.execute(query, (name,)).fetchone()
        (size,) = db.execute("pragma page_size").fetchone()
    damaged = bytearray(path.read_bytes())
    damaged[(page - 1) * size : page * size] = b"\xa5" * size
    path.write_bytes(damaged)
    imported, *_ = sessions(path)
    assert imported.conversation.messages == whole.conversation.messages


def test_a_text_that_is_too_long_loses_only_itself(path, monkeypatch):
    # SQLite refuses to read it: the limit is that of the importer, for a file of moderate size.
    monkeypatch.setattr(sqlite, "LONGEST_LINE", 100_000)
    with changing(path) as db:
        db.execute("update part set data = hex(zeroblob(60000)) where id = 'prt_4'")
    (imported,) = sessions(path)
    assert "Fix the grid" in texts(imported)
    assert "bash" in " ".join(texts(imported))
    assert imported.report.bad_lines == ((2, "part prt_4: longer than 100,000 bytes"),)


@pytest.mark.parametrize("table", ["session", "message", "part"])
def test_a_view_without_end_in_the_place_of_a_table_is_refused(path, table):
    without_end = "with recursive n(x) as (select 1 union all select x + 1 from n)"
    with changing(path) as db:
        db.execute(f"alter table {table} rename to kept")
        db.execute(f"create view {table} as {without_end} select kept.* from kept, n")
    try:
        found = sessions(path)
    except ConversionError as error:
        assert "prohibited" in str(error)
    else:
        assert any("prohibited" in reason for _, reason in found[0].report.bad_lines)


def test_another_database_is_not_of_opencode(tmp_path):
    path = tmp_path / "opencode.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("create table session (id text)")
    with pytest.raises(ConversionError):
        sessions(path)
    (result,) = import_sessions(open_store(tmp_path / "store"), [path])
    assert result.outcome is ImportOutcome.FAILED


def test_a_database_and_the_older_files_give_the_same_messages(path, tmp_path):
    (new,) = sessions(path)
    (old,) = sessions(opencode_older(tmp_path / "older"))
    assert old.metadata.id == new.metadata.id
    assert [m.item for m in old.conversation.messages] == [
        m.item for m in new.conversation.messages
    ]


def test_with_and_without_the_indexes_of_opencode_the_same_is_read(path):
    (source,) = agent_named("opencode").sources(path)
    plain = agent_named("opencode").read(source)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("create index part_message_idx on part (message_id)")
        db.execute("create index part_session_idx on part (session_id)")
    indexed = agent_named("opencode").read(source)
    assert indexed.conversation.messages == plain.conversation.messages
    assert len(plain.conversation.messages) > 4


def test_the_places_follow_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.delenv("OPENCODE_DB", raising=False)
    assert AGENT.default_places()[0] == Path("/data/opencode/opencode.db")
    monkeypatch.setenv("OPENCODE_DB", "/elsewhere/x.db")
    assert AGENT.default_places()[0] == Path("/elsewhere/x.db")
    assert "project_id" in TABLES
