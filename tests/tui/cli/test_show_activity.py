"""`agcx show --activity` tells what happened in a session: time, failures, files, edits, modes."""

from __future__ import annotations

import json

import pytest

from agcx_format import write_session
from tests.support.everything import everything
from tests.tui.cli.conftest import BROKEN, run


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "everything.agcx"
    metadata, conversation, state = everything()
    write_session(path, metadata, conversation, state, layout=2)
    return path


def test_each_group_is_told_with_the_messages_to_look_at(path):
    shown = run("show", path, "--activity").stdout
    groups = dict(each.split("\n", 1) for each in shown.strip().split("\n\n"))
    assert list(groups) == [
        "everythingtitle", "Activity", "Modes · 2", "Failed calls · 4", "Tools · 5", "Other files · 6",
        "Edited messages · 5",
    ]  # fmt: skip
    assert "message 5             exit 2 · shell · rm -rf build" in groups["Failed calls · 4"]
    assert "(recordfailure)" in groups["Failed calls · 4"]
    assert "2 calls  (1 failed · 1.2 s)" in groups["Tools · 5"]
    assert "Plan                  6.0 s" in groups["Modes · 2"]
    assert "3  (17 messages)" in groups["Activity"]


def test_modes_are_told_only_where_the_file_has_them(tmp_path):
    path = tmp_path / "old.agcx"
    write_session(path, *everything(), layout=1)
    assert "Modes" not in run("show", path, "--activity").stdout


def test_as_json_a_call_that_failed_has_its_outcome(path):
    found = json.loads(run("show", path, "--activity", "--json").stdout)
    first = found["failed"][0]
    assert (first["number"], first["gist"]) == (5, "rm -rf build")
    assert first["outcome"] == {
        "success": False, "exit_code": 2, "seconds": 1.25, "error": "exit code 2", "status": None,
    }  # fmt: skip
    assert [each["mode"] for each in found["modes"]] == ["Plan", "Build"]


def test_of_a_damaged_session_what_can_be_read_is_told_and_the_damage_reported(store):
    result = run("show", BROKEN, "--activity")
    assert "messages" in result.stdout
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)


@pytest.mark.parametrize("words", [["--last", "3"], ["--messages", "2-3"]])
def test_it_is_of_the_whole_session(path, words):
    result = run("show", path, "--activity", *words)
    assert (result.exit_code, "covers the whole session" in result.stderr) == (2, True)


def test_tokens_and_cost_are_told_where_an_import_noted_them(tmp_path):
    path = tmp_path / "imported.agcx"
    metadata, conversation, state = everything()
    noted = {"AGCX_TOKENS_INPUT": "12000", "AGCX_TOKENS_OUTPUT": "345", "AGCX_COST_USD": "0.25"}
    context = conversation.context.replace(environment_variables=noted)
    write_session(path, metadata, conversation.replace(context=context), state)
    shown = run("show", path, "--activity").stdout.split("\n\n")[1]
    assert all(word in shown for word in ("12,000", "345", "$0.25"))
    found = json.loads(run("show", path, "--activity", "--json").stdout)
    usage = [found[name] for name in ("tokens_input", "tokens_cached", "tokens_output", "cost_usd")]
    assert usage == [12000, None, 345, 0.25]
