"""The texts of a column: what holds a word is what `in` finds, in the order that was asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agcx_format.catalog import Texts

_TEXTS = st.text(alphabet="abé", max_size=5)


@given(
    texts=st.lists(_TEXTS, max_size=20),
    replaced=st.lists(st.tuples(st.integers(0, 19), _TEXTS), max_size=10),
    word=st.text(alphabet="abé", min_size=1, max_size=3),
    data=st.data(),
)
def test_rows_that_hold_a_word_are_those_of_a_plain_search(texts, replaced, word, data) -> None:
    column, expected = Texts(), list(texts)
    for text in texts:
        column.append(text)
    # A changed text goes elsewhere, so a row is not where its number says; words may also cross rows.
    for row, text in replaced:
        if row < len(texts):
            column[row] = expected[row] = text
    in_any_order = data.draw(st.permutations(range(len(texts))))
    few = in_any_order[: len(texts) // 3]

    for rows in (in_any_order, few):
        assert column.holding(word, rows) == [row for row in rows if word in expected[row]]
