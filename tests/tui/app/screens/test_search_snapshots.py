"""How the search looks; `--snapshot-update` after a change that is meant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from agcx_format import open_store
from agcx_format.search import BookState, Index
from agcx_tui.app.dialogs.help import HelpScreen
from agcx_tui.app.screens.search.search import SearchScreen
from agcx_tui.core.local.paths import search_index
from agcx_tui.core.search import close_spellings
from agcx_tui.core.search.index_keeper import IndexPhase, IndexState
from tests.support.browsing import browser, demo_copy, scanned, until
from tests.support.searching import not_previewed, previewed

pytestmark = pytest.mark.usefixtures("undrawn")

Steps = Callable[[Pilot, SearchScreen], Awaitable[None]]


async def searched(pilot: Pilot, screen: SearchScreen, words: str) -> None:
    await pilot.press(*words)
    live = screen.live
    await until(
        pilot,
        lambda: live.line is not None and live.line.wanted.text == words and not live.running,
    )
    await until(pilot, lambda: not live.rows_are_old)


async def results(pilot: Pilot, screen: SearchScreen) -> None:
    await searched(pilot, screen, "queue stall")
    await pilot.press("down", "down")
    if screen.preview.display:
        await previewed(pilot, screen)


async def no_hits(pilot: Pilot, screen: SearchScreen) -> None:
    await searched(pilot, screen, "deplyo")
    await until(
        pilot, lambda: any("Words similar to" in str(row) for row in screen.rows.results.rows)
    )
    await not_previewed(pilot, screen)


async def building(pilot: Pilot, screen: SearchScreen) -> None:
    """Six of the sessions are in the index, and more are on the way."""
    # In sight is no code, whose colors come from another process when they come.
    await searched(pilot, screen, "queue stall")
    keeper = screen.services.index
    keeper.state = IndexState(IndexPhase.BUILDING, BookState(6, 15, 0, 40_000, 2 << 30))
    keeper.changed.publish(keeper.state)
    if screen.preview.display:
        await previewed(pilot, screen)


async def card(pilot: Pilot, screen: SearchScreen) -> None:
    screen._focus_rows()
    await pilot.press("question_mark")
    await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))


PICTURES: dict[str, tuple[Steps, tuple[int, int], str]] = {
    "results": (results, (120, 40), "agcx-dark"),
    "results_80": (results, (80, 24), "agcx-dark"),
    "results_light": (results, (120, 40), "agcx-light"),
    "results_200": (results, (200, 44), "agcx-light"),
    "no_hits": (no_hits, (120, 40), "agcx-dark"),
    "no_hits_80": (no_hits, (80, 24), "agcx-light"),
    "building": (building, (120, 40), "agcx-dark"),
    "building_80": (building, (80, 24), "agcx-light"),
    "card": (card, (120, 40), "agcx-dark"),
    "card_80": (card, (80, 24), "agcx-light"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_search(snap_compare, tmp_path: Path, name: str, monkeypatch):
    # A busy machine would get through fewer sessions, and offer other words.
    monkeypatch.setattr(close_spellings, "_LOOKING", 1e9)
    steps, size, theme = PICTURES[name]
    store, cache = demo_copy(tmp_path / "history"), tmp_path / "cache"
    Index(open_store(store), search_index(cache)).update()
    app = browser(store, cache=cache)
    app.theme = theme

    async def run(pilot: Pilot) -> None:
        await scanned(pilot)
        await pilot.press("f")
        await until(pilot, lambda: isinstance(pilot.app.screen, SearchScreen))
        screen = pilot.app.screen
        for field in screen.query(Input):
            field.cursor_blink = False
        await steps(pilot, screen)
        await pilot.pause()

    assert snap_compare(app, run_before=run, terminal_size=size)
