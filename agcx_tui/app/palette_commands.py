"""The commands of the palette (ctrl+p): every action that has a key here, every session, and every theme.

Imported when the palette is first opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any

from rich.cells import cell_len
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen

from agcx_format.transcript import Needle, safe_line
from agcx_tui.app.dialogs.help import shown_key
from agcx_tui.app.dialogs.palette import PALETTE_WIDTH, Palette
from agcx_tui.app.screens.listing import ListingScreen
from agcx_tui.app.themes import MUTED, commands
from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.words.actions import by_id
from agcx_tui.core.words.format import capitalized
from agcx_tui.core.words.help_pages import add_key

_SESSIONS_SHOWN = 50
# Cells of the palette that are no text: borders, paddings, the scrollbar.
_AROUND = 8
# How many titles are tested before keys are handled again, about 3 ms.
_AT_ONCE = 1_000


class ActionCommands(Provider):
    """The actions of the screen below, except those that only move."""

    async def discover(self) -> Hits:
        for text, keys, run in self._actions():
            # Not a discovery hit, which has no score: these come before Textual's own.
            yield Hit(1, self._line(Content(text), keys), run, text=text)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for text, keys, run in self._actions():
            if (score := matcher.match(text)) > 0:
                highlighted = self._line(Content.from_text(matcher.highlight(text)), keys)
                yield Hit(score, highlighted, run, text=text)

    def _line(self, text: Content, keys: str) -> Content:
        """The words at the left and the keys at the right, in one row."""
        room = min(PALETTE_WIDTH, self.app.size.width) - _AROUND
        gap = max(2, room - text.cell_length - cell_len(keys))
        return Content.assemble(text, " " * gap, (keys, MUTED))

    def _actions(self) -> Iterator[tuple[str, str, Callable[[], Awaitable[bool]]]]:
        """For each action: words that need no context, its keys, and what to call."""
        found: dict[tuple[str, str], tuple[list[str], DOMNode]] = {}
        for active in self.screen.active_bindings.values():
            action = by_id(active.binding.id)
            if action is not None and action.in_palette and active.enabled:
                words = action.palette or action.help
                keys, _ = found.setdefault((words, action.run), ([], active.node))
                add_key(keys, shown_key(active.binding.key))
        for (words, run), (keys, node) in found.items():
            call = partial(self.app.run_action, run, node)
            yield capitalized(words), "  ".join(keys), call


class SessionCommands(Provider):
    """Goes to a session by its title, in the list of this screen or the nearest one below it."""

    async def search(self, query: str) -> Hits:
        below = next(filter(None, map(_list_of, reversed(self.app.screen_stack))), None)
        if below is None or below.at_rest:
            return
        sessions, shown = below, 0
        wanted = Needle.of(query)
        for count, row in enumerate(_rows(sessions.table), 1):
            if count % _AT_ONCE == 0:
                # The next key may make the search obsolete.
                await asyncio.sleep(0)
            title = safe_line(sessions.table.title(row))
            # The fuzzy matcher takes 20 µs per title, too slow for a hundred thousand.
            at = wanted.prepare(title).find(wanted.text)
            if at < 0:
                continue
            score = 0.5 - at / 1000
            yield Hit(score, Content(title), partial(self._go, sessions, row), text=title)
            shown += 1
            if shown == _SESSIONS_SHOWN:
                return

    def _go(self, sessions: SessionList, row: int) -> None:
        """Move the cursor there; in a conversation, open that session instead."""
        inside = self.app.screen is not sessions.screen
        while self.app.screen is not sessions.screen:
            self.app.pop_screen()
        screen = sessions.screen
        if isinstance(screen, ListingScreen):
            screen.reveal(row)
        screen.set_focus(sessions)
        if inside:
            sessions.action_open()


class ThemeCommands(Provider):
    """Changes the theme, which is found by a part of its name, and by `light` or `dark`."""

    async def search(self, query: str) -> Hits:
        wanted, matcher = Needle.of(query), self.matcher(query)
        for words, use in commands(self.app):
            # Scattered letters would find every theme.
            if wanted.text in wanted.prepare(words):
                found = Content.from_text(matcher.highlight(words))
                yield Hit(matcher.match(words), found, use, text=words)


class AllThemes(ThemeCommands):
    """All themes, before anything is typed."""

    async def discover(self) -> Hits:
        for words, use in commands(self.app):
            yield DiscoveryHit(words, use)


def theme_palette() -> Palette:
    """A palette of the themes alone."""
    return Palette(providers=[AllThemes], placeholder="light, dark, or a name")


PROVIDERS: Mapping[str, type[Provider]] = {
    "actions": ActionCommands,
    "sessions": SessionCommands,
    "themes": ThemeCommands,
}


def _list_of(screen: Screen[Any]) -> SessionList | None:
    lists = screen.query(SessionList)
    return lists.first() if lists else None


def _rows(table: SessionTable) -> Iterator[int]:
    """All rows; first those that the filter shows."""
    yield from table.order
    if table.query:
        shown = set(table.order)
        yield from (row for row in table.in_order() if row not in shown)
