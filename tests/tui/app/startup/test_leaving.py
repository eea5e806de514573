"""q always quits: what is kept on the way out may fail, is logged then, and is waited for."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from contextvars import copy_context
from pathlib import Path

import pytest

from agcx_format.catalog.file import Catalog
from agcx_tui.app.dialogs.empty_trash import EmptyDialog
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.trash import TrashScreen
from agcx_tui.core.local.keeping_on_exit import LOG_FILE
from agcx_tui.core.local.page_file import conditions, page_path
from agcx_tui.core.local.paths import catalogs
from tests.support.browsing import SIZE, browser, confirm_deletion, scanned, until

pytestmark = pytest.mark.usefixtures("undrawn")

GRID = "Fix the grid layout"


@pytest.fixture
def kept(tmp_path):
    return {"state": tmp_path / "state", "cache": tmp_path / "cache"}


async def quit_by_key(pilot) -> None:
    await pilot.press("q")
    await until(pilot, lambda: not pilot.app._running or pilot.app._exit)


async def test_what_cannot_be_kept_on_the_way_out_is_logged_and_does_not_keep_it_open(
    store, kept, tmp_path
):
    app = browser(store, **kept)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        # Neither page nor catalog can be written: a file is where their directory should be.
        shutil.rmtree(kept["cache"], ignore_errors=True)
        kept["cache"].write_text("in the way")
        screen.feed.save_soon()
        await quit_by_key(pilot)
    assert app.return_code == 0
    log = kept["state"] / LOG_FILE
    text = log.read_text()
    assert "the page of the list was not kept" in text
    assert "the catalog was not kept" in text
    assert GRID not in text
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


async def test_q_leaves_a_conversation_whose_place_cannot_be_kept(store, kept):
    app = browser(store, **kept)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConversationScreen))
        await until(pilot, lambda: app.screen.opened and app.screen.transcript.source.complete)
        await pilot.press("G")
        shutil.rmtree(kept["state"], ignore_errors=True)
        kept["state"].write_text("in the way")
        await pilot.press("q")
        await until(pilot, lambda: app.screen is screen)
        await quit_by_key(pilot)
    assert app.return_code == 0


async def test_the_catalog_is_whole_when_the_program_has_ended_and_nothing_runs_on(store, kept):
    before = set(threading.enumerate())
    async with browser(store, **kept).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        screen.feed.save_soon()
        await quit_by_key(pilot)
    names = {thread.name for thread in set(threading.enumerate()) - before}
    assert "catalog" not in names
    reading = Catalog(catalogs(kept["cache"]), str(store)).open()
    assert reading is not None
    assert reading.head.sessions == 15


async def test_what_is_found_while_the_program_ends_is_no_failure(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        context = copy_context()
    # As the feed does, when its last batch comes after the widgets went.
    context.run(screen.rows_added)
    context.run(screen.table_changed)


# --- the painted page


async def run_and_quit(store: Path, kept, *keys: str) -> Path:
    async with browser(store, **kept).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press(*keys)
        await pilot.pause()
        await quit_by_key(pilot)
    return Path(page_path(kept["cache"], store))


async def test_emptying_the_trash_takes_the_painted_page(store, kept):
    page = await run_and_quit(store, kept)
    assert GRID in page.read_text()
    async with browser(store, **kept).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "d")
        await confirm_deletion(pilot, favorites=True)
        await until(pilot, lambda: len(screen.table) == 14)
        await pilot.press("T")
        await until(pilot, lambda: isinstance(pilot.app.screen, TrashScreen))
        await until(pilot, lambda: pilot.app.screen.table.order)
        await pilot.press("E")
        await until(pilot, lambda: isinstance(pilot.app.screen, EmptyDialog))
        await until(pilot, lambda: pilot.app.focused is not None)
        pilot.app.screen.query_one("#word").value = "delete"
        await pilot.pause()
        pilot.app.screen.query_one("#empty").press()
        await until(pilot, lambda: not page.exists())
        await until(pilot, lambda: isinstance(pilot.app.screen, TrashScreen))
        # However it ends: nothing of what was destroyed is painted again.
    left = b"".join(p.read_bytes() for p in kept["cache"].rglob("*") if p.is_file())
    assert GRID.encode() not in left


async def test_no_page_is_painted_of_a_list_in_which_something_is_marked(store, kept):
    page = await run_and_quit(store, kept, "space")
    assert not page.exists()
    page = await run_and_quit(store, kept)
    assert page.exists()


def test_a_page_is_painted_only_in_the_time_zone_that_it_was_made_in():
    made = conditions((80, 24), {**os.environ, "TZ": "Asia/Tokyo"}, "config")
    assert made != conditions((80, 24), {**os.environ, "TZ": "Europe/Berlin"}, "config")
    assert made == conditions((80, 24), {**os.environ, "TZ": "Asia/Tokyo"}, "config")
