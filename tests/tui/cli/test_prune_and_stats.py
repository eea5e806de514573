"""Cleaning up by rule, and seeing where the space goes, on the command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from uuid import UUID

import pytest

from agcx_format import (
    InputText,
    Message,
    SessionStorage,
    SessionStore,
    new_message,
    new_session,
)
from agcx_format.space import Protected, PruneRule, Share, select
from agcx_format.store.store import open_store
from agcx_tui.cli.changing.prune import PROTECTED
from agcx_tui.core.words.format import size
from agcx_tui.core.words.spared import KINDS
from tests.support.stores import contents
from tests.tui.cli.conftest import GRID, QUEUE, Terminal, run


def ids(store) -> set[str]:
    return {str(entry.id)[:8] for entry in open_store(store).scan()}


def test_the_kinds_that_are_spared_are_those_of_the_library():
    assert tuple(Protected) == PROTECTED == tuple(KINDS)


def test_a_dry_run_shows_what_would_go_and_changes_nothing(store):
    before = contents(store, trash=True)
    result = run("prune", "--model", "gpt-5-codex", "--dry-run")
    assert result.exit_code == 0
    shown = {line[:8] for line in result.stdout.splitlines()}
    meant = {
        str(entry.id)[:8]
        for entry in open_store(store).scan()
        if entry.metadata and entry.metadata.model == "gpt-5-codex"
    }
    spared = meant - shown
    assert shown < meant
    # The favorite is spared, and so is the file that is cut off.
    assert GRID in spared
    assert "kept: " in result.stderr
    assert not re.search(r"\b1 (favorites|checkpoints)", result.stderr)
    assert contents(store, trash=True) == before


def test_what_was_shown_goes_and_comes_back(store):
    before = contents(store)
    shown = {
        line[:8] for line in run("prune", "--larger-than", "1k", "--dry-run").stdout.splitlines()
    }
    assert run("prune", "--larger-than", "1k").exit_code == 1
    assert contents(store) == before
    assert run("prune", "--larger-than", "1k", "--yes").exit_code == 0
    assert ids(store).isdisjoint(shown)
    assert open_store(store).acts()[0].kind == "prune"
    run("undo")
    assert contents(store) == before


def test_so_much_is_freed_and_what_is_missing_is_said(store):
    shown = run("prune", "--free", "10%", "--dry-run", "--json").stdout.splitlines()
    selection = select(open_store(store), PruneRule(free=Share(10)), time.time_ns())
    assert [json.loads(line)["path"] for line in shown] == [
        each.entry.path for each in selection.chosen
    ]
    assert selection.missing == 0
    result = run("prune", "--free", "1GB", "--dry-run")
    assert re.search(r" · 1\.0 GB short of 1\.0 GB · kept: ", result.stderr)


def test_in_a_terminal_it_asks(store):
    terminal = Terminal("prune", "--keep", "3")
    terminal.wait_for("[y/N]: ")
    terminal.type("n\r")
    status, _ = terminal.finish()
    assert status == 1
    assert open_store(store).acts() == []


def test_favorites_that_were_named_are_asked_about_once_more(store):
    before = contents(store, trash=True)
    assert "kept: 1 favorite" in run("prune", "--tag", "ui", "--dry-run").stderr
    # In British spelling, too.
    named = ["--include", "favourites", "--include", "checkpoints"]
    terminal = Terminal("prune", "--tag", "ui", *named)
    terminal.wait_for("[y/N]: ")
    terminal.type("y\r")
    terminal.wait_for("Also the favorite “Fix the grid layout”?")
    terminal.type("n\r")
    status, _ = terminal.finish()
    assert status == 1
    assert contents(store, trash=True) == before
    assert run("prune", "--tag", "ui", *named, "--yes").exit_code == 0
    assert GRID not in ids(store)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no condition given"),
        (["--older-than", "soon"], "a date such as"),
        (["--larger-than", "much"], "a size such as"),
        # Thirty bytes would be everything.
        (["--max-total", "30"], "30 needs a unit, as in 30MB"),
        (["--free", "30"], "or a share such as 20%"),
        (["--free", "130%"], "130% is more than all"),
        (["--include", "all"], "'all' is not one of"),
    ],
)
def test_wrong_use(store, words, said):
    before = contents(store, trash=True)
    result = run("prune", "--yes", *words)
    assert (result.exit_code, said in result.stderr) == (2, True)
    assert contents(store, trash=True) == before


@pytest.mark.parametrize(
    "option",
    [
        "--older-than",
        "--larger-than",
        "--keep",
        "--model",
        "--tag",
        "--directory",
        "--export",
        "--free",
    ],
)
@pytest.mark.parametrize("blank", ["", " "])
def test_an_empty_value_never_passes_for_no_condition(store, option, blank):
    before = contents(store, trash=True)
    result = run("prune", "--empty", "--keep", "1", option, blank, "--yes")
    assert (result.exit_code, option in result.stderr) == (2, True)
    assert contents(store, trash=True) == before


@pytest.mark.parametrize("options", [(), ("--overwrite",)])
def test_of_two_sessions_with_one_id_in_two_layouts_both_are_exported(tmp_path, options):
    root, out = tmp_path / "store", tmp_path / "out"
    for number, (kind, place) in enumerate(
        [(SessionStorage, root), (SessionStore, tmp_path / "other")]
    ):
        asked = new_message(Message(None, "user", [InputText(f"words {number}")]))
        made = new_session(id=UUID(int=7), messages=[asked])
        kind(place).save_session(made.metadata.id, *made)
    shutil.copytree(tmp_path / "other" / "sessions", root / "sessions")
    words = ["prune", "--keep", "0", "--include", "in-use", "--yes", "--export", out, *options]
    assert run(*words, "--store", root).exit_code == 0
    assert len(open_store(root)) == 0
    texts = [path.read_text() for path in out.iterdir()]
    assert sorted(number for text in texts for number in (0, 1) if f"words {number}" in text) == [
        0,
        1,
    ]


def test_only_what_was_exported_goes(store, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    queue = open_store(store).resolve(QUEUE)
    (out / f"{queue.id}.json").write_text("mine")
    result = run("prune", "--larger-than", "1k", "--export", out, "--yes")
    assert result.exit_code == 1
    assert "the session was not deleted" in result.stderr
    assert QUEUE in ids(store)
    assert (out / f"{queue.id}.json").read_text() == "mine"
    gone = {str(each.id) for each in open_store(store).trash()}
    assert gone
    assert {path.stem for path in out.iterdir()} == gone | {str(queue.id)}


@pytest.mark.parametrize("options", [[], ["--overwrite"]])
def test_what_went_into_a_device_was_not_kept(store, tmp_path, options):
    out = tmp_path / "out"
    out.mkdir()
    queue = open_store(store).resolve(QUEUE)
    (out / f"{queue.id}.json").symlink_to(os.devnull)
    result = run("prune", "--larger-than", "1k", "--export", out, "--yes", *options)
    assert (result.exit_code, "the session was not deleted" in result.stderr) == (1, True)
    assert QUEUE in ids(store)
    assert (out / f"{queue.id}.json").is_symlink()


def test_what_was_kept_the_first_time_counts_the_second_time(store, tmp_path):
    words = ["prune", "--larger-than", "1k", "--export", tmp_path / "out", "--yes"]
    assert run(*words).exit_code == 0
    gone = {str(each.id) for each in open_store(store).trash()}
    run("undo")
    other = tmp_path / "out" / f"{open_store(store).resolve(QUEUE).id}.json"
    other.write_text(other.read_text() + " ")
    again = run(*words)
    assert again.exit_code == 1
    assert "--overwrite replaces it" in again.stderr
    assert {str(each.id) for each in open_store(store).trash()} == gone - {other.stem}
    assert run(*words, "--overwrite").exit_code == 0
    assert other.stem not in {str(entry.id) for entry in open_store(store).scan()}
    assert run("prune", "--keep", "1", "--overwrite").exit_code == 2


def test_what_falls_under_a_rule_is_told_to_programs_with_the_reasons(store):
    result = run("prune", "--larger-than", "1k", "--dry-run", "--json")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    selection = select(open_store(store), PruneRule(larger_than=1000), time.time_ns())
    assert [(one["path"], one["bytes"], one["reasons"]) for one in told] == [
        (each.entry.path, each.size, list(each.reasons)) for each in selection.chosen
    ]


@pytest.mark.parametrize(
    "words", [["delete", GRID, QUEUE], ["prune", "--larger-than", "1k", "--include", "favorites"]]
)
def test_the_question_tells_what_one_would_want_to_know(store, words):
    told = run(*words).stderr
    assert "Last used between " in told
    assert re.search(r"★ (One of them is a favorite|2 of them are favorites)\.", told)
    assert "changed in the last 5 minutes" not in told
    now = time.time_ns()
    os.utime(open_store(store).resolve(QUEUE).path, ns=(now, now))
    assert "! One of them changed in the last 5 minutes" in run(*words, *_AT_WORK[words[0]]).stderr


_AT_WORK = {"delete": [], "prune": ["--include", "in-use"]}


def test_duplicates_are_told_apart(store):
    opened = open_store(store)
    copy, _ = opened.duplicate(opened.resolve(QUEUE).id)
    result = run("prune", "--duplicates", "--dry-run")
    assert [line[:8] for line in result.stdout.splitlines()] == [QUEUE]
    assert str(copy) in result.stdout


def test_stats_are_aligned_and_tell_the_total(store):
    result = run("stats")
    assert result.exit_code == 0
    lines = [line for line in result.stdout.splitlines() if "█" in line]
    assert len({line.index("B  ") for line in lines if line.isascii()}) <= 1
    assert "By model" in result.stdout
    assert "gpt-5-codex" in result.stdout
    opened = open_store(store)
    total = sum(entry.size for entry in opened.scan()) + sum(opened.checkpoint_sizes().values())
    facts = json.loads(run("stats", "--json").stdout)
    assert facts["disk"] == total
    assert sum(model["disk"] for model in facts["model"]) == total
    assert facts["incomplete"] == 2
    assert facts["kinds"]["output"] > facts["kinds"]["user"] > 0
    assert "15 sessions" in result.stderr


def test_stats_are_measured_once_and_leave_the_store_alone(store, tmp_path):
    before = contents(store, trash=True)
    first = run("stats", "--json").stdout
    assert contents(store, trash=True) == before
    (kept,) = (tmp_path / "cache" / "agcx" / "stats").iterdir()
    written = kept.stat().st_mtime_ns
    assert run("stats", "--json").stdout == first
    assert kept.stat().st_mtime_ns == written


def test_what_was_deleted_is_told_to_take_its_space_still(store):
    assert "in the trash" not in run("stats").stderr
    run("delete", QUEUE, "--yes")
    (gone,) = open_store(store).trash()
    assert json.loads(run("stats", "--json").stdout)["trash"] == gone.size
    assert f" · {size(gone.size)} in the trash" in run("stats").stderr


def test_what_stats_print_is_made_safe(store):
    entry = open_store(store).resolve(QUEUE)
    open_store(store).update_metadata(entry.id, title="\x1b[31mred", tags=["\x1b[2J"])
    result = run("stats")
    assert "\x1b" not in result.stdout + result.stderr
