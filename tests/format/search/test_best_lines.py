"""Of several words, those hits are given that stand together; every match counts all the same."""

from __future__ import annotations

import gc
from itertools import islice
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from agcx_format import new_session, open_store
from agcx_format.search import Hit, Index, SessionHits
from agcx_format.search.best_lines import BestLines
from tests.format.search.truth import some_query
from tests.support.messages import assistant, user

_THE = [f"the {number}" for number in range(300)]


def store_of(path: Path, *conversations: list[str]) -> Path:
    """The last conversation is the newest."""
    store = open_store(path)
    for number, texts in enumerate(conversations, 1):
        said = [
            (user, assistant)[at % 2](text, second=60 * number) for at, text in enumerate(texts)
        ]
        made = new_session(title=f"Session {number}", messages=said, id=UUID(int=number))
        store.save_session(UUID(int=number), *made)
    return path


def indexes(store: Path, tmp_path: Path) -> list[Index]:
    """One that has everything, and one that has nothing."""
    full = Index(open_store(store), tmp_path / "cache")
    full.update()
    return [full, Index(open_store(store))]


def lines(session: SessionHits) -> list[str]:
    return list(dict.fromkeys(hit.line for hit in session.hits))


def _place(hit: Hit) -> tuple[int | None, int, int]:
    return hit.message, hit.start, hit.end


@pytest.mark.parametrize(
    ("conversation", "shown"),
    [
        # Where the words stand together, wherever that is.
        ([*_THE, "see\nthe small grid\nhere", "a grid"], {"the small grid", "a grid"}),
        # In one message before those that are apart; of these the rare word.
        ([*_THE, "grid", "the\ngrid\nhere"], {"grid", "the"}),
        # Nowhere together: the rare word is shown.
        ([*_THE, "one grid", "two grids"], {"one grid", "two grids"}),
        # In a line that is longer than any screen.
        (["the " * 300 + "grid " + "the " * 300], set()),
    ],
)
def test_lines_where_rare_words_stand_together_come_before_those_of_one_common_word(
    tmp_path, conversation, shown
):
    path = store_of(tmp_path / "store", conversation)
    for index in indexes(path, tmp_path):
        (session,) = index.find("the grid", rows=10)
        assert session.count == sum(text.count("the") + text.count("grid") for text in conversation)
        assert len(session.hits) == 10
        assert shown <= set(lines(session))
        assert any(
            hit.line[hit.start - hit.line_start :].startswith("grid") for hit in session.hits
        )
        assert list(session.hits) == sorted(session.hits, key=_place)


def test_one_line_full_of_matches_leaves_room_for_others(tmp_path):
    talk = ["grid " * 40 + "the", *["the grid"] * 3]
    path = store_of(tmp_path / "store", talk)
    for index in indexes(path, tmp_path):
        (session,) = index.find("the grid", rows=10)
        assert len({hit.message for hit in session.hits}) >= 3


def test_a_message_that_does_not_count_shows_nothing(tmp_path):
    path = store_of(tmp_path / "store", ["the grid", "the", "the", "grid"])
    for index in indexes(path, tmp_path):
        (session,) = index.find("the grid in:assistant", rows=3)
        assert [_place(hit) for hit in session.hits] == [(1, 0, 3), (3, 0, 4)]


def test_the_order_best_puts_words_in_one_line_before_words_apart(tmp_path):
    apart = ["the lease", *["nothing"] * 8, "it expired"]
    together = ["a question", *["nothing"] * 8, "the lease expired"]
    path = store_of(tmp_path / "store", together, apart)
    for index in indexes(path, tmp_path):
        found = list(index.find("lease expired", order="best"))
        assert [session.title for session in found] == ["Session 1", "Session 2"]
        # However many hits are asked for.
        for rows in (0, 1, None):
            same = list(index.find("lease expired", order="best", rows=rows))
            assert [(each.path, each.count) for each in same] == [(e.path, e.count) for e in found]
            assert {len(each.hits) for each in same} == {2 if rows is None else rows}


def test_where_there_is_room_for_every_match_every_match_is_given(tmp_path):
    random = Random(3)
    words = ["the", "grid", "ßs", "ﬀ", "i\u0307", "İ", "ａｂ", "网格", "a", "\n", "\n"]
    texts = [" ".join(random.choices(words, k=random.randrange(1, 40))) for _ in range(36)]
    both = indexes(store_of(tmp_path / "store", texts[:12], texts[12:24], texts[24:]), tmp_path)
    queries = (some_query(random, texts) for _ in iter(int, 1))
    several = islice((query for query in queries if len(query.wanted) > 1), 30)
    for query in several:
        for index in both:
            every = list(index.find(query, rows=None))
            # All of them: the same in the same order.  Fewer: some of the same.
            assert [each.hits for each in index.find(query, rows=1_000_000)] == [
                each.hits for each in every
            ]
            for some, whole in zip(index.find(query, rows=3), every, strict=True):
                assert (some.path, some.count) == (whole.path, whole.count)
                assert len(some.hits) == min(3, some.count)
                assert set(some.hits) <= set(whole.hits)


def test_what_was_looked_at_is_freed_without_the_collector(tmp_path):
    """It holds blocks of text, of each session that a search goes through."""

    def looked_at() -> int:
        return sum(isinstance(each, BestLines) for each in gc.get_objects())

    store = store_of(tmp_path / "store", ["the small grid"], ["a grid, the other"])
    for index in indexes(store, tmp_path):
        gc.collect()
        before = looked_at()
        gc.disable()
        try:
            assert len(list(index.find("the grid"))) == 2
            assert looked_at() == before
        finally:
            gc.enable()
