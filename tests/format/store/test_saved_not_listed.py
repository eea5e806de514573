"""A session whose index or copy of metadata cannot be written is saved, and the error says so."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import InputText, Message, SavedNotListed, SessionStore, Store, new_message
from agcx_format.store.paths import INDEX
from tests.support.stores import golden_session

SESSION = golden_session("full")
ID = SESSION[0].id
MORE = new_message(Message(None, "user", [InputText("Go on")]))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = SessionStore(tmp_path / "store")
    made.save_session(ID, *SESSION)
    return made


@pytest.fixture(params=["index", "copy"])
def blocked(request: pytest.FixtureRequest, store: Store) -> Path:
    """What cannot be written: there is a folder in its place."""
    copy = next(path for path in store.path.rglob(f"{ID}.*") if path.suffix != ".agcx")
    path = store.path / INDEX if request.param == "index" else copy
    path.unlink()
    (path / "inside").mkdir(parents=True)
    return path


def free(blocked: Path) -> None:
    (blocked / "inside").rmdir()
    blocked.rmdir()


def renamed(title: str) -> tuple:
    metadata, *rest = SESSION
    return (replace(metadata, title=title), *rest)


def test_it_is_saved_and_can_be_saved_again(store: Store, blocked: Path):
    with pytest.raises(SavedNotListed, match="is saved, but not listed") as caught:
        store.save_session(ID, *renamed("new"))
    assert caught.value.path == str(blocked)
    assert store.load_session(ID)[0].title == "new"
    free(blocked)
    store.save_session(ID, *renamed("newer"))
    assert store.load_index().sessions[ID].title == "newer"
    assert SessionStore(store.path).list_sessions()[0].title == "newer"


def test_the_others_are_written_all_the_same(store: Store, blocked: Path):
    with pytest.raises(SavedNotListed):
        store.save_session(ID, *renamed("new"))
    if blocked.name == INDEX:
        assert SessionStore(store.path).list_sessions()[0].title == "new"
    else:
        assert store.load_index().sessions[ID].title == "new"


def test_what_is_added_stays_with_the_checkpoints_of_it(store: Store, blocked: Path):
    count = len(store.load_session(ID)[1].messages)
    with pytest.raises(SavedNotListed):
        store.append(ID, [MORE])
    with pytest.raises(SavedNotListed), store.editing(ID) as editor:
        editor.add(MORE.item)
        editor.checkpoint("here", keep=1)
    metadata, conversation, _ = store.load_session(ID)
    assert len(conversation.messages) == count + 2
    (listed,) = metadata.checkpoints
    assert len(store.load_checkpoint(ID, listed.id).conversation.messages) == count + 2
    free(blocked)
    assert store.append(ID, [MORE]).message_count == count + 3


def test_the_end_of_many_saves_says_so_too(store: Store, blocked: Path):
    other = UUID(int=7)
    metadata, conversation, state = SESSION
    with pytest.raises(SavedNotListed), store.saving_many():
        store.save_session(
            other, replace(metadata, id=other), replace(conversation, id=other), state
        )
        if blocked.name != INDEX:
            store.save_session(ID, *renamed("new"))
    assert other in store


def test_the_end_of_many_saves_says_so_too_if_the_store_cannot_be_locked(store: Store):
    away = store.path.with_name("away")
    with pytest.raises(SavedNotListed, match="is saved, but not listed"), store.saving_many():
        store.save_session(ID, *renamed("new"))
        store.path.rename(away)
    away.rename(store.path)
    assert store.load_session(ID)[0].title == "new"
