"""Keys that come faster than the focus moves: a slow line hands them over in one piece."""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

import pytest
from textual import events
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from agcx_format import open_store
from agcx_format.space import PruneRule, select
from agcx_tui.app.dialogs.change_message import ReplaceDialog
from agcx_tui.app.dialogs.delete import ConfirmDelete
from agcx_tui.app.dialogs.export import ExportDialog
from agcx_tui.app.dialogs.naming import NewSessionDialog
from agcx_tui.app.keys import gate
from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.app.screens.conversation.branch_tree import BranchTree
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.conversation.outline import OutlineScreen
from agcx_tui.app.screens.prune import PruneScreen
from agcx_tui.app.screens.search.search import SearchScreen
from agcx_tui.app.textual_internals import takes_keys
from agcx_tui.app.widgets.choices import Box
from agcx_tui.app.widgets.transcript.transcript import Transcript
from tests.support.browsing import SIZE, browser, notices, on_top, scanned, titles, until
from tests.support.waiting import LIMIT
from tests.tui.app.screens.test_branch_tree import MESSAGES, written

pytestmark = pytest.mark.usefixtures("undrawn")

NAMES = {
    "#": "number_sign",
    "/": "slash",
    ":": "colon",
    "\r": "enter",
    "\x1b": "escape",
    "\b": "backspace",
    "\t": "tab",
    " ": "space",
    "]": "right_square_bracket",
    "\x13": "ctrl+s",
}


def burst(pilot: Pilot, typed: str) -> None:
    """All of it is there before the first key is obeyed."""
    for character in typed:
        key = NAMES.get(character, character)
        pilot.app.post_message(events.Key(key, character if character.isprintable() else None))


async def in_conversation(pilot: Pilot) -> Transcript:
    await pilot.press("down", "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
    transcript = pilot.app.screen.query_one(Transcript)
    await until(pilot, lambda: transcript.source.known() == 24 and transcript.source.complete)
    await pilot.pause()
    return transcript


async def test_keys_after_one_that_opens_a_dialog_of_a_conversation_are_for_the_dialog(store):
    """Also while what it asks about is being read."""
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await in_conversation(pilot)
        burst(pilot, "es")
        dialog = await on_top(pilot, ExportDialog)
        await until(pilot, lambda: dialog.query_one("#redact", Box).value)
        burst(pilot, "\x1b")
        conversation = await on_top(pilot, ConversationScreen)
        burst(pilot, "ee")
        await on_top(pilot, ExportDialog)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is conversation)


async def test_keys_after_one_that_reads_before_it_asks_are_for_what_it_asks(store):
    """The outline, the change of a message, and the split of a session; all act elsewhere otherwise."""
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        transcript = await in_conversation(pilot)
        conversation = pilot.app.screen
        burst(pilot, "oG")
        outline = await on_top(pilot, OutlineScreen)
        await until(pilot, lambda: outline.lines.highlighted == outline.lines.option_count - 1 > 0)
        burst(pilot, "\x1b]Xr")
        await on_top(pilot, ReplaceDialog)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is conversation)
        burst(pilot, "xq")
        dialog = await on_top(pilot, NewSessionDialog)
        await until(pilot, lambda: dialog.query_one(Input).value.endswith("q"))
        assert transcript.current == 1
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is conversation)


async def test_keys_after_the_one_of_the_branches_are_for_their_tree(tmp_path):
    folder = tmp_path / "store"
    folder.mkdir()
    written(folder / f"{UUID(int=1)}.agcx", MESSAGES)
    async with browser(folder).run_test(size=SIZE) as pilot:
        await scanned(pilot, 1)
        await pilot.press("enter")
        conversation = await on_top(pilot, ConversationScreen)
        await until(pilot, lambda: conversation.transcript.source.complete)
        burst(pilot, "BG")
        tree = await on_top(pilot, BranchTree)
        await until(pilot, lambda: tree.lines.highlighted == 1)


async def test_a_dialog_gets_the_keys_typed_after_its_own_also_right_after_a_screen_was_left(store):
    """Esc and the key after it come as one, and the screen that was left is still being removed."""
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "P")
        await on_top(pilot, PruneScreen)
        await pilot.pause()
        pilot.app.post_message(events.Key("alt+d", "d"))
        burst(pilot, "\t")
        dialog = await on_top(pilot, ConfirmDelete)
        await until(pilot, lambda: dialog.focused is not None and dialog.focused.id == "delete")
        await pilot.pause()
        assert dialog.focused.id == "delete", "not taken back"
        assert screen.focused is screen.sessions


