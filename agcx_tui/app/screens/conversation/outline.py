"""The turns of a conversation as a list, from which one is chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from agcx_format.errors import PersistenceError
from agcx_format.transcript import Outline, safe_line
from agcx_tui.app.blocks.times import when
from agcx_tui.app.screens.options_screen import PagedScreen
from agcx_tui.app.themes import MUTED
from agcx_tui.core.conversation.outline import read_outline, turn_columns, turn_words
from agcx_tui.core.words.format import counted

if TYPE_CHECKING:
    from textual.screen import Screen

    from agcx_format import MessageSource

__all__ = ["OutlineScreen", "ask_for_turn"]

# A longer list of turns is of no use.
_SHOWN = 5_000
# Cells of a turn's words before its facts, at least.
_LEAST = 20
# Cells before a column, and around the list with its scroll bar.
_GAP, _AROUND = 2, 3


class OutlineScreen(PagedScreen[int]):
    """Enter leaves with the index of a turn's first message; `current` is the message one is at."""

    def __init__(self, outline: Outline, current: int) -> None:
        super().__init__()
        self._turns = outline.turns[-_SHOWN:]
        self._numbered_from = len(outline.turns) - len(self._turns) + 1
        self._current = current

    def on_mount(self) -> None:
        calls, failed = (sum(getattr(t, name) for t in self._turns) for name in ("calls", "failed"))
        facts = [counted(len(self._turns), "turn"), counted(calls, "call")]
        facts += [f"{failed:,} failed"] if failed else []
        self.show_title("Outline", " · ".join(facts))
        before = [at for at, turn in enumerate(self._turns) if turn.start <= self._current]
        self._show(before[-1] if before else 0)

    def on_resize(self) -> None:
        self._show(self.lines.highlighted or 0)

    def _show(self, at: int) -> None:
        self.lines.clear_options()
        self.lines.add_options(self._options())
        self.lines.highlighted = at

    def _options(self) -> Iterator[Option]:
        """A line for each turn; its facts are columns at the right, each as wide as its widest text."""
        began = [turn.began for turn in self._turns]
        times = map(when, began, [None, *began])
        facts = [(time, *turn_columns(turn)) for time, turn in zip(times, self._turns, strict=True)]
        widths = [max(map(len, column)) for column in zip(*facts, strict=True)]
        digits = len(f"{self._numbered_from + len(self._turns) - 1}")
        taken = digits + _GAP + sum(width + _GAP for width in widths if width)
        room = max(_LEAST, self.size.width - _AROUND - taken)
        for number, (turn, columns) in enumerate(
            zip(self._turns, facts, strict=True), self._numbered_from
        ):
            cells = [
                " " * _GAP + f"{text:>{w}}" for text, w in zip(columns, widths, strict=True) if w
            ]
            failed = cells.pop() if widths[-1] else ""
            line = Content.assemble(
                (f"{number:>{digits}}" + " " * _GAP, MUTED),
                Content(turn_words(turn)).truncate(room, ellipsis=True, pad=True),
                ("".join(cells), MUTED),
                (failed, "$text-error"),
            )
            yield Option(line, id=str(turn.start))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(int(event.option_id or 0))


async def ask_for_turn(screen: Screen[None], source: MessageSource, current: int) -> int | None:
    """The index of the first message of the turn that the person chooses; None for none."""
    if not source.complete:
        screen.notify("It is still loading: the outline is known once it is read.", markup=False)
        return None
    try:
        outline = await asyncio.to_thread(read_outline, source)
    except PersistenceError as error:
        screen.notify(safe_line(str(error)), severity="error", markup=False)
        return None
    if outline is None or not outline.turns:
        screen.notify("This conversation has no turns.", markup=False)
        return None
    return await screen.app.push_screen_wait(OutlineScreen(outline, current))
