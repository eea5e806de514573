"""The line in which a search is typed, with a history of earlier searches."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.message import Message
from textual.widgets import Input

from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.textual_internals import draw_now
from agcx_tui.app.widgets.lines.completed_line import CompletedLine
from agcx_tui.core.sessions.completion import Completion

__all__ = ["RecallInput"]


class RecallInput(CompletedLine):
    """Up in an empty line brings back the last search, again the one before; Down goes the other way.

    `earlier` are the searches, newest first.
    """

    BINDINGS = bindings("recall")

    class Entered(Message):
        """Enter: what was found first is wanted.  It comes after all that was typed."""

    def __init__(
        self,
        complete: Callable[[str], Completion],
        leave: Callable[[], None],
        back: Callable[[], None],
        *,
        id: str | None = None,
    ) -> None:
        """`leave` goes to the results, `back` leaves the screen; each moves the focus first."""
        super().__init__(complete, id=id, placeholder='words  "a phrase"  /regex/  role:  after:')
        self._leave, self._back = leave, back
        self.earlier: Sequence[str] = ()
        # Which of them is in the line.
        self._recalled: int | None = None

    @on(Input.Changed)
    def _draw_typed(self) -> None:
        """Show a letter at once: what a search found was drawn a moment ago, and else it would wait."""
        if self.is_attached:
            draw_now(self)

    @property
    def _at(self) -> int:
        """The number of the search in the line; -1 if it holds something else."""
        recalled = self._recalled
        if recalled is not None and self.earlier[recalled : recalled + 1] == [self.value]:
            return recalled
        return -1

    def action_clear_or_leave(self) -> None:
        if self.value:
            self.value = ""
        else:
            self._back()

    def action_open(self) -> None:
        self._leave()
        self.post_message(self.Entered())

    def go_on(self, step: int) -> None:
        self.screen.focus_next() if step > 0 else self.screen.focus_previous()

    def action_earlier(self) -> None:
        """Bring back the search before; does nothing in a line that was typed."""
        if self.value and self._at < 0:
            return
        if self._at + 1 < len(self.earlier):
            self._recall(self._at + 1)

    def action_later(self) -> None:
        """Bring back the next search; from what was typed, go to the results."""
        if self._at > 0:
            self._recall(self._at - 1)
        else:
            self._leave()

    def _recall(self, number: int) -> None:
        self._recalled = number
        self.value = self.earlier[number]
        self.cursor_position = len(self.value)
