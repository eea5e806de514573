"""The parts of the browser stand where the person put them."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from agcx_tui.app.dialogs.columns import ColumnsDialog
from agcx_tui.app.widgets.choices import Box
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.local.choices import Remembered
from tests.support.browsing import SIZE, at_cursor, browser, notices, on_top, scanned, until

pytestmark = pytest.mark.usefixtures("undrawn")


async def drag(pilot, offset: tuple[int, int]) -> None:
    """Take the divider with the mouse and let go of it at a place of the screen."""
    await pilot.mouse_down("Divider")
    await pilot.hover(offset=offset)
    await pilot.mouse_up(offset=offset)
    await pilot.pause()


async def test_the_divider_is_dragged_to_where_the_mouse_lets_go(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await drag(pilot, (50, 20))
        assert screen.query_one("Divider").region.x == 50
        assert screen.query_one("#preview").region.width == 120 - 51
        await pilot.hover(offset=(80, 20))
        assert screen.query_one("Divider").region.x == 50


@pytest.mark.parametrize(("to", "least"), [(0, 24), (119, 24)])
async def test_neither_pane_is_dragged_away(store, to, least):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await drag(pilot, (to, 20))
        assert screen.query_one("#left").size.width >= least - 1
        assert screen.query_one("#preview").size.width >= least


async def test_the_line_between_list_and_preview_below_is_dragged_too(store):
    app = browser(store)
    async with app.run_test(size=(80, 40)) as pilot:
        screen = await scanned(pilot)
        assert screen.query_one("Divider").size == (80, 1)
        await drag(pilot, (30, 12))
        assert screen.query_one("Divider").region.y == 12
        assert screen.query_one("#preview").region.bottom == 39


async def test_z_shows_the_preview_alone_while_the_cursor_goes_on(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("z")
        assert screen.query_one("#preview").size.width == SIZE[0]
        before = at_cursor(screen)
        await pilot.press("down")
        assert at_cursor(screen) != before
        head = screen.query_one("#preview-head")
        await until(pilot, lambda: (at_cursor(screen) or "") in str(head.render()))
        await pilot.press("z")
        assert screen.query_one("#left").size.width > 50


@pytest.mark.parametrize("key", ["escape", "p"])
async def test_the_list_comes_back_from_beside_the_zoomed_preview(store, key):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("z", key)
        assert screen.query_one("#left").size.width > 50
        assert screen.query_one("#preview").display


async def test_z_shows_the_preview_also_where_there_was_no_room_for_it(store):
    app = browser(store)
    async with app.run_test(size=(80, 20)) as pilot:
        screen = await scanned(pilot)
        assert not screen.query_one("#preview").display
        await pilot.press("z")
        assert screen.query_one("#preview").size.width == 80


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 40), (60, 15), (40, 10)])
@pytest.mark.parametrize("wish", ["right", "below"])
async def test_a_preview_that_was_chosen_elsewhere_leaves_the_list_readable(
    store, tmp_path, size, wish
):
    left = Remembered(tmp_path / "state")
    left.change(preview=wish, share_right=0.8, share_below=0.8)
    left.keep()
    app = browser(store, state=tmp_path / "state")
    async with app.run_test(size=size) as pilot:
        screen = await scanned(pilot)
        title = next(column for column in screen.sessions.columns if column.name == "title")
        assert title.width >= 16
        assert screen.sessions.size.height >= 4
        for _ in range(4):
            await pilot.press("p")
            assert next(c for c in screen.sessions.columns if c.name == "title").width >= 16


async def test_on_a_heading_enter_says_what_it_does_and_a_key_for_a_session_asks_for_one(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        first = at_cursor(screen)
        footer = screen.query_one(KeyLine)
        await pilot.press("G")
        assert at_cursor(screen) == first
        assert footer.shown()[0].description == "open"
        await pilot.press("home", "ctrl+r")
        await until(pilot, lambda: notices(pilot) == "Choose a session.")
        assert footer.shown()[0].description == "collapse"
        await pilot.press("A")
        await until(pilot, lambda: "There are no subagents here" in notices(pilot))
        # The preview says what the section holds.
        head = screen.query_one("#preview-head", Static)
        section = screen.sessions.section
        await until(pilot, lambda: f"{len(section.rows)} session" in str(head.render()))
        assert not any(each.display for each in screen.query(Transcript))
        await pilot.press("enter")
        assert footer.shown()[0].description == "expand"
        await pilot.press("enter", "slash", *"grid")
        await until(pilot, lambda: at_cursor(screen) == "Fix the grid layout")
        await until(pilot, lambda: "24 messages" in str(head.render()))
        assert screen.query_one(Transcript).display


async def test_columns_are_chosen_with_a_key_and_favorites_put_first(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        before = screen.sessions.chosen_columns
        await pilot.press("C")
        dialog = await on_top(pilot, ColumnsDialog)
        await pilot.press("space")
        dialog.query_one("#favorites-first", Box).value = True
        await pilot.press("enter")
        await until(pilot, lambda: screen.sessions.chosen_columns != before)
        assert screen.sessions.chosen_columns == tuple(n for n in before if n != "project")
        favorites = [screen.table.favorite(row) for row in screen.table.order]
        assert favorites == sorted(favorites, reverse=True)
        # Escape leaves all as it is.
        await pilot.press("C")
        await on_top(pilot, ColumnsDialog)
        await pilot.press("space", "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert "project" not in screen.sessions.chosen_columns
