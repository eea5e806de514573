"""Deleting asks, and can be undone."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import pytest
from textual import events
from textual.widgets import Button

from agcx_format import InputText, Message, new_message
from agcx_format.store.store import open_store
from agcx_tui.app.app import AgcxApp
from agcx_tui.app.dialogs.delete import ConfirmDelete, ConfirmFavorites
from agcx_tui.app.dialogs.undo import AskToUndo
from agcx_tui.core.sessions.table import SessionTable
from tests.support.browsing import (
    SIZE,
    at_cursor,
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
from tests.support.entries import session
from tests.support.stores import contents

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.mark.parametrize("key", ["d", "delete"])
async def test_deleting_asks_with_the_numbers_that_matter_and_cancel_focused(store, key):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "space", "space", key)
        dialog = await on_top(pilot, ConfirmDelete)
        assert dialog.focused is dialog.query_one("#cancel")
        text = text_of(dialog)
        size = line(screen, "#marks").partition(", ")[2]
        assert f"Delete 2 sessions, {size}?" in text
        assert "Fix the grid layout" in text
        assert "Last used between 3 hours and 2 hours ago." in text
        assert "One of them is a favorite." in text
        assert "u to undo" in text


async def test_the_buttons_say_the_key_that_asked_and_answers(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("d")
        dialog = await on_top(pilot, ConfirmDelete)
        assert str(dialog.query_one("#delete", Button).label) == "Delete d"
        await pilot.press("d")
        await until(pilot, lambda: "Deleted" in notices(pilot))
    async with browser(store).run_test(size=SIZE) as pilot:
        # Of another run: it asks.
        await scanned(pilot, 14)
        await pilot.press("u")
        question = await on_top(pilot, AskToUndo)
        assert str(question.query_one("#yes", Button).label) == "Undo u"


@pytest.mark.parametrize("key", ["enter", "escape"])
async def test_cancel_deletes_nothing(store, key):
    before = contents(store, trash=True)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("d")
        await on_top(pilot, ConfirmDelete)
        await pilot.press(key)
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.pause(0.1)
        assert len(screen.table) == 15
    assert contents(store, trash=True) == before


async def test_favorites_are_asked_about_once_more_by_name_and_cancel_keeps_all(store):
    before = contents(store, trash=True)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "space", "space", "d")
        await on_top(pilot, ConfirmDelete)
        await pilot.press("right", "enter")
        dialog = await on_top(pilot, ConfirmFavorites)
        assert dialog.focused is dialog.query_one("#cancel")
        text = text_of(dialog)
        assert "Delete this favorite, too?" in text
        assert "★ Fix the grid layout" in text
        assert "Cancel keeps both sessions." in text
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.pause(0.1)
        assert len(screen.table) == 15
    assert contents(store, trash=True) == before


def test_the_second_question_names_three_favorites_and_counts_the_rest():
    table = SessionTable()
    rows = table.put(session(number, favorite=number < 5) for number in range(6))
    lines = [line.plain for line in ConfirmFavorites.among(table, rows)._lines]
    assert lines[:4] == ["★ Session 0", "★ Session 1", "★ Session 2", "and 2 more"]
    assert ConfirmFavorites.among(table, rows[:5])._question == "Really delete these 5 favorites?"


async def test_delete_removes_the_row_and_u_brings_it_back(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "d")
        await confirm_deletion(pilot, favorites=True)
        await until(pilot, lambda: len(screen.table) == 14)
        assert "Fix the grid layout" not in titles(screen)
        assert at_cursor(screen) == "Why does the queue stall after a deploy?"
        assert "Deleted “Fix the grid layout”" in notices(pilot)
        assert "u to undo" in notices(pilot)
        assert len(list(store.glob("*.agcx"))) == 14

        await pilot.press("u")
        await until(pilot, lambda: "Restored" in notices(pilot))
        assert len(screen.table) == 15
        assert at_cursor(screen) == "Fix the grid layout"
    assert contents(store) == before


async def test_all_marked_are_deleted_even_those_that_the_filter_hides(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("a", "slash", *"rename", "escape", "d")
        dialog = await on_top(pilot, ConfirmDelete)
        assert "Delete 15 sessions" in text_of(dialog)
        assert "The filter hides 13 of them now." in text_of(dialog)
        await confirm_deletion(pilot, favorites=True)
        await until(pilot, lambda: len(screen.table) == 0)
        assert list(store.glob("*.agcx")) == []
        assert line(screen, "#marks") == ""
        await pilot.press("u")
        await until(pilot, lambda: len(screen.table) == 15)


async def test_a_broken_file_can_be_deleted_by_name(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        (store / "note.agcx").write_bytes(b"not a session")
        await pilot.press("f5", "slash", *"note.agcx", "escape")
        await until(pilot, lambda: len(screen.table.order) == 1)
        await pilot.press("d")
        dialog = await on_top(pilot, ConfirmDelete)
        assert "! note.agcx" in text_of(dialog)
        await pilot.press("right", "enter")
        await until(pilot, lambda: not (store / "note.agcx").exists())


async def test_what_changed_since_it_was_shown_is_not_deleted(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        path = Path(screen.table.path(screen.table.order[0]))
        os.utime(path, ns=(1, 1))
        await pilot.press("d")
        await confirm_deletion(pilot)
        await until(pilot, lambda: "Nothing was deleted" in notices(pilot))
        assert path.exists()
        # It is read again meanwhile, so that asking once more deletes what is shown now.
        await until(pilot, lambda: not screen.feed.state.reading)
        await pilot.press("d")
        await confirm_deletion(pilot)
        await until(pilot, lambda: not path.exists())


async def test_a_session_that_changed_a_moment_ago_is_pointed_out(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        now = app.services.now() * 1000
        os.utime(screen.table.path(screen.table.order[0]), ns=(now, now))
        await pilot.press("f5")
        await pilot.pause(0.1)
        await until(pilot, lambda: not screen.feed.state.reading)
        await pilot.press("d")
        dialog = await on_top(pilot, ConfirmDelete)
        assert "changed in the last 5 minutes" in text_of(dialog)


async def test_a_session_that_is_a_link_is_said_to_be_one(store, tmp_path):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        path = Path(screen.table.path(screen.table.order[0]))
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
        await pilot.press("d")
        dialog = await on_top(pilot, ConfirmDelete)
        await until(pilot, lambda: "the file that it leads to stays" in text_of(dialog))
        await pilot.press("right", "enter")
        await until(pilot, lambda: not os.path.lexists(path))
    assert (tmp_path / "elsewhere").exists()


async def test_u_does_not_pass_over_what_was_destroyed(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        elsewhere = open_store(store)
        await pilot.press("down", "D", "enter")
        await until(pilot, elsewhere.acts)
        elsewhere.destroy_sessions([elsewhere.resolve("4bac6788")])
        await pilot.press("u")
        dialog = await on_top(pilot, AskToUndo)
        assert "The last change, destroying 1 session (" in text_of(dialog)
        assert "cannot be undone. This came before it: 1 session, " in text_of(dialog)
        await pilot.press("right", "enter")
        await until(pilot, lambda: not elsewhere.acts())
        await pilot.press("u")
        await until(pilot, lambda: "Nothing to undo" in notices(pilot))


async def test_with_nothing_to_undo_u_says_so_and_asks_about_what_others_did(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("u")
        await until(pilot, lambda: "Nothing to undo" in notices(pilot))
        # What another program does meanwhile is asked about, and keys on their way do not answer.
        elsewhere = open_store(store)
        elsewhere.delete([elsewhere.resolve("70b30ef8")])
        for _ in range(3):
            app.post_message(events.Key("u", "u"))
        dialog = await on_top(pilot, AskToUndo)
        await pilot.pause()
        assert "Undo: deleted “Fix the grid layout”" in text_of(dialog)
        assert app.screen is dialog
        assert app.focused.id == "cancel"
        assert elsewhere.acts()
        await pilot.press("u")
        await until(pilot, lambda: not elsewhere.acts())
        assert app.screen is screen


async def test_an_asterisk_stars_and_u_takes_it_back(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        row = screen.table.order[0]
        assert not screen.table.favorite(row)
        await pilot.press("asterisk")
        await until(pilot, lambda: screen.table.favorite(row))
        assert open_store(store).resolve(screen.table.id(row)).metadata.is_favorite
        await pilot.press("u")
        await until(pilot, lambda: not screen.table.favorite(row))
        assert not open_store(store).resolve(screen.table.id(row)).metadata.is_favorite


async def test_marked_sessions_are_starred_together_and_then_unstarred(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        rows = screen.table.order[:3]
        await pilot.press("space", "space", "space", "asterisk")
        await until(pilot, lambda: all(map(screen.table.favorite, rows)))
        await pilot.press("asterisk")
        await until(pilot, lambda: not any(map(screen.table.favorite, rows)))


async def test_a_rename_of_ones_own_a_moment_ago_is_no_agent_at_work(store):
    app = AgcxApp(str(store), follow=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        # By the real clock: the star is written now.
        await pilot.press("down", "asterisk")
        await until(pilot, lambda: open_store(store).acts())
        await until(pilot, lambda: not screen.table.favorite(screen.sessions.cursor))
        await pilot.press("d")
        dialog = await on_top(pilot, ConfirmDelete)
        await until(pilot, lambda: not dialog.query_one("#at-work").display)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        # Another program saves it.
        path = screen.table.path(screen.sessions.cursor)
        said = new_message(Message(None, "user", [InputText("And now?")]))
        open_store(store).append(UUID(Path(path).stem), [said])
        await pilot.press("f5")
        await until(pilot, lambda: not screen.feed.state.reading)
        await pilot.press("d")
        dialog = await on_top(pilot, ConfirmDelete)
        assert "an agent may be using it" in text_of(dialog)
        await pilot.pause(0.1)
        assert dialog.query_one("#at-work").display
