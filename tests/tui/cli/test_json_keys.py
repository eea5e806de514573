"""The JSON of every command, key by key: scripts rely on it, so that none may go or be called otherwise.

A command that takes `--json` and is not here fails.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from msgspec.structs import replace

from agcx_format import read_session, write_session
from agcx_format.store.store import open_store
from agcx_tui.cli import agcx
from tests.support.rollout_lines import SESSION, meta, user, write
from tests.tui.cli.conftest import BROKEN, GRID, QUEUE, run
from tests.tui.cli.every_command import leaves

METADATA = {
    "checkpoints", "compression_ratio", "created_at", "current_mode", "file_size", "format_version", "id",
    "is_favorite", "last_accessed", "message_count", "model", "tags", "title", "turn_count", "updated_at",
}  # fmt: skip
IMPORT = {
    "path", "part", "outcome", "reason", "id", "title", "messages", "duplicates", "skipped", "unknown",
    "examples",
    "kept_as", "left_out", "bad_lines", "bad_count", "not_understood", "replaced", "without_time",
}  # fmt: skip
VERIFY = {
    "schema", "path", "kind", "size", "layout", "id", "parts", "findings", "stopped", "ok", "severity",
}  # fmt: skip
FINDING = {"severity", "code", "section", "reason", "offset", "decompressed", "message"}
PART = {"name", "start", "end", "decompressed", "text", "items"}
HIT = {
    "session", "title", "message", "number", "role", "time", "start", "end", "line", "before", "after",
}  # fmt: skip
CHECKPOINT = {
    "session", "title", "id", "name", "description", "created_at", "message_index", "messages_after",
    "path", "bytes", "listed",
}  # fmt: skip
REDACT = {
    "session", "path", "title", "checkpoint", "kind", "part", "message", "field", "line", "excerpt",
    "column", "placeholder",
}  # fmt: skip
TALLY = {"name", "sessions", "disk", "plain"}
ACTIVITY = {
    "id", "title", "messages", "turns", "began", "ended", "seconds", "active_seconds", "calls", "added",
    "removed", "branches", "tools", "failed", "files", "edited", "modes",
    "tokens_input", "tokens_cached", "tokens_output", "cost_usd",
}  # fmt: skip
ACTIVITY_ROWS = {
    "tools": {"name", "calls", "failed", "seconds", "number"},
    "failed": {"number", "name", "gist", "outcome", "reason"},
    "files": {"path", "uses", "changes", "added", "removed", "number"},
    "edited": {"number", "versions", "last"},
}
STATS = {
    "sessions", "subagents", "messages", "disk", "plain", "incomplete", "kinds", "model", "month", "tag",
    "directory", "largest_sessions", "largest_messages", "trash",
}  # fmt: skip


def lines(*words: object) -> list[dict]:
    result = run(*words)
    assert isinstance(result.exception, SystemExit | None), result.exception
    return [json.loads(line) for line in result.stdout.splitlines()]


def by_id(found: list[dict], name: str) -> dict:
    return next(each for each in found if str(each["id"]).startswith(name))


PLACES = {"directory", "project", "branch", "agent"}
FILE = {"path", "bytes", "checkpoint_bytes", "subagent_bytes", "error"}


def test_list(store):
    found = lines("list", "--json")
    entries = {str(entry.id): entry for entry in open_store(store).scan()}
    whole = by_id(found, GRID)
    assert set(whole) == METADATA | {*FILE, "parent"} | PLACES
    entry = entries[whole["id"]]
    assert (whole["path"], whole["bytes"], whole["error"]) == (entry.path, entry.size, None)
    assert whole["bytes"] == Path(entry.path).stat().st_size
    assert (whole["title"], whole["is_favorite"]) == ("Fix the grid layout", True)
    torn = next(each for each in found if each["error"] and "title" not in each)
    assert set(torn) == {"id", *FILE} | PLACES
    assert {torn[name] for name in PLACES} == {None}
    assert set(torn["error"]) == {"reason", "section", "offset"}
    error = entries[torn["id"]].error
    assert torn["error"] == {
        "reason": error.reason,
        "section": error.section,
        "offset": error.offset,
    }
    assert error.offset is not None


def test_show(store):
    found = lines("show", GRID, "--json")
    assert {frozenset(each) for each in found} == {
        frozenset({"number", "item", "timestamp", "turn_index", "metadata"})
    }
    assert [each["number"] for each in found] == list(range(1, len(found) + 1))
    assert [each["number"] for each in lines("show", GRID, "--json", "--messages", "3-4")] == [3, 4]


def test_checkpoints(store):
    found = lines("checkpoint", "list", "--json")
    assert found
    assert {frozenset(each) for each in found} == {frozenset(CHECKPOINT)}
    for each in found:
        assert each["bytes"] == Path(each["path"]).stat().st_size
        shown = lines("checkpoint", "show", each["path"], "--json")
        assert len(shown) == each["message_index"]
        of_it = lines("checkpoint", "list", each["session"], "--json")
        assert each in of_it


def test_show_activity(store):
    (found,) = lines("show", GRID, "--activity", "--json")
    assert set(found) == ACTIVITY
    for group, keys in ACTIVITY_ROWS.items():
        assert {frozenset(each) for each in found[group]} <= {frozenset(keys)}
    assert found["tools"]
    assert found["failed"]


def test_redact(store):
    found = lines("redact", GRID, "--text", "grid", "--dry-run", "--json")
    assert {frozenset(each) for each in found} == {frozenset(REDACT)}
    first = next(each for each in found if each["message"] == 1)
    assert (first["kind"], first["placeholder"]) == ("text", "[redacted text 1]")
    assert first["excerpt"][first["column"] :].startswith("grid")


def test_trash_list(store):
    assert run("delete", GRID, "--yes", "--force").exit_code == 0
    (found,) = lines("trash", "list", "--json")
    assert set(found) == {"id", "title", "bytes", "path", "act", "kind", "deleted_at"}
    (session,) = open_store(store).trash()
    assert found["deleted_at"] == session.act.created_at
    assert (found["act"], found["kind"], found["bytes"]) == (session.act.id, "delete", session.size)
    assert found["id"].startswith(GRID)


ACT = {
    "act", "kind", "created_at", "description", "fields", "sessions", "count", "bytes", "undone",
    "emptied_at", "problem",
}  # fmt: skip


def test_changes(store):
    (edited,) = lines("edit", GRID, "--title", "New", "--json", "--force")
    assert (edited["kind"], edited["fields"], edited["count"]) == ("edit", ["title"], 1)
    (deleted,) = lines("delete", GRID, QUEUE, "--json", "--yes", "--force")
    assert {each["id"][: len(GRID)] for each in deleted["sessions"]} == {GRID, QUEUE}
    assert {frozenset(each) for each in deleted["sessions"]} == {
        frozenset({"id", "title", "bytes"})
    }
    assert deleted["bytes"] == sum(each["bytes"] for each in deleted["sessions"])
    listed = lines("undo", "--list", "--json")
    assert {frozenset(each) for each in [edited, *listed]} == {frozenset(ACT)}
    assert listed == [deleted, edited]
    (undone,) = lines("undo", "--json")
    assert undone == deleted | {"undone": True}
    assert run("trash", "empty", "--yes").exit_code == 0
    assert [each["sessions"] for each in lines("undo", "--list", "--json")] == [[], []]
    # Nothing changed, so there is nothing to undo.
    (same,) = lines("edit", GRID, "--directory", "/demo", "--json", "--force")
    again = lines("edit", GRID, "--directory", "/demo", "--json", "--force")
    assert (same["fields"], again[0]["act"]) == (["working_directory"], None)
    (left,) = lines("edit", GRID, "--favorite", "--json", "--force")
    (empty,) = lines("trash", "restore", "--all", "--json")
    assert {frozenset(each) for each in (left, empty)} == {frozenset(ACT)}
    assert (left["act"], left["kind"], empty["act"], empty["kind"]) == (
        None,
        "edit",
        None,
        "restore",
    )


def test_a_join_and_what_is_restored(store):
    (joined,) = lines("join", GRID, QUEUE, "--yes", "--json", "--force")
    assert ([each["id"][: len(GRID)] for each in joined["sessions"]], joined["kind"]) == (
        [GRID, QUEUE], "join",
    )  # fmt: skip
    assert run("undo").exit_code == 0
    assert run("delete", GRID, QUEUE, "--yes", "--force").exit_code == 0
    (restored,) = lines("trash", "restore", QUEUE, "--json")
    assert [each["id"][: len(QUEUE)] for each in restored["sessions"]] == [QUEUE]
    assert {frozenset(each) for each in [joined, restored]} == {frozenset(ACT)}


def test_stats(store):
    (found,) = lines("stats", "--json")
    assert set(found) == STATS
    for group in ("model", "month", "tag", "directory"):
        assert {frozenset(each) for each in found[group]} == {frozenset(TALLY)}
    assert {frozenset(each) for each in found["largest_sessions"]} == {
        frozenset({"disk", "path", "title"})
    }
    assert {frozenset(each) for each in found["largest_messages"]} == {
        frozenset({"size", "message", "kind", "path", "title"})
    }
    assert found["sessions"] == len(list(store.glob("*.agcx")))


def test_stats_with_activity(store):
    (found,) = lines("stats", "--activity", "--json")
    assert set(found) == {*STATS, "activity"}
    assert set(found["activity"]) == {
        "turns", "active_seconds", "calls", "failed", "edited", "added", "removed", "tools",
    }  # fmt: skip
    assert {frozenset(each) for each in found["activity"]["tools"]} == {
        frozenset({"name", "sessions", "calls", "failed", "seconds"})
    }
    assert found["activity"]["failed"] == sum(each["failed"] for each in found["activity"]["tools"])


@pytest.mark.parametrize("agent", ["codex", "claude"])
def test_import(store, tmp_path, agent):
    path = write(tmp_path / "rollout.jsonl", meta(), user("one"), '{"cut')
    if agent == "claude":
        said = {"role": "user", "content": "one"}
        line = {
            "type": "user",
            "uuid": "u",
            "sessionId": SESSION,
            "timestamp": "2025-09-25T14:02:05Z",
        }
        path = write(tmp_path / "transcript.jsonl", line | {"message": said}, '{"cut')
    found, sums = lines("import", agent, path, "--json", "--dry-run")
    assert set(found) == IMPORT
    assert (found["outcome"], found["id"], found["messages"]) == ("imported", SESSION, 1)
    assert (found["bad_count"], found["bad_lines"][0][0]) == (1, 3 if agent == "codex" else 2)
    assert set(sums["total"]) == {
        "conversations", "lines", "examples", "acts", "foreign", "canceled",
    }  # fmt: skip
    assert sums["total"]["conversations"] == {"imported": 1}
    assert set(sums["total"]["examples"]["not understood"]) == {"path", "kind", "line", "text"}
    failed, _ = lines("import", agent, write(tmp_path / "none.jsonl", "x"), "--json")
    assert set(failed) == {"path", "part", "outcome", "reason", "id", "title"}


def test_search(store):
    found = lines("search", "grid", "--json", "--context", "1")
    assert {frozenset(each) for each in found} == {frozenset(HIT)}
    # A match in the title is in no message.
    title, *others = [each["message"] for each in found if each["session"].startswith(GRID)]
    assert (title, others) == (None, sorted(others))
    assert others


def test_verify(store):
    found = lines("verify", "--json")
    assert {frozenset(each) for each in found} == {frozenset(VERIFY)}
    findings = [finding for each in found for finding in each["findings"]]
    assert {frozenset(each) for each in findings} == {frozenset(FINDING)}
    parts = [part for each in found for part in each["parts"]]
    assert {frozenset(each) for each in parts} == {frozenset(PART)}
    assert by_id(found, BROKEN)["ok"] is False
    assert by_id(found, GRID)["ok"] is True


def test_prune(store):
    found = lines("prune", "--keep", "1", "--include", "favorites", "--dry-run", "--json")
    assert found
    assert {frozenset(each) for each in found} == {
        frozenset({"id", "title", "path", "bytes", "reasons"})
    }
    assert all(each["reasons"] for each in found)


COPIED = frozenset({"path", "outcome", "reason", "id", "title", "checkpoints"})


def test_copy_and_import_of_sessions(store, tmp_path):
    (found,) = lines("copy", GRID, "--to", tmp_path / "other", "--json")
    assert (frozenset(found), found["outcome"]) == (COPIED, "copied")
    (again,) = lines("import", tmp_path / "other", "--json")
    assert (frozenset(again), again["outcome"]) == (COPIED, "already there")


def test_convert(store):
    found = lines("convert", GRID, BROKEN, "--layout", "2", "--json", "--force", "--yes")
    keys = frozenset({"path", "id", "title", "layout", "bytes", "outcome", "lost", "reason"})
    assert {frozenset(each) for each in found} == {keys}
    assert by_id(found, GRID)["outcome"] == "converted"
    assert by_id(found, BROKEN)["outcome"] == "failed"
    assert by_id(found, BROKEN)["reason"]
    assert open_store(store).resolve(GRID).layout == 2


BACKUP = {"backup", "created_at", "store", "sessions", "checkpoints", "bytes", "failed"}
BACKED_UP = {"id", "title", "path", "updated_at", "messages", "bytes", "checkpoints"}


def test_backup(store, tmp_path):
    file = tmp_path / "backup.tar"
    (made,) = lines("backup", "create", file, GRID, "--json")
    assert set(made) == BACKUP | {"new_bytes"}
    assert (made["sessions"], made["bytes"], made["failed"]) == (1, made["new_bytes"], [])
    (listed,) = lines("backup", "list", file, "--json")
    assert listed == {name: made[name] for name in BACKUP}
    (session,) = lines("backup", "list", file, "--sessions", "--json")
    assert (set(session), session["id"][: len(GRID)]) == (BACKED_UP, GRID)
    (checked,) = lines("backup", "verify", file, "--json")
    assert set(checked) == {"path", "backups", "objects", "bytes", "problems"}
    assert checked["problems"] == []
    for outcome in ("restored", "already there"):
        (back,) = lines("backup", "restore", file, "--to", tmp_path / "other", "--json")
        assert (set(back), back["outcome"]) == (BACKED_UP | {"outcome", "reason"}, outcome)


TESTED = {
    ("delete",), ("edit",), ("join",), ("undo",), ("trash", "restore"),
    ("list",), ("show",), ("redact",), ("checkpoint", "list"), ("checkpoint", "show"), ("trash", "list"),
    ("stats",), ("import", "codex"), ("import", "sessions"), ("sync",),
    ("copy",), ("convert",), ("backup", "create"), ("backup", "list"), ("backup", "verify"),
    ("backup", "restore"), ("verify",), ("prune",), ("search",),
}  # fmt: skip


def test_every_command_that_gives_json_is_here():
    giving = {
        name
        for name, command in leaves(agcx)
        if any(
            "--json" in param.opts for param in command.params if isinstance(param, click.Option)
        )
    }
    assert giving == TESTED


def test_a_session_that_is_named_twice_counts_once(store, tmp_path):
    path = open_store(store).resolve(GRID).path
    result = run("export", GRID, path, GRID, "-o", f"{tmp_path}/out/")
    assert len(list((tmp_path / "out").iterdir())) == 1
    assert result.stderr.count(".md") == 1
    assert "Deleted 1 session" in run("delete", GRID, GRID, path, "--yes", "--force").stderr


def test_bytes_count_the_checkpoints_that_go_with_a_session(store):
    opened = open_store(store)
    entry = next(e for e in opened.scan() if e.metadata and opened.list_checkpoints(e.id))
    run("delete", entry.id, "--yes", "--force")
    (found,) = lines("trash", "list", "--json")
    assert found["bytes"] > entry.size


@pytest.mark.parametrize("name", ["7", "70", "70b"])
def test_nothing_in_the_trash_is_named_by_less_than_four_characters(store, name):
    run("delete", GRID, "--yes", "--force")
    assert run("trash", "restore", name).exit_code == 1
    assert len(lines("trash", "list", "--json")) == 1


def test_what_two_in_the_trash_begin_with_restores_neither(store):
    first = Path(open_store(store).resolve(GRID).path)
    other = first.with_name(f"{first.stem[:8]}-0000-4000-8000-000000000000.agcx")
    other.write_bytes(first.read_bytes())
    run("delete", first, other, "--yes", "--force")
    result = run("trash", "restore", first.stem[:8])
    assert (result.exit_code, "2 sessions" in result.stderr) == (1, True)
    assert len(lines("trash", "list", "--json")) == 2
    assert run("trash", "restore", first.stem).exit_code == 0
    assert first.exists()
    assert not other.exists()


def test_warnings_are_a_failure_and_notes_alone_are_not(store, tmp_path):
    path = Path(open_store(store).resolve(QUEUE).path)
    warned = tmp_path / path.name
    warned.write_bytes(path.read_bytes() + b"more")
    result = run("verify", warned, "--json")
    (found,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert (result.exit_code, found["ok"], found["severity"]) == (1, False, "warning")
    metadata, conversation, state = read_session(path)
    noted = tmp_path / "noted" / path.name
    noted.parent.mkdir()
    # Updated before it was created: a note.
    odd = replace(metadata, created_at=metadata.updated_at, updated_at=metadata.created_at)
    write_session(noted, odd, conversation, state)
    result = run("verify", noted, "--json")
    (found,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert (result.exit_code, found["ok"], found["severity"]) == (0, True, "info")
