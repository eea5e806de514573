"""Which store a search looks at before the command line is there to say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from agcx_tui.core.search.asked_for import searched_store


@pytest.fixture
def usual(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("AGCX_STORE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "--store", "here", "word"],
        ["search", "word", "--store=here", "--json"],
        ["--store", "here", "search", "word"],
        ["--store=there", "search", "--store", "here"],
    ],
)
def test_it_is_the_store_that_is_named(usual, arguments):
    assert searched_store(arguments) == Path("here")


@pytest.mark.parametrize("arguments", [["search", "word"], ["search", "word", "--store"]])
def test_it_is_the_usual_one_where_none_is_named(usual, arguments):
    assert searched_store(arguments) == usual


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["list"],
        ["show", "search"],
        ["search", "--help"],
        ["search", "word", "--build"],
        ["--store", "search"],
    ],
)
def test_there_is_none_where_nothing_is_searched_at_once(usual, arguments):
    assert searched_store(arguments) is None
