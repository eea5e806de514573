"""`agcx import` says what became of every line, and `agcx list` what it noted."""

from __future__ import annotations

import json

from tests.support.rollout_lines import assistant, event, line, meta, user, write
from tests.tui.cli.conftest import run


def test_the_end_of_an_import_says_what_became_of_all_lines(tmp_path):
    lines = [meta(), user("one"), event("user_message", message="one"), assistant("two")]
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "a.jsonl", *lines)
    result = run("--store", tmp_path / "store", "import", "codex", tmp_path / "in")
    assert result.exit_code == 0
    table = [row.split("  ") for row in result.stderr.splitlines()[:4]]
    assert [[part.strip() for part in row if part.strip()][:2] for row in table] == [
        ["taken", "2 messages"], ["for display", "1 line"], ["no conversation", "1 line"],
        ["not understood", "0 lines"],
    ]  # fmt: skip
    assert "first: event_msg.user_message, line 3 of a.jsonl" in result.stderr


def test_an_import_of_nothing_new_has_no_table_of_lines(tmp_path):
    """Also if a file is read again, as one is whose id another one has."""
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "a.jsonl", meta(), user("one"))
    write(folder / "b.jsonl", meta(), user("another"))
    assert "taken" in run("--store", tmp_path / "store", "import", "codex", folder).stderr
    again = run("--store", tmp_path / "store", "import", "codex", folder)
    assert "1 skipped" in again.stderr
    assert "lines" not in again.stderr


def test_what_is_not_understood_is_named_and_sets_the_exit_status(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "a.jsonl", meta(), user("one"), line("brand_new", {"text": "\x1b[31mnews"}))
    result = run("--store", tmp_path / "store", "import", "codex", folder)
    assert result.exit_code == 1
    assert "line 3 not understood: unknown type brand_new, kept as text" in result.stderr
    assert "\x1b" not in result.stdout + result.stderr
    # Nothing is read the second time, so nothing is new to report.
    assert run("--store", tmp_path / "store", "import", "codex", folder, "--json").stdout
    found, _ = map(
        json.loads,
        run("--store", tmp_path / "b", "import", "codex", folder, "--json").stdout.splitlines(),
    )
    assert found["unknown"] == {"brand_new": 1}
    assert found["examples"]["brand_new"]["line"] == 3
    assert "news" in found["examples"]["brand_new"]["text"]
    assert found["not_understood"] == 1


def test_details_of_a_list_are_what_the_import_noted(tmp_path):
    used = {"input_tokens": 10, "cached_input_tokens": 4, "output_tokens": 2}
    path = write(
        tmp_path / "a.jsonl", meta(git={"commit_hash": "c0ffee", "branch": "main"}), user("one"),
        event("token_count", info={"total_token_usage": used}),
    )  # fmt: skip
    at = "--store", tmp_path / "store"
    assert run(*at, "import", "codex", path).exit_code == 0
    found = json.loads(run(*at, "list", "--json", "--details").stdout)
    assert {name: found[name] for name in ("tokens_input", "tokens_cached", "tokens_output")} == {
        "tokens_input": 10, "tokens_cached": 4, "tokens_output": 2,
    }  # fmt: skip
    assert (found["commit"], found["branch"], found["cost_usd"]) == ("c0ffee", "main", None)
    assert "commit" not in json.loads(run(*at, "list", "--json").stdout)
    assert run(*at, "list", "--details").exit_code == 2
