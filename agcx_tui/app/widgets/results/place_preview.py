"""The preview of a search: the conversation around the match under the cursor, with every match marked.

Strategy: as the preview of the list of sessions, it follows the cursor without delaying it: `ShownFile` opens
the file and finds all matches in it, in a thread.  Within one session only the view moves.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static
from textual.worker import get_current_worker

from agcx_format.search import Query, SessionHits
from agcx_format.transcript import safe_line
from agcx_tui.app import from_threads
from agcx_tui.app.widgets.plain_ground import Stack
from agcx_tui.app.widgets.preview_heads import failure
from agcx_tui.app.widgets.roll.roll import Roll
from agcx_tui.app.widgets.shown_file import ShownFile
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.search.hits_of_session import FoundAt, FoundPlace, places_of

if TYPE_CHECKING:
    from agcx_format import MessageSnapshot, SessionFile
    from agcx_tui.app.widgets.results.found_matches import FoundMatches
    from agcx_tui.core.conversation.search import TextMatch

__all__ = ["PlacePreview"]

# Seconds from a move of the cursor to a file being opened: longer than a key repeat takes.
_DELAY = 0.07
# Least seconds from a typed letter to that, so that typing never waits for it.
_REST = 0.25
# Messages beyond the match that are read before it is shown.
_AROUND = 20


class PlacePreview(Stack):
    """`follow(wish)` shows a match; None shows nothing.  `all_hits` finds those of a session, in a thread."""

    DEFAULT_CSS = """
    PlacePreview {
        background: $background;
        & > #place-head { padding: 0 2; height: auto; max-height: 4; color: $text-muted; }
        & > #place-head.-alone { max-height: 100%; }
        & > Transcript { height: 1fr; margin-top: 1; }
    }
    """

    @dataclass
    class Located(Message, bubble=False):
        """The matches `of` a file in its message `index`, which is long."""

        of: FoundMatches
        index: int
        matches: list[TextMatch]

    class Moved(Message):
        """Another match is shown, or how many there are became known."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, PlacePreview.Moved)

    def __init__(
        self, all_hits: Callable[[Query, SessionHits], SessionHits], *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._all_hits = all_hits
        self._shown_file = ShownFile(self, self._show)
        self._timer: Timer | None = None
        self._not_before = 0.0
        self._wish: FoundAt | None = None
        # What is shown, and asked of it.
        self._shown: FoundAt | None = None
        self.session: SessionHits | None = None
        self.matches: FoundMatches | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="place-head", markup=False)

    def follow(self, wish: FoundAt | None) -> None:
        """Show this match soon; the last call wins."""
        self._wish = wish
        self._shown_file.cancel()
        if wish is not None and self._is_open(wish):
            self._stop_timer()
            self._go(wish)
        else:
            self._begin_later()

    def rest(self) -> None:
        """Someone types: show nothing new for a moment."""
        self._not_before = time.monotonic() + _REST

    def _is_open(self, wish: FoundAt) -> bool:
        """Whether its session is shown, with the matches of its query."""
        shown = self._shown
        if shown is None or self.matches is None:
            return False
        return (wish.session.path, wish.query) == (shown.session.path, shown.query)

    def _begin_later(self) -> None:
        self._stop_timer()
        rest = self._not_before - time.monotonic()
        self._timer = self.set_timer(max(_DELAY, rest), self.begin)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def explain(self, title: str, *lines: str) -> None:
        """Show these words, and no conversation."""
        self.follow(None)
        self._stop_timer()
        self._close()
        self._set_head(failure(title, *lines), alone=True)

    def step(self, direction: int) -> bool:
        """Go to the next match of the session that is shown; false if that was the last one."""
        if self.matches is None or self._wish is None or self._shown is None:
            return False
        if self._wish.session.path != self._shown.session.path or not self.matches.step(direction):
            return False
        self._show_head()
        self.post_message(self.Moved())
        return True

    @property
    def place(self) -> FoundPlace | None:
        """The match that is shown."""
        return None if self.matches is None else self.matches.place

    def begin(self) -> None:
        """Show what was requested last, if it is not shown yet and there is room for it."""
        self._stop_timer()
        wish = self._wish
        if time.monotonic() < self._not_before:
            self._begin_later()
        elif wish is None:
            self._close()
            self._set_head(Content())
        elif self._is_open(wish):
            # It arrived after this was requested, at the place that was requested before.
            if wish is not self._shown:
                self._go(wish)
        elif self.display and self.is_attached:
            enough, look = wish.message + _AROUND, partial(self._look, wish)
            self._shown_file.open(wish.session.path, enough, look)

    def _look(self, wish: FoundAt, _: SessionFile) -> tuple[FoundAt, SessionHits]:
        """The wish, and all matches in its session.  In a thread."""
        import_module("agcx_tui.app.widgets.results.found_matches")
        return wish, self._all_hits(wish.query, wish.session)

    async def _show(
        self, file: SessionFile | None, found: tuple[FoundAt, SessionHits] | None, error: str
    ) -> None:
        if file is None or found is None:
            if file is not None:
                file.close()
            self.explain("Cannot be read", error)
            return
        from agcx_tui.app.widgets.results.found_matches import FoundMatches

        transcript = await self._shown_file.show(file)
        wish, self.session = found
        places, count = places_of(self.session.hits), self.session.count
        self.matches = FoundMatches(transcript, wish.query, places, count, self._locate)
        self._go(wish)

    def _go(self, wish: FoundAt) -> None:
        if self.matches is not None:
            self._shown = wish
            self.matches.show(wish.place)
            self._show_head()
            self.post_message(self.Moved())

    def _locate(self, index: int, message: MessageSnapshot) -> None:
        if self.matches is not None:
            self._find_in(index, message, self.matches)

    @work(thread=True, exclusive=True, group="locate", description="locate")
    def _find_in(self, index: int, message: MessageSnapshot, matches: FoundMatches) -> None:
        from agcx_tui.core.conversation.search import find_matches

        worker = get_current_worker()
        found = find_matches(message, matches.query, lambda: worker.is_cancelled)
        if not worker.is_cancelled:
            from_threads.post(self, self.Located(matches, index, found))

    @on(Located)
    def _located(self, message: Located) -> None:
        if message.of is self.matches:
            message.of.located(message.index, message.matches)

    @on(Transcript.Fetched)
    def _fetched(self, message: Transcript.Fetched) -> None:
        message.stop()
        if self.matches is not None:
            self.matches.fetched(message.index)

    @on(Roll.Moved)
    def _view_moved(self, message: Roll.Moved) -> None:
        message.stop()
        if self.matches is not None:
            self.matches.moved()

    def on_unmount(self) -> None:
        self._shown_file.close()

    def _close(self) -> None:
        self._shown = self.matches = self.session = None
        self._shown_file.hide()

    def _show_head(self) -> None:
        session, matches = self.session, self.matches
        if session is None or matches is None:
            return
        place = matches.place
        where = "in the title" if place is not None and place.message is None else ""
        if place is not None and place.message is not None:
            where = f"message {place.message + 1:,}"
        facts = " · ".join(filter(None, (where, matches.words())))
        title = safe_line(session.title).strip() or "(no title)"
        head = Content.assemble((title, "bold $foreground"), "\n", facts)
        self._set_head(head)

    def _set_head(self, words: Content, *, alone: bool = False) -> None:
        """Show these words, all of them if they are `alone`: no conversation is below."""
        head = self.query_one("#place-head", Static)
        head.set_class(alone, "-alone")
        before, width = head.visual, head.content_size.width
        if isinstance(before, Content) and before.is_same(words):
            return
        # A layout of the whole screen is expensive.
        heights = {each.get_height({}, width) for each in (before, words)} if width else {}
        head.update(words, layout=len(heights) != 1)
