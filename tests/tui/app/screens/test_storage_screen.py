"""Where the space goes: every bar leads to what it measures."""

from __future__ import annotations

import os
import re
import threading

import pytest

from agcx_format.search import Index
from agcx_format.store.store import open_store
from agcx_tui.app.dialogs.naming import AskToDelete
from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.storage import StorageScreen, drawn_line, place_of
from agcx_tui.app.widgets.lines.filter_line import FilterInput
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.core.local.paths import search_index
from agcx_tui.core.local.reading_positions import Position, ReadingPositions
from agcx_tui.core.words.index_report import INDEX
from agcx_tui.core.words.storage_report import Line
from tests.support.browsing import (
    SIZE,
    browser,
    line,
    notices,
    on_top,
    scanned,
    text_of,
    titles,
    until,
)
from tests.support.waiting import LIMIT

pytestmark = pytest.mark.usefixtures("undrawn")

GRID = "Fix the grid layout"


async def measured(pilot) -> tuple[StorageScreen, list[str]]:
    """The screen when all is measured, and its lines."""
    await pilot.press("S")
    storage = await on_top(pilot, StorageScreen)
    await until(pilot, lambda: "on disk" in line(storage, "#title"))
    return storage, lines_of(storage)


def lines_of(storage: StorageScreen) -> list[str]:
    return [str(option.prompt) for option in storage.lines.options]


def index_line(storage: StorageScreen) -> str:
    """What is said of the search index."""
    return next((text.strip() for text in lines_of(storage)[1:2]), "")


def test_the_cursor_stays_in_its_place_if_its_line_goes_while_files_are_read():
    lines = [None, *(Line("session", f"{number}.agcx", "", 1, "") for number in range(3)), None]
    gone = Line("session", "gone.agcx", "", 1, "")
    assert place_of(lines, lines[2], 3) == 2
    assert place_of(lines, gone, 4) == 3
    assert place_of(lines, None, None) == 1


@pytest.mark.parametrize("width", [57, 77, 117])
def test_the_end_of_a_directory_is_seen_however_long_it_is(width):
    path = "/home/robin/Dev/of-a-customer/everything/site-repo-v2"
    line = str(drawn_line(Line("directory", path, path, 10, "5 sessions"), 10, width, len(path)))
    assert "/site-repo-v2 " in line
    assert line.endswith("5 sessions")
    assert len(line) <= width


def test_what_is_not_in_the_index_is_said_whole_in_a_narrow_terminal():
    index = Line(INDEX, "", "0 of 10,000 sessions", 0, "10,000 not in it yet")
    assert str(drawn_line(index, 10, 77, 20)).endswith("  10,000 not in it yet")


async def test_nothing_takes_any_space_in_an_empty_store_without_an_index(tmp_path):
    (tmp_path / "store").mkdir()
    async with browser(tmp_path / "store").run_test(size=SIZE) as pilot:
        await scanned(pilot, 0)
        storage, lines = await measured(pilot)
        assert "No sessions take any space." in text_of(storage)
        assert not lines
        offered = {key.description for key in storage.query_one(KeyLine).shown()}
        assert offered == {"back", "help"}


async def test_every_bar_opens_the_list_of_what_it_is_about_and_marks_stay(
    store, tmp_path, monkeypatch
):
    app = browser(store, cache=tmp_path / "cache")
    Index(open_store(store), search_index(tmp_path / "cache")).update()
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("space", "space")
        marked = set(screen.table.marks)
        storage, shown = await measured(pilot)
        await until(pilot, lambda: index_line(storage).startswith("15 of 15 sessions"))
        looked = threading.Event()
        clear = Index.clear
        monkeypatch.setattr(Index, "clear", lambda self: (looked.wait(LIMIT), clear(self))[1])
        footer = storage.query_one(KeyLine)
        offered = lambda: {key.description for key in footer.shown()}  # noqa: E731
        await pilot.press("d")
        await until(pilot, lambda: "On its line, d deletes" in notices(pilot))
        assert "open" in offered()
        assert "delete index" not in offered()
        storage.lines.highlighted = 1
        await until(pilot, lambda: "delete index" in offered())
        assert "open" not in offered()
        await pilot.press("enter", "d")
        await on_top(pilot, AskToDelete)
        assert index_line(storage).startswith("15 of 15 sessions")
        await pilot.press("d")
        await until(pilot, lambda: "deleted" in index_line(storage))
        looked.set()
        await until(pilot, lambda: re.match(r"0 of 15 .* 0 B .*deleted", index_line(storage)))
        shown = lines_of(storage)
        at = next(i for i, text in enumerate(shown) if "gpt-5-codex" in text)
        assert "6 sessions" in shown[at]
        storage.lines.highlighted = at
        await pilot.press("enter")
        await on_top(pilot, BrowserScreen)
        await until(pilot, lambda: len(screen.table.order) == 6)
        assert {screen.table.model(row) for row in screen.table.order} == {"gpt-5-codex"}
        assert screen.query_one(FilterInput).value == "is:listed"
        status = line(screen, "#filter-status")
        assert status.startswith("gpt-5-codex")
        assert status.endswith("6 of 15")
        assert screen.table.marks == marked
        await pilot.press("escape")
        await until(pilot, lambda: len(screen.table.order) == 15)
        assert screen.table.marks == marked


async def test_a_bar_lists_what_came_after_the_list_was_read(store, tmp_path):
    app = browser(store)
    late = tmp_path / "late.agcx"
    os.rename(open_store(store).resolve("70b30ef8").path, late)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot, 14)
        os.rename(late, store / "70b30ef8-c41e-4f6e-8a6a-6d1a3e6e2a01.agcx")
        storage, shown = await measured(pilot)
        storage.lines.highlighted = next(i for i, text in enumerate(shown) if GRID in text)
        await pilot.press("enter")
        await on_top(pilot, BrowserScreen)
        await until(pilot, lambda: titles(screen) == [GRID])


async def test_a_large_message_opens_its_conversation_there_and_leaving_comes_back(store, tmp_path):
    positions = ReadingPositions(tmp_path / "state")
    entry = open_store(store).resolve("70b30ef8")
    positions.save(entry.id, entry.path, Position(2))
    app = browser(store, state=tmp_path / "state")
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        storage, shown = await measured(pilot)
        at = next(i for i, text in enumerate(shown) if GRID in text and "message " in text)
        number = int(re.search(r"message (\d+)", shown[at])[1])
        storage.lines.highlighted = at
        await pilot.press("enter")
        conversation = await on_top(pilot, ConversationScreen)
        await until(pilot, lambda: conversation.transcript.source.known() == 24)
        await until(pilot, lambda: conversation.transcript.current == number - 1)
        await pilot.press("escape")
        assert await on_top(pilot, StorageScreen) is storage
        assert storage.lines.highlighted == at
    # A look at a message is no place in the reading.
    assert positions.load(entry.id, entry.path) == Position(2)


async def test_r_turns_the_order_round(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        before = titles(screen)
        await pilot.press("r")
        await until(pilot, lambda: titles(screen) == before[::-1])