async def test_escape_and_a_sign_that_come_as_one_key_leave_a_field_and_do_not_write_the_sign(
    store,
):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        field = screen.query_one("#filter", Input)
        burst(pilot, "/the grid")
        await until(pilot, lambda: field.value == "the grid")
        # By a word, as in a shell.
        pilot.app.post_message(events.Key("alt+b", "b"))
        await until(pilot, lambda: field.cursor_position == 4)
        pilot.app.post_message(events.Key("alt+asterisk", "*"))
        await until(pilot, lambda: screen.focused is screen.sessions)
        assert field.value == "the grid"


class Field(Screen[None]):
    def compose(self):
        yield Input()


class Looked(Field):
    looks = 0

    @property
    def active_bindings(self):
        self.looks += 1
        return super().active_bindings


async def test_what_all_keys_mean_is_collected_for_keys_with_alt_only(store):
    """Each widget up to the app is asked for each of its keys, which other keys need not wait for."""
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.app.push_screen(screen := Looked())
        await until(pilot, lambda: takes_keys(screen))
        await pilot.press("tab")
        looks = screen.looks
        burst(pilot, "grid")
        await until(pilot, lambda: screen.query_one(Input).value == "grid")
        assert screen.looks == looks
        pilot.app.post_message(events.Key("alt+b", "b"))
        await until(pilot, lambda: screen.query_one(Input).cursor_position == 0)
        assert screen.looks > looks


async def test_what_appears_while_the_terminal_has_not_the_focus_gets_it_with_the_terminal(store):
    """The list above all, when one looks elsewhere while the program starts: Enter opened nothing then."""
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        app.post_message(events.AppBlur())
        await until(pilot, lambda: not app.app_focus)
        await app.push_screen(field := Field())
        await until(pilot, lambda: takes_keys(field))
        assert field.focused is None
        app.post_message(events.AppFocus())
        await until(pilot, lambda: isinstance(field.focused, Input))


