"""A filter by what happened in sessions finds all of them, also if it was left and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from agcx_format.store.store import open_store
from agcx_tui.core.sessions.query import parse
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.store.activity_feed import ActivityFeed
from tests.support.browsing import demo_copy
from tests.support.entries import NOW_SECONDS
from tests.support.waiting import LIMIT


class Tasks:
    """A view that shows nothing: what it runs are tasks."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[None]] = []

    def run_worker(self, work: Coroutine[Any, Any, None], /) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(work))
        return self.tasks[-1]

    def set_timer(self, delay: float, callback: Any, /) -> None:
        pass

    def rows_added(self) -> None:
        pass

    def table_changed(self) -> None:
        pass

    def store_replaced(self) -> None:
        pass


async def test_what_was_not_read_when_the_filter_was_left_is_read_when_it_comes_back(tmp_path):
    store, view, table = demo_copy(tmp_path / "store"), Tasks(), SessionTable()
    table.put(open_store(store).scan())
    feed = ActivityFeed(table, view, None)
    failed = parse("is:failed", NOW_SECONDS * 1_000_000)

    table.filter_by(failed)
    feed.want(str(store))
    assert feed.left == len(table.rows_to_measure()) > 10
    # Left before anything is read.
    table.filter_by(parse("", 0))
    await asyncio.wait_for(view.tasks[0], LIMIT)
    assert not table.activity

    table.filter_by(failed)
    feed.want(str(store))
    await asyncio.wait_for(view.tasks[1], LIMIT)
    assert not table.rows_to_measure()
    assert feed.left == 0
    # Nothing is read twice.
    feed.want(str(store))
    assert len(view.tasks) == 2
