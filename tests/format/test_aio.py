"""The store for asyncio: the methods of the trait, in threads, changes one after the other."""

from __future__ import annotations

import asyncio
import inspect
import threading
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import Session, SessionNotFound, StorageBackend, new_session, open_store
from agcx_format.aio import AsyncStorage

SESSION = new_session(title="One", id=UUID(int=1))


class Waiting:
    """A store whose saves wait for the test to let them go on."""

    def __init__(self, path: Path) -> None:
        self.store = open_store(path)
        self.begun = threading.Event()
        self.may_end = threading.Event()
        self.saved: list[str] = []

    def save_session(self, session_id, metadata, conversation, state) -> None:
        self.begun.set()
        assert self.may_end.wait(60)
        self.store.save_session(session_id, metadata, conversation, state)
        self.saved.append(metadata.title)

    def list_sessions(self):
        return self.store.list_sessions()


def save(storage: AsyncStorage, session: Session):
    return storage.save_session(session.metadata.id, *session)


def test_it_has_the_methods_of_the_trait():
    wanted = {name for name in vars(StorageBackend) if not name.startswith("_")}
    assert len(wanted) == 6
    for name in wanted:
        method = getattr(AsyncStorage, name)
        assert inspect.iscoroutinefunction(method)
        assert inspect.signature(method) == inspect.signature(getattr(StorageBackend, name))


def test_a_session_is_saved_listed_loaded_and_deleted(tmp_path: Path):
    async def run() -> None:
        storage = AsyncStorage.open(tmp_path)
        await save(storage, SESSION)
        (listed,) = await storage.list_sessions()
        assert listed.title == "One"
        metadata, conversation, state = await storage.load_session(SESSION.metadata.id)
        assert (metadata.title, conversation, state) == ("One", *SESSION[1:])
        index = await storage.load_index()
        await storage.save_index(index)
        assert await storage.load_index() == index
        await storage.delete_session(SESSION.metadata.id)
        assert await storage.list_sessions() == []
        with pytest.raises(SessionNotFound):
            await storage.load_session(SESSION.metadata.id)

    asyncio.run(run())


def test_the_loop_goes_on_while_a_session_is_saved_and_changes_keep_their_order(tmp_path: Path):
    store = Waiting(tmp_path)

    async def run() -> None:
        storage = AsyncStorage(store)
        titles = ["first", "second", "third"]
        sessions = [new_session(title=title) for title in titles]
        saving = [asyncio.create_task(save(storage, session)) for session in sessions]
        # The loop is free, and reading does not wait for the change.
        await asyncio.to_thread(store.begun.wait, 60)
        assert await storage.list_sessions() == []
        store.may_end.set()
        await asyncio.gather(*saving)
        assert store.saved == titles

    asyncio.run(run())


def test_a_change_that_is_cancelled_is_done_to_its_end_before_the_next(tmp_path: Path):
    store = Waiting(tmp_path)

    async def run() -> None:
        storage = AsyncStorage(store)
        first = asyncio.create_task(save(storage, SESSION))
        await asyncio.to_thread(store.begun.wait, 60)
        second = asyncio.create_task(save(storage, new_session(title="Other")))
        # Impatient callers cancel more than once.
        for _ in range(3):
            first.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert not first.done()
        store.may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await first
        await second
        assert store.saved == ["One", "Other"]

    asyncio.run(run())
