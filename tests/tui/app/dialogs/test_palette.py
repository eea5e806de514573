"""The palette finds what can be done and any session, and shows a title as it is."""

from __future__ import annotations

import pytest
from textual import events
from textual.command import CommandList

from agcx_format.store.store import open_store
from agcx_tui.app.dialogs.palette import Palette
from tests.support.browsing import SIZE, at_cursor, browser, on_top, scanned, until

pytestmark = pytest.mark.usefixtures("undrawn")


async def test_the_palette_finds_actions_and_sessions(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        # All at once, before there are commands to turn a page of.
        for key in ("ctrl+p", "down", "pagedown", "pageup"):
            app.post_message(events.Key(key, None))
        palette = await on_top(pilot, Palette)
        await until(pilot, lambda: palette.query_one(CommandList).option_count)
        for columns in (1, 6, 8, SIZE[0]):
            await pilot.resize_terminal(columns, SIZE[1])
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.press("ctrl+p")
        await pilot.press(*"post-mortem")
        await until(pilot, lambda: pilot.app.screen.query_one(CommandList).option_count)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await until(pilot, lambda: "post-mortem" in (at_cursor(screen) or ""))
        # A key that is typed before the list is drawn again was meant for the palette, and is not obeyed.
        while pilot.app.screen is screen:
            await pilot.press("ctrl+p")
        await pilot.press(*"mark all")
        await until(pilot, lambda: pilot.app.screen.query_one(CommandList).option_count)
        await pilot.press("enter")
        await until(pilot, lambda: len(screen.table.marks) == 15)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("zebra [bold red]x[/] [@click=app.quit]y", "zebra [bold red]x[/] [@click=app.quit]y"),
        ("zebra \\[red]a\\[/red] [/", "zebra \\[red]a\\[/red] [/"),
        ("zebra\n\x1b[2J\u202e$primary", "zebra␊␛[2J\ufffd$primary"),
    ],
)
async def test_a_title_is_shown_as_it_is_and_nothing_in_it_is_obeyed(store, title, shown):
    opened = open_store(store)
    entry = next(entry for entry in opened.scan() if entry.title == "Fix the grid layout")
    opened.update_metadata(entry.id, title=title)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("ctrl+p", *"zebra")
        found = pilot.app.screen.query_one(CommandList)
        await until(pilot, lambda: found.option_count == 1)
        prompt = found.get_option_at_index(0).prompt
        assert prompt.plain == shown
        assert not prompt.spans
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert at_cursor(screen) == title


async def test_the_palette_goes_to_a_session_from_a_conversation_whatever_the_filter_hides(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        screen.query_one("#filter").value = "migration"
        await until(pilot, lambda: 0 < len(screen.table.order) < 15)
        await pilot.press("enter")
        await until(pilot, lambda: getattr(app.screen, "opened", None) is not None)
        await pilot.press("ctrl+p", *"post-mortem")
        await until(pilot, lambda: app.screen.query_one("CommandList").option_count)
        await pilot.press("enter")
        await until(pilot, lambda: getattr(app.screen, "opened", None) is not None)
        assert "post-mortem" in app.screen.opened.metadata.title
        assert app.screen_stack[1:] == [app.screen]
        assert len(screen.table.order) == 15


async def test_the_palette_offers_what_has_a_key_first_in_words_that_stand_alone(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: app.screen.query_one("CommandList").option_count)
        options = [str(option.hit.text) for option in app.screen.query_one("CommandList").options]
        assert options[0] == "Open the session"
        assert options[-2:] == ["Quit", "Theme"]
        assert not {"Down", "A page down", "Maximize", "Keys"} & set(options)
        # A theme is found by its name, and by what it is.
        await pilot.press(*"light")
        found = app.screen.query_one(CommandList)
        await until(pilot, lambda: found.option_count > 5)
        themes = [str(option.hit.text) for option in found.options]
        assert themes[0] == "Light theme: agcx-light"
        assert "Light theme: rose-pine-dawn" in themes
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "agcx-light")
        app.search_themes()
        palette = await on_top(pilot, Palette)
        await until(pilot, lambda: palette.query_one(CommandList).option_count > 10)
