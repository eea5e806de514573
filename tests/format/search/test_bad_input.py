"""What nobody should type is searched, or refused with a reason, in bounded time and memory."""

from __future__ import annotations

import pytest

from agcx_format import open_store
from agcx_format.model.items import FunctionCallOutput, InputText, Message
from agcx_format.search import Index, QueryError, parse_query
from agcx_format.search.blocks import Damaged, Facts, Sort
from agcx_format.search.said import Kind
from tests.format.search.odd_stores import save
from tests.format.search.truth import literal, load, naive, searched


@pytest.fixture
def index(tmp_path):
    """Two sessions: one in which a word stands 10,000 times, one with a message that repeats itself."""
    (tmp_path / "store").mkdir()
    many = [FunctionCallOutput("c", "grid ?!… " * 2500) for _ in range(4)]
    long = "".join(f"{number:x};" for number in range(40_000))
    save(tmp_path / "store" / "00000000-0000-4000-8000-000000000000.agcx", list(many))
    said = [Message(None, "user", [InputText(long)])]
    save(tmp_path / "store" / "00000001-0000-4000-8000-000000000000.agcx", list(said))
    index = Index(open_store(tmp_path / "store"), tmp_path / "cache")
    index.update()
    return index


def test_hits_are_counted_and_rows_are_bounded(index):
    (session,) = index.find("grid", rows=5)
    assert session.count == 10_000
    assert session.exact
    assert len(session.hits) == 5
    (session,) = index.find("grid", rows=5, counted=False)
    assert 5 <= session.count <= 10_000
    assert not session.exact


@pytest.mark.parametrize("needle", ["g", "?!…", "…", ";", " ", "?", "gr", "\u0301", "\uffff"])
def test_short_needles_and_punctuation_are_found_as_they_stand(index, needle):
    assert searched(index, literal(needle)) == naive(load(index.store), literal(needle))


def test_a_needle_of_a_hundred_thousand_characters(index):
    needle = max((t for s in load(index.store) for t in s.texts), key=len)[1000:101_000]
    query = literal(needle.upper())
    assert len(needle) == 100_000
    assert searched(index, query) == naive(load(index.store), query)
    assert searched(index, literal(needle))
    assert not searched(index, literal(needle[:-1] + "!"))


def test_an_expression_that_other_programs_need_for_ever_for_ends(index):
    assert list(index.find("/(g+)+$x/")) == []
    assert list(index.find("/((((.*)*)*)*)!{50}/")) == []


@pytest.mark.parametrize("line", ["/(/", "/[z-a]/", "/a{99999}/", r"/\C/", "/(?<n>/"])
def test_an_expression_that_is_refused_is_an_error_of_the_query(index, line):
    (error,) = parse_query(line).errors
    assert error.reason
    with pytest.raises(QueryError):
        index.find(line)


def test_a_match_in_a_line_without_end_shows_the_part_around_it(index):
    needle = f"{20_000:x};"
    (session,) = index.find(needle, context=2)
    (hit,) = [each for each in session.hits if each.line]
    assert len(hit.line) < 1000
    at = hit.start - hit.line_start
    assert hit.line[at : at + hit.end - hit.start] == needle


def test_a_message_of_a_sort_that_a_block_does_not_have_is_damage():
    facts = Facts([Sort(Kind.YOU, "user", "", False)], bytes([0, 0, 1, 0]), "", {})
    assert facts.role(0) == "user"
    for number in (1, 2):
        with pytest.raises(Damaged):
            facts.role(number)


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("call foo．bar（x）", "foo.bar(x"),
        ("in der Straße", "stras"),
        ("die Maße, der Fuß", "ma\u00dfe, der fus"),
        ("daß", "s"),
        ("one", "\ntwo"),
        ("one", "one\n"),
        ("one\ntwo", "\ntwo"),
    ],
)
def test_what_a_search_of_bytes_would_miss_or_make_up_is_folded(tmp_path, text, needle):
    """Wide forms, half of a letter that folds to two, and line breaks, as stand between messages."""
    (tmp_path / "store").mkdir()
    said = [Message(None, "user", [InputText(each)]) for each in (text, "two")]
    save(tmp_path / "store" / "00000000-0000-4000-8000-000000000000.agcx", list(said))
    index = Index(open_store(tmp_path / "store"), tmp_path / "cache")
    index.update()
    assert searched(index, literal(needle)) == naive(load(index.store), literal(needle))


def test_an_order_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no order 'oldest'"):
        Index(tmp_path).find("x", order="oldest")
