"""What `agcx list` and `agcx show` print, for people and for programs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import unicodedata

import pytest

from agcx_format.store.store import open_store
from agcx_tui.cli.reading.listing import SORTS, short_ids
from tests.support.golden_files import GOLDEN
from tests.support.waiting import LIMIT
from tests.tui.cli.conftest import BROKEN, GRID, QUEUE, TORN, program, run, run_program

HOSTILE = GOLDEN / "v1" / "8069e5e4-070d-4fb8-be9e-9a073c6e2e45.agcx"


def is_harmless(text: str) -> bool:
    return not any(unicodedata.category(c) == "Cc" and c != "\n" for c in text)


def test_the_last_opened_session_comes_first(store):
    titles = [json.loads(line).get("title") for line in run("list", "--json").stdout.splitlines()]
    assert titles[:3] == [
        "Teach deploy.sh a --dry-run",
        "Fix the grid layout",
        "Why does the queue stall after a deploy?",
    ]


def test_a_line_says_age_project_star_title_messages_size_and_id(store):
    line = next(line for line in run("list").stdout.splitlines() if "grid" in line)
    assert re.fullmatch(
        rf" *2 h ago  site +★ Fix the grid layout +24 +\d\.\d kB  {GRID}", line
    )  # fmt: skip


def test_the_columns_stand_straight_also_after_wide_characters(store):
    from rich.cells import cell_len

    lines = run("list").stdout.splitlines()
    assert any("検索" in line for line in lines)
    assert len({cell_len(line) for line in lines}) == 1


def test_many_projects_that_were_never_looked_up_are_not_waited_for(store, monkeypatch):
    monkeypatch.setattr("agcx_tui.cli.reading.listing.MOST_READ", 3)
    result = run("list")
    assert "The projects of 14 sessions are shown once the browser has listed them" in result.stderr
    assert re.search(r"^ *2 h ago  ★ Fix the grid layout", result.stdout, re.MULTILINE)


def test_an_unreadable_file_is_listed_with_the_reason(store):
    result = run("list", "--filter", "is:broken")
    assert result.exit_code == 0
    assert re.search(rf"! cut off in metadata .* {TORN}\n", result.stdout)
    assert "cut off in messages" in result.stdout
    assert "2 unreadable" in result.stderr


def test_json_holds_every_field_and_says_why_a_file_is_unreadable(store):
    facts = {f["id"][:8]: f for f in map(json.loads, run("list", "--json").stdout.splitlines())}
    grid = facts[GRID]
    assert grid["tags"] == ["ui"]
    assert grid["checkpoints"][0]["name"] == "before the rewrite"
    assert grid["bytes"] == os.stat(grid["path"]).st_size
    assert grid["error"] is None
    assert facts[TORN]["error"]["section"] == "metadata"
    assert len(facts) == len(list(store.glob("*.agcx")))


def test_sort_and_reverse(store):
    def sizes(*words):
        lines = run("list", "--json", "--sort", "size", *words).stdout.splitlines()
        return [json.loads(line)["bytes"] for line in lines]

    assert sizes() == sorted(sizes(), reverse=True)
    assert sizes("--reverse") == sorted(sizes())


def test_sorted_by_ratio_the_ratio_is_shown(store):
    lines = run("list", "--sort", "ratio").stdout.splitlines()
    shown = [re.search(r"([\d.]+|–)(?: %)? +\S+$", line)[1] for line in lines]
    known = [float(ratio) for ratio in shown if ratio != "–"]
    assert known == sorted(known, reverse=True)
    assert shown[len(known) :] == ["–"] * (len(lines) - len(known)) != []


def test_the_sort_keys_are_those_of_the_browser():
    from agcx_tui.core.sessions.sorting import SORTS as OF_THE_TABLE

    assert OF_THE_TABLE == SORTS


def test_a_filter_narrows_and_one_that_means_nothing_is_wrong_use(store):
    assert len(run("list", "--filter", "model:gpt-5 tag:ui").stdout.splitlines()) == 1
    result = run("list", "--filter", "larger:many")
    assert result.exit_code == 2
    assert "larger: a size such as 500k" in result.stderr


def test_listing_writes_nothing_into_the_store(store):
    before = sorted(os.listdir(store)), os.stat(store).st_mtime_ns
    run("list")
    run("show", GRID)
    assert (sorted(os.listdir(store)), os.stat(store).st_mtime_ns) == before


@pytest.mark.parametrize("words", [["list"], ["list", "--json"]])
def test_hostile_titles_reach_no_terminal(store, words):
    result = run("--store", HOSTILE.parent, *words)
    assert "not markup" in result.stdout
    assert is_harmless(result.stdout)


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_hostile_messages_reach_no_terminal(store, words):
    result = run("show", HOSTILE, *words)
    assert "<script>alert(1)</script>" in result.stdout
    assert is_harmless(result.stdout)


def test_a_filter_finds_every_form_of_a_word(store):
    assert run("edit", GRID, "--title", "Cafe\u0301 Straße", "--force").exit_code == 0
    for query in ("café", "Café", "cafe\u0301", "strasse", "ｓｔｒａｓｓｅ"):
        assert "Cafe\u0301 Straße" in run("list", "--filter", query).stdout, query
    for query in ("cafe", "CAFÉ", "Strasse"):
        assert "Cafe\u0301 Straße" not in run("list", "--filter", query).stdout, query


def test_a_file_name_that_is_no_text_is_listed(store):
    source = next(store.glob(f"{GRID}*"))
    os.link(source, os.fsencode(store) + b"/\xff\x1b[31m.agcx")
    for words in (["list"], ["list", "--json"]):
        result = run_program(*words)
        assert result.returncode == 0
        assert is_harmless(result.stdout)


def test_short_ids_are_as_long_as_tells_them_apart():
    one, other = "01997e76-d124-7592", "01997e76-d129-7592"
    assert short_ids([other, "5af40c88-028e", one]) == [
        "01997e76-d129",
        "5af40c88",
        "01997e76-d124",
    ]


def test_a_session_is_named_by_id_prefix_or_path(store):
    entry = open_store(store).resolve(GRID)
    shown = [run("show", name).stdout for name in (str(entry.id), GRID[:4], entry.path)]
    assert shown[0].startswith("Fix the grid layout\n")
    assert shown[0] == shown[1] == shown[2]


def test_a_name_that_fits_nothing_is_one_line_and_status_1(store):
    result = run("show", "ffff")
    assert result.exit_code == 1
    assert result.stderr == f"agcx: {store}: no session 'ffff'\n"
    assert result.stdout == ""


def test_messages_can_be_chosen(store):
    numbers = re.compile(r"^\[(\d+)\]", re.MULTILINE)
    assert numbers.findall(run("show", GRID, "--messages", "3-5").stdout) == ["3", "4", "5"]
    assert numbers.findall(run("show", GRID, "--messages", "23-").stdout) == ["23", "24"]
    assert numbers.findall(run("show", GRID, "--messages", "-2").stdout) == ["1", "2"]
    assert numbers.findall(run("show", GRID, "--messages", "24").stdout) == ["24"]
    assert numbers.findall(run("show", GRID, "--last", "2").stdout) == ["23", "24"]
    beyond = run("show", GRID, "--messages", "500-600")
    assert (beyond.exit_code, beyond.stderr) == (1, "agcx: the session has only 24 messages\n")
    for wrong in ("0", "7-3", "x", "-"):
        assert run("show", GRID, "--messages", wrong).exit_code == 2


def test_json_of_messages_is_serdes_form_with_the_number(store):
    lines = run("show", GRID, "--json", "--messages", "1-2").stdout.splitlines()
    first, second = map(json.loads, lines)
    assert first["number"] == 1
    assert first["item"]["content"][1]["type"] == "input_image"
    assert second["item"]["type"] == "reasoning"


def test_a_damaged_file_is_shown_up_to_the_damage(store):
    result = run("show", BROKEN)
    assert result.exit_code == 1
    assert "Some customers wait ten seconds" in result.stdout
    assert "[5] output" in result.stdout
    assert re.match(r"agcx: .*: messages, byte [\d,]+: the data ends inside", result.stderr)


def test_a_reader_that_goes_away_is_no_error(store):
    listing = subprocess.Popen(
        program("show", QUEUE), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert listing.stdout.readline()
    listing.stdout.close()
    assert listing.stderr.read() == ""
    assert listing.wait(timeout=LIMIT) == 0
    listing.stderr.close()
