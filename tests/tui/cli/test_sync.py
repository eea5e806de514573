"""`agcx sync` imports what is new of all agents, in one act."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from agcx_format import open_store
from tests.support import transcript_lines as claude
from tests.support.privileges import without_privileges
from tests.support.rollout_lines import SESSION, assistant, meta, user, write
from tests.support.waiting import LIMIT
from tests.tui.cli.conftest import run

OTHER = SESSION[:-1] + "9"


@pytest.fixture(autouse=True)
def agents(tmp_path, monkeypatch):
    """A home directory with a conversation of each of two agents, and none of the others."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    for name in ("CODEX_HOME", "CLAUDE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AGCX_STORE", str(tmp_path / "store"))
    codex, other = home / ".codex" / "sessions", home / ".claude" / "projects" / "p"
    for folder in (codex, other):
        folder.mkdir(parents=True)
    write(other / "b.jsonl", claude.user("two"))
    return write(codex / "a.jsonl", meta(), user("one"))


# A process of its own: signals come to a whole program.
PROGRAM = [sys.executable, "-m", "agcx_tui", "sync", "--watch"]
WATCHING = "watching what the agents write; ctrl+c ends it\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_watching_prints_what_comes_and_grows_until_a_signal_ends_it(agents, tmp_path, number):
    as_json = ["--json"] if number == signal.SIGTERM else []
    with subprocess.Popen(
        [*PROGRAM, *as_json], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert WATCHING in program.stderr
        lines = iter(program.stdout.readline, "")
        if not as_json:
            assert sorted(next(lines).split() for _ in range(2)) == [
                ["imported", "one"],
                ["imported", "two"],
            ]
            new = write(agents.with_name("c.jsonl"), meta(id=OTHER), user("three"))
            assert next(lines).split() == ["imported", "three"]
            write(new, meta(id=OTHER), user("three"), assistant("yes"))
            assert next(lines).split() == ["updated", "three"]
        else:
            write(agents, meta(), user("one"), assistant("yes"))
            found = next(json.loads(each) for each in lines if "updated" in each)
            assert set(found) == {"outcome", "id", "title", "messages", "path"}
            assert (found["title"], found["messages"]) == ("one", 2)
        program.send_signal(number)
        rest, errors = program.communicate(timeout=LIMIT)
    assert (program.returncode, rest) == (0, "")
    assert "Traceback" not in errors
    assert [act.kind for act in open_store(tmp_path / "store").log()] == ["import"]
    assert not list((tmp_path / "store" / "trash").glob("staging*"))


def titles() -> set[str]:
    return {json.loads(line)["title"] for line in run("list", "--json").stdout.splitlines()}


def test_all_agents_are_one_act_and_a_second_run_has_nothing_to_do():
    result = run("sync")
    assert (result.exit_code, titles()) == (0, {"one", "two"})
    assert "2 imported; undo with: agcx undo" in result.stderr
    again = run("sync")
    assert (again.exit_code, again.stdout) == (0, "")
    assert "2 already there" in again.stderr
    assert run("undo").exit_code == 0
    assert titles() == set()
    assert "2 conversations left out whose import was undone" in run("sync").stderr
    assert titles() == set()
    run("import", "codex")
    assert titles() == {"one"}


def test_a_reader_that_has_read_enough_does_not_end_the_import():
    """As `agcx sync --json | head`."""
    with subprocess.Popen(
        [*PROGRAM[:-1], "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        program.stdout.close()
        errors = program.stderr.read()
    assert (program.returncode, titles()) == (0, {"one", "two"})
    assert "2 imported" in errors


def test_it_ends_the_watch_with_the_next_line(agents):
    """As `agcx sync --watch | head -1`."""
    with subprocess.Popen(
        PROGRAM, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        program.stdout.close()
        errors = list(iter(program.stderr.readline, WATCHING))
        write(agents.with_name("c.jsonl"), meta(id=OTHER), user("three"))
        assert program.wait(LIMIT) == 0
    assert any("2 imported" in line for line in errors)
    assert titles() == {"one", "two", "three"}


def test_what_has_grown_grows_and_what_was_deleted_stays_away(agents):
    run("sync")
    write(agents, meta(), user("one"), user("and more"))
    assert "1 updated, 1 already there" in run("sync").stderr
    run(
        "delete", "--yes", *(json.loads(x)["id"] for x in run("list", "--json").stdout.splitlines())
    )
    assert run("sync").exit_code == 0
    assert titles() == set()


def test_a_dry_run_changes_nothing_and_what_cannot_be_read_is_told(agents):
    (agents.parent / "broken.jsonl").write_text("x\n", encoding="utf-8")
    result = run("sync", "--dry-run")
    assert (result.exit_code, "broken.jsonl" in result.stderr) == (1, True)
    assert titles() == set()


def test_what_is_not_understood_is_a_short_table_at_the_end(agents):
    for number in range(3):
        header = meta(id=f"{SESSION[:-1]}{number}")
        strange = [{"type": "brand_new", "payload": {"text": "news"}}] * 2
        bad = ['{"cut', '{"type": "x", "y"}'][: number % 2 + 1]
        write(agents.parent / f"{number}.jsonl", header, user(f"ask {number}"), *strange, *bad)
    result = run("sync")
    assert result.exit_code == 1
    rows = [" ".join(row.split()) for row in result.stderr.splitlines()]
    kind = "unknown type brand_new, in 3 files, first: line 3 of 0.jsonl"
    assert f"6 {kind}" in rows
    assert "3 cut off in the middle of the line, in 3 files, first: line 5 of 0.jsonl" in rows
    assert "1 not JSON, in 1 file, first: line 6 of 1.jsonl" in rows
    # No line for each file.
    assert len([row for row in rows if "0.jsonl" in row]) <= 4


def test_what_is_wrong_with_a_file_is_said_once_until_it_changes_or_is_named(agents):
    """Who syncs by a timer gets no error forever of a file of last year."""
    broken = write(agents.with_name("broken.jsonl"), "x")
    # The id is that of another conversation: so every run reads it.
    write(agents.with_name("strange.jsonl"), meta(), user("three"), '{"x", "y"}')
    assert run("sync").exit_code == 1
    for _ in range(2):
        result = run("sync")
        assert (result.exit_code, "broken.jsonl" in result.stderr) == (0, False)
        assert "(1 failed as before, unchanged: agcx import FILE says why)" in result.stderr
    assert run("import", "codex").exit_code == 0
    lines = [json.loads(line) for line in run("sync", "--json").stdout.splitlines()]
    (failed,) = [line for line in lines if line.get("outcome") == "failed"]
    assert failed["path"].endswith("broken.jsonl")
    result = run("import", broken)
    assert (result.exit_code, "broken.jsonl" in result.stderr) == (1, True)
    write(broken, "xyz")
    assert run("sync").exit_code == 1


def test_what_is_newly_wrong_is_said_although_the_file_is_as_it_was(agents, tmp_path):
    write(agents.with_name("c.jsonl"), meta(), user("of another conversation"))
    assert run("sync").exit_code == 0
    store = open_store(tmp_path / "store")
    path = store.path / store.resolve(SESSION).path
    path.write_bytes(path.read_bytes()[:-20])
    results = [run("sync") for _ in range(2)]
    assert [result.exit_code for result in results] == [1, 0]
    assert "c.jsonl: the store has it already, unreadable" in results[0].stderr


def test_places_that_may_not_be_entered_are_told_and_keep_nothing_else_away(agents, monkeypatch):
    with without_privileges() as folder:
        locked = folder / "locked"
        (locked / "projects").mkdir(parents=True)
        monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(locked))
        # As where the home directory is another user's.
        monkeypatch.setenv("AGCX_CONFIG", str(locked / "config.toml"))
        locked.chmod(0)
        result = run("sync")
        locked.chmod(0o700)
    assert (result.exit_code, titles()) == (1, {"one"})
    assert f"{locked}/projects: permission denied" in result.stderr


def test_where_no_agent_keeps_anything_nothing_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    result = run("sync")
    assert (result.exit_code, "nothing found" in result.stderr) == (0, True)
