"""The pictures of the program: what each shows, and how one comes there.

The snapshot tests hold them; `python -m tests.support.pictures` copies the accepted ones into
`screenshots/`, where the README shows them.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len
from textual.command import CommandList, CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input

from agcx_tui.app.screens.browser.browser import BrowserScreen
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.conversation.outline import OutlineScreen
from agcx_tui.app.screens.search.search import SearchScreen
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.search.index_keeper import IndexPhase, IndexState
from tests.support import ROOT
from tests.support.browsing import until

ACCEPTED = ROOT / "tests" / "tui" / "app" / "screens" / "__snapshots__" / "test_snapshots"
SCREENSHOTS = ROOT / "screenshots"

Steps = Callable[[Pilot], Awaitable[None]]


@dataclass(frozen=True)
class Picture:
    """`steps` are done when all of the store is listed; `store` False leaves it out."""

    name: str
    steps: Steps
    size: tuple[int, int] = (120, 36)
    theme: str = "agcx-dark"
    store: bool = True


def keys(*pressed: str) -> Steps:
    """Press keys, then wait for the preview of the session under the cursor."""

    async def steps(pilot: Pilot) -> None:
        screen = pilot.app.screen
        await pilot.press(*pressed)
        for field in pilot.app.screen.query(Input):
            field.cursor_blink = False
        if isinstance(screen, BrowserScreen) and screen.sessions.cursor is not None:
            await previewed(pilot, screen)

    return steps


async def previewed(pilot: Pilot, screen: BrowserScreen) -> None:
    preview, row = screen.query_one("#preview"), screen.sessions.cursor
    if not preview.display or row is None:
        return
    title = screen.table.title(row) or "This file"
    await until(pilot, lambda: title in str(screen.query_one("#preview-head").render()))
    await until(pilot, lambda: screen.query(Transcript))
    transcript = screen.query_one(Transcript)
    if not screen.table.broken(row):
        await until(pilot, lambda: transcript.source.complete or transcript.source.known() > 60)
    # A command of the screen or the app waits for the answer of its dialog.
    commands = (screen, pilot.app)
    await until(
        pilot, lambda: all(w.is_finished for w in pilot.app.workers if w.node not in commands)
    )
    await pilot.pause()


async def search(pilot: Pilot) -> None:
    """The best hits, and the place of one in its conversation."""
    await pilot.press("f")
    await until(pilot, lambda: isinstance(pilot.app.screen, SearchScreen))
    screen = pilot.app.screen
    # That there is no directory for it is true of the tests only.
    screen.services.index.state = IndexState(IndexPhase.OFF)
    await pilot.press(*"lease")
    live = screen.live
    await until(pilot, lambda: live.line is not None and live.line.wanted.text == "lease")
    await until(pilot, lambda: not live.running and not live.rows_are_old)
    await pilot.press("down", "down", "down")
    await until(pilot, lambda: screen.preview.place is not None)
    commands = (*pilot.app.screen_stack, pilot.app)
    await until(
        pilot, lambda: all(w.is_finished for w in pilot.app.workers if w.node not in commands)
    )
    await pilot.pause()


async def last_words(pilot: Pilot) -> None:
    await keys("down")(pilot)
    await pilot.press("v")
    screen = pilot.app.screen
    await until(pilot, lambda: "last words" in str(screen.query_one("#preview-head").render()))
    transcript = screen.query_one(Transcript)
    await until(pilot, lambda: transcript.source.complete and transcript.current == 23)
    await previewed(pilot, screen)


async def help_over_the_list(pilot: Pilot) -> None:
    # What comes into a screen below a dialog is not drawn at once.
    await keys()(pilot)
    await pilot.press("question_mark")


async def conversation(pilot: Pilot) -> None:
    await pilot.press("down", "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
    transcript = pilot.app.screen.query_one(Transcript)
    await until(pilot, lambda: transcript.source.known() == 24 and transcript.source.complete)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def outline(pilot: Pilot) -> None:
    """Of the longest conversation."""
    await pilot.press(*["s"] * 5, "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
    transcript = pilot.app.screen.query_one(Transcript)
    await until(pilot, lambda: transcript.source.complete)
    await pilot.app.workers.wait_for_complete()
    await pilot.press("o")
    await until(pilot, lambda: isinstance(pilot.app.screen, OutlineScreen))
    await pilot.pause()


async def export(pilot: Pilot) -> None:
    await keys("down", "e")(pilot)
    await pilot.pause()
    field = pilot.app.screen.query_one("#path", Input)
    field.value = "~/notes/fix-the-grid-layout.md"
    field.cursor_blink = False
    await pilot.pause()


async def vanished(pilot: Pilot) -> None:
    screen = pilot.app.screen
    shutil.rmtree(screen.services.store.store.path)
    await pilot.press("f5")
    await until(pilot, lambda: screen.feed.state.vanished and not screen.feed.state.reading)
    await pilot.pause()


async def palette(pilot: Pilot) -> None:
    await pilot.press("ctrl+p")
    await until(pilot, lambda: isinstance(pilot.app.screen, CommandPalette))
    field = pilot.app.screen.query_one(Input)
    field.cursor_blink = False
    field.value = "de"
    found = pilot.app.screen.query_one(CommandList)
    # An action by its name, a session by its title.
    await until(pilot, lambda: sum("deploy" in str(each.prompt) for each in found.options) == 2)
    await pilot.pause()


PICTURES = (
    Picture("search", search, size=(120, 32)),
    Picture("list", keys("down")),
    Picture("list-light", keys("down"), theme="agcx-light"),
    Picture("list-narrow", keys("down"), size=(80, 24)),
    Picture("list-wide", keys("p", "p"), size=(120, 24)),
    Picture("list-last-words", last_words, size=(120, 24)),
    Picture("list-filter", keys("slash", *"re -is:broken larger:x"), size=(120, 24)),
    Picture("list-completing", keys("slash", *"is:", "tab", "tab"), size=(120, 24)),
    Picture("list-alone", keys("down", "z"), size=(100, 24)),
    Picture("list-projects", keys("G", "end", "left", "home", "space"), size=(120, 36)),
    Picture("list-projects-wide", keys("G"), size=(200, 50), theme="agcx-light"),
    Picture("list-days", keys("G", "G"), size=(80, 24)),
    Picture("list-columns", keys("C"), size=(100, 30)),
    Picture("list-too-small", keys(), size=(38, 7)),
    Picture("list-broken", keys("slash", *"is:broken", "escape"), size=(120, 24)),
    Picture("list-nothing-matches", keys("slash", *"zebra"), size=(100, 24)),
    Picture("list-empty", keys(), size=(100, 24), store=False),
    Picture("list-vanished", vanished, size=(100, 24)),
    Picture(
        "list-marks",
        keys("s", "s", "s", "s", "s", "s", "s", "down", "space", "space", "down", "space"),
    ),
    Picture("palette", palette, size=(100, 30)),
    Picture("conversation", conversation),
    Picture("conversation-light", conversation, theme="agcx-light"),
    Picture("outline", outline, size=(120, 40)),
    Picture("delete", keys("down", "space", "space", "d")),
    Picture("export", export),
    Picture("help", help_over_the_list, size=(120, 50)),
)


def accepted(picture: Picture) -> Path:
    return ACCEPTED / f"test_a_picture_is_as_it_was_accepted[{picture.name}].svg"


def shown(svg: str) -> str:
    """The picture as a terminal shows it: rich squeezes two-cell characters into one cell each."""

    def widened(match: re.Match[str]) -> str:
        text = html.unescape(match["text"])
        length = float(match["length"]) / len(text) * cell_len(text)
        return f'textLength="{length:g}"{match["rest"]}'

    # Two cells wide: from the first East Asian letter on.
    wide = (
        r'textLength="(?P<length>[\d.]+)"(?P<rest>[^>]*>(?P<text>[^<]*[\u1100-\U0010ffff][^<]*)<)'
    )
    return re.sub(wide, widened, svg)


if __name__ == "__main__":
    SCREENSHOTS.mkdir(exist_ok=True)
    for old in SCREENSHOTS.glob("*.svg"):
        old.unlink()
    for picture in PICTURES:
        picture_file = SCREENSHOTS / f"{picture.name}.svg"
        picture_file.write_text(shown(accepted(picture).read_text("utf-8")), "utf-8")
