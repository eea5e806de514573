"""What another program takes away while it is looked at is said, and the list follows."""

from __future__ import annotations

import os
import shutil

import pytest

from agcx_tui.screens.conversation import ConversationScreen
from tests.tui.browsing import (
    SIZE,
    browser,
    confirm_deletion,
    demo_copy,
    notices,
    scanned,
    titles,
    until,
)


@pytest.fixture
def store(tmp_path):
    return demo_copy(tmp_path / "history")


async def test_a_file_that_vanished_is_said_to_be_gone_by_preview_and_conversation(store):
    app = browser(store, follow=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        os.unlink(screen.table.path(screen.table.order[1]))
        await pilot.press("down")
        head = screen.query_one("#preview-head")
        await until(pilot, lambda: "no such file" in str(head.render()))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
        await until(pilot, lambda: pilot.app.screen.has_class("-failed"))
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.screen is screen)


async def test_deleting_what_vanished_says_so_and_takes_it_from_the_list(store):
    app = browser(store, follow=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        os.unlink(screen.table.path(screen.table.order[1]))
        await pilot.press("down", "d")
        await confirm_deletion(pilot, favorites=True)
        await until(pilot, lambda: "it is gone already" in notices(pilot))
        await until(pilot, lambda: "Fix the grid layout" not in titles(screen))
        assert len(screen.table) == 14


async def test_a_store_that_vanished_is_an_empty_list_and_is_not_made_again(store):
    app = browser(store, follow=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        shutil.rmtree(store)
        await pilot.press("d")
        await confirm_deletion(pilot)
        await until(pilot, lambda: len(screen.table) == 0 and not screen.scanning)
        assert "No sessions yet" in str(screen.query_one("#notice").render())
        await pilot.press("u", "e", "enter", "space", "a", "p", "z")
        assert not store.exists()
