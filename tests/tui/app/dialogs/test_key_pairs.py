"""A dialog is left once: of two keys in one write the second never acts on what lies below it, unseen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from itertools import product

import pytest
from textual import events
from textual.content import Content
from textual.geometry import Region
from textual.screen import Screen
from textual.widgets import Button

from agcx_format.redaction.find import Find
from agcx_format.store.store import open_store
from agcx_tui.app.app import AgcxApp
from agcx_tui.app.dialogs.delete import ConfirmDelete, ConfirmFavorites
from agcx_tui.app.dialogs.empty_trash import EmptyDialog
from agcx_tui.app.dialogs.export import ExportDialog, ExportItem
from agcx_tui.app.dialogs.help import HelpScreen
from agcx_tui.app.dialogs.naming import AskDialog, NewSessionDialog, RenameScreen, TagsDialog
from agcx_tui.app.dialogs.palette import Palette
from agcx_tui.app.dialogs.progress import ProgressDialog
from agcx_tui.app.dialogs.redaction_review import RedactionReview
from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.core.export.session_export import Looked
from agcx_tui.core.export.write_files import Progress
from tests.support.browsing import browser, demo_copy, scanned, until
from tests.support.waiting import LIMIT

pytestmark = pytest.mark.usefixtures("undrawn")

# What leaves a dialog, what moves in it, and what would do something in the list.
KEYS = {
    "enter": None,
    "escape": None,
    "space": " ",
    "right": None,
    "ctrl+s": None,
    "q": "q",
    "d": "d",
    "asterisk": "*",
    "j": "j",
    "ctrl+p": None,
}
# Every pair of them: each is followed by all there are, and what leaves a dialog by the same again.
WRITES = [
    ("enter", "enter"),
    ("escape", "escape"),
    *((first, *KEYS) for first in KEYS),
]


def send(app: AgcxApp, *keys: str) -> None:
    """All of them are there before the first is obeyed."""
    for key in keys:
        app.post_message(events.Key(key, KEYS.get(key, key if len(key) == 1 else None)))


async def settled(app: AgcxApp) -> None:
    """Until every message is handled, and what is on top takes keys."""
    quiet, end = 0, time.monotonic() + LIMIT
    while quiet < 5:
        await asyncio.sleep(0.001)
        assert app._running, "the program ended"
        assert time.monotonic() < end, "keys are not obeyed any more"
        pumps = [app, *app.screen_stack, app.screen.focused]
        idle = all(pump is None or pump._message_queue.empty() for pump in pumps)
        ready = app.screen.is_mounted and app.gate.admits(events.Key("enter", None))
        quiet = quiet + 1 if idle and ready else 0


def find() -> Find:
    return Find("token", "hunter2", "message", 0, ("content",), 4, 11, 1, "use hunter2", 4)


# How each dialog is made; all of them answer to whoever asked.
DIALOGS: dict[str, Callable[[BrowserScreen], Screen]] = {
    "delete": lambda s: ConfirmDelete.about(s.table, s.table.order[:2], s.services.now()),
    "favorites": lambda s: ConfirmFavorites.among(s.table, s.table.order[:2]),
    "rename": lambda s: RenameScreen("a title", lambda: Region(4, 4, 30, 1)),
    "tags": lambda s: TagsDialog([["ui"]], {"ui", "bug"}),
    "ask": lambda s: AskDialog("Really?", "A warning.", "Change"),
    "new": lambda s: NewSessionDialog("Split?", [Content("two")], "a title", "Split"),
    "empty": lambda s: EmptyDialog([], [], s.services.now()),
    "export": lambda s: ExportDialog([ExportItem("nowhere.agcx", "7", "a title")]),
    "review": lambda s: RedactionReview({"nowhere.agcx": Looked((find(),))}),
    "help": lambda s: HelpScreen([]),
    "progress": lambda s: ProgressDialog("Exporting", Progress(1)),
    "palette": lambda s: Palette(id="--command-palette"),
}


@asynccontextmanager
async def listing(tmp_path) -> Iterator[tuple]:
    store = demo_copy(tmp_path / "history")
    # A small screen: most of the work of these tests is drawing what lies below a dialog.
    async with browser(store).run_test(size=(80, 24)) as pilot:
        screen = await scanned(pilot)
        await pilot.press("down", "down")
        yield pilot, screen


def state(screen: BrowserScreen) -> tuple:
    """All of the list that a key could change."""
    table, filter_line = screen.table, screen.query_one("#filter")
    return (
        screen.sessions.cursor, frozenset(table.marks), tuple(table.order), filter_line.value,
        screen.focused is screen.sessions,
    )  # fmt: skip


# Some on one list each, since a start is half of the work; what is chosen in the palette may change the list.
_ALL_BUT_THE_PALETTE = [name for name in DIALOGS if name != "palette"]
GROUPS = [_ALL_BUT_THE_PALETTE[::2], _ALL_BUT_THE_PALETTE[1::2], ["palette"]]


@pytest.mark.parametrize("names", GROUPS, ids="-".join)
async def test_of_two_keys_in_one_write_none_goes_to_what_lies_below_a_dialog(names, tmp_path):
    async with listing(tmp_path) as (pilot, screen):
        for name in names:
            await type_pairs_into(name, pilot.app, screen)
        if "palette" not in names:
            assert open_store(screen.services.store.store.path).log() == []


async def type_pairs_into(name: str, app: AgcxApp, screen: BrowserScreen) -> None:
    before = state(screen)
    dialog, answers = None, []
    # What is typed into the palette finds other actions, which are run then: those that leave, for one.
    typed = {"q", "d", "asterisk", "j", "space"} if name == "palette" else set()
    for keys in [keys for keys in WRITES if typed.isdisjoint(keys)]:
        if dialog is None:
            dialog, answers = DIALOGS[name](screen), []
            app.push_screen(dialog, answers.append)
            await settled(app)
        send(app, *keys)
        await settled(app)
        said = (name, *keys)
        assert app.screen_stack[0] is screen, said
        assert len(answers) <= 1, said
        if app.screen is not dialog:
            # What was chosen in the palette may have opened something, once.
            assert len(app.screen_stack) == 1 or name == "palette", said
            assert len(app.screen_stack) <= 2, said
            assert state(screen) == before or name == "palette", said
            await leave_all(app)
            dialog = None
    await leave_all(app)


async def leave_all(app: AgcxApp) -> None:
    """Close what is open above the list."""
    while len(app.screen_stack) > 1:
        app.pop_screen()
        await settled(app)


OPENING = [
    *product(["d", "ctrl+p", "question_mark", "e"], ["enter", "escape"], ["enter", "escape"]),
    *product(["number_sign", "f2"], ["enter", "escape"], ["enter", "escape", "d"]),
    ("f2", "x", "enter", "enter"),
    ("number_sign", "x", "enter", "enter"),
]


async def test_a_key_that_opens_a_dialog_and_more_in_one_write(tmp_path, monkeypatch):
    """As above, where the dialog is not there yet when the others are typed, as on a busy machine."""
    # What the keys export goes here.
    monkeypatch.chdir(tmp_path)
    async with listing(tmp_path) as (pilot, screen):
        app, before = pilot.app, state(screen)
        for keys in OPENING:
            send(app, *keys)
            await settled(app)
            assert app.screen_stack[0] is screen, keys
            assert len(app.screen_stack) <= 2, keys
            await leave_all(app)
            if keys[0] != "ctrl+p":
                assert state(screen) == before, keys
            screen.sessions.go_to(before[0])


async def test_a_second_question_is_not_answered_by_keys_that_were_typed_before_it(tmp_path):
    async with listing(tmp_path) as (pilot, screen):
        app = pilot.app
        await pilot.press("home", "down", "d")
        assert screen.table.favorite(screen.sessions.cursor)
        await until(pilot, lambda: getattr(app.focused, "id", "") == "cancel")
        await settled(app)
        send(app, "right", "enter", "enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmFavorites))
        await settled(app)
        assert isinstance(app.screen, ConfirmFavorites)
        assert len(screen.table) == 15
        await pilot.press("right", "enter")
        await until(pilot, lambda: len(screen.table) == 14)


async def test_a_question_that_comes_by_itself_is_not_answered_by_keys_on_their_way(tmp_path):
    async with listing(tmp_path) as (pilot, screen):
        app, answers = pilot.app, []
        on_their_way = [events.Key("right", None), events.Key("enter", None)]
        app.services.hold_keys()
        app.push_screen(AskDialog("Really?", "A warning.", "Change"), answers.append)
        for key in on_their_way:
            app.post_message(key)
        await settled(app)
        assert isinstance(app.screen, AskDialog)
        assert app.focused.id == "cancel"
        send(app, "right", "enter")
        await until(pilot, lambda: answers == [True])
        assert app.screen is screen


async def test_a_double_click_on_a_button_opens_nothing_below_it(tmp_path):
    async with listing(tmp_path) as (pilot, screen):
        app, before = pilot.app, state(screen)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDelete) and app.screen.is_mounted)
        await pilot.pause()
        at = app.screen.query_one("#cancel", Button).region.center
        for kind in (events.MouseDown, events.MouseUp) * 2:
            x, y = map(int, at)
            app.post_message(
                kind(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y, style=None)
            )
        await settled(app)
        await pilot.pause()
        assert app.screen is screen
        assert state(screen) == before
