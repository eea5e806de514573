"""Every command does its work on files of whatever name, and no name orders the terminal about."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agcx_tui.cli import agcx
from tests.support.odd_names import BROKEN, ODD, add_odd_names, path_of
from tests.tui.cli.conftest import QUEUE, run, run_program
from tests.tui.cli.test_list_and_show import is_harmless

# Each command that takes a session, and how it ends for one that is whole and for one that is broken.
ON_ONE = [
    (["show"], 0, 1),
    (["show", "--json"], 0, 1),
    (["verify"], 0, 1),
    (["verify", "--json"], 0, 1),
    *(
        (["export", "--format", each], 0, 1)
        for each in ("md", "html", "json", "jsonl", "txt", "codex", "claude")
    ),
    (["edit", "--title", "A title", "--force"], 0, 1),
    (["edit", "--tag", "odd", "--favorite", "--force"], 0, 1),
    (["edit", "--model", "gpt", "--mode", "plan", "--directory", "there", "--force"], 0, 1),
    (["checkpoint", "list"], 0, 0),
    (["redact", "--secrets", "--text", "the", "--dry-run"], 0, 1),
    (["redact", "--text", "the", "--with", "a", "--yes", "--force"], 0, 1),
    (["checkpoint", "list", "--json"], 0, 0),
    (["copy", "--to", "copied"], 0, 1),
    (["copy", "--to", "copied", "--json"], 0, 1),
    (["convert", "--layout", "1"], 0, 0),
    (["convert", "--layout", "2", "--dry-run", "--json"], 0, 1),
    (["backup", "create", "backup.tar"], 0, 0),
    (["backup", "list", "backup.tar", "--sessions"], 0, 0),
    (["delete", "--yes"], 0, 0),
    (["undo"], 0, 0),
    (["undo", "--list"], 0, 0),
    (["trash", "list"], 0, 0),
    (["trash", "list", "--json"], 0, 0),
]  # fmt: skip
TAKES_NONE = ("undo", "trash")

ON_ALL = [
    ["checkpoint", "list"], ["checkpoint", "list", "--json"],
    ["list"], ["list", "--json"], ["list", "--filter", "caf"], ["list", "--sort", "title"], ["verify"],
    ["verify", "--json"], ["stats"], ["stats", "--json"], ["prune", "--older-than", "1d", "--dry-run"],
    ["prune", "--older-than", "1d", "--dry-run", "--json"], ["prune", "--duplicates", "--dry-run"],
    ["prune", "--unlisted-checkpoints", "--keep-checkpoints", "0", "--dry-run"],
    ["search", "the"], ["search", "the", "--json"], ["search", "the", "--sessions"],
    ["search", "the", "--count"],
]  # fmt: skip


@pytest.fixture
def odd(store) -> list[str]:
    return add_odd_names(store, next(store.glob(f"{QUEUE}*")))


def ran(*words: str | Path):
    """What a command wrote, which is text, and nothing that a terminal obeys."""
    result = run(*words)
    assert result.exception is None or isinstance(result.exception, SystemExit), words
    assert is_harmless(result.stdout), words
    assert is_harmless(result.stderr), words
    return result


@pytest.mark.parametrize("name", [*ODD, BROKEN], ids=ascii)
def test_every_command_that_takes_a_session_takes_this_one(store, odd, name):
    path = path_of(store, name)
    for (command, *options), whole, broken in ON_ONE:
        words = [] if command in TAKES_NONE or options[:1] == ["list"] else ["--", path]
        result = ran(command, *options, *words)
        assert result.exit_code == (broken if name == BROKEN else whole), (
            command,
            options,
            result.output,
        )
    assert os.path.lexists(path)


@pytest.mark.parametrize("words", ON_ALL, ids=" ".join)
def test_every_command_over_a_store_of_such_names_ends_well(odd, words):
    result = ran(*words)
    assert result.exit_code in (0, 1)
    assert result.output


def test_a_list_as_json_names_each_file_so_that_it_is_found_again(odd):
    listed = [json.loads(line) for line in ran("list", "--json").stdout.splitlines()]
    paths = {each["path"] for each in listed}
    assert len([path for path in paths if path in odd]) == len(odd)


def test_exports_and_repairs_go_into_places_of_such_names(odd, tmp_path):
    target = tmp_path / os.fsdecode(b"out\xe9\x1b[31m\n")
    assert ran("export", "-o", f"{target}/", "--format", "md", "--", odd[0]).exit_code == 0
    assert ran("export", "-o", f"{target}/x\n", "--format", "txt", "--", odd[1]).exit_code == 0
    data = Path(odd[2]).read_bytes()
    Path(odd[2]).write_bytes(data[: len(data) * 3 // 4])
    assert ran("repair", "-o", f"{target}/r", "--", odd[2]).exit_code == 0
    assert len([each for each in target.rglob("*") if each.is_file()]) == 3


def test_a_store_of_such_a_name_is_opened_and_all_of_it_deleted_and_restored(store, odd, tmp_path):
    other = store.rename(tmp_path / os.fsdecode(b"store\xe9\x1b[31m\n"))
    count = len(ran("list", "--json", "--store", other).stdout.splitlines())
    for name in (*ODD, BROKEN):
        assert ran("delete", "--yes", "--store", other, "--", path_of(other, name)).exit_code == 0
    assert len(ran("list", "--json", "--store", other).stdout.splitlines()) == count - len(odd)
    assert ran("trash", "restore", "--all", "--store", other).exit_code == 0
    assert len(ran("list", "--json", "--store", other).stdout.splitlines()) == count


def test_two_of_them_are_joined(odd):
    assert ran("join", "--force", "--", odd[0], odd[1]).exit_code == 0
    assert not os.path.lexists(odd[1])


def test_as_programs_they_are_the_same(odd):
    for words in (
        ["list"],
        ["show", "--", odd[0]],
        ["verify", "--", odd[8]],
        ["delete", "--yes", "--", odd[1]],
    ):
        result = run_program(*words)
        assert result.returncode == 0, result.stderr
        assert is_harmless(result.stdout + result.stderr)


def test_no_command_is_left_out():
    used = {words[0] for words, *_ in ON_ONE} | {words[0] for words in ON_ALL}
    # `repair` and `join` are above; the others take no session.
    assert set(agcx.places) - used <= {
        "browse",
        "join",
        "repair",
        "demo",
        "import",
        "sync",
        "mcp",
        "config",
        "completion",
    }
