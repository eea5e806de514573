"""Keeping order: titles, tags, the trash, the history, clean-up, and storage."""

from __future__ import annotations

import os
import re
import threading

import pytest
from textual import events
from textual.widgets import Button, Input, OptionList, Static

from agcx_format.search import Index
from agcx_format.store.store import Store, open_store
from agcx_tui.app.dialogs.empty_trash import EmptyDialog
from agcx_tui.app.dialogs.naming import AskDialog, AskToDelete, RenameScreen, TagsDialog, tags_after
from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.history import HistoryScreen
from agcx_tui.app.screens.storage import StorageScreen, place_of
from agcx_tui.app.screens.trash import TrashScreen
from agcx_tui.app.widgets.lines.filter_line import FilterInput
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.core.local.paths import search_index
from agcx_tui.core.local.reading_positions import Position, ReadingPositions
from agcx_tui.core.words.acts import describe_with_undo
from agcx_tui.core.words.storage_report import Line
from tests.support.browsing import (
    SIZE,
    at_cursor,
    browser,
    confirm_deletion,
    line,
    notices,
    scanned,
    titles,
    until,
)
from tests.support.entries import NOW_SECONDS
from tests.support.stores import contents
from tests.support.waiting import LIMIT, soon

pytestmark = pytest.mark.usefixtures("undrawn")

GRID = "Fix the grid layout"


async def on(pilot, kind):
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    await pilot.pause()
    return pilot.app.screen


async def delete(pilot, screen, *keys: str, favorites: bool = True) -> None:
    left = len(screen.table)
    await pilot.press(*keys, "d")
    await confirm_deletion(pilot, favorites=favorites)
    await until(pilot, lambda: len(screen.table) < left)


def text_of(dialog) -> str:
    return "\n".join(str(part.render()) for part in dialog.query(Static))


# --- title and tags


@pytest.mark.usefixtures("drawn")
async def test_f2_renames_in_its_line_and_u_takes_it_back(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "f2")
        rename = await on(pilot, RenameScreen)
        field = rename.query_one(Input)
        assert field.value == GRID
        # In its line, over its title.
        assert field.region.y == screen.sessions.region.y + 1
        shown = screen.sessions.render_line(1).text
        assert shown[field.region.x - screen.sessions.region.x :].startswith(GRID)
        field.value = "A better title"
        await pilot.press("enter")
        await until(pilot, lambda: at_cursor(screen) == "A better title")
        assert open_store(store).resolve("70b30ef8").title == "A better title"
        head = screen.query_one("#preview-head")
        await until(pilot, lambda: "A better title" in str(head.render()))
        await pilot.press("u")
        await until(pilot, lambda: at_cursor(screen) == GRID)
    assert contents(store) == before


@pytest.mark.parametrize("keys", [["escape"], ["enter"]])
async def test_a_title_that_is_left_as_it_was_is_no_act(store, keys):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "f2")
        await on(pilot, RenameScreen)
        await pilot.press(*keys)
        await on(pilot, BrowserScreen)
        assert at_cursor(screen) == GRID
    assert open_store(store).acts() == []


