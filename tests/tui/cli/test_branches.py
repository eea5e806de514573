"""A conversation that branches goes out as one path or as all, in every format."""

from __future__ import annotations

import json

import pytest

from agcx_format import from_session_json, write_session
from tests.support.everything import everything
from tests.tui.cli.conftest import run

# The words of the message before the branches, and of those in each.
STEM, FIRST, SECOND = "answerwords", "branchanswer", "secondbranch"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "everything.agcx"
    write_session(path, *everything(), layout=2)
    return path


def exported(path, *arguments):
    done = run("export", path, "-o", "-", *arguments)
    assert done.exit_code == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("format", ["md", "html", "txt", "jsonl", "json"])
def test_one_path_or_all_of_them(path, format):
    newest = exported(path, "--format", format, "--branch", "newest")
    assert STEM in newest
    assert SECOND in newest
    assert FIRST not in newest
    named = exported(path, "--format", format, "--branch", "branchw")
    assert STEM in named
    assert FIRST in named
    assert SECOND not in named
    everything = exported(path, "--format", format)
    assert FIRST in everything
    assert SECOND in everything


def test_a_path_as_json_is_a_session_with_as_many_messages_as_it_says(path):
    metadata, conversation, _ = from_session_json(
        exported(path, "--format", "json", "--branch", "branchwords")
    )
    assert metadata.message_count == len(conversation.messages) == 16


def test_a_rollout_takes_back_the_paths_that_were_left(path):
    lines = exported(path, "--format", "codex")
    # Codex reads on after what it takes back.
    assert lines.index(FIRST) < lines.index('"thread_rolled_back"') < lines.index(SECOND)
    newest = exported(path, "--format", "codex", "--branch", "newest")
    assert SECOND in newest
    assert FIRST not in newest


def test_secrets_on_other_paths_are_not_looked_for(path, tmp_path):
    arguments = ["export", path, "--redact", "--branch", "newest", "-o", tmp_path / "a.md"]
    assert "nothing was found" in run(*arguments).stderr


def test_show_shows_one_path(path):
    shown = run("show", path, "--branch", "newest").stdout
    assert SECOND in shown
    assert FIRST not in shown
    assert "── Branch “secondbranch” ──" in shown
    lines = run("show", path, "--branch", "13", "--json").stdout.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [*range(1, 15), 16, 17]


def test_show_ends_with_the_branches_and_how_they_differ(path):
    shown = run("show", path).stdout.split("── 2 branches; --branch shows one of them ──\n\n")[1]
    assert shown.splitlines() == [
        "“branchwords” · message 13: 2 messages, continues from message 12",
        "   ends: branchanswer",
        "“secondbranch” · message 15: 1 message, continues from message 12 · newest",
        "",
    ]
    assert "2 branches" not in run("show", path, "--last", "3").stdout


def test_a_branch_that_there_is_not_is_answered_with_those_there_are(path):
    for command in (["show", path], ["export", path]):
        done = run(*command, "--branch", "elsewhere")
        assert done.exit_code == 1
        assert "13 “branchwords”, 15 “secondbranch”" in done.stderr
