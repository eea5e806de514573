"""The clean-up takes checkpoints that no session lists, and all but the newest, as one act."""

from __future__ import annotations

import shutil
from uuid import UUID

from textual.widgets import Button, Input, Static

from agcx_format import open_store
from agcx_tui.app.dialogs.prune_checkpoints import PruneCheckpoints
from agcx_tui.app.screens.prune import PruneScreen
from tests.support.browsing import SIZE, browser, notices, scanned, until
from tests.support.stores import contents


def facts(dialog) -> str:
    return str(dialog.query_one("#facts", Static).render())


async def test_a_stray_checkpoint_goes_and_u_restores_it(store):
    known = next(each for each in open_store(store).checkpoints.all() if each.path)
    stray = (store / known.path).with_name(f"{known.session_id}_{UUID(int=7)}.ckpt")
    shutil.copy(store / known.path, stray)
    before = contents(store)
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("P")
        await until(pilot, lambda: isinstance(pilot.app.screen, PruneScreen))
        await pilot.pause()
        await pilot.press("ctrl+t")
        await until(pilot, lambda: isinstance(pilot.app.screen, PruneCheckpoints))
        dialog = pilot.app.screen
        await until(pilot, lambda: "kept" in facts(dialog) or "1 checkpoint," in facts(dialog))
        dialog.query_one("#keep", Input).value = "0"
        await until(pilot, lambda: facts(dialog)[:2] > "1 ")
        dialog.query_one("#keep", Input).value = "x"
        await until(pilot, lambda: "not a number" in facts(dialog))
        assert dialog.query_one("#delete", Button).disabled
        dialog.query_one("#keep", Input).value = "0"
        await until(pilot, lambda: not dialog.query_one("#delete", Button).disabled)
        await pilot.click("#delete")
        await until(pilot, lambda: "Deleted " in notices(pilot))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        await pilot.press("u")
        await until(pilot, lambda: contents(store) == before)
