"""The browser is as the configuration says, else as it was left."""

from __future__ import annotations

import pytest

from agcx_tui.app.startup.run import remembering
from agcx_tui.core.local.choices import Remembered
from agcx_tui.core.local.config import Config
from agcx_tui.core.local.paths import find_store
from tests.support.browsing import SIZE, at_cursor, browser, notices, scanned, titles, until

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


async def test_order_place_and_share_and_theme_are_found_as_they_were_left(store, state):
    app = browser(store, state=state)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("s", "s", "s")
        assert (screen.table.sort_key, screen.table.descending) == ("title", False)
        await pilot.mouse_down("Divider")
        await pilot.mouse_up(offset=(48, 20))
        await pilot.press("p", "p", "p")
        app.theme = "gruvbox"
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
    app = browser(store, state=state)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        assert (screen.table.sort_key, screen.table.descending) == ("title", False)
        assert screen.query_one("Divider").region.x == 48
        assert app.theme == "gruvbox"
        await pilot.press("p", "p")
        await pilot.app.workers.wait_for_complete()
    app = browser(store, state=state)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        assert not screen.query_one("#preview").display


async def test_the_configuration_wins_over_what_was_left(store, state):
    left = Remembered(state)
    left.change(sort="size", descending=True, theme="nord", preview="below")
    left.keep()
    config = Config(sort="title", theme="agcx-light", preview="hidden")
    app = browser(store, state=state, config=config)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        assert (screen.table.sort_key, screen.table.descending) == ("title", False)
        assert app.theme == "agcx-light"
        assert not screen.query_one("#preview").display


def test_only_into_ones_own_store_anything_is_imported_by_itself(tmp_path):
    named, own = remembering(find_store(tmp_path)), remembering(find_store(None, {}))
    assert (named.sync, own.sync) == (False, True)
    for sync in (False, True):
        app = browser(tmp_path, config=Config(sync_watch=True), sync=sync)
        assert app.services.sync.is_on is sync


async def test_keys_mean_what_the_configuration_says(store):
    config = Config(keys={"list.down": "x,ctrl+n", "browser.sort": "?"})
    app = browser(store, config=config)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        first = at_cursor(screen)
        await pilot.press("down", "j")
        assert at_cursor(screen) == first
        await pilot.press("x", "ctrl+n")
        assert at_cursor(screen) == screen.table.title(screen.table.order[2])
        await pilot.press("question_mark")
        assert screen.table.sort_key == "updated"
        told = "Configuration: keys: question_mark no longer means help"
        await until(pilot, lambda: notices(pilot) == told)


async def test_what_is_wrong_with_the_configuration_is_a_notice_and_the_program_runs(store):
    config = Config(theme="nothing", keys={"list.dwon": "x"})
    app = browser(store, config=config, problems=["config.toml: line 3: [sort]: \x1b wrong"])
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await until(pilot, lambda: "keys.list.dwon: no such name" in notices(pilot))
        assert "line 3: [sort]: ␛ wrong" in notices(pilot)
        assert "there is no 'nothing'" in notices(pilot)
        assert app.theme == "agcx-dark"


async def test_many_problems_are_one_notice_and_a_key_that_there_is_not_is_left_as_it_was(store):
    config = Config(keys={"list.dwon": "x", "list.up": "not_a_key"})
    app = browser(store, config=config, problems=["one", "two"])
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await until(pilot, lambda: "4 problems. agcx config" in notices(pilot))
        assert len(app._notifications) == 1
        await pilot.press("j", "k")
        assert at_cursor(screen) == titles(screen)[0]


async def test_without_a_state_directory_nothing_is_written(store, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("s", "p")
        await pilot.app.workers.wait_for_complete()
    assert not (tmp_path / "xdg").exists()
