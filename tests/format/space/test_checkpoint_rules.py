"""Which checkpoints a clean-up takes, and that every sum of bytes counts those that are there."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import SessionStorage, SessionStore, Store, open_store
from agcx_format.space import Protected, PruneRule, Stats, gather, select, select_checkpoints
from agcx_tui.core.sessions.table import SessionTable
from tests.support.stores import contents, golden_session

A, B = UUID(int=0xA << 96 | 1), UUID(int=0xB << 96 | 1)
LATER = 10**19


@pytest.fixture(params=[SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Two sessions: one with four checkpoints, of which it does not list the last, one with two."""
    made = request.param(tmp_path / "store")
    metadata, conversation, state = golden_session("every-item")
    for session_id, count in ((A, 4), (B, 2)):
        metadata = replace(metadata, id=session_id, checkpoints=[], is_favorite=False)
        made.save_session(session_id, metadata, replace(conversation, id=session_id), state)
        for number in range(count):
            made.checkpoints.create(made.resolve(str(session_id)), f"{number}")
    metadata, conversation, state = made.load_session(A)
    made.save_session(
        A, replace(metadata, checkpoints=metadata.checkpoints[:3]), conversation, state
    )
    # So that no agent seems to be at work.
    for entry in made.scan():
        os.utime(entry.path, ns=(10**18, 10**18))
    return open_store(made.path)


def counts(name: str) -> bool:
    return name.endswith((".agcx", ".ckpt"))


def names(store: Store, **rule: object) -> list[tuple[UUID, str]]:
    found = select_checkpoints(store, LATER, **rule)
    return [(each.session_id, each.metadata.name) for each in found.checkpoints]


def test_those_that_no_session_lists(store: Store):
    ((session_id, _),) = names(store, unlisted=True)
    assert session_id == A


def test_all_but_the_newest_of_each_session(store: Store):
    assert [name for owner, name in names(store, keep=1) if owner == B] == ["0"]
    assert len(names(store, keep=1)) == 4
    assert names(store, keep=4) == []
    assert len(names(store, keep=0)) == 6


def test_the_newest_are_kept_of_those_that_are_left_without_the_unlisted(store: Store):
    store.checkpoints.delete(select_checkpoints(store, LATER, unlisted=True, keep=1).checkpoints)
    left = {each.session_id: each.metadata.name for each in store.checkpoints.all()}
    assert left == {A: "2", B: "1"}


def test_the_checkpoints_of_a_favorite_are_spared_unless_they_are_included(store: Store):
    store.update_metadata(B, is_favorite=True)
    assert B not in {session_id for session_id, _ in names(store, keep=0)}
    assert B in {
        session_id for session_id, _ in names(store, keep=0, include=[Protected.FAVORITES])
    }


def test_what_is_taken_is_one_act(store: Store):
    selection = select_checkpoints(store, LATER, keep=1)
    act = store.checkpoints.delete(selection.checkpoints)
    assert act.size == selection.size
    assert [len(store.checkpoints.of(entry)) for entry in store.scan()] == [1, 1]
    store.undo()
    assert len(store.checkpoints.all()) == 6


def test_every_sum_counts_the_checkpoints(store: Store):
    total = sum(len(data) for name, data in contents(store.path).items() if counts(name))
    table = SessionTable()
    table.put(store.scan())
    table.count_checkpoints(store.checkpoint_sizes())
    assert table.totals.size == table.totals_of(table.order).size == total
    stats = Stats(store.checkpoint_sizes())
    for file in gather(store.scan()):
        stats.add(file)
    assert stats.total.disk == total
    assert sum(size for size, _, _ in stats.largest_sessions) == total
    rule = PruneRule(keep=0, include=frozenset(Protected))
    assert select(store, rule, LATER).size == total
    act = store.delete(list(store.scan()))
    assert act.size == total
    assert sum(each.size for each in store.trash()) == total
    assert table.totals.size == total
