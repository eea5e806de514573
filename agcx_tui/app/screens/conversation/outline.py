"""The turns of a conversation as a list, from which one is chosen.

Strategy: what is known after a moment is shown, and a thread reads on: turns are added below while one looks
at those above.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.app import from_threads
from agcx_tui.app.blocks.times import when
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.options_screen import PagedScreen
from agcx_tui.app.themes import MUTED
from agcx_tui.app.widgets.lines.late_line import LateLine
from agcx_tui.app.widgets.transcript.blocks import NOTHING
from agcx_tui.core.conversation.outline import (
    OutlineReader,
    OutlineSoFar,
    turn_columns,
    turn_words,
)
from agcx_tui.core.words.format import counted

if TYPE_CHECKING:
    from textual.screen import Screen

    from agcx_format import MessageSource
    from agcx_format.transcript import OutlineTurn
    from agcx_tui.app.services import Opening

__all__ = ["OutlineScreen", "ask_for_turn"]

# A longer list of turns is of no use.
_SHOWN = 5_000
# Cells of a turn's words before its facts, at least.
_LEAST = 32
# Cells before a column, and around the list with its scroll bar.
_GAP, _AROUND = 2, 3
# Seconds of reading before the list is shown, and between two looks at what was read since.
_PATIENCE, _EVERY = 0.1, 0.3


class OutlineScreen(PagedScreen[int]):
    """Enter leaves with the index of a turn's first message; `current` is the message one is at."""

    BINDINGS = bindings("outline")

    @dataclass
    class Grew(Message):
        """More of the conversation was read."""

        outline: OutlineSoFar

    def __init__(self, reader: OutlineReader, outline: OutlineSoFar, current: int) -> None:
        """`outline` is what `reader` has read; it reads on while this screen is open."""
        super().__init__()
        self._reader = reader
        self._outline = outline
        self._current = current
        # When each turn began, after the one before.
        self._times: list[str] = []
        # Where the cursor was put; elsewhere, a person moved it.
        self._put_at: int | None = None

    def on_mount(self) -> None:
        self._show()
        if not self._outline.complete:
            self._read_on()

    def on_unmount(self) -> None:
        self._reader.stop()

    def on_resize(self) -> None:
        self._show()

    @work(thread=True, exit_on_error=False)
    def _read_on(self) -> None:
        # Closed meanwhile: what is shown stays.
        with suppress(PersistenceError, OSError):
            for outline in self._reader.read_all(_EVERY):
                from_threads.post(self, self.Grew(outline))

    @on(Grew)
    def _grew(self, message: Grew) -> None:
        self._outline = message.outline
        self._show()

    def _show(self) -> None:
        """Show the turns that are known; the cursor stays on its turn."""
        lines, turns = self.lines, self._outline.turns[-_SHOWN:]
        calls, failed = sum(turn.calls for turn in turns), sum(turn.failed for turn in turns)
        facts = [counted(len(turns), "turn"), counted(calls, "call")]
        facts += [f"{failed:,} failed"] if failed else []
        facts += [] if self._outline.complete else ["reading …"]
        self.show_title("Outline", " · ".join(facts))
        at, top = lines.highlighted, lines.scroll_offset.y
        is_moved, start = False, self._current
        if at is not None and at != self._put_at:
            is_moved, start = True, int(lines.get_option_at_index(at).id or 0)
        before = [index for index, turn in enumerate(turns) if turn.start <= start]
        lines.clear_options()
        lines.add_options(self._options())
        lines.highlighted = before[-1] if before else 0
        self._put_at = None if is_moved else lines.highlighted
        if is_moved:
            lines.scroll_to(y=top, animate=False)

    def _options(self) -> Iterator[Option]:
        """A line for each turn; its facts are columns at the right, each as wide as its widest text."""
        turns = self._outline.turns[-_SHOWN:]
        facts = [
            (time, *turn_columns(turn)) for time, turn in zip(self._began(), turns, strict=True)
        ]
        widths = [max(map(len, column)) for column in zip(*facts, strict=True)]
        last = len(self._outline.turns)
        digits = len(f"{last}")
        room = self.size.width - _AROUND - digits - _GAP
        # In a narrow terminal the words go before how long it took, and when it was.
        for column in (1, 0):
            if room - sum(width + _GAP for width in widths if width) < _LEAST:
                widths[column] = 0
        room = max(_LEAST, room - sum(width + _GAP for width in widths if width))
        for number, (turn, columns) in enumerate(
            zip(turns, facts, strict=True), last - len(turns) + 1
        ):
            cells = [
                " " * _GAP + f"{text:>{w}}" for text, w in zip(columns, widths, strict=True) if w
            ]
            failed = cells.pop() if widths[-1] else ""
            start = f"{number:>{digits}}" + " " * _GAP
            line = partial(_drawn, start, turn, room, "".join(cells), failed)
            yield Option(LateLine(line), id=str(turn.start))

    def _began(self) -> list[str]:
        """When each turn that is shown began, the first one with its day."""
        began = [turn.began for turn in self._outline.turns]
        known = len(self._times)
        self._times += map(when, began[known:], [None, *began][known:])
        first = max(0, len(began) - _SHOWN)
        return [*map(when, began[first : first + 1]), *self._times[first + 1 :]]

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(int(event.option_id or 0))


def _drawn(start: str, turn: OutlineTurn, room: int, facts: str, failed: str) -> Content:
    """The line of a turn, whose words get `room` cells."""
    shown = Content(turn_words(turn)).truncate(room, ellipsis=True, pad=True)
    return Content.assemble((start, MUTED), shown, (facts, MUTED), (failed, "$text-error"))


async def ask_for_turn(
    screen: Screen[None], source: MessageSource, current: int, opening: Opening
) -> int | None:
    """The index of the first message of the turn that the person chooses; None if they choose none."""
    if source is NOTHING:
        # It is just being opened.
        return None
    reader = OutlineReader(source)
    try:
        with opening():
            outline = await asyncio.to_thread(reader.read, _PATIENCE)
    except PersistenceError as error:
        screen.notify(safe_line(str(error)), severity="error", markup=False)
        return None
    if outline.complete and not outline.turns:
        screen.notify("This conversation has no turns.", markup=False)
        return None
    return await screen.app.push_screen_wait(OutlineScreen(reader, outline, current))
