"""The lines of a hit: a whole line where it is short, and what is near the match where it is not."""

from __future__ import annotations

import pytest

from agcx_format.search import Finder, parse_query
from agcx_format.search.lines import Lines, lines_around

# Characters beside a match.
NEAR = 240
LONG = "".join(f"{number:04} " for number in range(200))


def around(text: str, wanted: str, context: int = 0) -> Lines:
    start = text.index(wanted)
    return lines_around(text, start, start + len(wanted), context)


def test_a_line_is_whole_and_its_neighbors_are_those_that_were_asked_for():
    text = "one\ntwo\nthree grids\nfour\nfive"
    assert around(text, "grid") == Lines("three grids", 8)
    assert around(text, "grid", 1) == ("three grids", 8, ("two",), ("four",))
    assert around(text, "grid", 9) == ("three grids", 8, ("one", "two"), ("four", "five"))
    assert around(text, "one", 1) == ("one", 0, (), ("two",))
    assert around(text, "five", 1) == ("five", len(text) - 4, ("four",), ())


def test_of_a_long_line_there_is_what_is_near_the_match_on_both_sides():
    text = f"before\n{LONG}\nafter"
    line, start, before, after = around(text, "0100", 1)
    at = text.index("0100")
    assert (line, start) == (text[at - NEAR : at + 4 + NEAR], at - NEAR)
    assert (before, after) == (("before",), ("after",))


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_long_neighbor_is_cut_at_its_end(place):
    text = f"grid\n{LONG}" if place == "after" else f"{LONG}\ngrid"
    assert getattr(around(text, "grid", 1), place) == (LONG[: 2 * NEAR],)


def test_of_a_match_of_several_lines_there_is_the_first_and_of_a_long_one_its_beginning():
    assert around("a grid\nof two\nlines", "grid\nof two") == Lines("a grid", 0)
    line, start, *_ = lines_around(LONG, 10, 900)
    assert (line, start) == (LONG[: 10 + 2 * NEAR], 0)


def test_a_finder_marks_in_a_text_what_a_search_finds_in_it():
    finder = Finder(parse_query('"green now" role:user'))
    assert finder.spans("It is green now; green NOW.") == [(6, 15), (17, 26)]
