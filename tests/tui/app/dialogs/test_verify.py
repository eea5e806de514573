"""`V` shows what is wrong with a session, section by section, and repairs it."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from textual.widgets import Static

from agcx_format.store.store import open_store
from agcx_tui.app.dialogs.verify import VerifyDialog
from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from tests.support.browsing import (
    SIZE,
    at_cursor,
    browser,
    demo_copy,
    notices,
    on_top,
    scanned,
    text_of,
    titles,
    until,
)
from tests.support.stores import contents


@pytest.fixture
def store(tmp_path):
    return demo_copy(tmp_path / "history")


async def checked(pilot) -> str:
    await until(pilot, lambda: isinstance(pilot.app.screen, VerifyDialog))
    facts = pilot.app.screen.query_one("#facts", Static)
    await until(pilot, lambda: "Checking" not in str(facts.render()))
    return str(facts.render())


async def test_a_damaged_session_is_verified_and_repaired_beside_and_u_undoes(store):
    before = contents(store)
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("slash", *"damaged", "down", "up", "escape")
        assert at_cursor(screen) == "Which customers see the slow page?"
        head = screen.query_one("#preview-head", Static)
        await until(pilot, lambda: "V to see what can be saved" in str(head.render()))
        await pilot.press("V")
        shown = await checked(pilot)
        assert "✓ metadata" in shown
        assert "✗ messages" in shown
        assert "error: " in shown
        assert pilot.app.screen.focused.id == "close"
        await pilot.press("V")
        # In one line: what is lost, before reasons that were to be read, and the key.
        await until(pilot, lambda: "Repaired. Lost: all messages but the first" in notices(pilot))
        assert notices(pilot).endswith("the state. The filter hides it. u to undo.")
        await pilot.press("escape")
        await until(
            pilot, lambda: "Which customers see the slow page? (repaired)" in titles(screen)
        )
        await pilot.press("u")
        await until(pilot, lambda: len(screen.table) == 15)
        await pilot.press("home", "V")
        assert "Nothing is wrong with the file" in await checked(pilot)
        # Nothing is wrong, so nothing is offered.
        await pilot.press("V")
        assert isinstance(pilot.app.screen, VerifyDialog)
        # Nor of an empty file, of which nothing can be recovered.
        await pilot.press("escape")
        (store / f"{UUID(int=1)}.agcx").touch()
        await pilot.press("f5")
        await until(pilot, lambda: len(screen.table) == 16)
        await pilot.press("home", "V")
        assert "error: " in await checked(pilot)
        assert not pilot.app.screen.query_one("#repair").display
        assert "No message in it can be saved" in text_of(pilot.app.screen)
        (store / f"{UUID(int=1)}.agcx").unlink()
    assert contents(store) == before


async def test_a_file_that_is_intact_after_an_incomplete_import_is_not_called_complete(store):
    writer = open_store(store)
    writer.update_many([(writer.resolve("4bac6788"), {"tags": ["codex", "incomplete"]})])
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("slash", *"tag:incomplete", "escape")
        await until(pilot, lambda: len(screen.table.order) == 1)
        await pilot.press("V")
        said = await checked(pilot)
        assert "Nothing is wrong with the file" in said
        assert "The import left out what it could not read." in said


def damage_in_the_middle(store, name: str) -> str:
    """Damage the messages of a session, of which a list reads nothing; returns the path."""
    path = Path(open_store(store).resolve(name).path)
    content = bytearray(path.read_bytes())
    for at in range(len(content) // 2, len(content) // 2 + 8):
        content[at] ^= 0xFF
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize("keys", [["V", "escape"], ["enter", "escape"]], ids=["verified", "read"])
async def test_damage_that_was_seen_is_found_from_then_on(store, keys):
    path = damage_in_the_middle(store, "70b30ef8")
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        broken = screen.table.totals.broken
        row = screen.table.row_of(path)
        assert not screen.table.broken(row)
        screen.sessions.go_to(row)
        await pilot.press(keys[0])
        if keys[0] == "V":
            assert "✗ messages" in await checked(pilot)
        else:
            conversation = await on_top(pilot, ConversationScreen)
            await until(pilot, lambda: conversation.transcript.source.error)
        await pilot.press(keys[1])
        await on_top(pilot, BrowserScreen)
        await until(pilot, lambda: screen.table.broken(row))
        assert screen.table.totals.broken == broken + 1
        await pilot.press("slash", *"is:broken", "escape")
        await until(pilot, lambda: "Fix the grid layout" in titles(screen))
        # It is not forgotten while the file stays as it is.
        await pilot.press("f5")
        await until(pilot, lambda: not screen.feed.state.reading)
        assert screen.table.broken(row)
