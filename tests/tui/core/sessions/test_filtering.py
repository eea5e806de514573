"""The filter line means what a person would think, and never fails, whatever is typed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agcx_format.search import KEYS as KEYS_OF_MESSAGES
from agcx_format.search import native
from agcx_tui.core.sessions.query import AS_IN_SEARCH, KEYS, OF_MESSAGE_SEARCH, Query, Term, parse
from tests.support.entries import NOW

DAY = 86_400_000_000


@pytest.fixture(autouse=True)
def in_utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("", ()),
        ("   ", ()),
        ("Grid", (Term("word", "grid", written="Grid"),)),
        ("grid -layout", (Term("word", "grid"), Term("word", "layout", True))),
        ('"two words" x', (Term("word", "two words"), Term("word", "x"))),
        ('"half typed', (Term("word", "half typed"),)),
        ("model:GPT-5", (Term("model", "gpt-5"),)),
        ('tag:"to do"', (Term("tag", "to do"),)),
        ("-tag:wip", (Term("tag", "wip", True),)),
        ("MODE:build", (Term("mode", "build"),)),
        ("mode:p", (Term("mode", "plan"),)),
        ("is:fav", (Term("is", "favorite"),)),
        ("is:favourite", (Term("is", "favorite"),)),
        ("is:broken -is:empty", (Term("is", "broken"), Term("is", "empty", True))),
        ("is:imp", (Term("is", "imported"),)),
        ("id:5af4", (Term("id", "5af4"),)),
        ("larger:1MB", (Term("larger", 1_000_000),)),
        ("smaller:1.5k", (Term("smaller", 1500),)),
        ("larger:1KiB", (Term("larger", 1024),)),
        ("larger:12", (Term("larger", 12),)),
        ("messages:>100", (Term("messages", (">", 100)),)),
        ("messages:<=5", (Term("messages", ("<=", 5)),)),
        ("messages:0", (Term("messages", ("=", 0)),)),
        ("after:2024-11-24", (Term("after", NOW - DAY // 2),)),
        ("after:2024-11", (Term("after", NOW - DAY // 2 - 23 * DAY),)),
        ("before:1970", (Term("before", 0),)),
        ("after:today", (Term("after", NOW - DAY // 2),)),
        ("after:yesterday", (Term("after", NOW - DAY // 2 - DAY),)),
        ("before:2w", (Term("before", NOW - 14 * DAY),)),
        # A key that is half typed, and words that hold a colon.
        ("model:", ()),
        ("-", ()),
        ('"fix: it"', (Term("word", "fix: it"),)),
        ("http://x", (Term("word", "http://x"),)),
        ("std::vector", (Term("word", "std::vector"),)),
        ("turns:>10", (Term("turns", (">", 10)),)),
        ("duration:>1.5h", (Term("duration", (">", 5400)),)),
        ("duration:10min", (Term("duration", (">=", 600)),)),
        ("file:Parser.py", (Term("file", "parser.py"),)),
        ("-tool:Bash", (Term("tool", "bash", True),)),
        ("checkpoint:release", (Term("checkpoint", "release"),)),
        ("is:fai -is:bra", (Term("is", "failed"), Term("is", "branched", True))),
        # What the search knows of messages selects the sessions that have such messages.
        ("is:error", (Term("is", "failed"),)),
        ("path:Parser.py", (Term("file", "parser.py"),)),
        ("/gri[dt]/", (Term("regex", "gri[dt]"),)),
        ("-/two words/ x", (Term("regex", "two words", True), Term("word", "x"))),
        ('/a/b/ "/c/"', (Term("regex", "a/b"), Term("word", "/c/"))),
        ("/usr/bin /half", (Term("word", "/usr/bin"), Term("word", "/half"))),
    ],
)
def test_a_line_means_these_terms(typed, terms):
    query = parse(typed, NOW)
    assert query.terms == terms
    assert query.errors == ()


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("before:banana", "before: a date such as"),
        ("after:2024-13", "after: a date such as"),
        ("after:2024-02-30", "after: a date such as"),
        ("larger:big", "larger: a size such as"),
        ("messages:many", "messages: a number"),
        ("messages:>", "messages: a number after >"),
        ("is:odd", "is: one of favorite, broken"),
        ("mode:dream", "mode: one of plan, build"),
        ("duration:long", "duration: a time such as >1h"),
        ("turns:few", "turns: a number"),
        ("modle:gpt", "no key modle; the keys are project"),
        ("fix:", "no key fix; the keys are"),
        ("role:user", "role: works only in the search inside conversations"),
        ("in:title", "in: works only in the search inside conversations"),
        ("/gri(/", "/gri(/: missing"),
        ("-/(?=a)/", "-/(?=a)/: look-around"),
    ],
)
def test_a_value_that_means_nothing_is_said_and_the_rest_still_filters(typed, part):
    query = parse(f"grid {typed}", NOW)
    assert query.terms == (Term("word", "grid"),)
    assert len(query.errors) == 1
    assert query.errors[0].startswith(part)


def test_the_keys_that_only_the_search_has_are_known_as_such():
    assert set(KEYS_OF_MESSAGES) - set(KEYS) - set(AS_IN_SEARCH) == OF_MESSAGE_SEARCH


def test_without_re2_an_expression_is_refused_with_the_reason(monkeypatch):
    monkeypatch.setattr(native, "_re2", lambda: None)
    query = parse("grid /with.?out/", NOW)
    assert query.terms == (Term("word", "grid"),)
    (error,) = query.errors
    assert error.startswith("/with.?out/: ")
    assert "google-re2" in error


@given(
    st.text()
    | st.lists(st.sampled_from([*KEYS, ":", '"', "-", " ", "/", "(", "\\", "9" * 30, "é"])).map(
        "".join
    )
)
def test_whatever_is_typed_there_is_a_query(typed):
    assert isinstance(parse(typed, NOW), Query)


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        ("", "g", True),
        ("gri", "grid", True),
        ("grid", "grid lay", True),
        ("grid", "gri", False),
        ("-gri", "-grid", False),
        ("grid", "lay", False),
        ("model:g", "model:gpt", True),
        ("larger:1", "larger:10", False),
        ("mode:build x", "x mode:build y", True),
        ("file:a", "file:ab", True),
        ("tool:b", "-tool:b", False),
        ("/gri/", "/gri/ x", True),
        ("/gri/", "/grid/", False),
        ("/gri", "/gri/", False),
        ("gri", "/gri/", False),
    ],
)
def test_a_query_that_got_longer_narrows(earlier, later, expected):
    assert parse(later, NOW).narrows(parse(earlier, NOW)) is expected


def test_words_to_highlight_are_those_that_are_looked_for():
    assert parse('grid -no "a b" tag:x', NOW).words == ("grid", "a b")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("grid model:x", False), ("is:broken", False), ("grid is:failed", True), ("-file:x", True)],
)
def test_it_is_known_which_conditions_need_the_messages(typed, expected):
    assert parse(typed, NOW).is_of_messages is expected
