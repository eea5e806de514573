"""Much that is typed at once, or pasted by a terminal that does not say so, is one update of a bounded
line."""

from __future__ import annotations

import os
import select
import signal
import threading
import time

import pytest
from textual import events
from textual.keys import _character_to_key
from textual.widgets import Input

from agcx_tui.app.dialogs.export import ExportDialog
from agcx_tui.app.dialogs.naming import RenameScreen, TagsDialog
from agcx_tui.app.dialogs.palette import Palette
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.prune import PruneScreen
from agcx_tui.app.typed_text import LONGEST
from tests.slow.terminal.test_left_as_found import browser as in_terminal
from tests.support.browsing import SIZE, browser, demo_copy, scanned, until, worked
from tests.support.terminals import Terminal
from tests.support.waiting import LIMIT

MUCH = "lorem ipsum dolor " * 400


@pytest.fixture
def store(tmp_path):
    return demo_copy(tmp_path / "history")


def type_at_once(app, text: str) -> None:
    for character in text:
        app.post_message(events.Key(_character_to_key(character), character))


async def focused_line(pilot) -> Input:
    await until(pilot, lambda: isinstance(pilot.app.focused, Input))
    await pilot.pause()
    return pilot.app.focused


@pytest.mark.parametrize("pasted", [False, True])
async def test_the_filter_takes_what_waits_at_once_and_no_more_than_a_line(store, pasted):
    async with browser(store).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("slash")
        line = await focused_line(pilot)
        changes = []
        filter_by = screen.table.filter_by
        screen.table.filter_by = lambda query: (changes.append(query), filter_by(query))
        if pasted:
            pilot.app.post_message(events.Paste(MUCH))
        else:
            type_at_once(pilot.app, MUCH)
        await until(pilot, lambda: line.value)
        await pilot.pause()
        assert line.value == MUCH[:LONGEST]
        assert len(changes) < 10
        await pilot.press("escape")
        await until(pilot, lambda: not line.value)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("f2", RenameScreen),
        ("number_sign", TagsDialog),
        ("e", ExportDialog),
        ("P", PruneScreen),
        ("ctrl+p", Palette),
    ],
)
async def test_every_line_is_bounded(store, key, kind):
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press(key)
        await until(pilot, lambda: isinstance(pilot.app.screen, kind))
        pilot.app.screen.query(Input).first().focus()
        line = await focused_line(pilot)
        type_at_once(pilot.app, MUCH)
        await until(pilot, lambda: len(line.value) == LONGEST)
        # The palette still looks for it: Textual's search does not expect to lose its list meanwhile.
        await worked(pilot)


@pytest.mark.parametrize("key", ["slash", "colon"])
async def test_the_lines_of_a_conversation_are_bounded_and_a_number_stays_one(store, key):
    async with browser(store).run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
        await until(pilot, lambda: pilot.app.screen.opened is not None)
        await pilot.press(key)
        line = await focused_line(pilot)
        type_at_once(pilot.app, "1x2" + MUCH)
        await until(pilot, lambda: line.value)
        await pilot.pause()
        assert line.value == ("12" if key == "colon" else ("1x2" + MUCH)[:LONGEST])


def feed(terminal: Terminal, data: bytes) -> None:
    """Type, and read meanwhile what the program writes."""

    def write() -> None:
        rest = data
        while rest:
            rest = rest[os.write(terminal.ours, rest[:1000]) :]

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    terminal.until(lambda: not writer.is_alive(), "all of it is read")


@pytest.mark.parametrize("opened", [True, False], ids=["open", "opened by the first"])
def test_147_kb_without_brackets_are_typed_and_the_next_key_is_obeyed(store, tmp_path, opened):
    with in_terminal(store, tmp_path) as terminal:
        terminal.wait_for("Fix the grid")
        if opened:
            terminal.type("/")
            terminal.wait_for("is:favorite")
        feed(terminal, (b"" if opened else b"/") + b"lorem ipsum " * 12_250)
        terminal.wait_for("No session matches")
        terminal.type("\x11")
        assert terminal.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["term", "hup"])
def test_a_signal_ends_the_program_while_nobody_reads_the_terminal(store, tmp_path, number):
    with in_terminal(store, tmp_path) as terminal:
        terminal.wait_for("Fix the grid")
        # Nobody reads from now on.  Each key has the whole screen drawn: more than a terminal keeps.
        for _ in range(150):
            if select.select([], [terminal.ours], [], 0)[1]:
                terminal.type("p")
            time.sleep(0.02)
        terminal.process.send_signal(number)
        status = terminal.process.wait(timeout=LIMIT)
        terminal.drain()
        assert status == 128 + number, terminal.written[-3000:].decode()
        assert terminal.modes() == terminal.before
