"""The search screen in a test: opened, typed into, and what it shows."""

from __future__ import annotations

from itertools import chain, repeat
from pathlib import Path
from uuid import UUID

from textual import events
from textual.pilot import Pilot
from textual.widgets import Static

from agcx_format import new_session, open_store
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.app.screens.search.search import SearchScreen
from tests.support.browsing import line, scanned, until
from tests.support.messages import assistant, user

__all__ = [
    "answered", "at_cursor", "count", "head", "opened", "previewed", "rows", "status", "store_with", "typed",
]  # fmt: skip


async def opened(pilot: Pilot, *keys: str, sessions: int = 15) -> SearchScreen:
    """The search over the list, after these keys."""
    await scanned(pilot, sessions)
    await pilot.press(*(keys or "f"))
    await until(pilot, lambda: isinstance(pilot.app.screen, SearchScreen))
    await pilot.pause()
    return pilot.app.screen


async def typed(pilot: Pilot, screen: SearchScreen, words: str) -> None:
    """Type words, as fast as a terminal may hand them over, and wait until they were searched for."""
    for character in words:
        pilot.app.post_message(events.Key(character, character))
    await answered(pilot, screen, words)


async def answered(pilot: Pilot, screen: SearchScreen, words: str) -> None:
    live = screen.live
    await until(
        pilot,
        lambda: (
            live.line is not None
            and live.line.wanted.text == words
            and not live.running
            and not live.rows_are_old
        ),
    )
    await pilot.pause()


async def previewed(pilot: Pilot, screen: SearchScreen) -> None:
    """The preview shows what the cursor is at, and not what an earlier line had found."""
    await pilot.pause()
    preview = screen.preview
    await until(pilot, lambda: preview._wish is not None and preview._is_open(preview._wish))
    await pilot.pause()


async def not_previewed(pilot: Pilot, screen: SearchScreen) -> None:
    """Nor does it show what an earlier line had found."""
    await pilot.pause()
    await until(pilot, lambda: screen.preview._wish is None and screen.preview.session is None)
    await pilot.pause()


def rows(screen: SearchScreen) -> list[str]:
    """The results as they are drawn, as many as there are."""
    shown = screen.rows
    count = min(len(shown.results.rows), shown.size.height)
    return [shown.render_line(y).text.rstrip() for y in range(count)]


def at_cursor(screen: SearchScreen) -> str:
    shown = screen.rows
    return shown.render_line(shown.cursor - shown.scroll_offset.y).text.strip()


def status(screen: SearchScreen) -> str:
    return line(screen, "#status")


def head(screen: SearchScreen) -> str:
    return str(screen.query_one("#place-head", Static).render())


def count(screen: ConversationScreen) -> str:
    """Which match of how many an opened conversation shows."""
    return screen.search.said


def store_with(path: Path, *conversations: list[str]) -> Path:
    """A store of conversations, the last the newest; of each the first message is the person's."""
    store = open_store(path)
    for number, texts in enumerate(conversations, 1):
        said = [
            make(text, second=60 * number) for text, make in zip(texts, _makers(), strict=False)
        ]
        made = new_session(title=f"Session {number}", messages=said, id=UUID(int=number))
        store.save_session(UUID(int=number), *made)
    return path


def _makers():
    return chain([user], repeat(assistant))
