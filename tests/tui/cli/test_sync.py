"""`agcx sync` imports what is new of all agents, in one act."""

from __future__ import annotations

import json

import pytest

from tests.support import transcript_lines as claude
from tests.support.rollout_lines import meta, user, write
from tests.tui.cli.conftest import run


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


def test_where_no_agent_keeps_anything_nothing_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    result = run("sync")
    assert (result.exit_code, "nothing found" in result.stderr) == (0, True)
