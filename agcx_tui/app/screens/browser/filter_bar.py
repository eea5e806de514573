"""The line of the browser that filters: what is typed, and what that finds or is wrong with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from agcx_format.transcript import safe_line
from agcx_tui.app.screens.browser import heading
from agcx_tui.app.services import Opening
from agcx_tui.app.textual_internals import repaint_now
from agcx_tui.app.widgets.lines.completed_line import CompletedLine
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.lines.filter_line import FilterInput
from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.core.sessions import query
from agcx_tui.core.sessions.completion import complete

__all__ = ["FilterBar"]

_HERE = "is:here"
# Seconds that Enter waits for a session that matches, while some are still to be read.
_FIRST_MATCH = 1.0


class FilterBar(Horizontal):
    """Filters the table of `sessions` with every key, then calls `filtered`."""

    DEFAULT_CSS = """
    FilterBar {
        height: 1; background: $background;
        #filter-sign { width: 3; padding: 0 1; color: $text-muted; }
        &:focus-within #filter-sign { color: $primary; text-style: bold; }
        #filter-status { width: 45%; color: $text-muted; }
        #filter-status.-wrong { width: 62%; }
    }
    """

    def __init__(
        self,
        sessions: SessionList,
        now: Callable[[], int],
        filtered: Callable[[], None],
        *,
        here: bool = False,
        can_search: bool = True,
        opening: Opening = nullcontext,
        id: str | None = None,
    ) -> None:
        """`now` gives microseconds since 1970; `here` begins with the sessions of the working directory.

        With `can_search` Enter searches inside all conversations if nothing matches; `opening` is the
        context in which it waits for what it opens.
        """
        super().__init__(id=id)
        self._sessions, self._table = sessions, sessions.table
        self.input = FilterInput(
            partial(complete, table=self._table),
            sessions,
            self.apply,
            can_search=can_search,
            id="filter",
        )
        # Set while a session matches the filter, or none will; of a screen that reads none later, always.
        self._answered = asyncio.Event()
        self._answered.set()
        self._opening = opening
        self._now = now
        self._filtered = filtered
        self._status = EdgeLine(id="filter-status")
        self._errors: Sequence[str] = ()
        # What the sessions are that `is:listed` shows.
        self._listed_as = ""
        self._here = here
        self._unread = 0
        # The line that the list was filtered by last.
        self._applied = ""

    def compose(self) -> ComposeResult:
        yield Static("/", id="filter-sign")
        yield self.input
        yield self._status

    def on_mount(self) -> None:
        if self._here:
            self.toggle_here()

    @property
    def value(self) -> str:
        return self.input.value

    def clear(self) -> None:
        self.input.value = ""

    def clear_at_once(self) -> None:
        """Show all sessions, before anything else happens."""
        self.input.value = ""
        self.apply()

    def show_listed(self, label: str) -> None:
        """Show the sessions that are `listed` in the table; `label` is what they are."""
        self._listed_as = label
        # They may be others than those of the same words.
        self.clear_at_once()
        self.input.value = "is:listed"

    def toggle_here(self) -> None:
        """Show the sessions of the directory that the program was started in, or all again."""
        words = self.input.value.split()
        if _HERE in words:
            words.remove(_HERE)
        else:
            words.append(_HERE)
        self.input.value = " ".join(words)

    def show_status(self, unread: int) -> None:
        """Say what the filter found, or what is wrong with it; `unread` sessions are still to be read."""
        self._unread = unread
        self._status.set_class(bool(self._errors), "-wrong")
        if self._errors:
            words = safe_line(" · ".join(self._errors))
            self._status.show(right=Content.styled(words, "$error"))
        else:
            left, right = heading.filter_found(self._table, self._listed_as, unread)
            words = self.input.next_words if self.input.has_focus else ""
            self._status.show(words or left, right)

    def note_answer(self, *, all_read: bool) -> None:
        """Take note that the table was filtered; with `all_read` nothing more will match."""
        if self._table.order or all_read:
            self._answered.set()
        else:
            self._answered.clear()

    @on(FilterInput.FoundNothing)
    @work(exclusive=True, group="first match")
    async def _open_or_search(self) -> None:
        """Open what matches; search inside if nothing does."""
        if await self._finds_something():
            self.input.action_open()

    async def _finds_something(self) -> bool:
        """Whether a session matches, which may be known only in a moment; search inside if none does."""
        with self._opening(), suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._answered.wait(), _FIRST_MATCH)
        if not self.screen.is_active or not self.input.has_focus:
            return False
        if self.input.will_search:
            self.input.post_message(FilterInput.SearchInside())
        return bool(self._table.order)

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def _focus_changed(self) -> None:
        self.show_status(self._unread)

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        self.apply()

    def apply(self) -> None:
        """Filter by the current line."""
        typed = self.input.value
        if typed == self._applied:
            return
        self._applied = typed
        found = query.parse(typed, self._now())
        self._errors = found.errors
        before = self._sessions.cursor
        self._table.filter_by(found)
        self._filtered()
        if before is None or self._sessions.cursor != before:
            # Not the nearest that is left, which could be anywhere among what was looked for, nor a heading.
            self._sessions.go_to_first()
        repaint_now(self, self._sessions)

    @on(CompletedLine.Offered)
    def _completed(self, message: CompletedLine.Offered) -> None:
        """What else Tab may bring is shown as the line changes."""
        message.stop()
        if not message.found and self._table.order:
            self._status.show(left=message.words)
        elif not message.found:
            self._say_or_search(message.words)

    @work(exclusive=True, group="first match")
    async def _say_or_search(self, words: str) -> None:
        """Say that Tab completes nothing; search inside if nothing matches what is typed."""
        if await self._finds_something():
            self._status.show(left=words)
