"""New sessions made of what is there: a copy, a second half, a checkpoint; each can be undone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from agcx_format.session.whole import read_session
from agcx_format.store.store import open_store
from agcx_tui.app.dialogs.export import ExportDialog
from agcx_tui.app.dialogs.naming import NewSessionDialog
from agcx_tui.app.screens.browser.session_acts import title_of_copy
from agcx_tui.app.screens.conversation.checkpoint import CheckpointScreen
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.open_conversation import conversation_screen
from agcx_tui.app.screens.trash import TrashScreen
from agcx_tui.app.widgets.lines.tab_line import TabLine
from tests.support.browsing import (
    SIZE,
    at_cursor,
    browser,
    confirm_deletion,
    notices,
    on_top,
    scanned,
    text_of,
    titles,
    until,
)
from tests.support.entries import NOW_SECONDS
from tests.support.golden_files import GOLDEN
from tests.support.messages import screen_text
from tests.support.stores import contents

pytestmark = pytest.mark.usefixtures("undrawn")

GRID = "Fix the grid layout"
MANAGED = "4dea779b-8bcd-44d3-8225-e25732ff8659"


@pytest.fixture
def managed(tmp_path) -> Path:
    """A store of one session, which has checkpoints."""
    return Path(shutil.copytree(GOLDEN / "manager-store", tmp_path / "history"))


async def opened(pilot, messages: int):
    """The conversation that is shown, with so many messages."""
    await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
    screen = pilot.app.screen
    await shows(pilot, screen, messages)
    return screen


async def shows(pilot, screen, messages: int) -> None:
    source = lambda: screen.transcript.source  # noqa: E731
    await until(pilot, lambda: source().complete and source().known() == messages)
    await until(pilot, lambda: len(screen.transcript.viewport.heights) == messages + 1)


def lengths(store: Path) -> dict[str, int]:
    """By title, how many messages each session has."""
    whole = (entry for entry in open_store(store).scan() if entry.error is None)
    return {entry.title: len(read_session(entry.path)[1].messages) for entry in whole}


# --- a copy


async def test_upper_d_duplicates_goes_to_the_copy_and_u_takes_it_back(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "D")
        dialog = await on_top(pilot, NewSessionDialog)
        assert dialog.focused is dialog.query_one(Input)
        assert dialog.query_one(Input).value == f"{GRID} (copy)"
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert contents(store) == before
        await pilot.press("D", "enter")
        await until(pilot, lambda: at_cursor(screen) == f"{GRID} (copy)")
        assert "u to undo" in notices(pilot)
        copy = Path(screen.table.path(screen.sessions.cursor))
        original = open_store(store).resolve("70b30ef8")
        assert read_session(copy)[1].messages == read_session(original.path)[1].messages
        await pilot.press("u")
        await until(pilot, lambda: "Undone: duplicated" in notices(pilot))
        assert len(screen.table) == 15
    assert contents(store) == before


def test_copies_of_one_session_are_told_apart():
    assert title_of_copy("A", {"A"}) == "A (copy)"
    assert title_of_copy("A", {"A", "A (copy)", "A (copy 2)"}) == "A (copy 3)"


# --- a second half


async def test_x_splits_at_the_message_the_list_follows_and_u_makes_it_whole(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        browsing = await scanned(pilot)
        await pilot.press("down", "enter")
        screen = await opened(pilot, 24)
        await pilot.press("4", "1", "colon", *"12", "enter", "x")
        dialog = await on_top(pilot, NewSessionDialog)
        assert dialog.focused is dialog.query_one(Input)
        assert "Split before message 12?" in text_of(dialog)
        assert "Messages 12 to 24 become a session of their own." in text_of(dialog)
        assert "The first keeps 11 messages and the checkpoints.\nu to undo." in text_of(dialog)
        assert "using it" not in text_of(dialog)
        assert dialog.query_one(Input).value == f"{GRID} (2)"
        await pilot.press("escape")
        assert await on_top(pilot, ConversationScreen) is screen
        assert contents(store) == before

        await pilot.press("x")
        (await on_top(pilot, NewSessionDialog)).query_one(Input).value = "The other half"
        await pilot.press("enter")
        await shows(pilot, screen, 11)
        assert "Split in two: 11 and 13 messages. u to undo." in notices(pilot)
        # At the end of what is left: message 11 is an output, which its call, message 10, shows.
        assert screen.transcript.current == 9
        assert "· 11 messages ·" in screen.query_one("#title").plain
        assert {GRID, "The other half"} <= set(titles(browsing))
        after = lengths(store)
        assert (after[GRID], after["The other half"]) == (11, 13)
        # The details are those of the file as it is now.
        await pilot.press("4")
        await until(
            pilot,
            lambda: screen.panes.facts and "Sections" in "\n".join(screen_text(screen.panes.facts)),
        )
        assert screen.panes.facts.id == "details"
        shown = "\n".join(screen_text(screen.panes.facts))
        assert any("messages" in row and row.rstrip().endswith("11") for row in shown.splitlines())

        await pilot.press("u")
        await shows(pilot, screen, 24)
        await until(pilot, lambda: f"Undone: split “{GRID}” in two" in notices(pilot))
        assert screen.panes.facts is None
        await until(pilot, lambda: len(browsing.table) == 15)
        await pilot.press("u")
        await until(pilot, lambda: "Nothing to undo here" in notices(pilot))
        await pilot.press("escape")
        assert at_cursor(browsing) == GRID
    assert contents(store) == before


async def test_the_list_and_its_preview_show_the_halves_and_u_there_undoes_as_well(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        browsing = await scanned(pilot)
        await pilot.press("down", "enter")
        screen = await opened(pilot, 24)
        await pilot.press("G", "x")
        dialog = await on_top(pilot, NewSessionDialog)
        assert "Message 24 becomes a session of its own." in text_of(dialog)
        dialog.query_one(Input).focus()
        await pilot.press("enter")
        await shows(pilot, screen, 23)
        await pilot.press("escape")
        head = browsing.query_one("#preview-head", Static)
        await until(pilot, lambda: "23 messages" in str(head.render()))
        assert browsing.table.messages(browsing.sessions.cursor) == 23
        await pilot.press("u")
        await until(pilot, lambda: "24 messages" in str(head.render()))
        assert len(browsing.table) == 15
    assert contents(store) == before


async def test_splitting_what_an_agent_may_be_writing_says_so(store):
    path = open_store(store).resolve("70b30ef8").path
    os.utime(path, ns=(NOW_SECONDS * 10**9,) * 2)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("down", "enter")
        screen = await opened(pilot, 24)
        await pilot.press("G", "x")
        assert "an agent may be using it" in text_of(await on_top(pilot, NewSessionDialog))
        # It did save it meanwhile: what was asked about is not what is there.
        os.utime(path, ns=(NOW_SECONDS * 10**9 + 1,) * 2)
        await pilot.press("enter")
        await until(pilot, lambda: "It was not split" in notices(pilot))
        assert screen.transcript.source.known() == 24
    assert open_store(store).acts() == []


async def test_what_cannot_be_split_says_why(store):
    before = contents(store)
    torn = next(entry for entry in open_store(store).scan() if entry.metadata and entry.error)
    broken = next(entry for entry in open_store(store).scan() if not entry.metadata)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)

        async def reason(conversation, key: str = "x") -> str:
            app.clear_notifications()
            await until(pilot, lambda: pilot.app.screen is conversation)
            failed = lambda: conversation.has_class("-failed")  # noqa: E731
            complete = lambda: conversation.opened and conversation.transcript.source.complete  # noqa: E731
            await until(pilot, lambda: failed() or complete())
            await pilot.press(*(["G"] if key == "x" else []), key)
            await until(pilot, lambda: notices(pilot))
            said = notices(pilot)
            await pilot.press("q")
            return said

        grid = open_store(store).resolve("70b30ef8").path
        for path, of, expected in [
            (torn.path, screen.services.store.acts, "A damaged session"),
            (broken.path, screen.services.store.acts, "A damaged session cannot be split"),
            (grid, None, "opened as a single file"),
        ]:
            conversation = conversation_screen(app, app.services, path, of)
            app.push_screen(conversation)
            assert expected in await reason(conversation)
        await pilot.press("down", "enter")
        conversation = await opened(pilot, 24)
        await pilot.press("x")
        await until(pilot, lambda: "Go to the message where" in notices(pilot))
        await pilot.press("q")
        assert contents(store) == before

        await pilot.press("d")
        await confirm_deletion(pilot, favorites=True)
        await until(pilot, lambda: len(screen.table) == 14)
        await pilot.press("T")
        trash = await on_top(pilot, TrashScreen)
        await until(pilot, lambda: len(trash.table) == 1)
        await pilot.press("enter")
        assert "in the trash" in await reason(await opened(pilot, 24))


# --- a checkpoint


async def test_c_makes_a_session_of_a_checkpoint_in_its_tab_and_on_its_screen(managed):
    before = contents(managed)
    app = browser(managed)
    async with app.run_test(size=SIZE) as pilot:
        browsing = await scanned(pilot, len(list(managed.glob("*.agcx"))))
        browsing.sessions.go_to(browsing.table.row_of(str(managed / f"{MANAGED}.agcx")))
        sessions = len(browsing.table)
        await pilot.press("enter", "3")
        screen = await on_top(pilot, ConversationScreen)
        await until(
            pilot, lambda: screen.panes.facts is not None and screen.panes.facts.fact is not None
        )
        name = screen.panes.facts.fact.value
        await pilot.press("c")
        dialog = await on_top(pilot, NewSessionDialog)
        assert dialog.focused is dialog.query_one(Input)
        assert f"◆ {name}, after message" in text_of(dialog)
        title = dialog.query_one(Input).value
        assert name in title
        await pilot.press("enter")
        await until(pilot, lambda: "Created a session" in notices(pilot))
        await until(pilot, lambda: title in titles(browsing))
        # Nothing of the session itself changed: one stays where one is.
        assert screen.panes.facts is not None

        await pilot.press("enter")
        checkpoint = await on_top(pilot, CheckpointScreen)
        await until(pilot, lambda: checkpoint.opened is not None)
        await pilot.press("e")
        asked = await on_top(pilot, ExportDialog)
        assert name in asked.query_one("#path", Input).value
        await pilot.press("escape")
        await on_top(pilot, CheckpointScreen)
        await pilot.press("x")
        assert "A checkpoint cannot be changed" in notices(pilot)
        await pilot.press("c")
        (await on_top(pilot, NewSessionDialog)).query_one(Input).value = "As it was"
        await pilot.press("enter")
        await until(pilot, lambda: "As it was" in titles(browsing))
        made = next(e for e in open_store(managed).scan() if e.title == "As it was")
        told = open_store(managed).list_checkpoints(made.metadata.id)
        assert told == []
        assert len(read_session(made.path)[1].messages) == checkpoint.transcript.source.known()

        # Back in the conversation, u takes back what was done in either place, the last first.
        await pilot.press("escape")
        await on_top(pilot, ConversationScreen)
        await pilot.press("u")
        await until(pilot, lambda: "As it was" not in titles(browsing))
        await pilot.press("u")
        await until(pilot, lambda: len(browsing.table) == sessions)
        assert "Undone: created from a checkpoint" in notices(pilot)
    assert contents(managed) == before


async def asked_for_checkpoint(pilot):
    """In a file by itself, go to its checkpoints, and ask for a session made of the first."""
    screen = pilot.app.screen
    await until(pilot, lambda: screen.opened is not None)
    await pilot.press("3")
    await until(
        pilot, lambda: screen.panes.facts is not None and screen.panes.facts.fact is not None
    )
    await pilot.press("c")
    return screen


async def test_a_checkpoint_without_a_store_or_a_file_says_why_it_stays_one(managed):
    path = managed / f"{MANAGED}.agcx"
    app = browser(None, file=str(path))
    async with app.run_test(size=SIZE) as pilot:
        screen = await asked_for_checkpoint(pilot)
        assert "opened as a single file" in notices(pilot)
        assert "3 Checkpoints" in screen.query_one(TabLine).plain
        shutil.rmtree(managed / "checkpoints")
    app = browser(None, file=str(path))
    async with app.run_test(size=SIZE) as pilot:
        await asked_for_checkpoint(pilot)
        assert "is missing" in notices(pilot)


async def test_what_was_undone_elsewhere_is_not_undone_again(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("down", "enter")
        screen = await opened(pilot, 24)
        await pilot.press("G", "x")
        await on_top(pilot, NewSessionDialog)
        await pilot.press("enter")
        await shows(pilot, screen, 23)
        open_store(store).undo()
        await pilot.press("u")
        await until(pilot, lambda: "undone or destroyed already" in notices(pilot))
        await pilot.press("u")
        await until(pilot, lambda: "Nothing to undo here" in notices(pilot))
