"""The preview beside the list: facts about what is under the cursor, and the first messages of a session.

Strategy: it follows the cursor without ever delaying it.  The first move after a rest is followed at once,
as soon as the cursor itself is drawn; while a key is held, each move only starts a timer, longer than a key
repeat.  `ShownFile` opens the file in a thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from agcx_tui.app.textual_internals import draw_now
from agcx_tui.app.widgets.plain_ground import Stack
from agcx_tui.app.widgets.preview_heads import (
    VIEWS,
    SessionFacts,
    View,
    broken_head,
    damage,
    facts_of,
    failure,
    section_page,
    session_head,
)
from agcx_tui.app.widgets.shown_file import ShownFile
from agcx_tui.core.sessions.groups import Line, Section
from agcx_tui.core.sessions.section_facts import section_facts

if TYPE_CHECKING:
    from agcx_format import SessionFile
    from agcx_format.disk import Signature
    from agcx_tui.app.widgets.list.session_list import SessionList
    from agcx_tui.core.local.reading_positions import ReadingPositions

# Messages that fill any screen.
_ENOUGH = 60
# Seconds without a move after which the next one is no repeat of a held key.
_RESTED = 0.15
# Seconds: a timer needs some.
_SOON = 0.001


class Preview(Stack):
    """`follow(line)` shows a line of the list: a session or a section; None shows nothing."""

    DEFAULT_CSS = """
    Preview {
        background: $background;
        & > #preview-head {
            padding: 0 2; height: auto; max-height: 9; color: $text-muted;
            text-wrap: nowrap; text-overflow: ellipsis;
        }
        & > #preview-head.-wrapped { text-wrap: wrap; }
        & > #preview-head.-alone { max-height: 100%; }
        & > Transcript { height: 1fr; margin-top: 1; }
    }
    """

    def __init__(
        self,
        sessions: SessionList,
        now: Callable[[], int],
        positions: ReadingPositions | None = None,
        *,
        repairs: bool = False,
        id: str | None = None,
    ) -> None:
        """`now` gives microseconds since 1970; `positions` are where conversations were left.

        `repairs`: say how damaged sessions are repaired.
        """
        super().__init__(id=id)
        self._sessions, self._table = sessions, sessions.table
        self._now = now
        self._positions = positions
        self._repairs = repairs
        self._line: Line | None = None
        # Of the file when it was opened.
        self._signature: Signature | None = None
        self._moved = 0.0
        self._timer: Timer | None = None
        self._shown = ShownFile(self, self._show)
        self._head = Content("")
        # Of the session above whose messages they are.
        self._facts: SessionFacts | None = None
        self._view: View = "first"

    def next_view(self) -> None:
        """Show the first words of the person, the last, or where one was when the session was left."""
        self._view = VIEWS[(VIEWS.index(self._view) + 1) % len(VIEWS)]
        self.follow(self._line, delay=_SOON)

    def compose(self) -> ComposeResult:
        yield Static(id="preview-head", markup=False)

    def follow(self, line: Line | None, *, delay: float, at_once: bool = False) -> None:
        """Show a line after `delay` seconds; the last call wins.

        With `at_once` there is no delay if the cursor had rested before.
        """
        before, self._moved = self._moved, time.monotonic()
        self._line = line
        number = self._shown.cancel()
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        # The first one of all waits: it imports and mounts the transcript while the rows come.
        if at_once and self._shown.transcript is not None and self._moved - before >= _RESTED:
            self.call_after_refresh(self._begin, number)
        else:
            self._timer = self.set_timer(delay, partial(self._begin, number))

    def renew(self, *, delay: float) -> None:
        """Show the same session again if its file has changed."""
        row = self._line
        if (
            isinstance(row, int)
            and self._timer is None
            and self._table.signature(row) != self._signature
        ):
            self.follow(row, delay=delay)

    def _begin(self, number: int) -> None:
        if number != self._shown.number:
            # The cursor moved on before it was drawn.
            return
        self._timer = None
        line, table = self._line, self._table
        self._signature = table.signature(line) if isinstance(line, int) else None
        if not self.display or not self.is_attached:
            return
        if isinstance(line, int) and table.readable(line):
            self._shown.open(table.path(line), _ENOUGH, partial(self._look, self._view))
            return
        if line is None:
            self._show_head(Content(""), "-alone")
        elif isinstance(line, Section):
            facts = section_facts(line, self._sessions.grouping, table)
            self._show_head(section_page(facts, table, self._now()), "-alone")
        else:
            self._show_head(broken_head(table, line, repairs=self._repairs), "-wrapped")
        self._shown.hide()

    def _look(self, view: View, file: SessionFile) -> tuple[SessionFacts, int]:
        """The facts of a session, and the message to show first.  In a thread."""
        return facts_of(file), self._place(file, view)

    def _place(self, file: SessionFile, view: View) -> int:
        from agcx_format.transcript import genuine_user_text
        from agcx_tui.core.conversation.find_message import at_hand

        if view == "last":
            return max(0, file.metadata.message_count - 1)
        if view == "place" and self._positions is not None:
            position = self._positions.load(file.metadata.id, str(file.path))
            return position.message if position is not None else 0
        for index in range(min(file.known(), _ENOUGH)):
            message = at_hand(file, index)
            if message is not None and genuine_user_text(message.item):
                return index
        return 0

    async def _show(
        self, file: SessionFile | None, found: tuple[SessionFacts, int] | None, error: str
    ) -> None:
        place = 0
        if found is None:
            self._show_head(failure("Cannot be read", error), "-wrapped")
        else:
            facts, place = found
            self._facts = facts
            self._show_facts()
        if file is None:
            self._shown.hide()
        else:
            transcript = await self._shown.show(file)
            if self._view == "first":
                # The context that an agent put before is out of view even if all of it would fit.
                transcript.viewport.floor = place
            if place:
                transcript.seek(place)
        draw_now(self)

    def _show_facts(self) -> None:
        """Show the facts of a session, as many as fit."""
        if self._facts is not None:
            width = self.query_one("#preview-head").content_size.width
            self._show_head(session_head(self._facts, self._view, width) + self._damage())

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_facts)

    def _damage(self) -> Content:
        row = self._line
        if not isinstance(row, int):
            return Content("")
        return damage(self._table, row, repairs=self._repairs)

    def on_unmount(self) -> None:
        self._shown.close()

    def _show_head(self, content: Content, look: str = "") -> None:
        """Show these words; in the look `-wrapped` to be read whole, `-alone` with room for all lines."""
        if look:
            self._facts = None
        before = self._head
        if content.is_same(before):
            return
        self._head = content
        head = self.query_one("#preview-head", Static)
        for each in ("-wrapped", "-alone"):
            head.set_class(each == look, each)
        rules, width = head.styles.get_rules(), head.content_size.width
        # Nothing else moves while it is as high as before: no layout, and less to draw.
        as_high = width and before.get_height(rules, width) == content.get_height(rules, width)
        head.update(content, layout=not as_high)
