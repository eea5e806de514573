"""`agcx list --filter` knows what happened in sessions, and reads each of them once."""

from __future__ import annotations

import json

import pytest

from agcx_format import open_store
from tests.tui.cli.conftest import run


def listed(query: str) -> set[str]:
    found = run("list", "--json", "--filter", query)
    assert found.exit_code == 0, found.stderr
    return {json.loads(line)["id"] for line in found.stdout.splitlines()}


def test_each_condition_agrees_with_what_show_tells(store):
    every = {
        str(entry.id): json.loads(run("show", entry.path, "--activity", "--json").stdout)
        for entry in open_store(store).scan()
        if entry.error is None
    }

    def those(holds) -> set[str]:
        return {name for name, activity in every.items() if holds(activity)}

    whole = " ".join(["-is:broken"])
    assert listed(f"is:failed {whole}") == those(lambda each: each["failed"])
    assert listed(f"-is:failed {whole}") == those(lambda each: not each["failed"])
    assert listed(f"is:edited {whole}") == those(lambda each: each["edited"])
    assert listed(f"is:branched {whole}") == those(lambda each: each["branches"])
    assert listed(f"turns:>3 {whole}") == those(lambda each: each["turns"] > 3)
    assert listed(f"duration:>10min {whole}") == those(lambda each: each["active_seconds"] > 600)
    assert listed(f"tool:shell {whole}") == those(
        lambda each: any("shell" in tool["name"] for tool in each["tools"])
    )
    assert listed(f"file:.py {whole}") == those(
        lambda each: any(".py" in file["path"] for file in each["files"])
    )
    assert those(lambda each: each["failed"])
    assert those(lambda each: each["files"])


def test_a_checkpoint_is_found_by_its_name(store):
    entry = next(e for e in open_store(store).scan() if e.metadata and e.metadata.checkpoints)
    name = entry.metadata.checkpoints[0].name
    assert str(entry.id) in listed(f'checkpoint:"{name}"')


def test_a_search_is_narrowed_by_what_happened(store):
    found = run("search", "grid", "is:failed", "--json")
    sessions = {json.loads(line)["session"] for line in found.stdout.splitlines()}
    assert sessions <= listed("is:failed")


@pytest.mark.parametrize("query", ["modle:gpt", "grid fix:it"])
def test_an_unknown_key_is_an_error(store, query):
    found = run("list", "--filter", query)
    assert found.exit_code == 2
    assert "no key" in found.stderr
