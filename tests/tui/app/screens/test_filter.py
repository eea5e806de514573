"""The filter of the list: keys typed, pasted, and obeyed in it, what is wrong, and what matches nothing."""

from __future__ import annotations

import threading

import pytest
from textual import events
from textual.widgets import Input

from agcx_tui.app.keys import gate
from agcx_tui.app.screens.browser import filter_bar
from agcx_tui.app.screens.browser.filter_bar import FilterBar
from agcx_tui.app.screens.browser.notices import instead_of_list
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.search.search import SearchScreen
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.app.widgets.transcript.showing import Shown
from agcx_tui.core.store import activity_feed
from tests.support.browsing import (
    SIZE,
    at_cursor,
    browser,
    line,
    notice,
    on_top,
    rows,
    scanned,
    titles,
    until,
    worked,
)
from tests.support.typing_app import drawn_lines
from tests.support.waiting import LIMIT, soon

pytestmark = pytest.mark.usefixtures("undrawn")


def offered(screen) -> dict[str, str]:
    """What the footer says of each key."""
    return {key.label: key.description for key in screen.query_one(KeyLine).shown()}


async def test_typing_filters_at_once_and_marks_what_matches(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("slash", *"rename")
        await until(pilot, lambda: len(screen.table.order) == 2)
        assert all("Rename" in title for title in titles(screen))
        assert "2 of 15" in line(screen, "#filter-status")
        matches = screen.query_one(SessionList).render_line(0)
        assert any(s.text == "Rename" and s.style.underline for s in matches)


async def test_what_the_filter_leaves_is_drawn_at_once(store, drawn, monkeypatch):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        bar = screen.query_one(FilterBar)
        pictures = drawn_lines(app, monkeypatch)
        bar.input.value = "rename"
        bar.apply()
        assert len(screen.table.order) == 2
        assert pictures[-1] >= {bar.region.y, *screen.sessions.region.line_range}


async def test_keys_typed_faster_than_the_screen_follows_reach_the_filter(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        for key in "/grid":
            name = "slash" if key == "/" else key
            app.post_message(events.Key(name, key))
        await until(pilot, lambda: screen.query_one("#filter", Input).value == "grid")
        assert pilot.app.screen is screen


async def test_in_the_filter_arrows_move_the_list_and_enter_opens_what_is_at_the_cursor(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        field, sessions = screen.query_one("#filter", Input), screen.query_one(SessionList)
        await pilot.press("end", "slash", *"rename")
        # Not the one that happens to be nearest to where the cursor was.
        assert at_cursor(screen) == titles(screen)[0]
        await pilot.press("down")
        assert screen.focused is field
        assert at_cursor(screen) == titles(screen)[1]
        await pilot.press("up", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConversationScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        # The keys of the list work again, on what was found.
        assert screen.focused is sessions
        assert at_cursor(screen) == titles(screen)[1]
        assert len(titles(screen)) == 2


async def test_escape_closes_the_filter_and_then_shows_all_sessions_again(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("slash", "slash", *"rename", "escape")
        # The key that opens it, pressed twice, was not typed into it.
        assert screen.query_one("#filter", Input).value == "rename"
        assert screen.focused is screen.query_one(SessionList)
        assert len(screen.table.order) == 2
        await pilot.press("slash", "slash", "escape", "escape")
        await until(pilot, lambda: len(screen.table.order) == 15)
        # Nothing can be done with a list in which there is nothing.
        await pilot.press("slash", "a", "slash", "z", "escape")
        await until(pilot, lambda: len(screen.table.order) == 15)
        assert screen.focused is screen.query_one(SessionList)


async def test_a_filter_can_begin_with_an_expression_though_the_key_that_opened_it_is_not_typed(
    store,
):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        field = screen.query_one("#filter", Input)
        await pilot.press("slash", "slash")
        assert "/ again begins a /regex/" in field.render_line(0).text
        await pilot.press("slash", *"ren.me", "slash")
        assert field.value == "/ren.me/"
        await until(pilot, lambda: len(screen.table.order) == 2)
        # So does a whole one that is pasted; of other text the key pressed twice is left out.
        for pasted, typed in (("/ren.me/ -x", "/ren.me/ -x"), ("/rename", "rename")):
            field.value = ""
            await pilot.press("escape", "slash")
            app.post_message(events.Paste(pasted))
            await until(pilot, lambda typed=typed: field.value == typed)


async def test_a_wrong_value_is_said_beside_the_filter(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("slash", *"larger:x")
        await until(pilot, lambda: "larger: a size such as" in line(screen, "#filter-status"))
        assert len(screen.table.order) == 15
        await pilot.press(*" messages:y")
        await until(pilot, lambda: "messages: a number" in line(screen, "#filter-status"))
        assert "larger: a size such as" in line(screen, "#filter-status")


async def test_what_happened_in_sessions_is_read_when_the_filter_asks_for_it(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("slash", *"is:failed")
        await until(pilot, lambda: not screen.table.rows_to_measure())
        failed = len(screen.table.order)
        assert 0 < failed < 15
        await until(pilot, lambda: f"{failed} of 15" in line(screen, "#filter-status"))
        await pilot.press("ctrl+u", *"-is:failed")
        others = len(screen.table.activity) - failed
        assert others > 0
        await until(pilot, lambda: f"{others} of 15" in line(screen, "#filter-status"))


async def test_a_key_that_there_is_not_is_an_error_in_place(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("slash", *"modle:gpt")
        await until(
            pilot, lambda: "no key modle; the keys are project" in line(screen, "#filter-status")
        )
        await pilot.press("ctrl+u", *"http://x")
        await until(pilot, lambda: "0 of 15" in line(screen, "#filter-status"))


async def test_when_nothing_matches_the_way_back_is_said_and_works_from_the_list(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("slash", *"zzz[/b]")
        await until(pilot, lambda: "No session matches" in notice(screen))
        assert "zzz[/b]" in notice(screen)
        assert "so far" not in notice(screen)
        # The footer says the same of Enter as the page.
        assert offered(screen)["enter"] == "search inside"
        assert "Enter searches inside" in notice(screen)
        await pilot.press("ctrl+u", *"grid")
        await until(pilot, lambda: offered(screen)["enter"] == "open")
        await pilot.press("ctrl+u", *"zzz[/b]")
        await until(pilot, lambda: "No session matches" in notice(screen))
        # What is still to be read may match.
        page = instead_of_list(screen.table, screen.feed, "project:zzz", unread=3)
        assert "No session matches so far" in str(page)
        await pilot.press("escape")
        await until(pilot, lambda: notice(screen) == "")
        assert len(rows(screen)) > 5


async def test_where_no_session_was_in_this_directory_the_key_that_asked_leads_back(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("full_stop")
        await until(pilot, lambda: "No session was in this directory" in notice(screen))
        assert "Enter" not in notice(screen)
        await pilot.press("full_stop")
        await until(pilot, lambda: len(rows(screen)) > 5)


async def test_enter_before_it_is_known_what_matches_opens_that_and_keys_after_it_are_for_it(
    store, monkeypatch
):
    may_read = threading.Event()
    monkeypatch.setattr(activity_feed, "give_way", lambda: may_read.wait(LIMIT))
    monkeypatch.setattr(filter_bar, "_FIRST_MATCH", LIMIT)
    monkeypatch.setattr(gate, "_PATIENCE", LIMIT)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("slash", *"is:failed")
        for key, character in (("enter", None), ("m", "m"), ("m", "m")):
            app.post_message(events.Key(key, character))
        await soon(lambda: any(each.group == "first match" for each in app.workers))
        may_read.set()
        conversation = await on_top(pilot, ConversationScreen)
        await until(pilot, lambda: conversation.transcript.showing.shown is Shown.FAILED)


async def test_tab_before_it_is_known_what_matches_does_not_search_inside(store, monkeypatch):
    may_read = threading.Event()
    monkeypatch.setattr(activity_feed, "give_way", lambda: may_read.wait(LIMIT))
    monkeypatch.setattr(filter_bar, "_FIRST_MATCH", LIMIT)
    monkeypatch.setattr(gate, "_PATIENCE", LIMIT)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("slash", *"is:failed queue")
        app.post_message(events.Key("tab", None))
        await soon(lambda: any(each.group == "first match" for each in app.workers))
        may_read.set()
        await until(pilot, lambda: titles(screen) == ["Why does the queue stall after a deploy?"])
        await worked(pilot)
        assert app.screen is screen
        assert screen.focused is screen.query_one("#filter")


async def test_enter_searches_inside_once_it_is_known_that_nothing_matches(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("slash", *"is:failed no-such-word", "enter")
        search = await on_top(pilot, SearchScreen)
        assert search.bar.input.value == "is:failed no-such-word"