async def test_what_follows_escape_in_the_filter_is_for_the_list(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        burst(pilot, "//re\x1bjj ")
        await until(pilot, lambda: screen.table.marks)
        assert screen.query_one("#filter").value == "re"
        assert screen.table.marks == {screen.table.order[2]}
        assert screen.focused is screen.sessions


async def test_what_enter_in_the_filter_opens_is_what_the_whole_line_finds(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        burst(pilot, "/pox")
        pilot.app.post_message(events.Key("backspace", "\x08"))
        burst(pilot, "st-mortem\r")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
        titles = pilot.app.screen.query("#title")
        await until(pilot, lambda: "post-mortem" in "".join(title.plain for title in titles))


async def test_escape_clears_a_filter_that_finds_nothing_and_a_key_after_it_is_for_the_list(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        burst(pilot, "/zebra\x1ba")
        await until(pilot, lambda: len(screen.table.marks) == 15)
        assert screen.query_one("#filter").value == ""
        assert len(titles(screen)) == 15


async def test_what_follows_enter_in_a_search_goes_from_match_to_match(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await in_conversation(pilot)
        screen = pilot.app.screen
        burst(pilot, "/grid\rt")
        await until(
            pilot, lambda: screen.search.matches is not None and screen.search.matches.total
        )
        assert screen.search.input.value == "grid"
        assert screen.transcript.blocks.all_open["tool"]


async def test_a_number_is_gone_to_and_the_next_key_is_for_the_conversation(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        transcript = await in_conversation(pilot)
        burst(pilot, ":12\r]")
        # The twelfth message is number 11 from 0, and the one after it that has lines is further down.
        await until(pilot, lambda: transcript.current > 11)
        assert not pilot.app.screen.number_line.is_open


async def test_what_is_typed_behind_the_key_that_opens_a_dialog_is_for_its_field(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "down")
        row = screen.sessions.cursor
        before = set(screen.table.tags(row))
        burst(pilot, "#urgent\r")
        await until(pilot, lambda: set(screen.table.tags(row)) == before | {"urgent"})
        assert pilot.app.screen is screen
        pilot.app.post_message(events.Key("f2", None))
        burst(pilot, "Zebra\r")
        await until(pilot, lambda: screen.table.title(row) == "Zebra")
        assert pilot.app.screen is screen
        assert screen.table.marks == set()
        # From field to field of a form, and back over what was typed wrong.
        burst(pilot, "P1GB\t9x\b0d\t80%\t10M\b\b2MB\t\b5\b20")
        await until(pilot, lambda: isinstance(pilot.app.screen, PruneScreen))
        form = pilot.app.screen
        await until(pilot, lambda: form.query_one("#keep", Input).value.endswith("0"))
        names = ("free", "older", "total", "larger", "keep")
        typed = {name: form.query_one(f"#{name}", Input).value for name in names}
        assert typed == {
            "free": "1GB",
            "older": "90d",
            "total": "80%",
            "larger": "12MB",
            "keep": "20",
        }


async def test_what_is_typed_behind_the_key_that_opens_a_conversation_is_for_it(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down")
        burst(pilot, "\r/grid\r")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
        conversation = pilot.app.screen
        await until(pilot, lambda: conversation.search.input.value == "grid")
        assert screen.query_one("#filter").value == ""


async def test_what_is_typed_behind_the_key_that_opens_the_search_is_searched_for(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        burst(pilot, "fqueue")
        search = await on_top(pilot, SearchScreen)
        await until(pilot, lambda: search.bar.input.value == "queue")


async def test_what_is_typed_before_the_store_is_open_is_for_the_screen_that_it_opens(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, BrowserScreen))
        opened = pilot.app.services.store
        # It is opened behind the first screen, and is not to open between here and the keys.
        await until(pilot, opened._is_open.is_set)
        opened._is_open.clear()
        burst(pilot, "fqueue")
        # Not long: keys wait two seconds for a screen, in which a busy machine has to open it as well.
        for _ in range(3):
            await asyncio.sleep(0.01)
        assert isinstance(pilot.app.screen, BrowserScreen)
        opened._is_open.set()
        search = await on_top(pilot, SearchScreen)
        await until(pilot, lambda: search.bar.input.value == "queue")


async def test_a_key_behind_enter_is_not_for_the_list_that_it_leaves(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down")
        burst(pilot, "\rq\rqj ")
        await until(pilot, lambda: screen.table.marks)
        assert pilot.app.screen is screen
        assert screen.table.marks == {screen.table.order[2]}


async def test_escape_and_a_letter_that_come_as_one_leave_the_line_and_are_for_the_list(store):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("slash", *"grid")
        # What a terminal sends of Esc and a letter at once is a letter with Alt.
        pilot.app.post_message(events.Key("alt+a", "a"))
        await until(pilot, lambda: len(screen.table.marks) == 1)
        assert screen.query_one("#filter").value == "grid"


async def test_what_is_typed_on_after_a_discarded_key_is_not_a_command(store, monkeypatch):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("number_sign")
        await until(pilot, lambda: pilot.app.screen is not screen)
        early = time.monotonic()
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)

        def typed(key: str, character: str | None, at: float) -> events.Key:
            event = events.Key(key, character)
            event.time = at
            return event

        def obeys(key: str, character: str | None, at: float) -> bool:
            event = typed(key, character, at)
            pilot.app.gate.note(event)
            return pilot.app.gate.admits(event)

        with monkeypatch.context() as patch:
            # However long the list took to be drawn.
            patch.setattr(gate, "_PAUSE", 10 * LIMIT)
            assert not obeys("number_sign", "#", early)
            later = time.monotonic()
            assert obeys("number_sign", "#", later), "held down"
            assert not obeys("u", "u", later)
            assert not obeys("r", "r", later + 1)
            assert obeys("down", None, later + 2), "no character"
        assert obeys("u", "u", later + 20 * LIMIT)


async def test_what_is_confirmed_before_it_is_listed_is_asked_about_and_deleted(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("P")
        prune = await on_top(pilot, PruneScreen)
        rule = PruneRule(free=1)
        expected = select(open_store(store), rule, prune.now() * 1000).entries
        # Typed in one go, as by a person who knows the way.
        burst(pilot, "1B\x13d")
        await on_top(pilot, BrowserScreen)
        await until(pilot, lambda: "Deleted 1 session" in notices(pilot))
        assert {each.title for each in expected}.isdisjoint(titles(screen))
