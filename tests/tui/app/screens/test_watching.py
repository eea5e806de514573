"""What another program does to the store appears by itself, and what we do ourselves does not flicker."""

from __future__ import annotations

import os
import shutil

import pytest
from msgspec.structs import replace

from agcx_format import (
    FunctionCall,
    FunctionCallOutput,
    Message,
    MessageSnapshot,
    OutputText,
    new_message,
)
from agcx_format.store.store import open_store
from agcx_tui.app.widgets.list.session_list import SessionList
from tests.support.browsing import (
    SIZE,
    at_cursor,
    browser,
    demo_copy,
    line,
    notices,
    scanned,
    titles,
    until,
)

pytestmark = pytest.mark.usefixtures("undrawn")


async def watched(pilot):
    """The browser, once it notices what happens."""
    screen = await scanned(pilot)
    await until(pilot, lambda: screen.feed.state.watching)
    # What happened just before is looked for once more.
    await until(pilot, lambda: not screen.feed.is_looking)
    return screen


def entry_of(store, title: str):
    return next(entry for entry in open_store(store).scan() if entry.title == title)


async def test_a_session_that_another_program_adds_appears_and_the_cursor_stays(store):
    app = browser(store, follow=True)
    async with app.run_test(size=SIZE) as pilot:
        screen = await watched(pilot)
        await pilot.press("down", "down", "down")
        here = at_cursor(screen)
        copy = store / "3f2b8a10-0000-4000-8000-00000000beef.agcx"
        shutil.copyfile(entry_of(store, "Fix the grid layout").path, copy)
        await until(pilot, lambda: screen.table.row_of(str(copy)) is not None)
        assert len(screen.table) == 16
        assert titles(screen).count("Fix the grid layout") == 2
        assert at_cursor(screen) == here


async def test_a_session_that_another_program_deletes_goes(store):
    app = browser(store, follow=True)
    async with app.run_test(size=SIZE) as pilot:
        screen = await watched(pilot)
        open_store(store).delete([entry_of(store, "Fix the grid layout")])
        await until(pilot, lambda: len(screen.table) == 14)
        assert "Fix the grid layout" not in titles(screen)


async def test_a_session_that_another_program_saves_is_shown_as_it_is_now(store):
    app = browser(store, follow=True)
    async with app.run_test(size=SIZE) as pilot:
        screen = await watched(pilot)
        entry = entry_of(store, "Fix the grid layout")
        open_store(store).update_metadata(entry.id, title="Fixed at last")
        await until(pilot, lambda: "Fixed at last" in titles(screen))
        assert len(screen.table) == 15


def said(text: str) -> MessageSnapshot:
    return new_message(Message(None, "assistant", [OutputText(text)]))


def place(conversation) -> str:
    return line(conversation, "#tabs")


async def test_an_open_conversation_follows_its_file_as_long_as_that_goes_on(store):
    app = browser(store, follow=True)
    async with app.run_test(size=(120, 16)) as pilot:
        screen = await watched(pilot)
        other, entry = open_store(store), entry_of(store, "Fix the grid layout")
        screen.sessions.go_to(screen.table.row_of(str(entry.path)))
        await pilot.press("enter")
        await until(pilot, lambda: getattr(app.screen, "opened", None) is not None)
        conversation = app.screen
        transcript = conversation.transcript
        await until(pilot, lambda: transcript.source.complete)
        count = transcript.source.known()
        # Whoever reads further up stays there.
        await pilot.press("right_square_bracket", "t", "slash", *"lease", "enter", "escape")
        at, top, folds = transcript.current, transcript.viewport.top, dict(transcript.blocks.folds)
        other.append(entry.id, [said("first"), said("second")])
        await until(pilot, lambda: "↓ 2 new messages below, end" in place(conversation))
        assert (transcript.current, transcript.viewport.top) == (at, top)
        assert transcript.blocks.folds == folds
        assert transcript.source.known() == count + 2
        # At the end one goes along, and what was new is seen.
        await pilot.press("end")
        await until(
            pilot, lambda: place(conversation).endswith(f"message {count + 2} of {count + 2}")
        )
        other.append(entry.id, [said("third\n" * 30)])
        await until(
            pilot, lambda: place(conversation).endswith(f"message {count + 3} of {count + 3}")
        )
        assert transcript.viewport.is_at_end
        # A title alone changes the first line.
        other.update_metadata(entry.id, title="Fixed at last")
        await until(pilot, lambda: "Fixed at last" in line(conversation, "#title"))
        assert notices(pilot) == ""
        # What an agent gave another form at the end goes on, and may be less.
        metadata, said_before, state = other.load_session(entry.id)
        fewer = replace(said_before, messages=said_before.messages[:-2])
        other.save_session(entry.id, metadata, fewer, state)
        await until(
            pilot, lambda: place(conversation).endswith(f"message {count + 1} of {count + 1}")
        )
        assert transcript.viewport.is_at_end
        assert len(transcript.viewport.heights) == count + 2
        # What does not go on from what was read waits.
        for last in (1, 2):
            fewer = replace(said_before, messages=said_before.messages[: -6 - last])
            other.save_session(entry.id, metadata, fewer, state)
            row, now = screen.table.row_of(str(entry.path)), count - 3 - last
            await until(pilot, lambda row=row, now=now: screen.table.messages(row) == now)
        await until(pilot, lambda: "F5 to reload" in notices(pilot))
        assert notices(pilot).count("This session was saved again") == 1
        assert transcript.source.known() == count + 1
        await pilot.press("f5")
        await until(pilot, lambda: transcript.source.known() == count - 5)


