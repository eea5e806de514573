"""A save that could not be made durable has failed: nothing of it is there, and it can be done again."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from agcx_format import (
    InputText,
    Message,
    PersistenceError,
    SessionStorage,
    SessionStore,
    Store,
    new_message,
    new_session,
    open_store,
)

QUESTION = Message(None, "user", [InputText("Is it green now?")])
SESSION = new_session(title="Run", messages=[new_message(QUESTION)])
ID = SESSION[0].id


@pytest.fixture(params=[SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    store: Store = request.param(tmp_path / "store")
    store.save_session(ID, *SESSION)
    return store


def save(store: Store) -> None:
    metadata, conversation, state = store.load_session(ID)
    messages = [*conversation.messages, new_message(QUESTION)]
    store.save_session(ID, metadata, replace(conversation, messages=messages), state)


def append(store: Store) -> None:
    store.append(ID, [new_message(QUESTION)])


def edit(store: Store) -> None:
    with store.editing(ID) as session:
        session.add(QUESTION)
        session.checkpoint("asked")


def sessions_folder(store: Store) -> Path:
    return Path(next(store.scan()).path).parent


def files(store: Store) -> set[str]:
    return {os.path.relpath(path, store.path) for path in store.path.rglob("*") if path.is_file()}


@pytest.mark.parametrize("write", [save, append, edit])
@pytest.mark.parametrize("saved_meanwhile", [False, True])
def test_a_save_that_cannot_be_synced_has_changed_nothing(
    store: Store,
    write: Callable[[Store], None],
    saved_meanwhile: bool,
    monkeypatch: pytest.MonkeyPatch,
):
    folder = sessions_folder(store)
    (path,) = folder.glob("*.agcx")
    before, there = path.read_bytes(), files(store)

    fsync = os.fsync

    def failing(fd: int) -> None:
        if os.path.samestat(os.fstat(fd), os.stat(folder)):
            if saved_meanwhile:
                new = path.with_suffix(".tmp")
                new.write_bytes(before + b"!")
                new.rename(path)
            raise OSError(errno.EIO, "Input/output error")
        fsync(fd)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(PersistenceError, match="nput/output error"):
            write(store)
    assert path.read_bytes() == before + b"!" * saved_meanwhile
    assert files(store) == there
    if saved_meanwhile:
        return
    write(store)
    assert [each.item for each in open_store(store.path).load_session(ID)[1].messages] == [
        QUESTION,
        QUESTION,
    ]
