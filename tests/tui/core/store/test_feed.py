"""A table of sessions is kept up to date with a store, without any screen."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from agcx_format import open_store
from agcx_format.catalog import Catalog, Columns
from agcx_format.errors import PersistenceError
from agcx_format.space import ActivityFacts
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.store import store_work
from agcx_tui.core.store.feed import StoreFeed
from agcx_tui.core.store.looking import Found, Vanished, compare
from agcx_tui.core.store.opened_store import OpenedStore
from agcx_tui.core.store.signal import Signal
from agcx_tui.core.store.stream import stream
from agcx_tui.core.store.watch import directory
from tests.support.waiting import LIMIT, soon


class View:
    """Shows nothing, and notes what it would show."""

    def __init__(self) -> None:
        self.changes = 0
        self.replaced = False
        self.tasks: list[asyncio.Task[None]] = []

    def run_worker(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(work))
        return self.tasks[-1]

    def set_timer(self, delay: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(delay, callback)

    def rows_added(self) -> None:
        self.changes += 1

    def table_changed(self) -> None:
        self.changes += 1

    def store_replaced(self) -> None:
        self.replaced = True


@asynccontextmanager
async def feeding(
    path: Path | None, opened: OpenedStore | None = None, **options: Any
) -> AsyncIterator[tuple[StoreFeed, View]]:
    view = View()
    place = None if path is None else str(path)
    feed = StoreFeed(SessionTable(), opened or OpenedStore(), view, place, **options)
    feed.read()
    yield feed, view
    await feed.close()
    for task in view.tasks:
        if not task.cancelled():
            await asyncio.gather(task, return_exceptions=True)


async def read(feed: StoreFeed, sessions: int = 15) -> None:
    await soon(lambda: not feed.state.reading and len(feed.table) == sessions)


async def test_a_store_is_read_and_its_state_says_so(store):
    async with feeding(store, follow=False) as (feed, view):
        assert feed.state.reading
        assert not feed.state.table_is_known
        await feed.begun(LIMIT)
        assert len(feed.table) > 0
        await read(feed)
        assert feed.state.table_is_known
        assert feed.state.files == 15
        assert view.changes


async def test_a_place_that_comes_to_be_there_is_the_store(store, tmp_path):
    later = tmp_path / "later"
    async with feeding(None, looked=[str(later)], follow=False) as (feed, _):
        assert not feed.state.reading
        shutil.copytree(store, later)
        feed.read()
        await read(feed)
        assert feed.path == str(later)


async def test_what_cannot_be_read_is_an_error_of_the_state(tmp_path):
    path = tmp_path / "a file"
    path.write_text("no directory")
    async with feeding(path, follow=False) as (feed, _):
        await feed.begun(LIMIT)
        assert feed.state.error is not None
        assert not feed.state.table_is_known


async def test_an_act_is_in_the_table_when_whoever_asked_for_it_goes_on(store):
    opened = OpenedStore()
    async with feeding(store, opened, follow=False) as (feed, _):
        await read(feed)
        acts = await opened.opened()
        path = feed.table.path(feed.table.order[0])
        waiting = feed.shown([feed.table.order[0]])
        await acts.run(lambda s: store_work.toggle_favorite(s, [(path, None)]))
        row = feed.table.row_of(path)
        assert row is not None
        # What waits behind it is about the file as our own act left it.
        assert list(waiting) == [(path, feed.table.signature(row))]
        await acts.run(lambda s: store_work.delete(s, waiting))
        assert feed.table.row_of(path) is None


async def test_a_store_that_goes_and_comes_back_keeps_its_rows(store):
    async with feeding(store) as (feed, _):
        await read(feed)
        await soon(lambda: feed.state.watching)
        aside = store.with_name("aside")
        store.rename(aside)
        await soon(lambda: feed.state.vanished)
        assert len(feed.table) == 15
        aside.rename(store)
        await soon(lambda: not feed.state.vanished and not feed.state.reading)
        os.unlink(feed.table.path(feed.table.order[0]))
        await soon(lambda: len(feed.table) == 14)


async def test_a_store_that_goes_while_it_is_compared_keeps_its_rows(store):
    async with feeding(store, follow=False) as (feed, _):
        await read(feed)
        library = open_store(store)
        place = directory(str(store))
        found = compare(
            str(store), feed.table.columns, library, place, True, stop=threading.Event()
        )
        while not isinstance(each := next(found), Found) or each.store is None:
            pass
        store.rename(store.with_name("aside"))
        assert [type(each) for each in found] == [Vanished]


def test_the_first_rows_come_once_they_fill_a_screen(store):
    """What more there is would keep them waiting."""
    session = next(store.glob("*.agcx"))
    for _ in range(200):
        os.link(session, store / f"{uuid4()}.agcx")
    found = compare(str(store), Columns(), None, None, False, stop=threading.Event())
    first, *others = (len(each) for each in found if isinstance(each, list))
    assert first <= 60
    assert first + sum(others) == len(list(store.glob("*.agcx")))


async def test_a_store_in_the_place_of_another_is_told(store):
    async with feeding(store, follow=False) as (feed, view):
        await read(feed)
        aside = store.with_name("aside")
        store.rename(aside)
        shutil.copytree(aside, store)
        feed.read()
        await soon(lambda: view.replaced)
        await read(feed)


async def test_files_that_others_save_are_published(store):
    opened, view, saved = OpenedStore(), View(), {}
    feed = StoreFeed(SessionTable(), opened, view, str(store))
    feed.read()
    await read(feed)
    await soon(lambda: feed.state.watching)
    opened.saved.subscribe(saved.update)
    library = open_store(store)
    entry = next(each for each in library.scan() if each.metadata is not None)
    library.update_metadata(entry.id, title="Saved by another")
    await soon(lambda: entry.path in saved)
    await feed.close()


async def test_a_feed_that_is_closed_leaves_its_catalog(store, tmp_path):
    catalog = Catalog(tmp_path / "catalog", store)
    async with feeding(store, follow=False, catalog=catalog) as (feed, _):
        await read(feed)
    reading = Catalog(tmp_path / "catalog", store).open()
    assert reading is not None
    assert reading.head.sessions == 15
    # The next feed has its first page before it looks at the store.
    feed = StoreFeed(SessionTable(), OpenedStore(), View(), str(store), catalog=catalog)
    assert feed.state.cached
    assert len(feed.table.order) == 15


# --- what it is made of


async def test_a_stream_gives_what_a_thread_yields_and_no_more_than_is_taken():
    made = []

    def numbers(stop: threading.Event):
        for number in range(100):
            made.append(number)
            yield number

    async with aclosing(stream(numbers, ahead=2)) as found:
        async for number in found:
            if number == 5:
                break
        await asyncio.sleep(0.05)
        assert len(made) <= 5 + 1 + 2 + 1


async def test_a_stream_that_is_left_stops_its_thread():
    stopped = threading.Event()

    def waiting(stop: threading.Event):
        yield 1
        stop.wait(60)
        stopped.set()

    async with aclosing(stream(waiting)) as found:
        async for _ in found:
            break
    await soon(stopped.is_set)


async def test_a_stream_raises_what_its_generator_raised():
    def failing(stop: threading.Event):
        yield 1
        raise ValueError("after the first")

    with pytest.raises(ValueError, match="after the first"):
        assert [each async for each in stream(failing)] == [1]


def test_a_signal_tells_its_followers_until_they_have_enough():
    signal: Signal[int] = Signal()
    first, second = [], []
    unsubscribe = signal.subscribe(first.append)
    signal.subscribe(second.append)
    signal.publish(1)
    unsubscribe()
    unsubscribe()
    signal.publish(2)
    assert (first, second) == ([1], [1, 2])


async def test_the_checkpoints_of_a_session_count_in_its_size(store):
    library = open_store(store)
    beside = library.checkpoint_sizes()
    files = sum(entry.size for entry in library.scan())
    async with feeding(store, follow=False) as (feed, _):
        await read(feed)
        assert feed.table.totals.size == files + sum(beside.values()) > files
        # An act that takes one away changes the size.
        each = next(each for each in library.checkpoints.all() if each.path)
        outcome = store_work.delete_checkpoint(library, each)
        feed._opened.acted.publish(outcome)
        left = sum(library.checkpoint_sizes().values())
        files = sum(entry.size for entry in library.scan())
        await soon(lambda: feed.table.totals.size == files + left)


async def test_what_is_known_of_a_session_stays_when_it_is_reported_again(store):
    opened = OpenedStore()
    async with feeding(store, opened, follow=False) as (feed, _):
        await read(feed)
        acts = await opened.opened()
        path = feed.table.path(feed.table.order[0])
        await acts.run(lambda s: store_work.delete(s, [(path, None)]))
        outcome = await acts.undo()
        assert outcome is not None
        row = feed.table.row_of(path)
        assert row is not None
        feed.table.set_activity([(row, ActivityFacts())])
        version = feed.table.version
        # Both the watch and the queue report an act of ours, whichever is first.
        opened.acted.publish(outcome)
        assert feed.table.activity == {row: ActivityFacts()}
        assert feed.table.version == version


async def test_a_session_that_could_not_be_read_for_a_while_is_whole_again(store):
    async with feeding(store, follow=False) as (feed, _):
        await read(feed)
        row = next(row for row in feed.table.order if not feed.table.broken(row))
        feed.found_damage(feed.table.path(row), PersistenceError("the disk did not answer"))
        assert feed.table.broken(row)
        # The file is the same as before.
        feed.read()
        await soon(lambda: not feed.state.reading)
        assert not feed.table.broken(row)