async def test_a_file_that_is_opened_by_itself_is_followed_too(store):
    other, entry = open_store(store), entry_of(store, "Fix the grid layout")
    # All of it fits, and it ends with an output, which is folded into its call.
    metadata, before, state = other.load_session(entry.id)
    call = FunctionCall(None, "shell", "{}", "call_1")
    few = [said("look"), *map(new_message, (call, FunctionCallOutput("call_1", "ok")))]
    other.save_session(entry.id, metadata, replace(before, messages=few), state)
    app = browser(None, file=str(entry.path), follow=True)
    async with app.run_test(size=SIZE) as pilot:
        conversation = app.screen
        await until(pilot, lambda: conversation.opened is not None)
        await pilot.press("end")
        await until(pilot, lambda: place(conversation).endswith("message 2 of 3"))
        other.append(entry.id, [said("first\n\n" * 60)])
        await until(pilot, lambda: place(conversation).endswith("message 4 of 4"))
        assert conversation.transcript.viewport.is_at_end
        await pilot.press("home")
        other.append(entry.id, [said("second"), said("third")])
        await until(pilot, lambda: "↓ 2 new messages below, end" in place(conversation))
        assert conversation.transcript.source.known() == 6
        assert notices(pilot) == ""


async def test_a_conversation_that_was_opened_before_anything_was_said_is_followed(store):
    other, entry = open_store(store), entry_of(store, "Fix the grid layout")
    metadata, before, state = other.load_session(entry.id)
    other.save_session(entry.id, metadata, replace(before, messages=[]), state)
    app = browser(None, file=str(entry.path), follow=True)
    async with app.run_test(size=SIZE) as pilot:
        conversation = app.screen
        await until(pilot, lambda: conversation.opened is not None)
        other.append(entry.id, [said("first")])
        await until(pilot, lambda: place(conversation).endswith("message 1 of 1"))
        other.append(entry.id, [said("second")])
        await until(pilot, lambda: place(conversation).endswith("of 2"))
        assert notices(pilot) == ""


async def test_a_match_at_the_end_stays_in_view_while_the_file_goes_on(store):
    entry = entry_of(store, "Fix the grid layout")
    open_store(store).append(entry.id, [said("a zebra\n\n" * 9)])
    app = browser(None, file=str(entry.path), follow=True)
    async with app.run_test(size=SIZE) as pilot:
        conversation = app.screen
        await until(pilot, lambda: conversation.opened is not None)
        transcript = conversation.transcript
        await pilot.press("slash", *"zebra", "enter")
        await until(pilot, lambda: transcript.is_at_match)
        at, top = transcript.current, transcript.viewport.top
        open_store(store).append(entry.id, [said("first\n\n" * 60)])
        await until(pilot, lambda: "↓ 1 new message below, end" in place(conversation))
        assert (transcript.current, transcript.viewport.top) == (at, top)
        # Without a search the end is where the reader is, and with one where they asked for it.
        await pilot.press("escape", "end")
        await until(pilot, lambda: transcript.viewport.is_at_end)
        open_store(store).append(entry.id, [said("a lemur")])
        known = transcript.source.known() + 1
        await until(pilot, lambda: place(conversation).endswith(f"message {known} of {known}"))
        await pilot.press("slash", *"lemur", "enter")
        await until(pilot, lambda: transcript.is_at_match)
        await pilot.press("end")
        open_store(store).append(entry.id, [said("third")])
        await until(
            pilot, lambda: place(conversation).endswith(f"message {known + 1} of {known + 1}")
        )


async def test_what_happened_before_it_is_noticed_is_found_all_the_same(store):
    app = browser(store, follow=True)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        os.unlink(entry_of(store, "Fix the grid layout").path)
        await until(pilot, lambda: len(screen.table) == 14)


async def test_our_own_deletion_changes_the_list_once(store):
    app = browser(store, follow=True)
    async with app.run_test(size=SIZE) as pilot:
        screen = await watched(pilot)
        sessions = screen.query_one(SessionList)
        row = screen.table.row_of(entry_of(store, "Fix the grid layout").path)
        sessions.go_to(row)
        changes = []
        put, remove = screen.table.put, screen.table.remove
        screen.table.put = lambda entries: put([changes.append(e) or e for e in entries])
        screen.table.remove = lambda rows: remove([changes.append(r) or r for r in rows])
        await pilot.press("asterisk")
        await until(pilot, lambda: not screen.table.favorite(row))
        # Longer than a change takes to be told.
        await pilot.pause(0.8)
        assert len(changes) == 1


async def test_a_store_that_is_made_later_is_found(tmp_path):
    app = browser(tmp_path / "later", follow=True, looked=[str(tmp_path / "later")])
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot, 0)
        demo_copy(tmp_path / "later")
        await until(pilot, lambda: len(screen.table) == 15)


async def test_words_of_a_conversation_are_found_in_the_background(store):
    app = browser(store, follow=True)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        row = screen.table.row_of(entry_of(store, "Fix the grid layout").path)
        await until(pilot, lambda: screen.table.directory(row))
        await pilot.press("slash", *"look at this picture")
        await pilot.pause()
        assert titles(screen)[0] == "Fix the grid layout"
