"""The browser where there is no store, an empty one, or one that may not be listed."""

from __future__ import annotations

import os
import shutil

import pytest

from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.app.widgets.lines.key_line import KeyLine
from tests.support.browsing import (
    SIZE,
    at_cursor,
    browser,
    demo_copy,
    line,
    notice,
    notices,
    rows,
    scanned,
    until,
)
from tests.support.privileges import without_privileges
from tests.tui.app.screens.test_browser import head

pytestmark = pytest.mark.usefixtures("undrawn")


async def test_without_a_store_the_places_looked_in_and_what_to_do_are_said(tmp_path):
    looked = [str(tmp_path / "a"), str(tmp_path / "[b]")]
    app = browser(None, looked=looked)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        page = notice(pilot.app.screen)
        for part in (*looked, "agcx import PATH", "agcx demo"):
            assert part in page


async def test_an_empty_store_says_what_to_do_and_f5_finds_what_came(tmp_path):
    app = browser(tmp_path / "history")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "No sessions yet" in notice(pilot.app.screen))
        assert not (tmp_path / "history").exists()
        # Only what works here is offered.
        await until(pilot, lambda: footer(pilot.app.screen) == ["import", "help"])
        # Nor do the keys that help lists need a session.
        assert not {"V", "d", "e", "f2"} & pilot.app.screen.active_bindings.keys()
        demo_copy(tmp_path / "history")
        await pilot.press("f5")
        screen = await scanned(pilot)
        assert notice(screen) == ""
        assert footer(screen)[:3] == ["open", "mark", "filter"]


def footer(screen: BrowserScreen) -> list[str]:
    return [key.description for key in screen.query_one(KeyLine).shown()]


async def test_what_is_no_store_says_why(tmp_path):
    (tmp_path / "file").write_text("x")
    app = browser(tmp_path / "file")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "not a directory" in notice(pilot.app.screen))
        assert "The store cannot be read" in notice(pilot.app.screen)


async def test_a_store_that_may_not_be_listed_says_why():
    with without_privileges() as folder:
        store = folder / "history"
        store.mkdir()
        store.chmod(0o000)
        app = browser(store)
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: "permission denied" in notice(pilot.app.screen))
        store.chmod(0o700)


async def test_f5_shows_what_another_program_added_and_removed(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down")
        path = screen.table.path(screen.table.order[0])
        os.unlink(path)
        copy = store / "00000000-0000-4000-8000-000000000001.agcx"
        shutil.copy(screen.table.path(screen.table.order[1]), copy)
        await pilot.press("f5")
        await until(pilot, lambda: screen.table.row_of(path) is None)
        assert screen.table.row_of(str(copy)) is not None
        assert at_cursor(screen) == "Fix the grid layout"


async def test_a_file_that_cannot_be_read_is_a_row_that_says_why(tmp_path):
    store = tmp_path / "history"
    store.mkdir()
    (store / "5af40c88-028e-4622-be8e-79c474100258.agcx").write_bytes(b"AGCX\x01\x00\xff")
    (store / "note.agcx").write_bytes(b"not a session")
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot, 2)
        shown = "\n".join(rows(screen))
        assert "! 5af40c88…  cut off in header" in shown
        assert "! note.agcx  not an AGCX file" in shown
        assert "2 unreadable" in line(screen, "#title")
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, BrowserScreen)
        assert "cannot be opened" in notices(pilot)
        await until(pilot, lambda: "cannot be read" in head(screen))
