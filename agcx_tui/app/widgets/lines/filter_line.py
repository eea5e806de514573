"""The line in which the filter is typed; every key filters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message

from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.lines.typed_line import TypedLine
from agcx_tui.core.sessions.completion import Completion


class FilterInput(TypedLine):
    """Esc clears the line, then leaves it; Enter and Down go back to the list and keep the filter."""

    BINDINGS = bindings("filter")

    @dataclass
    class Offered(Message):
        """These can replace the last word; the one at `chosen` does."""

        candidates: tuple[str, ...]
        chosen: int

        @property
        def words(self) -> str:
            """What else Tab may bring, the next one first; empty if the chosen one is all."""
            if not self.candidates:
                return "tab: nothing completes this"
            others = [*self.candidates[self.chosen + 1 :], *self.candidates[: self.chosen]]
            return "tab: " + "  ".join(others) if others else ""

    class SearchInside(Message):
        """Tab in an empty line, or in one that finds nothing and that nothing completes."""

    def __init__(
        self,
        complete: Callable[[str], Completion],
        leave: Callable[[], None],
        *,
        id: str | None = None,
    ) -> None:
        """`complete` returns what can replace the last word of the line up to the cursor.

        `leave` moves the focus to the list.
        """
        self._complete = complete
        self._leave = leave
        # What is offered, which candidate is taken, and the line up to the cursor with it.
        self._offer: tuple[Completion, int, str] | None = None
        super().__init__(
            id=id, select_on_focus=False, placeholder="words  model:  tag:  is:favorite  after:"
        )

    def action_clear_or_leave(self) -> None:
        if self.value:
            self.value = ""
        else:
            self._leave()

    def action_complete(self, step: int) -> None:
        """Complete the last word, then take the next candidate; without a word, go to the next pane."""
        line, at = self.value, self.cursor_position
        if self._offer is not None and self._offer[2] == line[:at]:
            offer, chosen, _ = self._offer
            chosen = (chosen + step) % len(offer.candidates)
        else:
            offer, chosen = self._complete(line[:at]), 0 if step > 0 else -1
        if offer.start == at:
            self._go_on(step)
            return
        if not offer.candidates:
            # Not to the next pane, which would obey what is typed next.
            self.post_message(self.Offered((), 0))
            return
        made = line[: offer.start] + offer.candidates[chosen]
        # A key alone is followed by its values, not by other keys.
        only = len(offer.candidates) == 1
        self._offer = None if only else (offer, chosen % len(offer.candidates), made)
        self.value = made + line[at:]
        self.cursor_position = len(made)
        self.post_message(self.Offered(offer.candidates, chosen % len(offer.candidates)))

    def _go_on(self, step: int) -> None:
        """There is no word to complete."""
        if step > 0 and not self.value:
            self.post_message(self.SearchInside())
        elif step > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    def action_leave(self) -> None:
        self._leave()
