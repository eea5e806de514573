"""A store is a container of its sessions: `len`, `in`, and iteration, unreadable ones included."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import Store, new_session


@pytest.mark.parametrize("layout", [1, 2])
def test_a_store_is_a_container_of_sessions(tmp_path: Path, layout: int):
    store = Store(tmp_path / "store", layout=layout)
    assert len(store) == 0
    assert list(store) == []
    assert store, "an empty store is a store"
    one, other = new_session(title="One"), new_session(title="Other")
    for session in (one, other):
        store.save_session(session.metadata.id, *session)
    assert len(store) == 2
    assert {entry.metadata.title for entry in store} == {"One", "Other"}
    assert one.metadata.id in store
    assert UUID(int=7) not in store
    assert str(one.metadata.id) not in store
    store.delete_session(one.metadata.id)
    assert one.metadata.id not in store
    assert len(store) == 1


def test_an_unreadable_session_counts(tmp_path: Path):
    session_id = UUID(int=7)
    (tmp_path / f"{session_id}.agcx").write_bytes(b"damaged")
    store = Store(tmp_path)
    assert len(store) == 1
    assert session_id in store
    (entry,) = store
    assert entry.error is not None
