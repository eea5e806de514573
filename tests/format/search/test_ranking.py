"""Of two sessions the order `best` gives the one first that a person would."""

from __future__ import annotations

import pytest

from agcx_format.search.ranking import score

MESSAGES = 40
PLAIN = score([4, 2], MESSAGES, 0, 0)


@pytest.mark.parametrize(
    "better",
    [
        score([5, 2], MESSAGES, 0, 0),
        score([4, 2], MESSAGES - 1, 0, 0),
        score([4, 2], MESSAGES, 1, 0),
        score([4, 2], MESSAGES, 0, 1),
        score([4, 2], MESSAGES, 0, 0, 0.1),
    ],
    ids=["more matches", "a shorter session", "in the title", "own words", "nearer together"],
)
def test_it_ranks_before_one_without_that(better):
    assert better > PLAIN > score([], MESSAGES, 0, 0)


def test_a_session_is_not_the_best_for_being_without_end():
    assert 0 < score([3], 10_000, 0, 0) < score([2], 10, 0, 0)
    # Nor for saying one of the words again and again.
    assert score([100, 1], MESSAGES, 0, 0) < score([30, 30], MESSAGES, 0, 0)


def test_the_title_weighs_more_than_many_own_words():
    assert score([1], MESSAGES, 1, 0) > score([1], MESSAGES, 0, 100)
