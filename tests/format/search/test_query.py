"""The search line: what it means, and where it means nothing."""

from __future__ import annotations

import pytest

from agcx_format.search import ROLES, Query, QueryError, parse_query
from agcx_format.search.filters import Condition

LIST_KEYS = {"is", "tag", "after", "project"}


def words(query: Query) -> list[str]:
    return [term.matcher.text for term in query.wanted]


def test_words_phrases_and_expressions_must_all_occur_and_a_minus_means_not():
    query = parse_query('stall "lease expired" -retry /time.?out/ -"no way" -/x{3}/')
    assert words(query) == ["stall", "lease expired", "time.?out"]
    assert [term.matcher.text for term in query.unwanted] == ["retry", "no way", "x{3}"]
    assert query.errors == ()


def test_a_term_knows_its_place_in_the_line():
    line = '  grid "two words"  /a b/'
    places = [line[term.start : term.end] for term in parse_query(line).wanted]
    assert places == ["grid", '"two words"', "/a b/"]


@pytest.mark.parametrize(
    "word", ["/usr/bin", "/srv/app/zeta.py", "http://x.org/a", "fix:", "a/b", "/", "//"]
)
def test_what_is_no_expression_and_no_key_is_a_word(word):
    assert words(parse_query(word)) == [word]
    assert parse_query(word).errors == ()


def test_keys_narrow_the_messages():
    query = parse_query("role:user role:assistant -tool:shell,grep path:a.py is:error in:you,tool")
    assert set(query.within.conditions) == {
        Condition("role", ("user", "assistant")),
        Condition("tool", ("shell", "grep"), negated=True),
        Condition("path", ("a.py",)),
        Condition("is", ("error",)),
        Condition("in", ("you", "tool")),
    }
    assert query.wanted == ()
    assert query


def test_terms_of_the_callers_keys_are_given_back_as_they_were_written():
    query = parse_query('grid -tag:wip project:"my site" is:error is:fav after:3d', LIST_KEYS)
    assert [term.text for term in query.foreign] == [
        "-tag:wip",
        'project:"my site"',
        "is:fav",
        "after:3d",
    ]
    assert query.foreign_text == '-tag:wip project:"my site" is:fav after:3d'
    assert query.within.conditions == (Condition("is", ("error",)),)
    assert query.errors == ()


@pytest.mark.parametrize(
    ("line", "part", "reason"),
    [
        ("grid /(/ x", "/(/", "missing"),
        ("/(?=a)b/", "/(?=a)b/", "look-around"),
        ("a /(?<!a)b/", "/(?<!a)b/", "look-around"),
        (r"/(a)\1/", r"/(a)\1/", "backreference"),
        ("in:nowhere grid", "in:nowhere", "title, you, assistant, reasoning, tool"),
        ("is:fav", "is:fav", "error"),
    ],
)
def test_what_means_nothing_is_said_in_its_place_and_the_rest_holds(line, part, reason):
    query = parse_query(line)
    (error,) = query.errors
    assert isinstance(error, QueryError)
    assert line[error.start : error.end] == part
    assert reason in error.reason
    assert str(error) == f"{part}: {error.reason}"
    assert all(term.matcher.text in ("grid", "x", "a") for term in query.wanted)


def test_the_beginning_of_a_role_is_enough_and_an_unusual_one_is_said_and_finds_what_has_it():
    assert parse_query("role:us").within.conditions == (Condition("role", ("user",)),)
    assert parse_query("role:us").errors == ()
    query = parse_query("role:usr,tool grid")
    assert query.within.conditions == (Condition("role", ("usr", "tool")),)
    assert [str(error) for error in query.errors] == ["role:usr,tool: one of " + ", ".join(ROLES)]


@pytest.mark.parametrize("line", ["", "  ", "role:", '""', "-", "tag:"])
def test_a_line_that_says_nothing_yet_is_empty(line):
    query = parse_query(line, LIST_KEYS)
    assert not query or words(query) == ["-"]
    assert query.errors == ()


def test_a_needle_that_no_line_is_meant_to_hold_is_refused_not_searched():
    assert "longer" in parse_query("x" * 300_000).errors[0].reason
    assert parse_query("a\0b").errors[0].reason


@pytest.mark.parametrize(
    ("new", "old", "narrows"),
    [
        ("grid lay", "grid", True),
        ("gridl", "grid", True),
        ("grid", "gridl", False),
        ("Grid", "grid", False),
        ("grid -x", "grid", True),
        ("grid", "grid -x", False),
        ("grid role:user", "grid", True),
        ("/grid/", "grid", False),
    ],
)
def test_a_line_that_grows_narrows_what_was_found(new, old, narrows):
    assert parse_query(new).narrows(parse_query(old)) is narrows
