"""The browser on a real store, at a moment that stands still, driven as a person would."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

from textual import events
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from agcx_tui.app.app import AgcxApp
from agcx_tui.app.dialogs.delete import ConfirmDelete, ConfirmFavorites
from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.app.textual_internals import takes_keys
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.core.sessions.openings import openings
from agcx_tui.demo import build_demo_store
from tests.support.entries import NOW_SECONDS
from tests.support.surroundings import shared
from tests.support.waiting import LIMIT

SIZE = (120, 40)
AnyScreen = TypeVar("AnyScreen", bound=Screen)
# Half a minute of them, at least.
IDLE_LOOKS = 3000


@cache
def _template() -> Path:
    path = shared("demo") / "history"
    build_demo_store(path, now=NOW_SECONDS * 1_000_000_000)
    return path


def demo_copy(target: Path) -> Path:
    """The demo's store, as it looks at `NOW_SECONDS`."""
    return Path(shutil.copytree(_template(), target))


def browser(store: Path | None, *, follow: bool = False, **options) -> AgcxApp:
    """Without `follow` nothing happens but by a key: what is looked for is in titles alone."""
    path = None if store is None else str(store)
    return AgcxApp(path, clock=lambda: NOW_SECONDS, follow=follow, **options)


async def until(pilot: Pilot, holds: Callable[[], object]) -> None:
    """Wait for what must come to hold, and for what follows at once; an assertion that it does.

    Keys typed next are obeyed: a person sees a screen, or what a dialog left, before typing on, while keys
    that come before it is drawn are dropped on purpose (`KeyGate`).

    A look costs little: it neither draws nor asks every widget.  An app that has ended makes nothing hold,
    and one that has had nothing to do for thousands of looks hardly does.
    """
    end, idle = time.monotonic() + LIMIT, 0
    while not holds():
        assert pilot.app.is_running, "the app ended before it came to hold"
        assert time.monotonic() < end, "it never came to hold"
        assert idle < IDLE_LOOKS, "the app has nothing more to do, and it does not hold"
        await asyncio.sleep(0.01)
        idle = idle + 1 if all(worker.is_finished for worker in pilot.app.workers) else 0
        if holds():
            await pilot.pause(0)
    while pilot.app.is_running and not _obeys_keys(pilot.app):
        assert time.monotonic() < end, "keys are not obeyed any more"
        await asyncio.sleep(0.01)


def _obeys_keys(app: App[object]) -> bool:
    if not isinstance(app, AgcxApp) or not app.screen_stack:
        return True
    return takes_keys(app.screen) and app.gate.admits(events.Key("x", "x"))


async def know_projects(pilot: Pilot, screen: BrowserScreen) -> None:
    """Read the beginnings of all sessions, as the program does in the background."""
    table = screen.table
    table.set_openings(openings(table, table.in_order(), None))
    screen.sessions.update()
    await pilot.pause()


async def scanned(pilot: Pilot, sessions: int = 15) -> BrowserScreen:
    """Wait until all of the store is listed."""
    await until(pilot, lambda: isinstance(pilot.app.screen, BrowserScreen))
    screen = pilot.app.screen
    await until(pilot, lambda: len(screen.table) == sessions and not screen.feed.state.reading)
    await pilot.pause()
    return screen


async def on_top(pilot: Pilot, kind: type[AnyScreen]) -> AnyScreen:
    """Wait until a screen of this kind is the one that takes keys."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    await pilot.pause()
    return pilot.app.screen


def text_of(screen: Screen) -> str:
    """All that a dialog says."""
    return "\n".join(str(part.render()) for part in screen.query(Static))


async def worked(pilot: Pilot) -> None:
    """Wait until the screen on top has no work under way; commands of those below may wait for its answer."""
    app, screen = pilot.app, pilot.app.screen
    await until(
        pilot,
        lambda: (
            not [
                w
                for w in app.workers
                if w.node is not app and w.node.screen is screen and not w.is_finished
            ]
        ),
    )
    await pilot.pause()


async def confirm_deletion(pilot: Pilot, *, favorites: bool = False) -> None:
    """Answer the question with Delete; where `favorites` are among them, also the second one."""
    for kind in [ConfirmDelete, ConfirmFavorites][: 1 + favorites]:
        await until(pilot, lambda kind=kind: type(pilot.app.screen) is kind)
        await pilot.pause()
        await pilot.press("right", "enter")


def titles(screen: BrowserScreen) -> list[str]:
    """What the list shows, from the top; a broken file as `!`."""
    table = screen.table
    return [table.title(row) or "!" for row in table.order]


def at_cursor(screen: BrowserScreen) -> str | None:
    row = screen.query_one(SessionList).cursor
    return None if row is None else screen.table.title(row) or "!"


def line(screen: BrowserScreen, selector: str) -> str:
    return screen.query_one(selector, EdgeLine).plain


def notice(screen: BrowserScreen) -> str:
    """What is said in place of the list; empty while there is one."""
    page = screen.query_one("#notice", Static)
    return str(page.render()) if page.display else ""


def rows(screen: BrowserScreen) -> list[str]:
    """The list as it is drawn."""
    sessions = screen.query_one(SessionList)
    return [sessions.render_line(y).text.rstrip() for y in range(sessions.size.height)]


def notices(pilot: Pilot) -> str:
    """All that toasts said so far, whole; empty while none is shown."""
    app = pilot.app
    if not isinstance(app, AgcxApp):
        return "\n".join(str(notice.message) for notice in app._notifications)
    return "\n".join(toast.text for toast in app.services.toasts) if app._notifications else ""
