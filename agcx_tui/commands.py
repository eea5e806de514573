"""What the palette (ctrl+p) finds: every action that has a key here, and every session by title.

Imported when the palette is first opened.
"""

from __future__ import annotations

import asyncio
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from agcx_tui.safe_text import safe_line
from agcx_tui.screens.help import shown_key
from agcx_tui.widgets.session_list import SessionList

_SESSIONS_SHOWN = 50
# Titles looked at before a key gets its turn: some 3 ms.
_AT_ONCE = 1_000


class ActionCommands(Provider):
    """The bindings of the screen below, by what they do."""

    async def discover(self) -> Hits:
        for text, keys, run in self._actions():
            yield DiscoveryHit(text, run, help=keys)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for text, keys, run in self._actions():
            if (score := matcher.match(text)) > 0:
                yield Hit(score, matcher.highlight(text), run, text=text, help=keys)

    def _actions(self):
        """Description, keys, and what to call; one of each action."""
        found: dict[tuple[str, str], tuple[list[str], object]] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.id is None or not binding.description or not active.enabled:
                continue
            keys, _ = found.setdefault((binding.description, binding.action), ([], active.node))
            keys.append(shown_key(binding.key))
        for (description, action), (keys, node) in found.items():
            run = partial(self.app.run_action, action, node)
            yield description[:1].upper() + description[1:], "  ".join(keys), run


class SessionCommands(Provider):
    """Jump to a session by its title."""

    async def search(self, query: str) -> Hits:
        lists = self.screen.query(SessionList)
        if not lists or lists.first().at_rest:
            return
        sessions, shown = lists.first(), 0
        wanted = query.casefold()
        for count, row in enumerate(sessions.table.order, 1):
            if count % _AT_ONCE == 0:
                # The next key may make all of this needless.
                await asyncio.sleep(0)
            title = safe_line(sessions.table.title(row))
            # The fuzzy matcher takes 20 µs a title: too slow for a hundred thousand.
            at = title.casefold().find(wanted)
            if at < 0:
                continue
            score = 0.5 - at / 1000
            yield Hit(score, Content(title), partial(self._go, sessions, row), text=title)
            shown += 1
            if shown == _SESSIONS_SHOWN:
                return

    def _go(self, sessions: SessionList, row: int) -> None:
        sessions.go_to(row)
        sessions.focus()
