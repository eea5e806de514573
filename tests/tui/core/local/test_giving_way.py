"""Threads that work long wait while the event loop has something to do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from agcx_format.search import parse_query
from agcx_format.session.source import ListSource
from agcx_format.store.store import open_store
from agcx_tui.app.screens.storage import StorageScreen
from agcx_tui.core.conversation.find_message import all_messages, find_message
from agcx_tui.core.conversation.followed import continues
from agcx_tui.core.conversation.search import find_matches, search
from agcx_tui.core.local import giving_way
from agcx_tui.core.local.giving_way import LoopActivity
from agcx_tui.core.sessions.query import parse
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.store.activity_feed import ActivityFeed
from tests.support.browsing import browser, demo_copy, scanned, until
from tests.support.entries import NOW
from tests.support.growing_source import GrowingSource
from tests.support.messages import user


def test_a_thread_waits_while_the_loop_is_busy():
    loop, events = LoopActivity(), []
    loop.becomes_busy()
    assert loop.is_busy
    waiting = threading.Thread(target=lambda: (loop.wait_until_idle(), events.append("went on")))
    waiting.start()
    events.append("the loop was idle")
    loop.becomes_idle()
    waiting.join()
    # Nor does it wait for ever if the loop is never idle.
    loop.becomes_busy()
    loop.wait_until_idle()
    assert sorted(events) == ["the loop was idle", "went on"]


class Counted(LoopActivity):
    """How often each thread asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[threading.Thread, int] = {}

    def wait_until_idle(self) -> None:
        thread = threading.current_thread()
        self.asked[thread] = self.asked.get(thread, 0) + 1


@pytest.fixture
def loop(monkeypatch) -> Counted:
    counted = Counted()
    monkeypatch.setattr(giving_way, "LOOP", counted)
    return counted


def asked(loop: Counted, work: Callable[[], object]) -> int:
    """How often a thread asked while it did this."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return loop.asked.get(thread, 0)


MESSAGES = [user(f"message {number}") for number in range(50)]
LONG = "ein Straßenfeger, den keiner kennt\n" * 30_000


@pytest.mark.parametrize(
    "work",
    [
        lambda: list(all_messages(ListSource(MESSAGES))),
        lambda: find_message(ListSource(MESSAGES), 0, 1, lambda message: False),
        lambda: list(search(ListSource(MESSAGES), parse_query("message"))),
    ],
)
def test_whoever_goes_through_a_conversation_gives_way_at_each_message(loop, work):
    assert asked(loop, work) >= len(MESSAGES)


def test_a_conversation_that_is_read_again_gives_way(loop):
    newer, older = GrowingSource(MESSAGES), GrowingSource(MESSAGES)
    for source in (newer, older):
        for _ in range(len(MESSAGES)):
            source.gate.release()
    while older.read_more():
        pass
    # Five messages at a time.
    assert asked(loop, lambda: continues(newer, older, [])) >= len(MESSAGES) // 5 - 1


@pytest.mark.parametrize(
    "query", ["e", "Straße", "der keiner", "kennt -nirgends", "/f.ger/", '"fegt, n"']
)
def test_a_search_gives_way_within_a_long_message(loop, query):
    message, wanted = user(LONG), parse_query(query)
    pieces = len(LONG) // (512 * 1024)
    assert asked(loop, lambda: list(search(ListSource([message]), wanted))) > pieces
    assert asked(loop, lambda: find_matches(message, wanted)) >= pieces


def test_a_search_gives_way_among_many_matches(loop):
    message, wanted = user("x " * 10_000), parse_query("/x/")
    assert asked(loop, lambda: list(search(ListSource([message]), wanted))) > 100
    assert asked(loop, lambda: find_matches(message, wanted)) > 100


async def test_reading_sessions_for_the_filter_gives_way_at_each(loop, tmp_path):
    from tests.tui.core.store.test_activity_feed import Tasks

    store, view, table = demo_copy(tmp_path / "store"), Tasks(), SessionTable()
    table.put(open_store(store).scan())
    table.filter_by(parse("turns:>1", NOW))
    ActivityFeed(table, view, None).want(str(store))
    await asyncio.gather(*view.tasks)
    assert sum(loop.asked.values()) >= len(table)


async def test_measuring_the_store_gives_way_at_each_session(loop, tmp_path):
    async with browser(demo_copy(tmp_path / "store"), follow=False).run_test() as pilot:
        await scanned(pilot, 15)
        await pilot.press("S")
        await until(pilot, lambda: isinstance(pilot.app.screen, StorageScreen))
        await until(pilot, lambda: sum(loop.asked.values()) >= 15)