async def test_tags_of_all_marked_are_one_act_and_are_completed(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("down", "space", "space", "number_sign")
        dialog = await on(pilot, TagsDialog)
        assert "Tags of 2 sessions" in text_of(dialog)
        assert "ui (1 of 2)" in text_of(dialog)
        await pilot.press(*"new, que")
        await until(pilot, lambda: dialog.query_one(Input)._suggestion == "new, queue")
        await pilot.press("right", *",-ui", "enter")
        await until(pilot, lambda: len(open_store(store).acts()) == 1)
        tagged = {e.title: e.metadata.tags for e in open_store(store).scan() if e.metadata}
        assert tagged[GRID] == ["new", "queue"]
        assert sum("new" in tags for tags in tagged.values()) == 2
        await until(pilot, lambda: "Changed" in notices(pilot))
        await pilot.press("u")
        await until(pilot, lambda: "Undone" in notices(pilot))
    assert contents(store) == before


def test_what_changed_nothing_is_not_said_to_be_taken_back(store):
    kept = open_store(store)
    (entry,) = [each for each in kept.scan() if each.title == GRID]
    assert describe_with_undo(kept.update_many([(entry, {"title": GRID})])) == "Nothing changed."
    said = describe_with_undo(kept.update_many([(entry, {"title": "New"})]))
    assert said.endswith("to “New”. u to undo.")


def test_tags_keep_their_order_and_come_once():
    assert tags_after(["b", "a", "b"], ["c", "a"], ["b"]) == ["a", "c"]
    # What would be obeyed by the terminal is named by what it looks like.
    assert tags_after(["\x1b[2J"], [], ["␛[2J"]) == []


async def test_what_an_agent_may_be_writing_asks_first(store):
    path = open_store(store).resolve("70b30ef8").path
    os.utime(path, ns=(NOW_SECONDS * 10**9,) * 2)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        for answer, title in ((["enter"], GRID), (["right", "enter"], "changed")):
            screen.sessions.focus()
            screen.sessions.go_to(screen.table.row_of(path))
            await pilot.press("f2")
            (await on(pilot, RenameScreen)).query_one(Input).value = "changed"
            await pilot.press("enter")
            dialog = await on(pilot, AskDialog)
            assert "an agent may be using it" in text_of(dialog)
            await until(pilot, lambda: app.gate.admits(events.Key("enter", None)))
            await pilot.press(*answer)
            await on(pilot, BrowserScreen)
            await until(pilot, lambda t=title: open_store(store).resolve("70b30ef8").title == t)


# --- the trash


async def test_the_trash_shows_what_was_deleted_and_brings_it_back(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await delete(pilot, screen, "down", "space", "space")
        await pilot.press("T")
        trash = await on(pilot, TrashScreen)
        await until(pilot, lambda: len(trash.table) == 2)
        assert GRID in titles(trash)
        assert "deleted" in line(trash, "#title")
        row = next(row for row in trash.table.order if trash.table.title(row) == GRID)
        trash.sessions.go_to(row)
        await until(pilot, lambda: GRID in str(trash.query_one("#preview-head").render()))
        await pilot.press("r")
        await until(pilot, lambda: len(trash.table) == 1)
        assert "Restored “Fix the grid layout”" in notices(pilot)
        await pilot.press("a", "r")
        await until(pilot, lambda: len(trash.table) == 0)
        assert "The trash is empty" in text_of(trash)
        await pilot.press("escape")
        await on(pilot, BrowserScreen)
        await until(pilot, lambda: len(screen.table) == 15)
    assert contents(store) == before


async def test_emptying_takes_the_typed_word_and_nothing_less(store, tmp_path):
    positions = ReadingPositions(tmp_path / "state")
    grid = open_store(store).resolve("70b30ef8")
    positions.save(grid.id, grid.path, Position(2))
    cached = {"state": tmp_path / "state", "cache": tmp_path / "cache"}

    def kept(name: str) -> bytes:
        return b"".join(contents(tmp_path / "cache" / name).values())

    async with browser(store, **cached).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await measured(pilot)
    for name in ("catalog", "stats"):
        await soon(lambda name=name: GRID.encode() in kept(name), f"the title in the {name}")
    async with browser(store, **cached).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await delete(pilot, screen, "down")
        await pilot.press("T")
        trash = await on(pilot, TrashScreen)
        await until(pilot, lambda: len(trash.table) == 1)
        await pilot.press("E")
        dialog = await on(pilot, EmptyDialog)
        assert dialog.focused is dialog.query_one("#cancel")
        button = dialog.query_one("#empty", Button)
        assert "1 deleted session" in text_of(dialog)
        assert "1 change that cannot be undone any more" in text_of(dialog)
        assert button.disabled
        word, age = dialog.query_one("#word", Input), dialog.query_one("#age", Input)
        word.value = "yes"
        await pilot.pause()
        assert button.disabled
        word.value, age.value = "delete", "nonsense"
        await pilot.pause()
        assert button.disabled
        assert "is not a date" in text_of(dialog)
        age.value = ""
        await pilot.pause()
        assert not button.disabled
        word.focus()
        await pilot.press("enter")
        await until(pilot, lambda: "Destroyed 1 session" in notices(pilot))
        await until(pilot, lambda: len(trash.table) == 0)
    assert open_store(store).trash() == []
    assert positions.load(grid.id, grid.path) is None
    rest = b"Why does the queue stall"
    # It is written when the program has ended.
    await soon(lambda: rest in kept(".") and GRID.encode() not in kept("."), "a cache without it")


async def test_escape_destroys_nothing(store, monkeypatch):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await delete(pilot, screen, "down")
        before = contents(store, trash=True)
        reads = threading.Event()
        trash_of = Store.trash
        monkeypatch.setattr(Store, "trash", lambda self: (reads.wait(LIMIT), trash_of(self))[1])
        await pilot.press("T")
        await on(pilot, TrashScreen)
        # A key that comes before the trash is read does not find it empty.
        await pilot.press("E")
        await until(pilot, lambda: "has not been read" in notices(pilot))
        reads.set()
        await until(pilot, lambda: len(pilot.app.screen.table) == 1)
        await pilot.press("E")
        await on(pilot, EmptyDialog)
        await pilot.press("escape")
        await on(pilot, TrashScreen)
    assert contents(store, trash=True) == before


# --- the history


async def test_any_act_of_the_log_can_be_undone(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await delete(pilot, screen, "down")
        await delete(pilot, screen, "end", favorites=False)
        await pilot.press("L")
        log = await on(pilot, HistoryScreen)
        lines = log.query_one(OptionList)
        await until(pilot, lambda: lines.option_count == 2)
        assert GRID in str(lines.get_option_at_index(1).prompt)
        await pilot.press("j", "u")
        await until(pilot, lambda: "undone" in str(lines.get_option_at_index(1).prompt))
        await pilot.press("u")
        await until(pilot, lambda: "cannot be undone" in notices(pilot))
        await pilot.press("escape")
        await on(pilot, BrowserScreen)
        await until(pilot, lambda: GRID in titles(screen))
        assert len(screen.table) == 14
        await pilot.press("u")
        await until(pilot, lambda: len(screen.table) == 15)
    assert contents(store) == before


# --- where the space goes


async def measured(pilot) -> tuple[StorageScreen, list[str]]:
    """The screen when all is measured, and its lines."""
    await pilot.press("S")
    storage = await on(pilot, StorageScreen)
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
        await on(pilot, AskToDelete)
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
        await on(pilot, BrowserScreen)
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
        await on(pilot, BrowserScreen)
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
        conversation = await on(pilot, ConversationScreen)
        await until(pilot, lambda: conversation.transcript.source.known() == 24)
        await until(pilot, lambda: conversation.transcript.current == number - 1)
        await pilot.press("escape")
        assert await on(pilot, StorageScreen) is storage
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
