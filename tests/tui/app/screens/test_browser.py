"""The main screen: every key, the preview, and the states without sessions."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from agcx_format.store.store import open_store
from agcx_tui.app.dialogs.help import HelpScreen, KeyColumn
from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.app.widgets.preview import Preview
from agcx_tui.core.sessions.columns import COLUMNS
from agcx_tui.core.sessions.sorting import SORTS
from agcx_tui.core.words.help_pages import key_rows
from tests.support.browsing import (
    SIZE,
    at_cursor,
    browser,
    line,
    on_top,
    rows,
    scanned,
    titles,
    until,
)
from tests.support.stores import contents

pytestmark = pytest.mark.usefixtures("undrawn")


async def test_the_sessions_are_listed_newest_access_first(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        assert titles(screen)[:3] == [
            "Teach deploy.sh a --dry-run",
            "Fix the grid layout",
            "Why does the queue stall after a deploy?",
        ]
        accessed = [m.title for m in open_store(store).list_sessions()]
        assert [title for title in titles(screen) if title != "!"] == accessed
        assert "15 sessions" in line(screen, "#title")


async def test_looking_changes_nothing_in_the_store(store):
    before = contents(store, trash=True)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("down", "down", "slash", "a", "escape", "escape", "s", "r", "p", "space")
        await pilot.pause(0.2)
    assert contents(store, trash=True) == before


def head(screen: BrowserScreen) -> str:
    return str(screen.query_one("#preview-head", Static).render())


async def test_the_preview_follows_the_cursor(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await until(pilot, lambda: "Teach deploy.sh" in head(screen))
        await pilot.press("down")
        await until(pilot, lambda: "Fix the grid layout" in head(screen))
        await until(pilot, lambda: screen.query("Transcript"))
        transcript = screen.query_one("Transcript")
        await until(pilot, lambda: transcript.source.known() == 24)
        assert "24 messages · 3 turns" in head(screen)
        assert head(screen).endswith("gpt-5-codex · ui")


async def test_the_preview_follows_a_cursor_that_had_rested_without_any_delay(store, monkeypatch):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await until(pilot, lambda: screen.query("Transcript"))
        # From now on, what waits for a pause never comes.
        monkeypatch.setattr("agcx_tui.app.screens.browser.browser._PREVIEW_DELAY", 3600)
        monkeypatch.setattr("agcx_tui.app.widgets.preview._RESTED", 0)
        await pilot.press("down")
        await until(pilot, lambda: "Fix the grid layout" in head(screen))


async def test_the_cursor_stays_on_its_session_when_the_order_changes(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down")
        await pilot.press("s", "s", "s")
        assert screen.table.sort_key == "title"
        assert at_cursor(screen) == "Fix the grid layout"
        await pilot.press("r")
        assert screen.table.descending
        assert at_cursor(screen) == "Fix the grid layout"


async def test_marks_are_counted_and_escape_takes_them_away(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("space", "space")
        assert line(screen, "#marks").startswith("2 marked, ")
        await pilot.press("a")
        assert line(screen, "#marks").startswith("15 marked, ")
        await pilot.press("escape")
        assert line(screen, "#marks") == ""
        assert screen.table.marks == set()


async def test_p_moves_the_preview_below_and_away_and_back(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        preview, sessions = screen.query_one(Preview), screen.query_one(SessionList)
        assert preview.region.x > sessions.region.x
        await pilot.press("p")
        await until(pilot, lambda: preview.region.y > sessions.region.y)
        assert sessions.size.width > 100
        await pilot.press("p")
        await until(pilot, lambda: not preview.display)
        await pilot.press("p")
        await until(pilot, lambda: preview.display and preview.region.x > sessions.region.x)


@pytest.mark.parametrize(
    ("size", "where"), [((120, 40), "right"), ((80, 24), "below"), ((80, 20), "hidden")]
)
async def test_the_preview_stands_where_there_is_room(store, size, where):
    app = browser(store)
    async with app.run_test(size=size) as pilot:
        screen = await scanned(pilot)
        assert screen.panes.place == where


async def test_a_terminal_that_is_too_small_says_so_and_recovers(store):
    app = browser(store)
    async with app.run_test(size=(30, 6)) as pilot:
        screen = await scanned(pilot)
        too_small = screen.query_one("#too-small")
        assert too_small.display
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: not too_small.display)
        assert "Fix the grid layout" in "\n".join(rows(screen))


async def test_enter_opens_the_conversation_and_q_comes_back(store):

    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert at_cursor(screen) == "Fix the grid layout"


async def test_a_double_click_opens_too(store):

    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.double_click("#sessions", offset=(20, 1))
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))


@pytest.mark.usefixtures("drawn")
async def test_a_click_on_the_header_sorts_and_another_turns_it_round(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        title = next(c for c in screen.query_one(SessionList).columns if c.name == "title")
        await pilot.click("ListHeader", offset=(title.start + 1, 0))
        assert (screen.table.sort_key, screen.table.descending) == ("title", False)
        await pilot.click("ListHeader", offset=(title.start + 1, 0))
        assert (screen.table.sort_key, screen.table.descending) == ("title", True)
        await pilot.click("ListHeader", offset=(5, 0))
        assert screen.table.sort_key == "accessed"


@pytest.mark.usefixtures("drawn")
async def test_clicks_on_the_header_sort_by_every_key_both_ways(store):
    app = browser(store)
    async with app.run_test(size=(300, 24)) as pilot:
        screen = await scanned(pilot)
        screen.sessions.choose_columns(COLUMNS)
        await pilot.pause()
        screen.sort_by("title", descending=True)
        seen = []
        for column in screen.sessions.columns:
            count = len(seen)
            # Until it is sorted as by the first click on this column.
            while len(seen) < count + 2 or seen[-1] != seen[count]:
                await pilot.click("ListHeader", offset=(column.start + 1, 0))
                header = screen.query_one("ListHeader").render_line(0).text
                arrow = "↓" if screen.table.descending else "↑"
                label = {"messages": "msgs"}.get(screen.table.sort_key, screen.table.sort_key)
                assert f"{label}{arrow}" in header.replace(" ", "")
                seen.append((screen.table.sort_key, screen.table.descending))
        assert set(seen) == {(key, way) for key in SORTS for way in (True, False)}
        # `s` goes through the keys of the columns that are shown.
        screen.sessions.choose_columns(("size",))
        await pilot.pause()
        screen.sort_by("accessed")
        keys = []
        for _ in range(7):
            await pilot.press("s")
            keys.append(screen.table.sort_key)
        assert keys == ["updated", "created", "title", "messages", "size", "ratio", "accessed"]


async def test_y_copies_the_id_and_shift_y_the_path(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        row = screen.table.order[0]
        await pilot.press("y")
        assert app.clipboard == screen.table.id(row)
        await pilot.press("Y")
        assert app.clipboard == screen.table.path(row)


async def test_tab_goes_from_pane_to_pane_and_escape_back_to_the_list(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await until(pilot, lambda: screen.query("Transcript"))
        await pilot.press("tab")
        assert screen.focused is screen.query_one("Transcript")
        said = [key.description for key in screen.query_one(KeyLine).shown()]
        assert "next pane" in said
        # One filters messages, the other one sessions.
        assert said.count("filter") == 1
        assert "tabs" not in said
        await pilot.press("tab")
        assert screen.focused is screen.query_one("#filter")
        await pilot.press("escape")
        assert screen.focused is screen.query_one(SessionList)


async def test_every_binding_has_an_id_and_a_description(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        ours = [
            binding
            for node in (screen, screen.query_one(SessionList), screen.query_one("#filter"), app)
            for binding in type(node).BINDINGS
        ]
        assert len(ours) > 25
        assert all(binding.id and binding.description for binding in ours)
        assert len({binding.id for binding in ours}) == len(ours)


async def test_help_lists_every_key_of_the_screen_below(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        drawn = lambda: str([str(each.render()) for each in pilot.app.screen.query(KeyColumn)])  # noqa: E731
        text = drawn()
        for node in (screen, screen.query_one(SessionList)):
            for binding in type(node).BINDINGS:
                assert binding.description in text
        assert "is:favorite" in text
        # Searched as everything else, by what a key does or by its name; Esc first ends the search.
        await pilot.press("slash", *"toggle fav")
        await until(pilot, lambda: "toggle favorite" in drawn())
        assert "rename" not in drawn()
        await pilot.press("escape")
        await until(pilot, lambda: "rename" in drawn())
        await pilot.press("q")
        assert pilot.app.screen is screen


async def test_a_wide_terminal_has_room_for_each_line_of_help(store):
    app = browser(store)
    async with app.run_test(size=(200, 50)) as pilot:
        await scanned(pilot)
        await pilot.press("question_mark")
        await on_top(pilot, HelpScreen)
        lines = [
            line
            for each in pilot.app.screen.query(KeyColumn)
            for line in key_rows(each.sections, each.content_size.width)
        ]
        assert len(lines) > 50
        assert [line.words for line in lines if line.words and not line.keys.strip()] == []


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_q_and_ctrl_c_leave(store, key):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press(key)
        await until(pilot, lambda: not app.is_running or app._exit)
