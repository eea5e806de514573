"""What is made while the garbage collector runs seldom is not looked through when that ends."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from agcx_format.collecting import collecting_seldom

MANY = 60_000


@pytest.fixture
def collections() -> Iterator[list[int]]:
    """The generations that were collected."""
    found: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            found.append(info["generation"])

    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)


@pytest.fixture
def nothing_frozen() -> Iterator[None]:
    """As in a program, where pytest has frozen what was imported."""
    gc.unfreeze()
    gc.collect()
    yield
    gc.freeze()


@pytest.mark.usefixtures("nothing_frozen")
def test_what_was_made_counts_as_old(collections):
    with collecting_seldom():
        made = [[] for _ in range(MANY)]
    # The next object that is made would begin a collection.
    more = [[] for _ in range(100)]
    assert collections == []
    assert len(made) + len(more) == MANY + 100


@pytest.mark.usefixtures("nothing_frozen")
def test_where_little_was_made_what_is_new_stays_new():
    before = [[] for _ in range(MANY // 2)]
    with collecting_seldom():
        few = [[]]
    # It may hold cycles of its own, which a collection of new objects finds.
    assert gc.get_count()[0] >= len(before) + len(few)


def test_what_was_frozen_stays_so():
    gc.freeze()
    frozen = gc.get_freeze_count()
    with collecting_seldom():
        made = [[] for _ in range(MANY)]
    assert gc.get_freeze_count() == frozen
    assert len(made) == MANY


def test_the_collector_runs_as_before_afterwards():
    before = gc.get_threshold()
    with collecting_seldom():
        assert gc.get_threshold() != before
    assert gc.get_threshold() == before
