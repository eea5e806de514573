"""With a catalog the list is there before the store is looked at; without one it fills up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual import events

from agcx_format.catalog.columns import WORDS_KNOWN
from agcx_format.catalog.file import Catalog
from agcx_format.store.store import open_store
from agcx_tui.app.screens.browser.browser import BrowserScreen
from tests.support.browsing import SIZE, browser, confirm_deletion, notices, scanned, titles, until
from tests.support.stores import contents
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("undrawn")


def catalog(tmp_path: Path, store: Path) -> Catalog:
    return Catalog(tmp_path / "cache" / "catalog", store)


async def learn(tmp_path: Path, store: Path) -> list[str]:
    """Open the browser once, so that there is a catalog; gives the titles that it showed."""
    app = browser(store, cache=tmp_path / "cache")
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        shown = titles(screen)
    wait_until(lambda: catalog(tmp_path, store).load() is not None, "the catalog")
    return shown


async def test_a_second_start_shows_the_list_before_it_looks_at_the_store(tmp_path, store):
    shown = await learn(tmp_path, store)
    app = browser(store, cache=tmp_path / "cache")
    screen = app.get_default_screen()
    assert titles(screen) == shown
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        assert titles(screen) == shown


async def test_what_changed_meanwhile_is_corrected(tmp_path, store):
    shown = await learn(tmp_path, store)
    library = open_store(store)
    entries = {entry.title: entry for entry in library.scan() if entry.metadata}
    library.update_metadata(entries["Fix the grid layout"].id, title="Another title")
    library.delete([entries[title] for title in shown if title in entries][-1:])
    app = browser(store, cache=tmp_path / "cache")
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot, 14)
        assert "Another title" in titles(screen)
        assert "Fix the grid layout" not in titles(screen)


async def test_what_is_gone_is_not_shown_even_at_first(tmp_path, store):
    await learn(tmp_path, store)
    entry = next(e for e in open_store(store).scan() if e.title == "Fix the grid layout")
    os.unlink(entry.path)
    screen = browser(store, cache=tmp_path / "cache").get_default_screen()
    assert isinstance(screen, BrowserScreen)
    assert "Fix the grid layout" not in titles(screen)


@pytest.mark.parametrize("left", [b"", b"nonsense", None])
async def test_a_broken_catalog_is_made_anew_without_a_word(tmp_path, store, left):
    shown = await learn(tmp_path, store)
    path = catalog(tmp_path, store).path
    path.write_bytes(path.read_bytes()[:-20] if left is None else left)
    app = browser(store, cache=tmp_path / "cache")
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        assert titles(screen) == shown
        assert notices(pilot) == ""
    assert await learn(tmp_path, store) == shown


async def test_nothing_is_written_into_the_store(tmp_path, store):
    before = contents(store)
    await learn(tmp_path, store)
    assert contents(store) == before


async def test_a_cache_that_cannot_be_written_is_no_error(tmp_path, store):
    (tmp_path / "cache").write_text("in the way")
    app = browser(store, cache=tmp_path / "cache")
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        assert len(titles(screen)) == 15


async def test_first_words_are_kept_for_the_next_time(tmp_path, store):
    app = browser(store, cache=tmp_path / "cache", follow=True)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        flags = screen.table.columns.arrays["flags"]
        readable = [row for row in screen.table.order if screen.table.readable(row)]
        await until(pilot, lambda: all(flags[row] & WORDS_KNOWN for row in readable))

    def kept() -> bool:
        columns = browser(store, cache=tmp_path / "cache").get_default_screen().table.columns
        return any("look at this picture" in columns.haystacks[row] for row in range(len(columns)))

    wait_until(kept, "the words in the catalog")


async def test_a_deleted_session_is_taken_out_of_the_catalog(tmp_path, store):
    await learn(tmp_path, store)
    app = browser(store, cache=tmp_path / "cache")
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        entry = next(e for e in open_store(store).scan() if e.title == "Fix the grid layout")
        screen.sessions.go_to(screen.table.row_of(entry.path))
        await pilot.press("d")
        await confirm_deletion(pilot, favorites=True)
        await until(pilot, lambda: len(screen.table) == 14)
    path = catalog(tmp_path, store).path
    wait_until(
        lambda: b"Fix the grid layout" not in path.read_bytes(), "a catalog without its title"
    )


async def test_a_list_that_was_left_in_another_order_begins_in_it(tmp_path, store):
    await learn(tmp_path, store)
    places = {"cache": tmp_path / "cache", "state": tmp_path / "state"}
    app = browser(store, **places)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("s", "s", "s")
        await until(pilot, lambda: screen.table.sort_key == "title")
        left = titles(screen)
    wait_until(
        lambda: titles(browser(store, **places).get_default_screen()) == left,
        "a list in that order",
    )
    # In the catalog, too: its first page is the one that will be asked for.
    wait_until(
        lambda: catalog(tmp_path, store).load().titles[0] == left[0], "a catalog in that order"
    )


async def test_what_is_asked_for_before_the_store_is_open_is_done_when_it_is(tmp_path, store):
    await learn(tmp_path, store)
    app = browser(store, cache=tmp_path / "cache")
    async with app.run_test(size=SIZE) as pilot:
        screen = app.screen
        assert screen.services.store.store is None
        row = screen.sessions.cursor
        before = screen.table.favorite(row)
        app.post_message(events.Key("asterisk", "*"))
        await until(pilot, lambda: screen.table.favorite(row) is not before)
