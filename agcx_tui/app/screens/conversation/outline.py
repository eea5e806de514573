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
from agcx_tui.core.conversation.outline import read_outline, turn_columns, turn_words
from agcx_tui.core.words.format import counted

if TYPE_CHECKING:
    from textual.screen import Screen

    from agcx_format import MessageSource

__all__ = ["OutlineScreen", "ask_for_turn"]

# A list of more turns is read by nobody.
_SHOWN = 5_000
# Cells of a turn's words before its facts, at least.
_LEAST = 20
# Cells of the columns.
_TAKEN, _COUNT = 14, 12


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
        self.show_title("outline", " · ".join(facts))
        self.lines.add_options(self._options())
        before = [at for at, turn in enumerate(self._turns) if turn.start <= self._current]
        self.lines.highlighted = before[-1] if before else 0

    def _options(self) -> Iterator[Option]:
        digits = len(f"{self._numbered_from + len(self._turns) - 1}")
        previous: str | None = None
        for number, turn in enumerate(self._turns, self._numbered_from):
            taken, calls, failed = turn_columns(turn)
            about = f"{when(turn.began, previous)}{taken:>{_TAKEN}}{calls:>{_COUNT}}"
            previous = turn.began
            head = f"{number:>{digits}}  "
            room = max(_LEAST, self.size.width - len(head) - len(about) - _COUNT - 6)
            line = Content.assemble(
                (head, "$text-muted"),
                Content(turn_words(turn)).truncate(room, ellipsis=True, pad=True),
                (about, "$text-muted"),
                (f"{failed:>{_COUNT}}", "$text-error"),
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
