"""`agcx import` finds out what a path is, and lists what the agents keep on a machine."""

from __future__ import annotations

import json

import pytest

from tests.support import transcript_lines as claude
from tests.support.rollout_lines import SESSION, event, meta, user, write
from tests.tui.cli.conftest import run


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("CODEX_HOME", "CLAUDE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def test_a_path_says_itself_which_agent_wrote_it(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "a.jsonl", meta(), user("one"))
    write(folder / "b.jsonl", claude.user("two"))
    write(folder / "c.jsonl", '{"nothing": "that an agent wrote"}')
    at = "--store", tmp_path / "store"
    result = run(*at, "import", folder)
    assert result.exit_code == 0
    assert [line.split()[-1] for line in result.stdout.splitlines()] == ["one", "two"]
    assert "no known agent wrote c.jsonl" in result.stderr
    again = run(*at, "import", folder / "a.jsonl", tmp_path / "store")
    assert again.exit_code == 0
    assert "1 already there" in again.stderr


def test_a_file_that_nothing_wrote_is_an_error(tmp_path):
    path = write(tmp_path / "c.jsonl", '{"nothing": "that an agent wrote"}')
    result = run("--store", tmp_path / "store", "import", path)
    assert (result.exit_code, "no known agent wrote it" in result.stderr) == (1, True)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_so_is_a_folder_where_nothing_else_is(tmp_path, options):
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "c.jsonl", '{"nothing": "that an agent wrote"}')
    result = run("--store", tmp_path / "store", "import", folder, *options)
    assert (result.exit_code, "no known agent wrote c.jsonl" in result.stderr) == (1, True)


def test_without_arguments_it_lists_what_is_found(home):
    sessions = home / ".codex" / "sessions"
    sessions.mkdir(parents=True)
    write(sessions / "a.jsonl", meta(), user("one"))
    result = run("import")
    assert result.exit_code == 0
    assert result.stdout.split() == ["codex", "1", "conversation", "~/.codex/sessions"]
    assert "Claude Code" in result.stderr
    listed = [json.loads(line) for line in run("import", "--json").stdout.splitlines()]
    assert next(each for each in listed if each["agent"] == "codex") == {
        "agent": "codex",
        "label": "Codex",
        "places": [str(sessions)],
        "conversations": 1,
    }
    # Also those that are not on this machine.
    assert {"agent": "claude", "label": "Claude Code", "places": [], "conversations": 0} in listed


@pytest.mark.parametrize("name", ["codex", "path"])
def test_options_may_stand_before_the_agent_or_the_path(name, home, tmp_path):
    sessions = home / ".codex" / "sessions"
    sessions.mkdir(parents=True)
    write(sessions / "a.jsonl", meta(), user("one"))
    # The value of an option, which is a path as well, is nothing to import.
    store = tmp_path / "store"
    store.mkdir()
    what = sessions if name == "path" else name
    result = run("import", "--store", store, "--dry-run", "--json", what)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[0])["title"] == "one"
    assert not list(store.iterdir())
    wrong = run("import", "--dry-run", "codec")
    assert wrong.exit_code == 2
    assert "no such agent or file: 'codec'" in wrong.stderr
    for option in (["--dry-run"], ["--store", store]):
        alone = run("import", *option)
        assert alone.exit_code == 2
        assert f"{option[0]} needs the name of an agent, or a path" in alone.stderr


def test_what_is_left_out_on_purpose_comes_with_the_command_that_imports_it(tmp_path):
    at = "--store", tmp_path / "store"
    one = write(tmp_path / "one.jsonl", meta(), user("one"))
    other = write(tmp_path / "other.jsonl", meta(), user("two"))
    for command in (["import", one], ["delete", SESSION, "--yes"]):
        assert run(*at, *command).exit_code == 0
    assert "1 deleted in the store: agcx import AGENT --deleted" in run(*at, "import", one).stderr
    assert run(*at, "import", "codex", one, "--deleted").exit_code == 0
    assert (
        "1 with the id of another: agcx import AGENT --own-id" in run(*at, "import", other).stderr
    )
    assert "1 imported" in run(*at, "import", "codex", other, "--own-id").stderr


def test_help_names_the_folders_of_an_agent():
    assert "~/.codex/sessions" in run("import", "codex", "--help").stdout
    assert "claude" in run("import", "--help").stdout


def test_a_subagent_is_listed_when_asked_for_and_counts_and_goes_with_its_parent(tmp_path):
    at = "--store", tmp_path / "store"
    child = "0199bbbb-1111-7222-8333-444455556666"
    source = {"subagent": {"thread_spawn": {"parent_thread_id": SESSION}}}
    used = [
        event("token_count", info={"total_token_usage": {"input_tokens": n, "output_tokens": 1}})
        for n in (1000, 100)
    ]
    write(tmp_path / "a.jsonl", meta(), user("parent"))
    write(tmp_path / "b.jsonl", meta(id=child, source=source), user("child"), used[0])
    write(tmp_path / "c.jsonl", meta(id=child.replace("b", "c")), user("another"), used[1])
    run(*at, "import", "codex", *(tmp_path / f"{name}.jsonl" for name in "abc"))
    listed = run(*at, "list", "--sort", "tokens").stdout
    assert listed.index("parent") < listed.index("another")
    assert "child" not in listed
    listed = run(*at, "list", "--sort", "tokens", "--subagents").stdout
    assert listed.index("another") < listed.index("parent") < listed.index("child")
    rows = [
        json.loads(line) for line in run(*at, "list", "--json", "--subagents").stdout.splitlines()
    ]
    sizes = {row["title"]: (row["bytes"], row["subagent_bytes"]) for row in rows}
    assert sizes["parent"][1] == sizes["child"][0]
    assert sizes["another"][1] == 0
    told = run(*at, "stats")
    assert "3 sessions (1 subagent) " in told.stderr
    assert "subagent-of:" not in told.stdout
    assert f"subagent of {SESSION}" in run(*at, "show", child).stdout
    deleted = run(*at, "delete", SESSION, "--yes", "--force")
    assert "With 1 subagent" in deleted.stderr
    assert "parent" not in run(*at, "list", "--subagents").stdout
    run(*at, "undo")
    assert run(*at, "delete", SESSION, "--yes", "--force", "--keep-subagents")
    assert "child" in run(*at, "list").stdout
