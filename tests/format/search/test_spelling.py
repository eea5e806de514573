"""What is offered for a word that was not found is what was probably meant."""

from __future__ import annotations

import pytest

from agcx_format.search.blocks import Block
from agcx_format.search.spelling import close_words


def close(word: str, text: str, most: int = 9) -> list[str]:
    block = Block(text.encode(), 0, 0, lambda: pytest.fail("only the text is looked at"))
    return close_words(word, [block], most=most, seconds=1e9)


def test_the_closest_come_first_and_of_equals_the_more_frequent():
    text = "migration migrations migrtion migrations mutation"
    assert close("migratino", text) == ["migration", "migrations", "migrtion"]
    assert close("migratin", text, most=1) == ["migration"]
    assert close("migrtions", text) == ["migrations", "migrtion", "migration"]


def test_two_letters_the_wrong_way_round_are_one_mistake():
    # More than one is too much for a short word.
    assert close("tset", "test") == ["test"]
    assert close("laese", "lease") == ["lease"]


@pytest.mark.parametrize("word", ["leese", "leas", "leases"])
def test_of_a_short_word_one_letter_may_be_wrong(word):
    assert close(word, "lease") == ["lease"]


def test_what_differs_in_more_is_another_word():
    assert close("leash", "lunch") == []
    assert close("leash", "lead") == []
    # In a long one two letters may.
    assert close("deployment", "deplyomant") == ["deplyomant"]
    assert close("deployment", "employed") == []


def test_a_word_itself_and_what_is_too_short_or_no_word_has_none():
    assert close("lease", "lease Lease") == []
    assert close("abc", "abd") == []
    assert close("le-se", "lease") == []


def test_a_search_for_close_words_ends_once_it_is_not_wanted():
    looked_at = []

    def blocks():
        for number in range(3):
            looked_at.append(number)
            yield Block(b"migration", 0, 0, lambda: pytest.fail("only the text is looked at"))

    def stopped() -> bool:
        return len(looked_at) == 2

    assert close_words("migratino", blocks(), most=9, seconds=1e9, stopped=stopped) == []
    assert looked_at == [0, 1]
