"""What the palette (ctrl+p) finds: every action that has a key here, and every session by title.

Imported when the palette is first opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

from textual.command import Hit, Hits, Provider
from textual.content import Content
from textual.screen import Screen

from agcx_format.transcript.folding import Needle
from agcx_tui.app.dialogs.help import shown_key
from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.words.safe_text import safe_line

_SESSIONS_SHOWN = 50
# Titles looked at before a key gets its turn: some 3 ms.
_AT_ONCE = 1_000


# What only moves: nobody looks for it in a list.  `quit` is Textual's own entry.
_MOVES = (
    "move", "page", "page_down", "page_up", "half", "top", "bottom", "scroll_down", "scroll_up",
    "scroll_home", "scroll_end", "extend", "app.focus_next", "app.focus_previous",
    "command_palette", "leave", "quit", "copy_or_quit",
)  # fmt: skip
# Where what help and the footer say of a key says too little without its place; by the id.
_WORDS = {
    "app.help": "show every key that works here",
    "app.suspend": "suspend the program",
    "browser.clear": "clear the filter, then the marks",
    "browser.delete": "delete the session, or those marked",
    "browser.duplicate": "duplicate the session",
    "browser.export": "export the session, or those marked",
    "browser.favorite": "make the session a favorite, or no more",
    "browser.filter": "filter the sessions",
    "browser.log": "show the log of what was done",
    "browser.rename": "rename the session",
    "browser.sort": "sort by the next column",
    "browser.storage": "show where the space goes",
    "browser.tags": "change the tags",
    "browser.trash": "show the trash",
    "browser.undo": "undo what was done last",
    "conversation.back": "go back",
    "conversation.editor": "open the session in the editor",
    "conversation.export": "export the session",
    "conversation.next-match": "go to the next match",
    "conversation.next-tab": "show the next tab",
    "conversation.previous-match": "go to the match before",
    "conversation.previous-tab": "show the tab before",
    "conversation.resume": "copy how to resume the session",
    "conversation.search": "search in the conversation",
    "conversation.split": "split the session in two before this message",
    "list.mark": "mark the session",
    "list.open": "open the session",
    "transcript.copy": "copy the selection, or the message",
    "transcript.next": "go to the next message",
    "transcript.next-turn": "go to the next turn",
    "transcript.parent": "go to the message that this one branches from",
    "transcript.previous": "go to the message before",
    "transcript.previous-turn": "go to the turn before",
    "transcript.thoughts": "open or fold all thoughts",
    "transcript.toggle": "open the message further, or fold it",
    "transcript.tools": "open or fold all tool calls",
}


class ActionCommands(Provider):
    """The bindings of the screen below, by what they do; those that only move are left out."""

    async def discover(self) -> Hits:
        for text, keys, run in self._actions():
            # Not a discovery hit, which has no score: these stand above Textual's own.
            yield Hit(1, text, run, text=text, help=keys)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for text, keys, run in self._actions():
            if (score := matcher.match(text)) > 0:
                yield Hit(score, matcher.highlight(text), run, text=text, help=keys)

    def _actions(self):
        """What it does in words that stand alone, keys, and what to call; one of each action."""
        found: dict[tuple[str, str], tuple[list[str], object]] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.id is None or not binding.description or not active.enabled:
                continue
            if binding.action.partition("(")[0] in _MOVES:
                continue
            text = _WORDS.get(binding.id, binding.description)
            keys, _ = found.setdefault((text, binding.action), ([], active.node))
            keys.append(shown_key(binding.key))
        for (text, action), (keys, node) in found.items():
            run = partial(self.app.run_action, action, node)
            yield text[:1].upper() + text[1:], "  ".join(keys), run


class SessionCommands(Provider):
    """Go to a session by its title: in the list of this screen, or of the nearest below it."""

    async def search(self, query: str) -> Hits:
        below = next(filter(None, map(_list_of, reversed(self.app.screen_stack))), None)
        if below is None or below.at_rest:
            return
        sessions, shown = below, 0
        wanted = Needle.of(query)
        for count, row in enumerate(_rows(sessions.table), 1):
            if count % _AT_ONCE == 0:
                # The next key may make all of this needless.
                await asyncio.sleep(0)
            title = safe_line(sessions.table.title(row))
            # The fuzzy matcher takes 20 µs a title: too slow for a hundred thousand.
            at = wanted.prepare(title).find(wanted.text)
            if at < 0:
                continue
            score = 0.5 - at / 1000
            yield Hit(score, Content(title), partial(self._go, sessions, row), text=title)
            shown += 1
            if shown == _SESSIONS_SHOWN:
                return

    def _go(self, sessions: SessionList, row: int) -> None:
        """Put the cursor there; from a conversation, open that one in its place."""
        inside = self.app.screen is not sessions.screen
        while self.app.screen is not sessions.screen:
            self.app.pop_screen()
        reveal = getattr(sessions.screen, "reveal", sessions.go_to)
        reveal(row)
        sessions.focus()
        if inside:
            sessions.action_open()


def _list_of(screen: Screen) -> SessionList | None:
    lists = screen.query(SessionList)
    return lists.first() if lists else None


def _rows(table: SessionTable) -> Iterator[int]:
    """All rows, those first that the filter shows."""
    yield from table.order
    if table.query:
        shown = set(table.order)
        yield from (row for row in table.in_order() if row not in shown)
