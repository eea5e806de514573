"""What is one is told in the singular, and what is cut says so."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from agcx_format import read_session, write_session
from agcx_format.store.store import open_store
from agcx_tui.core.words.format import shortened
from tests.support.rollout_lines import meta, user
from tests.tui.cli.conftest import GRID, run

# No unit and no abbreviation ends in an s: what does is a plural, but for these.
_NOT_PLURALS = {"ms", "s", "is", "was", "has", "stands", "fits"}
_ONE = re.compile(r"(?<![\d.,:/-])1 (?:more |deleted )?(\w+s)\b")


def wrong_plurals(text: str) -> list[str]:
    return [found[0] for found in _ONE.finditer(text) if found[1] not in _NOT_PLURALS]


@pytest.fixture
def one(store) -> Path:
    """A store with one session of one message."""
    path = Path(open_store(store).resolve(GRID).path)
    metadata, conversation, state = read_session(path)
    for other in store.iterdir():
        if other.is_file() and other != path:
            other.unlink()
    metadata = replace(metadata, message_count=1, turn_count=1, tags=["x"], is_favorite=False)
    conversation = replace(conversation, messages=conversation.messages[:1])
    write_session(path, metadata, conversation, state)
    return store


def test_one_of_anything_is_told_in_the_singular(one, tmp_path):
    rollout = tmp_path / "rollout.jsonl"
    rollout.write_text("\n".join(['{"cut', json.dumps(meta()), json.dumps(user("one"))]))
    cut = tmp_path / "cut.agcx"
    cut.write_bytes(b"A")
    (tmp_path / "long.agcx").write_bytes(next(one.glob("*.agcx")).read_bytes() + b"\0")
    said = ""
    for words in [
        ["list"], ["show", GRID], ["stats"], ["verify", "--verbose"], ["verify", cut, tmp_path / "long.agcx"],
        ["export", GRID, "--format", "txt"], ["export", GRID, "-o", f"{tmp_path}/out/"],
        ["edit", GRID, "--tag", "y", "--force"], ["undo", "--list"], ["undo"],
        ["prune", "--keep", "0", "--dry-run"], ["delete", GRID, "--yes", "--force"], ["trash", "list"],
        ["undo", "--list"], ["trash", "restore", "--all"], ["delete", GRID, "--yes", "--force"],
        ["trash", "empty"], ["trash", "empty", "--yes"], ["import", "codex", rollout],
        ["repair", cut, "-o", tmp_path / "repaired"], ["show", cut], ["list"],
    ]:  # fmt: skip
        result = run(*words)
        said += result.stdout + result.stderr
    assert wrong_plurals(said) == []
    for right in ("1 session", "1 message", "1 change", "line 1 not understood"):
        assert right in said


def test_a_long_title_says_that_it_is_cut(one):
    path = Path(open_store(one).resolve(GRID).path)
    metadata, conversation, state = read_session(path)
    write_session(path, replace(metadata, title="abcdefghi " * 30), conversation, state)
    for words in (
        ["list"],
        ["delete", GRID],
        ["delete", GRID, "--yes", "--force"],
        ["trash", "list"],
    ):
        result = run(*words)
        for line in (result.stdout + result.stderr).splitlines():
            assert "abcdefghi" not in line or "…" in line
    assert "abcdefghi" in result.stdout


@pytest.mark.parametrize("length", [1, 4, 5, 6])
def test_what_is_shortened_is_no_longer_than_that(length):
    assert shortened("abcde", length) == ("abcde" if length >= 5 else "abcd"[: length - 1] + "…")


def test_an_empty_trash_says_that_there_is_nothing(store):
    result = run("trash", "restore", "--all")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "Nothing in the trash to restore.\n"


def test_a_session_that_is_named_twice_is_one(store, tmp_path):
    path = open_store(store).resolve(GRID).path
    twice = [GRID, path, Path(path).stem.upper(), os.path.relpath(path)]
    exported = run("export", *twice, "-o", f"{tmp_path}/out/")
    assert (exported.exit_code, len(list((tmp_path / "out").iterdir()))) == (0, 1)
    assert "1 session " in run("delete", *twice, "--yes", "--force").stderr


def test_a_file_changed_in_a_year_that_no_table_holds_is_listed_counted_and_deleted(one):
    (path,) = one.glob("*.agcx")
    for moment in (-(1 << 63) - 1, 1 << 64):
        os.utime(path, ns=(moment, moment))
        for command in (("list",), ("stats",), ("verify",), ("delete", "--yes", GRID), ("undo",)):
            assert run(*command, "--store", one).exit_code == 0, command
