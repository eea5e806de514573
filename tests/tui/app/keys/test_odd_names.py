"""Every key of every screen does its work over a store whose files have names that are no words.

pytest tests/tui/app/keys/test_odd_names.py --keys    also every key of what each key opens, for several names
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from agcx_format.transcript.escaping import safe_line
from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.trash import TrashScreen
from agcx_tui.core.sessions.columns import LEFT_TO_RIGHT_MARK
from agcx_tui.core.store.watch import watch
from tests.support.browsing import (
    browser,
    confirm_deletion,
    demo_copy,
    notices,
    scanned,
    until,
    worked,
)
from tests.support.odd_names import BROKEN, ODD, add_odd_names, path_of

SIZE = (110, 36)
LEAVES = {"q", "ctrl+q", "ctrl+c", "ctrl+z", "escape"}
COUNT = 15 + len(ODD) + 1


@pytest.fixture
def store(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / os.fsdecode(b"home\xe9\n")))
    monkeypatch.setenv("EDITOR", "true")
    # What the keys export goes here.
    monkeypatch.chdir(tmp_path)
    store = demo_copy(tmp_path / os.fsdecode(b"store\xe9\x1b[31m\n"))
    add_odd_names(store, next(store.glob("70b30ef8*")))
    return store


def check_drawn(pilot: Pilot) -> None:
    """What is on the screen is text, and orders the terminal nothing."""
    for strip in pilot.app.screen._compositor.render_strips():
        text = strip.text.replace(LEFT_TO_RIGHT_MARK, "")
        assert safe_line(text) == text
        assert text.encode()


async def press(pilot: Pilot, *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()
    check_drawn(pilot)


def keys_of(screen: Screen) -> list[str]:
    """One key for each thing that can be done here."""
    actions = {}
    for key, active in screen.active_bindings.items():
        if key not in LEAVES and active.enabled:
            actions.setdefault((active.node, active.binding.action), key)
    return sorted(actions.values())


async def back_to(pilot: Pilot, screen: Screen) -> None:
    for _ in range(12):
        if pilot.app.screen is screen:
            break
        await press(pilot, "escape")
    assert pilot.app.screen is screen


async def listed(pilot: Pilot) -> BrowserScreen:
    await until(pilot, lambda: isinstance(pilot.app.screen, BrowserScreen))
    return await scanned(pilot, COUNT)


@pytest.fixture
def thorough(request) -> bool:
    return request.config.getoption("--keys")


# `check_drawn` draws all of the screen after each key: what changed need not be drawn as well.
@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", [ODD[-1], ODD[0], BROKEN], ids=ascii)
async def test_every_key_of_the_list_and_of_what_it_opens(store, name, tmp_path, thorough):
    if name != ODD[-1] and not thorough:
        pytest.skip("--keys")
    app = browser(store, state=tmp_path / "state", cache=tmp_path / "cache")
    async with app.run_test(size=SIZE) as pilot:
        screen = await listed(pilot)
        for key in keys_of(screen):
            row = screen.table.row_of(path_of(store, name))
            assert row is not None
            screen.sessions.go_to(row)
            await press(pilot, key)
            above = app.screen
            if above is not screen:
                for inner in keys_of(above) if thorough else ():
                    if app.screen is not above:
                        break
                    await press(pilot, inner)
                    if app.screen is not screen:
                        await back_to(pilot, screen if app.screen is screen else above)
            await back_to(pilot, screen)
            await press(pilot, "escape", "escape")
            if screen.table.row_of(path_of(store, name)) is None:
                # A key that deletes, confirmed by another.
                await press(pilot, "u")
                await until(pilot, lambda: screen.table.row_of(path_of(store, name)) is not None)
        assert app.return_code is None
    assert app.return_code in (None, 0)


@pytest.mark.usefixtures("undrawn")
async def test_every_key_of_a_conversation(store, tmp_path, thorough):
    app = browser(store, state=tmp_path / "state", cache=tmp_path / "cache")
    async with app.run_test(size=SIZE) as pilot:
        screen = await listed(pilot)
        for tab in "1234" if thorough else "1":
            screen.sessions.go_to(screen.table.row_of(path_of(store, ODD[-1])))
            await press(pilot, "enter")
            await until(pilot, lambda: isinstance(app.screen, ConversationScreen))
            conversation = app.screen
            await until(pilot, lambda c=conversation: c.opened is not None)
            await press(pilot, tab)
            for key in keys_of(conversation):
                await press(pilot, key)
                if app.screen is screen:
                    break
                await back_to(pilot, conversation)
            await back_to(pilot, screen)


@pytest.mark.parametrize("name", [*ODD, BROKEN], ids=ascii)
async def test_what_is_done_with_such_a_file_is_done(store, name, thorough):
    if name not in (ODD[-1], ODD[0], BROKEN) and not thorough:
        pytest.skip("--keys")
    app = browser(store)
    path = path_of(store, name)
    async with app.run_test(size=SIZE) as pilot:
        screen = await listed(pilot)
        table = screen.table
        screen.sessions.go_to(table.row_of(path))
        await press(pilot, "y")
        assert app.clipboard == os.path.basename(path)
        await press(pilot, "Y")
        assert app.clipboard == path
        assert safe_line(path) in notices(pilot)
        await press(pilot, "d")
        await confirm_deletion(pilot, favorites=table.favorite(table.row_of(path)))
        await until(pilot, lambda: not os.path.lexists(path))
        await until(pilot, lambda: table.row_of(path) is None)
        await press(pilot, "T")
        await until(pilot, lambda: isinstance(pilot.app.screen, TrashScreen))
        await worked(pilot)
        await press(pilot, "escape")
        await press(pilot, "u")
        await until(pilot, lambda: table.row_of(path) is not None)
        assert os.path.lexists(path)
        if name != BROKEN:
            screen.sessions.go_to(table.row_of(path))
            favorite = table.favorite(table.row_of(path))
            await press(pilot, "asterisk")
            await until(pilot, lambda: table.favorite(table.row_of(path)) is not favorite)
            # A copy gets an id, and it is only known where the original stands by its own.
            await press(pilot, "D", "enter")
            await until(pilot, lambda: "the name of its file is not a session id" in notices(pilot))
        check_drawn(pilot)


@pytest.mark.parametrize("folder", [b"plain", b"caf\xe9\n"], ids=ascii)
@pytest.mark.parametrize("name", [b"late\xfe", b"two\nlines", b"plain"], ids=ascii)
def test_a_file_of_such_a_name_is_noticed_when_it_comes(tmp_path, folder, name):
    import threading

    from agcx_format.catalog.columns import Columns
    from agcx_format.catalog.refresh import differences
    from tests.support.waiting import LIMIT

    store = demo_copy(tmp_path / os.fsdecode(folder))
    data = next(store.glob("*.agcx")).read_bytes()
    columns, stop, seen = Columns(), threading.Event(), threading.Event()
    path = path_of(store, name)
    begun = threading.Event()

    def follow() -> None:
        for told in watch(str(store), columns, stop):
            found = differences(store, columns) if told is None else told
            if any(getattr(each, "path", "") == path for each in found):
                seen.set()
            begun.set()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    assert begun.wait(LIMIT)
    Path(path).write_bytes(data)
    assert seen.wait(LIMIT)
    stop.set()
    thread.join(LIMIT)
    assert not thread.is_alive()
