"""The line in which the filter is typed; every keystroke filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from agcx_tui.completing import Completion


class FilterInput(Input):
    """Esc clears first and leaves second; Enter and Down go back to the list, the filter stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape", "clear_or_leave", "clear, then leave", key_display="esc", id="filter.escape"
        ),
        Binding("enter,down", "leave", "to the list", key_display="enter", id="filter.leave"),
        Binding("tab", "complete(1)", "complete", id="filter.complete"),
        Binding(
            "shift+tab", "complete(-1)", "complete backwards", show=False, id="filter.complete-back"
        ),
    ]
    DEFAULT_CSS = """
    FilterInput {
        background: transparent;
        border: none;
        height: 1;
        padding: 0;
        width: 1fr;
        &:focus { border: none; background-tint: $foreground 0%; }
    }
    """

    class Left(Message):
        """The list is to have the focus again."""

    class Offered(Message):
        """These may stand in place of the last word; the one at `chosen` does."""

        def __init__(self, candidates: tuple[str, ...], chosen: int) -> None:
            super().__init__()
            self.candidates = candidates
            self.chosen = chosen

    def __init__(self, complete: Callable[[str], Completion], *, id: str | None = None) -> None:
        """`complete` gives what may stand for the last word of the line up to the cursor."""
        self._complete = complete
        # What is offered, the one that is taken, and the line that it made.
        self._offer: tuple[Completion, int, str] | None = None
        super().__init__(
            id=id, select_on_focus=False, placeholder="words  model:  tag:  is:favorite  after:"
        )

    def action_clear_or_leave(self) -> None:
        if self.value:
            self.value = ""
        else:
            self.post_message(self.Left())

    def action_complete(self, step: int) -> None:
        """Complete the last word; again, take the next candidate; with none, go to the next pane."""
        line, at = self.value, self.cursor_position
        if self._offer is not None and self._offer[2] == line[:at]:
            offer, chosen, _ = self._offer
            chosen = (chosen + step) % len(offer.candidates)
        else:
            offer, chosen = self._complete(line[:at]), 0 if step > 0 else -1
        if not offer.candidates or offer.candidates == (line[offer.start : at],):
            self.screen.focus_next() if step > 0 else self.screen.focus_previous()
            return
        made = line[: offer.start] + offer.candidates[chosen]
        # A key alone is followed by its values, not by other keys.
        only = len(offer.candidates) == 1
        self._offer = None if only else (offer, chosen % len(offer.candidates), made)
        self.value = made + line[at:]
        self.cursor_position = len(made)
        self.post_message(self.Offered(offer.candidates, chosen % len(offer.candidates)))

    def action_leave(self) -> None:
        self.post_message(self.Left())
