"""The height index against a plain list, which is what it stands for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agcx_tui.app.blocks.heights import HeightIndex

HEIGHTS = st.lists(st.integers(0, 40), max_size=700)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.integers(0, 10_000), st.integers(0, 60)),
        st.tuples(st.just("cut"), st.integers(0, 10_000), st.none()),
        st.tuples(st.just("extend"), st.lists(st.integers(0, 9), max_size=300), st.none()),
    ),
    max_size=20,
)


def changed(heights: list[int], changes: list) -> tuple[HeightIndex, list[int]]:
    index, plain = HeightIndex(heights), list(heights)
    for kind, what, height in changes:
        if kind == "extend":
            index.extend(what)
            plain.extend(what)
        elif kind == "cut":
            count = what % (len(plain) + 1)
            index.cut(count)
            del plain[count:]
        elif plain:
            at = what % len(plain)
            assert index.set(at, height) == height - plain[at]
            plain[at] = height
        # Asked between changes, so that a stale sum would show.
        assert index.total == sum(plain)
    return index, plain


@given(HEIGHTS, CHANGES)
def test_every_block_begins_where_the_heights_before_it_end(heights, changes):
    index, plain = changed(heights, changes)
    assert len(index) == len(plain)
    assert [index.top(block) for block in range(len(plain) + 1)] == [
        sum(plain[:block]) for block in range(len(plain) + 1)
    ]


@given(HEIGHTS, CHANGES)
def test_every_line_is_found_in_its_block_and_never_in_an_empty_one(heights, changes):
    index, plain = changed(heights, changes)
    lines = [(block, line) for block, height in enumerate(plain) for line in range(height)]
    assert [index.find(line) for line in range(len(lines))] == lines


@pytest.mark.parametrize("line", [-1, 3])
def test_a_line_outside_is_an_index_error(line):
    with pytest.raises(IndexError):
        HeightIndex([1, 0, 2]).find(line)
