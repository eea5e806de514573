"""Keys that act, pressed in quick succession: each does what it was meant for."""

from __future__ import annotations

import os
import shutil

from textual import events
from textual.widgets import Input

from agcx_format.disk.locks import locked
from agcx_format.store.store import open_store
from agcx_tui.app.dialogs.delete import ConfirmDelete
from agcx_tui.app.dialogs.naming import NewSessionDialog, RenameScreen
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from tests.support.browsing import (
    SIZE,
    at_cursor,
    browser,
    confirm_deletion,
    notices,
    scanned,
    titles,
    until,
)
from tests.support.stores import contents


def press(app, *keys: str) -> None:
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


async def duplicate(pilot) -> None:
    """Ask for a copy; it may have to wait for its turn."""
    screen = pilot.app.screen
    await pilot.press("D")
    await until(pilot, lambda: isinstance(pilot.app.screen, NewSessionDialog))
    await pilot.press("enter")
    await until(pilot, lambda: pilot.app.screen is screen)
    await pilot.pause()


async def test_u_right_after_d_brings_back_what_was_deleted_and_nothing_else(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        first = at_cursor(screen)
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, RenameScreen))
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        pilot.app.focused.value = "another title"
        with locked(store):
            # The rename and all that follows has to wait.
            await pilot.press("enter")
            await until(pilot, lambda: pilot.app.screen is screen)
            await pilot.pause()
            await pilot.press("d")
            await confirm_deletion(pilot)
            await until(pilot, lambda: pilot.app.screen is screen)
            await pilot.pause()
            await pilot.press("u")
        await until(pilot, lambda: "Restored" in notices(pilot))
        assert "another title" in titles(screen)
        assert first not in titles(screen)
        assert len(screen.table) == 15
        assert [act.kind for act in open_store(store).acts()] == ["edit"]


async def test_a_star_pressed_twice_at_once_is_no_star(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        row = screen.sessions.cursor
        with locked(store):
            await pilot.press("asterisk", "asterisk")
            await duplicate(pilot)
            await pilot.press("asterisk")
        await until(pilot, lambda: len(open_store(store).acts()) == 4)
        await until(pilot, lambda: screen.table.favorite(row))
        assert len(screen.table) == 16
        await pilot.press("u", "u", "u")
        # It is one before, too, but not with the copy gone.
        await until(pilot, lambda: len(screen.table) == 15 and screen.table.favorite(row))


async def test_two_duplicates_at_once_have_titles_of_their_own(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        title = at_cursor(screen)
        with locked(store):
            await duplicate(pilot)
            await duplicate(pilot)
        await until(pilot, lambda: len(screen.table) == 17)
        assert {f"{title} (copy)", f"{title} (copy 2)"} <= set(titles(screen))


async def test_a_question_asked_of_a_store_that_was_replaced_does_not_act_on_the_new_one(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("space", "d")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDelete))
        store.rename(store.with_name("aside"))
        shutil.copytree(store.with_name("aside"), store, copy_function=os.link)
        before = contents(store, trash=True)
        await confirm_deletion(pilot)
        await until(pilot, lambda: "Nothing was deleted" in notices(pilot))
        await until(pilot, lambda: "A different store is at" in notices(pilot))
        assert contents(store, trash=True) == before
        assert not screen.table.marks
        # From now on the new one is meant.
        await pilot.press("home", "d")
        await confirm_deletion(pilot)
        await until(pilot, lambda: len(screen.table) == 14)


async def test_u_in_a_conversation_undoes_what_was_done_here_and_not_the_last_act(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("*")
        await until(pilot, lambda: len(open_store(store).acts()) == 1)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
        conversation = pilot.app.screen
        await until(pilot, lambda: conversation.opened and conversation.transcript.source.complete)
        await pilot.press("u")
        await until(pilot, lambda: "Nothing to undo here" in notices(pilot))
        assert len(open_store(store).acts()) == 1
        await pilot.press("G", "x")
        await until(pilot, lambda: pilot.app.screen is not conversation)
        await until(pilot, lambda: getattr(pilot.app.focused, "id", "") == "title-input")
        await pilot.press("enter")
        await until(pilot, lambda: len(open_store(store).acts()) == 2)
        await until(pilot, lambda: conversation.derived.acts.done)
        # Another program acts meanwhile: that is not undone here.
        other = open_store(store)
        # On a session that has no part in it, which could not be undone then.
        elsewhere = next(e.id for e in other.scan() if e.metadata and "Parquet" in e.title)
        other.update_metadata(elsewhere, title="by another")
        # The key is for the conversation, not for the dialog that is closing.
        await until(pilot, lambda: pilot.app.screen is conversation)
        await pilot.press("u")
        await until(pilot, lambda: not conversation.derived.acts.done)
        assert [act.kind for act in open_store(store).acts()] == ["edit", "edit"]
        await pilot.press("u")
        await until(pilot, lambda: "Nothing to undo here" in notices(pilot))
        assert len(open_store(store).acts()) == 2
