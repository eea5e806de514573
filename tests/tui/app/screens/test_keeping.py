"""Keeping order: titles, tags, the trash, and the history."""

from __future__ import annotations

import os
import threading

import pytest
from textual.widgets import Button, Input, OptionList

from agcx_format.store.store import Store, open_store
from agcx_tui.app.dialogs.empty_trash import EmptyDialog
from agcx_tui.app.dialogs.help import HelpScreen
from agcx_tui.app.dialogs.naming import AskDialog, RenameScreen, TagsDialog, tags_after
from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.app.screens.history import HistoryScreen
from agcx_tui.app.screens.trash import TrashScreen
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.core.local.reading_positions import Position, ReadingPositions
from agcx_tui.core.words.acts import describe_with_undo
from agcx_tui.core.words.format import AGE_WIDTH
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
from tests.support.entries import NOW_SECONDS
from tests.support.stores import contents
from tests.support.waiting import LIMIT, soon
from tests.tui.app.screens.test_storage_screen import measured

pytestmark = pytest.mark.usefixtures("undrawn")

GRID = "Fix the grid layout"


def footer(screen: TrashScreen) -> list[str]:
    return [key.description for key in screen.query_one(KeyLine).shown()]


async def delete(pilot, screen, *keys: str, favorites: bool = True) -> None:
    left = len(screen.table)
    await pilot.press(*keys, "d")
    await confirm_deletion(pilot, favorites=favorites)
    await until(pilot, lambda: len(screen.table) < left)


# --- title and tags


@pytest.mark.usefixtures("drawn")
async def test_f2_renames_in_its_line_and_u_takes_it_back(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "f2")
        rename = await on_top(pilot, RenameScreen)
        keys = [(key.label, key.description) for key in rename.query_one(KeyLine).shown()]
        assert keys == [("enter", "rename"), ("esc", "cancel")]
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


async def test_what_is_typed_stays_in_its_line_wherever_that_goes(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        session = at_cursor(screen)
        # The cursor was not moved: otherwise it would stay at the top.
        await pilot.press("f2")
        field = (await on_top(pilot, RenameScreen)).query_one(Input)
        before = field.region
        screen.table.sort_by("title", descending=True)
        screen.sessions.update()
        await until(pilot, lambda: field.region.y > before.y)
        assert at_cursor(screen) == session
        assert field.region == screen.sessions.title_region
        await pilot.resize_terminal(SIZE[0] - 30, SIZE[1])
        await until(pilot, lambda: field.region.width != before.width)
        await until(pilot, lambda: field.region == screen.sessions.title_region)


@pytest.mark.parametrize("keys", [["escape"], ["enter"]])
async def test_a_title_that_is_left_as_it_was_is_no_act(store, keys):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "f2")
        await on_top(pilot, RenameScreen)
        await pilot.press(*keys)
        await on_top(pilot, BrowserScreen)
        assert at_cursor(screen) == GRID
    assert open_store(store).acts() == []


