"""A `/regex/` of the filter shows the rows of which a fact matches, as it is written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agcx_format.catalog import Opening
from agcx_format.search import compiled
from agcx_tui.core.sessions.columns import find_words
from agcx_tui.core.sessions.query import parse
from agcx_tui.core.sessions.table import SessionTable
from tests.support.entries import NOW, broken, damaged, session
from tests.support.examples import some_of

WORDS = ["grid", "Grid", "straße", "STRASSE", "café x", "ﬁt", "", "日本", "a b", "ꭰ"]
PATTERNS = [
    "gri[dt]", "Gr", "G|grid", "ss", "ß", "é", "^a", "b$", "a.b", r"\A\w+\z", "x*", ".", r"\s", "[^x]+",
    r"d\s+g", "gpt", "^gpt", "O3", "b81d", "home", r"site\t", "hello|HELLO", "日", "ﬁ", "fi", "(?s).b",
    "X|grid",
]  # fmt: skip
facts = st.tuples(
    st.sampled_from(WORDS),
    st.lists(st.sampled_from([*WORDS, "gpt"]), max_size=3, unique=True).map(tuple),
    st.sampled_from(["gpt-5", "O3"]),
    st.sampled_from(WORDS),
    st.sampled_from(["", "/home/site", "/home/Grid"]),
)


def filled(rows) -> tuple[SessionTable, list[list[str]]]:
    """A table, and of each row what the filter looks at."""
    table, texts = SessionTable(), []
    for number, (title, tags, model, words, project) in enumerate(rows):
        entry = session(number * 0x81D, title, tags=tags, model=model)
        table.put([entry])
        table.set_openings([(number, Opening(words, project, project, ""))])
        said = "\t".join(filter(None, (project.rpartition("/")[2], words)))
        texts.append([entry.metadata.title, model, *tags, str(entry.id), said])
    return table, texts


@settings(max_examples=some_of(80))
@given(st.lists(facts, max_size=5), st.booleans())
def test_rows_are_those_of_which_a_fact_matches(rows, negated):
    table, texts = filled(rows)
    for pattern in PATTERNS:
        table.filter_by(parse(f"{'-' if negated else ''}/{pattern}/", NOW))
        regex = compiled(pattern)
        matching = [any(any(regex.spans_in(fact)) for fact in texts_of) for texts_of in texts]
        expected = [row for row, is_in in enumerate(matching) if is_in != negated]
        assert sorted(table.order) == expected, pattern


def test_no_match_is_lost_among_many_rows():
    table = SessionTable()
    table.put(session(number, f"number {number}") for number in range(300))
    table.filter_by(parse("/^number [27]7$/", NOW))
    assert sorted(map(table.title, table.order)) == ["number 27", "number 77"]


def test_a_damaged_file_is_found_by_its_reason():
    table = SessionTable()
    table.put([session(1, "damage"), damaged(session(2, "x")), broken(3)])
    table.filter_by(parse("/^damaged?$/", NOW))
    assert len(table.order) == 3
    table.filter_by(parse("-/^damaged?$/", NOW))
    assert table.order == []


@pytest.mark.parametrize(
    ("text", "typed", "spans"),
    [
        ("grid and Grit", "/gri[dt]/", [(0, 4), (9, 13)]),
        ("grid and Grit", "/Gri./", [(9, 13)]),
        ("é grid", "/g/ rid", [(2, 6)]),
        ("grid", "-/g/", []),
    ],
)
def test_what_an_expression_matches_is_highlighted(text, typed, spans):
    query = parse(typed, NOW)
    assert find_words(text, query.words, query.patterns) == spans
