"""Rules that say what is deleted."""

from __future__ import annotations

import pytest
from textual.widgets import Checkbox, Input

from agcx_format.space import PruneRule, select
from agcx_format.store.store import open_store
from agcx_tui.app.dialogs.delete import ConfirmDelete
from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.app.screens.prune import PruneScreen
from agcx_tui.core.words import format
from tests.support.browsing import (
    SIZE,
    browser,
    confirm_deletion,
    line,
    notices,
    on_top,
    scanned,
    text_of,
    titles,
    until,
)
from tests.support.stores import contents
from tests.tui.app.screens.test_keeping import GRID

pytestmark = pytest.mark.usefixtures("undrawn")


# --- rules


async def test_a_rule_lists_what_it_means_while_it_is_typed_and_deletes_just_that(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("P")
        prune = await on_top(pilot, PruneScreen)
        assert "No conditions yet" in text_of(prune)
        prune.query_one("#model", Input).value = "gpt-5-codex"
        await until(pilot, lambda: prune.table.order)
        meant = set(titles(prune))
        assert GRID not in meant
        assert line(prune, "#spared") == "kept: 1 favorite, 1 unreadable, 1 with checkpoints"
        # The sizes below add up to what the title says.
        assert format.size(prune.table.totals.size) in line(prune, "#title")
        prune.query_one("#total", Input).value = "1GB"
        await until(pilot, lambda: not prune.table.order)
        # Thirty bytes would be everything.
        prune.query_one("#total", Input).value = "30"
        await until(pilot, lambda: "30 needs a unit" in text_of(prune))
        prune.query_one("#total", Input).value = "100%"
        await until(pilot, lambda: "No session matches" in text_of(prune))
        prune.query_one("#total", Input).value = ""
        prune.query_one("#larger", Input).value = "lots"
        await until(pilot, lambda: "a size such as" in text_of(prune))
        prune.query_one("#larger", Input).value = ""
        await until(pilot, lambda: set(titles(prune)) == meant)
        await pilot.press("ctrl+s")
        await confirm_deletion(pilot)
        await until(pilot, lambda: "Deleted" in notices(pilot))
        # The keys that are said now are those of the list.
        await on_top(pilot, BrowserScreen)
        await until(
            pilot, lambda: meant.isdisjoint(titles(screen)) and not screen.feed.state.reading
        )
        await pilot.press("u")
        await until(pilot, lambda: len(screen.table) == 15)
    assert contents(store) == before


async def test_what_is_spared_is_told_by_kind_and_goes_when_its_box_is_checked(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("P")
        prune = await on_top(pilot, PruneScreen)
        prune.query_one("#tag", Input).value = "ui"
        await until(pilot, lambda: "All sessions that match are protected" in text_of(prune))
        assert line(prune, "#spared") == "kept: 1 favorite"
        prune.query_one("#take-favorites", Checkbox).focus()
        await pilot.press("space")
        await until(pilot, lambda: line(prune, "#spared") == "kept: 1 with checkpoints")
        await pilot.press("enter")
        assert prune.query_one("#take-favorites", Checkbox).value
        prune.query_one("#take-checkpoints", Checkbox).value = True
        await until(pilot, lambda: prune.table.order)
        assert titles(prune) == [GRID]
        assert line(prune, "#spared") == ""
        await pilot.press("ctrl+s")
        await confirm_deletion(pilot, favorites=True)
        # The trash is on the same disk.
        await until(pilot, lambda: "Deleted 1 session; T, then E frees " in notices(pilot))
    assert [each.title for each in open_store(store).trash()] == [GRID]
    open_store(store).undo()
    assert contents(store) == before


async def test_only_what_was_exported_is_deleted(store, tmp_path):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("P")
        prune = await on_top(pilot, PruneScreen)
        prune.query_one("#model", Input).value = "gpt-5-codex"
        prune.query_one("#export", Input).value = str(tmp_path / "out")
        await until(pilot, lambda: prune.table.order)
        ids = {prune.table.id(row) for row in prune.table.order}
        (tmp_path / "out").mkdir()
        kept = min(ids)
        (tmp_path / "out" / f"{kept}.json").write_text("mine")
        await pilot.press("ctrl+s")
        await confirm_deletion(pilot)
        await until(pilot, lambda: "Not exported" in notices(pilot))
    assert {str(each.id) for each in open_store(store).trash()} == ids - {kept}


async def test_what_a_narrower_rule_lists_as_well_stays_as_it_is(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("P")
        prune = await on_top(pilot, PruneScreen)
        prune.query_one("#larger", Input).value = "1B"
        await until(pilot, lambda: prune.table.order)
        wide = list(prune.table.order)
        prune.table.mark_all_shown()
        prune.query_one("#keep", Input).value = "5"
        await until(pilot, lambda: 0 < len(prune.table.order) < len(wide))
        narrow = list(prune.table.order)
        assert narrow == [row for row in wide if row in narrow]
        assert prune.table.marks == set(narrow)
        assert len(prune.table) == len(narrow)
        prune.query_one("#keep", Input).value = ""
        await until(pilot, lambda: prune.table.order == wide)
        assert prune.table.marks == set(narrow)


async def test_without_a_rule_nothing_can_go(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("P")
        prune = await on_top(pilot, PruneScreen)
        prune.query_one("#duplicates", Checkbox).value = True
        await until(pilot, lambda: "No session matches" in text_of(prune))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "No sessions are listed" in notices(pilot))
    assert open_store(store).acts() == []


async def test_so_much_is_freed_of_what_has_not_been_used_for_longest(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("P")
        prune = await on_top(pilot, PruneScreen)
        # What one comes here for is typed at once.
        await pilot.press(*"1B")
        await until(pilot, lambda: prune.table.order)
        expected = select(open_store(store), PruneRule(free=1), prune.now() * 1000)
        assert titles(prune) == [each.title for each in expected.entries]
        assert len(expected.entries) == 1
        assert "project" in prune.sessions.chosen_columns
        await until(pilot, lambda: prune.table.project(prune.table.order[0]))
        prune.query_one("#free", Input).value = "1GB"
        await until(pilot, lambda: "to delete, 1.0 GB short of 1.0 GB" in line(prune, "#title"))


async def test_what_is_confirmed_twice_before_it_is_listed_is_asked_about_once(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("P", *"1B")
        prune = await on_top(pilot, PruneScreen)
        # A look that takes longer than keys wait for it.
        prune.action_prune()
        prune.action_prune()
        await on_top(pilot, ConfirmDelete)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is prune)
        await pilot.pause()
        assert pilot.app.screen is prune