async def test_tags_of_all_marked_are_one_act_and_are_completed(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("down", "space", "space", "number_sign")
        dialog = await on_top(pilot, TagsDialog)
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
            (await on_top(pilot, RenameScreen)).query_one(Input).value = "changed"
            await pilot.press("enter")
            dialog = await on_top(pilot, AskDialog)
            assert "an agent may be using it" in text_of(dialog)
            await pilot.press(*answer)
            await on_top(pilot, BrowserScreen)
            await until(pilot, lambda t=title: open_store(store).resolve("70b30ef8").title == t)


# --- the trash


async def test_the_trash_shows_what_was_deleted_and_brings_it_back(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await delete(pilot, screen, "down", "space", "space")
        await pilot.press("T")
        trash = await on_top(pilot, TrashScreen)
        await until(pilot, lambda: len(trash.table) == 2)
        assert GRID in titles(trash)
        assert "deleted" in line(trash, "#title")
        assert "project" in trash.sessions.chosen_columns
        await until(pilot, lambda: all(map(trash.table.project, trash.table.order)))
        # Among thousands, a word finds it.
        await pilot.press("slash")
        # The search does not look into what is deleted.
        assert "search inside" not in line(trash, "#filter-status")
        await pilot.press(*"zebra")
        await until(pilot, lambda: titles(trash) == [])
        await until(pilot, lambda: footer(trash) == ["complete", "done"])
        # An empty list does not say what became of them.
        notice = trash.query_one("#notice")
        assert notice.display
        assert "No session in the trash matches\n\nzebra\n\nEsc shows all" in text_of(trash)
        await pilot.press("enter", "tab")
        assert pilot.app.screen is trash
        await pilot.press("ctrl+u", *"grid", "escape")
        await until(pilot, lambda: titles(trash) == [GRID])
        assert not notice.display
        assert trash.focused is trash.sessions
        await until(pilot, lambda: GRID in str(trash.query_one("#preview-head").render()))
        await pilot.press("r")
        await until(pilot, lambda: len(trash.table) == 1)
        assert "Restored “Fix the grid layout”" in notices(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: len(trash.table.order) == 1)
        await pilot.press("a", "r")
        await until(pilot, lambda: len(trash.table) == 0)
        assert "The trash is empty" in text_of(trash)
        await until(pilot, lambda: "restore" not in footer(trash))
        await pilot.press("escape")
        await on_top(pilot, BrowserScreen)
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
        trash = await on_top(pilot, TrashScreen)
        await until(pilot, lambda: len(trash.table) == 1)
        await pilot.press("E")
        dialog = await on_top(pilot, EmptyDialog)
        assert dialog.focused is dialog.query_one("#cancel")
        button = dialog.query_one("#empty", Button)
        assert "1 deleted session" in text_of(dialog)
        assert "1 change can no longer be undone" in text_of(dialog)
        assert button.disabled
        word, age = dialog.query_one("#word", Input), dialog.query_one("#age", Input)
        word.value = "yes"
        await pilot.pause()
        assert button.disabled
        word.value, age.value = "delete", "nonsense"
        await pilot.pause()
        assert button.disabled
        assert "is not a date" in text_of(dialog)
        age.value = word.value = ""
        # The word is typed at once: Cancel has the focus and no use for its letters.
        await pilot.press(*"delete")
        await until(pilot, lambda: not button.disabled)
        await pilot.press("enter")
        await until(pilot, lambda: "Destroyed 1 session" in notices(pilot))
        await until(pilot, lambda: len(trash.table) == 0)
        # Nothing is left to destroy.
        await until(pilot, lambda: "empty" not in footer(trash))
        # Nor to open, also when the focus comes back to the list.
        await pilot.press("question_mark")
        await on_top(pilot, HelpScreen)
        await pilot.press("escape")
        await on_top(pilot, TrashScreen)
        assert "open" not in footer(trash)
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
        monkeypatch.setattr(
            Store, "trash", lambda self, log: (reads.wait(LIMIT), trash_of(self, log))[1]
        )
        await pilot.press("T")
        await on_top(pilot, TrashScreen)
        # A key that comes before the trash is read does not find it empty.
        await pilot.press("E")
        await until(pilot, lambda: "has not been read" in notices(pilot))
        reads.set()
        await until(pilot, lambda: len(pilot.app.screen.table) == 1)
        await pilot.press("E")
        await on_top(pilot, EmptyDialog)
        await pilot.press("escape")
        await on_top(pilot, TrashScreen)
    assert contents(store, trash=True) == before


# --- the history


async def test_any_act_of_the_log_can_be_undone(store):
    before = contents(store)
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await delete(pilot, screen, "down")
        await delete(pilot, screen, "end", favorites=False)
        await pilot.resize_terminal(56, 30)
        await pilot.press("L")
        log = await on_top(pilot, HistoryScreen)
        lines = log.query_one(OptionList)
        await until(pilot, lambda: lines.option_count == 2)
        assert GRID in str(lines.get_option_at_index(1).prompt)
        # What does not fit into a line goes on below the words, not below the age.
        below = [str(each.prompt).partition("\n")[2] for each in lines.options]
        assert any(below)
        assert all(each.startswith(" " * (AGE_WIDTH + 2)) for each in below if each)
        await pilot.press("j", "u")
        await until(pilot, lambda: "undone" in str(lines.get_option_at_index(1).prompt))
        await pilot.press("u")
        await until(pilot, lambda: "cannot be undone" in notices(pilot))
        await pilot.press("escape")
        await on_top(pilot, BrowserScreen)
        await until(pilot, lambda: GRID in titles(screen))
        assert len(screen.table) == 14
        await pilot.press("u")
        await until(pilot, lambda: len(screen.table) == 15)
    assert contents(store) == before


async def test_the_cursor_of_the_history_stays_on_its_change_when_another_comes(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await delete(pilot, screen, "down")
        await delete(pilot, screen, "end", favorites=False)
        await pilot.press("L")
        log = await on_top(pilot, HistoryScreen)
        lines = log.query_one(OptionList)
        await until(pilot, lambda: lines.option_count == 2)
        await pilot.press("j")
        other = open_store(store)
        other.delete(list(other.scan())[:1])
        await pilot.press("u")
        await until(pilot, lambda: lines.option_count == 3)
        await until(pilot, lambda: "undone" in str(lines.get_option_at_index(2).prompt))
        # The key again is not about the change that was below it.
        assert lines.highlighted == 2
