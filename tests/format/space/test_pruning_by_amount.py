"""Clean-up by amount: sessions are kept up to a total, or freed until so much is gone."""

from __future__ import annotations

from pathlib import Path

from agcx_format import open_store
from agcx_format.counting import size
from agcx_format.space import PruneRule, Share, select
from tests.format.space.test_pruning import NOW, moment, numbers, put


def test_a_total_keeps_the_newest_and_counts_the_protected_first(tmp_path: Path):
    store = open_store(tmp_path / "total")
    for number in range(1, 6):
        put(store, number, used=number, is_favorite=number == 4)
    sizes = {entry.id.int >> 96: entry.size for entry in store.scan()}
    total = sizes[1] + sizes[2] + sizes[4]
    found = select(store, PruneRule(max_total=total), NOW)
    assert numbers(found) == [3, 5]
    assert [spared.entry.id.int >> 96 for spared in found.spared] == [4]
    assert found.chosen[0].reasons == (f"not among the newest {size(total)}",)
    kept = sum(sizes.values()) - found.size
    assert kept == total
    assert numbers(select(store, PruneRule(max_total=total - 1), NOW)) == [2, 3, 5]
    everything = sum(sizes.values())
    nothing = select(store, PruneRule(max_total=everything), NOW)
    assert (nothing.chosen, nothing.spared) == ((), ())


def test_a_small_old_session_is_not_kept_in_place_of_a_newer_one(tmp_path: Path):
    store = open_store(tmp_path / "total")
    put(store, 1, used=1)
    put(store, 2, used=2, messages=0)
    assert numbers(select(store, PruneRule(max_total=0), NOW)) == [1, 2]
    sizes = {entry.id.int >> 96: entry.size for entry in store.scan()}
    assert sizes[2] < sizes[1]
    assert numbers(select(store, PruneRule(max_total=sizes[2]), NOW)) == [1, 2]


def test_a_total_is_that_of_the_sessions_that_the_other_conditions_name(tmp_path: Path):
    store = open_store(tmp_path / "total")
    put(store, 1, used=1, model="gpt-5")
    put(store, 2, used=2, model="other")
    put(store, 3, used=3, model="gpt-5")
    rule = PruneRule(max_total=0, model="gpt-5")
    assert numbers(select(store, rule, NOW)) == [1, 3]
    older = PruneRule(max_total=0, older_than=moment(2.5))
    assert numbers(select(store, older, NOW)) == [3]


def test_freeing_takes_the_longest_unused_that_it_needs(tmp_path: Path):
    store = open_store(tmp_path / "free")
    for number in range(1, 6):
        put(store, number, used=number, is_favorite=number == 4)
    sizes = {entry.id.int >> 96: entry.size for entry in store.scan()}
    just = select(store, PruneRule(free=sizes[5] + sizes[3]), NOW)
    assert (numbers(just), just.missing) == ([3, 5], 0)
    assert just.chosen[0].reasons == (
        f"among the longest unused, to free {size(sizes[5] + sizes[3])}",
    )
    assert numbers(select(store, PruneRule(free=sizes[5] + sizes[3] + 1), NOW)) == [2, 3, 5]
    nothing = select(store, PruneRule(free=0), NOW)
    assert (nothing.chosen, nothing.missing) == ((), 0)
    # What is protected is never taken, so it may not be enough.
    everything = sum(sizes.values())
    short = select(store, PruneRule(free=everything), NOW)
    assert (numbers(short), short.missing) == ([1, 2, 3, 5], sizes[4])


def test_freeing_takes_only_what_matches_the_other_conditions(tmp_path: Path):
    store = open_store(tmp_path / "free")
    for number, model in enumerate(["gpt-5", "gpt-5", "other", "gpt-5"], start=1):
        put(store, number, used=number, model=model)
    assert numbers(select(store, PruneRule(free=1, model="other"), NOW)) == [3]
    assert numbers(select(store, PruneRule(free=10**9, keep=2), NOW)) == [3, 4]
    young = PruneRule(free=10**9, older_than=moment(2.5), model="gpt-5")
    assert numbers(select(store, young, NOW)) == [4]


def test_a_share_is_one_of_the_sessions_in_question(tmp_path: Path):
    store = open_store(tmp_path / "share")
    for number in range(1, 5):
        put(store, number, used=number, model="gpt-5" if number < 3 else "other")
    # All are of about the same size.
    assert numbers(select(store, PruneRule(free=Share(45)), NOW)) == [3, 4]
    assert numbers(select(store, PruneRule(free=Share(45), model="gpt-5"), NOW)) == [2]
    assert numbers(select(store, PruneRule(max_total=Share(30)), NOW)) == [2, 3, 4]
    assert numbers(select(store, PruneRule(max_total=Share(100)), NOW)) == []
