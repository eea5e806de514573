"""What was deleted, what was changed, and the one command that destroys."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import pytest

from agcx_format.catalog.columns import Columns
from agcx_format.catalog.file import Catalog
from agcx_format.store.store import open_store
from agcx_tui.core.local.paths import cache_directory, catalogs, state_directory
from agcx_tui.core.local.reading_positions import Position, ReadingPositions
from tests.support.stores import contents
from tests.tui.cli.conftest import BROKEN, GRID, QUEUE, Terminal, run


def ids(store: Path) -> set[str]:
    return {str(entry.id)[:8] for entry in open_store(store).scan()}


def touched(store: Path, name: str) -> None:
    """As if an agent had just saved it."""
    now = time.time_ns()
    os.utime(open_store(store).resolve(name).path, ns=(now, now))


def test_what_was_deleted_is_listed_and_comes_back_byte_for_byte(store):
    before = contents(store)
    run("delete", GRID, QUEUE, BROKEN, "--yes")
    lines = run("trash", "list").stdout.splitlines()
    assert len(lines) == 3
    assert any("Fix the grid layout" in line and GRID in line for line in lines)
    assert run("trash", "restore", GRID).exit_code == 0
    assert GRID in ids(store)
    assert {QUEUE, BROKEN}.isdisjoint(ids(store))
    assert run("trash", "restore", "--all").exit_code == 0
    assert contents(store) == before
    assert run("trash", "list").stdout == ""
    assert run("undo").exit_code == 0
    assert len(run("trash", "list").stdout.splitlines()) == 2


def test_the_list_of_the_trash_says_the_project_before_the_title(store):
    run("delete", GRID, QUEUE, "--yes")
    lines = run("trash", "list").stdout.splitlines()
    (line,) = (line for line in lines if "Fix the grid layout" in line)
    assert "  site  " in line.split("Fix the grid layout")[0]
    # Titles stand below each other.
    (other,) = (other for other in lines if other != line)
    assert other[line.index("Fix the grid") - 1] == " "
    assert other[line.index("Fix the grid")] != " "


def test_the_trash_as_json_opens_like_any_file(store):
    run("delete", GRID, "--yes")
    facts = json.loads(run("trash", "list", "--json").stdout)
    assert facts["id"].startswith(GRID)
    assert facts["kind"] == "delete"
    assert run("show", facts["path"]).stdout.startswith("Fix the grid layout\n")


def test_a_whole_act_comes_back_by_its_name(store):
    run("delete", GRID, "--yes")
    run("delete", QUEUE, "--yes")
    first = open_store(store).acts()[1].id
    assert run("trash", "restore", "--act", first[-6:]).exit_code == 0
    assert GRID in ids(store)
    assert QUEUE not in ids(store)


def test_what_is_not_in_the_trash_is_said(store):
    result = run("trash", "restore", GRID)
    assert result.exit_code == 1
    assert "no session" in result.stderr
    assert run("trash", "restore").exit_code == 2


def test_emptying_is_refused_without_a_terminal(store):
    run("delete", GRID, "--yes")
    before = contents(store, trash=True)
    result = run("trash", "empty")
    assert result.exit_code == 1
    assert "--yes" in result.stderr
    assert contents(store, trash=True) == before


@pytest.mark.parametrize(("word", "gone"), [("delete", True), ("yes", False), ("", False)])
def test_emptying_takes_the_typed_word(store, word, gone):
    run("convert", GRID, "--layout", "2", "--yes")
    run("delete", GRID, "--yes")
    terminal = Terminal("trash", "empty")
    terminal.wait_for("Type delete to confirm")
    # What a conversion wrote again was not deleted.
    assert b"1 deleted session and 1 earlier version" in terminal.written
    terminal.type(word + "\r")
    status, _ = terminal.finish()
    assert (b"Destroyed 1 session;" in terminal.written) is gone
    assert status == (0 if gone else 1)
    assert (open_store(store).trash() == []) is gone


def test_emptied_is_gone_and_only_what_is_old_enough(store):
    run("delete", GRID, "--yes")
    assert run("trash", "empty", "--older-than", "1d", "--yes").exit_code == 0
    assert len(open_store(store).trash()) == 1
    assert run("trash", "empty", "--older-than", "soon", "--yes").exit_code == 2
    result = run("trash", "empty", "--yes")
    assert result.exit_code == 0
    assert "Destroyed 1 session" in result.stderr
    assert b"grid layout" not in b"".join(contents(store / "trash", trash=True).values())
    assert run("undo").exit_code == 1
    assert "destroyed" in run("undo", "--list").stdout


def test_permanently_is_without_the_trash_and_needs_a_terminal_or_yes(store):
    before = contents(store, trash=True)
    refused = run("delete", GRID, "--permanently")
    assert (refused.exit_code, contents(store, trash=True)) == (1, before)
    assert "nothing was destroyed" in refused.stderr
    result = run("delete", GRID, "--permanently", "--yes", "--force")
    assert result.exit_code == 0
    assert "Destroyed 1 session; " in result.stderr
    assert GRID not in ids(store)
    assert open_store(store).trash() == []
    assert b"grid layout" not in b"".join(contents(store / "trash", trash=True).values())
    assert "(destroyed)" in run("undo", "--list").stdout


def test_an_undo_does_not_pass_over_what_cannot_be_undone(store):
    run("delete", GRID, "--yes")
    assert run("delete", QUEUE, "--permanently", "--yes", "--force").exit_code == 0
    result = run("undo")
    assert result.exit_code == 1
    assert "the last change, destroying 1 session (" in result.stderr
    (named,) = re.findall(
        r"before it: Deleted “Fix the grid layout”.*agcx undo (\w+)", result.stderr
    )
    assert GRID not in ids(store)
    assert run("undo", named).exit_code == 0
    assert GRID in ids(store)


def test_where_the_reader_was_in_a_destroyed_session_is_forgotten(store, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    positions = ReadingPositions(state_directory())
    for name in (GRID, QUEUE):
        entry = open_store(store).resolve(name)
        positions.save(entry.id, entry.path, Position(3))
    grid, queue = (open_store(store).resolve(name) for name in (GRID, QUEUE))
    run("delete", GRID, "--yes")
    assert positions.load(grid.id, grid.path) == Position(3)
    run("trash", "empty", "--yes")
    assert positions.load(grid.id, grid.path) is None
    assert positions.load(queue.id, queue.path) == Position(3)


def test_no_cache_keeps_a_title_that_was_destroyed(store, tmp_path):
    def kept() -> bytes:
        return b"".join(contents(tmp_path / "cache").values())

    run("edit", QUEUE, "--title", "An earlier title")
    run("stats")
    catalog, columns = Catalog(catalogs(cache_directory()), store), Columns()
    for entry in open_store(store).scan():
        columns.put(entry)
    catalog.save(columns, list(range(len(columns))))
    told = contents(tmp_path / "cache").values()
    assert sum(b"An earlier title" in data for data in told) == 2
    assert b"Fix the grid layout" in kept()
    assert b"An earlier title" in kept()
    run("edit", QUEUE, "--title", "Another")
    run("delete", GRID, "--yes")
    run("trash", "empty", "--yes")
    assert b"Fix the grid layout" not in kept()
    assert b"An earlier title" not in kept()
    # Of the others all is known as before.
    assert len(catalog.load()) == 13


# --- edit, undo


def test_edit_changes_what_is_said_and_undo_takes_it_back(store):
    before = contents(store)
    result = run("edit", GRID, "--title", "Another", "--tag", "new", "--no-favorite")
    assert result.exit_code == 0
    metadata = open_store(store).resolve(GRID).metadata
    assert metadata.title == "Another"
    assert metadata.tags[-1] == "new"
    assert not metadata.is_favorite
    run("undo")
    assert contents(store) == before


def test_tags_of_many_are_one_act(store):
    before = contents(store)
    assert run("edit", GRID, QUEUE, "--tag", "both", "--tag", "twice").exit_code == 0
    tagged = [open_store(store).resolve(name).metadata.tags for name in (GRID, QUEUE)]
    assert all(tags[-2:] == ["both", "twice"] for tags in tagged)
    assert run("edit", GRID, QUEUE, "--untag", "both").exit_code == 0
    assert "both" not in open_store(store).resolve(GRID).metadata.tags
    run("undo")
    run("undo")
    assert contents(store) == before


def test_an_edit_that_changes_nothing_is_no_act(store):
    title = open_store(store).resolve(GRID).title
    result = run("edit", GRID, "--title", title)
    assert result.exit_code == 0
    assert open_store(store).acts() == []


def test_wrong_use_of_edit(store):
    assert run("edit", GRID).exit_code == 2
    assert run("edit", GRID, QUEUE, "--title", "x").exit_code == 2
    result = run("edit", BROKEN, GRID, "--tag", "x")
    assert result.exit_code in (0, 1)
    assert "x" in open_store(store).resolve(GRID).metadata.tags


@pytest.mark.parametrize(
    "words",
    [
        ["edit", GRID, "--tag", ""],
        ["edit", GRID, "--untag", " "],
        ["edit", GRID, "--title", ""],
        ["export", GRID, "-o", ""],
        ["trash", "restore", "--act", ""],
        ["trash", "empty", "--older-than", "", "--yes"],
        ["undo", ""],
        ["delete", GRID, "--yes", "--store", ""],
    ],
)
def test_an_empty_value_is_told_and_nothing_done(store, words):
    run("delete", QUEUE, "--yes")
    before = contents(store, trash=True)
    result = run(*words)
    assert result.exit_code == 2
    assert "it is empty" in result.stderr
    assert contents(store, trash=True) == before


def test_what_an_agent_may_be_writing_is_left_alone_without_force(store):
    touched(store, GRID)
    before = contents(store, trash=True)
    for words in (["edit", GRID, "--tag", "x"], ["delete", GRID, QUEUE, "--yes"]):
        result = run(*words)
        assert result.exit_code == 1
        assert "5 minutes" in result.stderr
        assert contents(store, trash=True) == before
    assert run("edit", GRID, "--tag", "x", "--force").exit_code == 0
    assert run("delete", GRID, "--yes", "--force").exit_code == 0
    assert GRID not in ids(store)


def test_the_log_names_every_act_and_one_can_be_undone_by_name(store):
    run("delete", GRID, "--yes")
    run("edit", QUEUE, "--tag", "x")
    acts = open_store(store).acts()
    lines = run("undo", "--list").stdout.splitlines()
    assert "Tagged “Why does the queue stall after a deploy?”: +x" in lines[0]
    assert acts[0].id[-6:] in lines[0]
    assert "Deleted “Fix the grid layout”" in lines[1]
    assert run("undo", acts[1].id[-6:]).exit_code == 0
    assert GRID in ids(store)
    assert "x" in open_store(store).resolve(QUEUE).metadata.tags
    assert "(undone)" in run("undo", "--list").stdout.splitlines()[1]
    assert run("undo", "nonsense").exit_code == 1


def test_the_log_says_what_an_edit_changed(store):
    before = contents(store)
    run("edit", GRID, "--no-favorite")
    run("edit", GRID, "--title", "Grid\x1b[2J")
    run("edit", GRID, QUEUE, "--tag", "new", "--untag", "ui")
    run("edit", GRID, "--title", "Both", "--tag", "both")
    lines = run("undo", "--list").stdout.splitlines()
    assert [line.split("  ")[-1].split(" (")[0] for line in lines] == [
        "Changed title and tags of “Both”",
        "Changed tags of 2 sessions: +new −ui",
        "Renamed “Fix the grid layout” to “Grid␛[2J”",
        "Unstarred “Fix the grid layout”",
    ]
    # Acts of before the log told so, and words that make no sense: undo goes by the files.
    for act, words in zip(open_store(store).acts(), (None, 7, {"fields": "x"}, {}), strict=True):
        path = store / "trash" / act.id / "manifest.json"
        plain = json.loads(path.read_text())
        path.write_text(json.dumps(plain | {"edit": words}))
        assert "Undone: changed" in run("undo").stderr
    assert contents(store) == before


# --- import claude


def transcript(directory: Path, name: str) -> None:
    lines = [
        {
            "type": "user",
            "uuid": "a",
            "sessionId": name,
            "cwd": "/src",
            "timestamp": "2025-09-24T19:22:20.000Z",
            "message": {"role": "user", "content": "Where does the time go?"},
        }
    ]
    directory.mkdir(parents=True)
    (directory / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_transcripts_of_claude_code_come_in_once(store, tmp_path, monkeypatch):
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    missing = run("import", "claude")
    assert missing.exit_code == 1
    assert str(tmp_path / "claude" / "projects") in missing.stderr
    name = "01997e76-d124-4592-9cac-2ec05abbca08"
    transcript(tmp_path / "claude" / "projects" / "-src", name)
    assert "Where does the time go?" in run("import", "claude", "--dry-run").stdout
    assert name[:8] not in ids(store)
    assert run("import", "claude").exit_code == 0
    assert name[:8] in ids(store)
    before = contents(store)
    (found, _) = map(json.loads, run("import", "claude", "--json").stdout.splitlines())
    assert found["outcome"] == "already there"
    assert contents(store) == before


@pytest.mark.parametrize("name", ["7", "70b", GRID], ids=["one letter", "three", "of two"])
def test_a_beginning_that_says_too_little_restores_nothing(store, name):
    path = Path(open_store(store).resolve(GRID).path)
    twin = path.with_name(f"{GRID}-0000-4000-8000-000000000000.agcx")
    if name == GRID:
        twin.write_bytes(path.read_bytes())
        os.utime(twin, (1, 1))
        assert run("delete", twin, "--yes").exit_code == 0
    assert run("delete", path, "--yes").exit_code == 0
    result = run("trash", "restore", name)
    assert (result.exit_code, ids(store) & {GRID}) == (1, set())
    assert repr(name) in result.stderr
    assert run("trash", "restore", path.stem).exit_code == 0
    assert (path.exists(), twin.exists()) == (True, False)
