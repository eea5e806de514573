"""What another program takes away while it is looked at is said, and the list follows."""

from __future__ import annotations

import os
import shutil

import pytest

from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.trash import TrashScreen
from tests.support.browsing import (
    SIZE,
    at_cursor,
    browser,
    confirm_deletion,
    line,
    notices,
    scanned,
    titles,
    until,
)

pytestmark = pytest.mark.usefixtures("undrawn")


async def test_a_file_that_vanished_is_said_to_be_gone_by_preview_and_conversation(store):
    app = browser(store, follow=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        path = screen.table.path(screen.table.order[1])
        os.rename(path, f"{path}.away")
        await pilot.press("down")
        head = screen.query_one("#preview-head")
        await until(pilot, lambda: "no such file" in str(head.render()))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
        await until(pilot, lambda: pilot.app.screen.has_class("-failed"))
        assert "This session is gone" in str(pilot.app.screen.query_one("#failure").render())
        os.rename(f"{path}.away", path)
        await pilot.press("f5")
        await until(pilot, lambda: pilot.app.screen.opened is not None)
        assert not pilot.app.screen.has_class("-failed")
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is screen)


async def test_deleting_what_vanished_says_so_and_takes_it_from_the_list(store):
    app = browser(store, follow=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        os.unlink(screen.table.path(screen.table.order[1]))
        await pilot.press("down", "d")
        await confirm_deletion(pilot, favorites=True)
        await until(pilot, lambda: "it no longer exists" in notices(pilot))
        await until(pilot, lambda: "Fix the grid layout" not in titles(screen))
        assert len(screen.table) == 14


async def gone(pilot, screen) -> None:
    """Wait until the page stands there that says so."""
    await until(pilot, lambda: screen.feed.state.vanished and not screen.feed.state.reading)
    notice = screen.query_one("#notice")
    await until(pilot, lambda: notice.display and "The store is gone" in str(notice.render()))


async def test_a_store_that_vanished_is_said_to_be_gone_and_no_key_makes_it_again(store):
    app = browser(store, follow=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        shutil.rmtree(store)
        await pilot.press("d")
        await confirm_deletion(pilot)
        await gone(pilot, screen)
        assert "gone" in line(screen, "#title")
        shown = {active.binding.id for active in screen.active_bindings.values()}
        assert "browser.rescan" in shown
        assert not {"browser.delete", "browser.undo", "browser.history", "list.mark"} & shown
        await pilot.press("u", "e", "enter", "space", "a", "f2", "number_sign", "asterisk")
        await pilot.press("d", "y", "S", "P", "T", "L", "p", "z", "z", "s", "r", "slash", "x")
        await pilot.press("escape", "f5")
        await gone(pilot, screen)
        assert app.screen is screen
        assert not screen.table.marks
        assert not store.exists()


@pytest.mark.parametrize("way", ["removed", "renamed", "covered"])
async def test_a_store_that_comes_back_is_listed_as_it_was_left(store, way):
    aside = store.with_name("aside")
    app = browser(store, follow=True)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await until(pilot, lambda: screen.feed.state.watching)
        await pilot.press("slash", *"-is:broken", "escape", "down", "down", "down")
        here, listed = at_cursor(screen), titles(screen)
        region = screen.sessions.cursor_region
        if way == "removed":
            shutil.copytree(store, aside)
            shutil.rmtree(store)
        else:
            store.rename(aside)
        if way == "covered":
            # As the empty directory below a disk that is unmounted.
            store.mkdir()
        await gone(pilot, screen)
        if way == "covered":
            store.rmdir()
        aside.rename(store)
        await until(pilot, lambda: not screen.feed.state.vanished)
        await pilot.pause()
        assert (titles(screen), at_cursor(screen)) == (listed, here)
        assert screen.sessions.cursor_region == region
        assert not screen.query_one("#notice").display
        # And what happens in it is noticed again.
        os.unlink(screen.table.path(screen.table.order[0]))
        await until(pilot, lambda: len(screen.table) == 14)


async def test_a_store_that_vanishes_below_another_screen_is_an_error_there(store):
    app = browser(store, follow=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("d")
        await confirm_deletion(pilot)
        await until(pilot, lambda: len(screen.table) == 14)
        await pilot.press("T")
        await until(pilot, lambda: isinstance(pilot.app.screen, TrashScreen))
        await until(pilot, lambda: pilot.app.screen.table.order)
        shutil.rmtree(store)
        await pilot.press("r")
        await until(pilot, lambda: "Nothing was restored" in notices(pilot))
        await pilot.press("u")
        await until(pilot, lambda: "Nothing to undo" in notices(pilot))
        assert not store.exists()


async def test_a_store_that_is_not_there_yet_has_not_vanished(tmp_path):
    app = browser(tmp_path / "later", looked=[str(tmp_path / "later")])
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot, 0)
        await pilot.press("f5")
        await until(pilot, lambda: not screen.feed.state.reading)
        assert "yet: the directory does not exist" in str(screen.query_one("#notice").render())


async def test_the_second_start_without_a_store_says_how_to_get_one_as_the_first_did(tmp_path):
    nowhere, cache = tmp_path / "nowhere", tmp_path / "cache"
    for _ in range(3):
        app = browser(nowhere, looked=[str(nowhere)], cache=cache)
        async with app.run_test(size=SIZE) as pilot:
            screen = await scanned(pilot, 0)
            await until(pilot, lambda screen=screen: screen.query_one("#notice").display)
            shown = str(screen.query_one("#notice").render())
            assert "agcx import PATH" in shown
            assert "gone" not in shown


async def test_a_store_that_was_emptied_and_removed_is_no_store_that_is_gone(tmp_path):
    empty, cache = tmp_path / "history", tmp_path / "cache"
    empty.mkdir()
    for _ in range(2):
        async with browser(empty, looked=[str(empty)], cache=cache).run_test(size=SIZE) as pilot:
            screen = await scanned(pilot, 0)
            await until(pilot, lambda s=screen: s.query_one("#notice").display)
            assert "agcx import PATH" in str(screen.query_one("#notice").render())
        if empty.exists():
            empty.rmdir()
