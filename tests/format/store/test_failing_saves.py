"""A save that fails has changed nothing and can be done again; one that is done never says it failed."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from agcx_format import (
    InputText,
    Message,
    PersistenceError,
    SavedNotListed,
    SessionStorage,
    SessionStore,
    Store,
    new_message,
    new_session,
    open_store,
)
from agcx_format.disk import exchange

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


class FailsOnce:
    """The calls that change names, of which one fails."""

    def __init__(self, number: int) -> None:
        self.number, self.has_failed = number, False

    def call(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: object, **options: object) -> None:
            self.number -= 1
            if self.number == 0:
                self.has_failed = True
                raise OSError(errno.EIO, "Input/output error")
            real(*arguments, **options)

        return call


def test_whichever_call_fails_it_is_known_whether_a_save_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """On a file system that cannot exchange two files, where a save is a short act."""
    monkeypatch.setattr(exchange, "_system_call", lambda: lambda *_: errno.EPERM)
    store = SessionStorage(tmp_path / "store")
    store.save_session(ID, *SESSION)
    edit(store)
    number, has_failed = 0, True
    while has_failed:
        number += 1
        before = store.load_session(ID)
        fails = FailsOnce(number)
        with monkeypatch.context() as patch:
            for name in ("link", "rename", "unlink", "fsync"):
                patch.setattr(os, name, fails.call(getattr(os, name)))
            try:
                edit(store)
                is_done = True
            except PersistenceError as error:
                is_done = isinstance(error, SavedNotListed)
        has_failed = fails.has_failed
        metadata, conversation, _ = store.load_session(ID)
        assert len(conversation.messages) == len(before[1].messages) + is_done, number
        assert len(metadata.checkpoints) == len(before[0].checkpoints) + is_done, number
        for each in metadata.checkpoints:
            store.load_checkpoint(ID, each.id)
    assert number > 20
    append(store)
    assert not [name for name in files(store) if "agcx-tmp" in name or "pending" in name]


def interrupted_at(
    number: int, first: Callable[[], object] = lambda: None
) -> Callable[[int], None]:
    """A wait for the disk: at the end of the one with this number `first` happens, then Ctrl+C."""
    fsync, left = os.fsync, number

    def wait(fd: int) -> None:
        nonlocal left
        fsync(fd)
        left -= 1
        if left == 0:
            first()
            raise KeyboardInterrupt

    return wait


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_a_checkpoint_that_a_session_lists_is_there_whenever_a_person_interrupts(
    number: int, store: Store, monkeypatch: pytest.MonkeyPatch
):
    """Ctrl+C during one of the waits for the disk: of the checkpoint, the session, and the lists."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupted_at(number))
        with suppress(KeyboardInterrupt):
            edit(store)
    metadata = store.load_session(ID)[0]
    for each in metadata.checkpoints:
        store.load_checkpoint(ID, each.id)
    assert sum("checkpoints" in name for name in files(store)) == len(metadata.checkpoints)


@pytest.mark.parametrize("number", [3, 4])
def test_no_checkpoint_is_removed_while_the_session_that_may_list_it_cannot_be_read(
    number: int, store: Store, monkeypatch: pytest.MonkeyPatch
):
    path = Path(store.resolve(str(ID)).path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupted_at(number, lambda: path.write_bytes(b"")))
        with pytest.raises(KeyboardInterrupt):
            edit(store)
    assert sum("checkpoints" in name for name in files(store)) == 1
