"""A folder that cannot be read is an error, never a store, a trash or a session without anything in it."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format.errors import PersistenceError
from agcx_format.model.session import Checkpoint, CheckpointMetadata
from agcx_format.store.store import Store
from tests.support.privileges import without_privileges
from tests.support.stores import golden_session

both_layouts = pytest.mark.parametrize("layout", [1, 2])
USES = {
    "": [Store.list_sessions, lambda store: list(store.scan())],
    "sessions": [Store.list_sessions, lambda store: list(store.scan()), Store.rebuild_index],
    "trash": [Store.trash, Store.log, Store.acts, Store.undo, Store.to_destroy, Store.empty_trash],
    "checkpoints": [
        lambda store: store.list_checkpoints(golden_session("full")[0].id),
        lambda store: store.delete(list(store.scan())),
    ],
}


def filled(root: Path, layout: int) -> Store:
    store = Store(root, layout=layout)
    metadata, conversation, state = golden_session("full")
    store.save_session(metadata.id, metadata, conversation, state)
    made = CheckpointMetadata(UUID(int=7), "here", "2026-01-01T00:00:00Z", 2, None)
    store.save_checkpoint(metadata.id, Checkpoint(made, conversation, state))
    store.update_metadata(metadata.id, title="Another")
    return store


@both_layouts
@pytest.mark.parametrize("folder", USES)
def test_it_says_so(layout: int, folder: str):
    with without_privileges() as place:
        filled(place / "store", layout)
        closed = place / "store" / folder
        if not closed.exists():
            return
        # Looking needs no more than that the store can be entered.
        store = Store(place / "store")
        closed.chmod(0)
        try:
            for use in USES[folder]:
                with pytest.raises(PersistenceError, match="permission denied"):
                    use(store)
        finally:
            closed.chmod(0o700)


@both_layouts
def test_what_may_be_listed_and_not_entered_is_not_empty(layout: int):
    with without_privileges() as place:
        filled(place / "store", layout)
        (place / "store").chmod(0o400)
        try:
            # In layout 1 each file says it, in layout 2 the store.
            with pytest.raises(PersistenceError, match="permission denied"):
                for entry in Store(place / "store").scan():
                    assert entry.error is not None
                    raise entry.error
        finally:
            (place / "store").chmod(0o700)


def test_a_store_that_cannot_be_reached_is_not_one_that_is_not_there():
    with without_privileges() as place:
        filled(place / "above" / "store", 1)
        (place / "link").symlink_to(place / "above" / "store")
        (place / "above").chmod(0)
        try:
            for path in (place / "above" / "store", place / "link"):
                with pytest.raises(PersistenceError, match="permission denied"):
                    Store(path)
        finally:
            (place / "above").chmod(0o700)


def test_a_store_that_another_program_makes_at_this_moment_is_one(tmp_path: Path, monkeypatch):
    root, look = tmp_path / "store", os.stat

    def made_after_the_look(path, *given, **more):
        try:
            return look(path, *given, **more)
        except FileNotFoundError:
            root.mkdir()
            raise

    monkeypatch.setattr(os, "stat", made_after_the_look)
    store = Store(root)
    monkeypatch.undo()
    assert list(store.scan()) == []


def test_a_folder_that_is_a_link_to_nowhere_is_not_empty(tmp_path: Path):
    store = filled(tmp_path / "store", 2)
    (tmp_path / "store" / "sessions").rename(tmp_path / "disk")
    (tmp_path / "store" / "sessions").symlink_to(tmp_path / "disk")
    assert len(store.list_sessions()) == 1
    (tmp_path / "disk").rename(tmp_path / "unplugged")
    with pytest.raises(PersistenceError, match="a link to .* that does not exist"):
        store.list_sessions()
