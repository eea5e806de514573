"""The line in which a search is typed, and below it what is wrong with it, at its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from agcx_format.transcript import safe_line
from agcx_tui.app import from_threads
from agcx_tui.app.widgets.lines.completed_line import CompletedLine
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.lines.recall_line import RecallInput
from agcx_tui.core.local.searches import LastSearches
from agcx_tui.core.search.line import SearchLine
from agcx_tui.core.sessions.completion import Completion

__all__ = ["SearchBar"]

_SIGN = "search"


class SearchBar(Vertical):
    """`input` is where one types; `leave` moves the focus to the results, `back` leaves the screen."""

    DEFAULT_CSS = """
    SearchBar {
        height: auto; background: $surface;
        & > Horizontal { height: 1; }
        #search-sign { width: 8; padding: 0 1; color: $text-muted; }
        &:focus-within #search-sign { color: $primary; text-style: bold; }
        #search-order { width: auto; max-width: 40%; color: $text-muted; }
        & > #search-errors { display: none; background: $background; padding: 0; }
        & > #search-errors.-shown { display: block; }
    }
    """

    @dataclass
    class LastRead(Message):
        """The last searches, newest first."""

        lines: list[str]

    def __init__(
        self,
        complete: Callable[[str], Completion],
        leave: Callable[[], None],
        back: Callable[[], None],
        last: LastSearches,
        typed: str = "",
        *,
        id: str | None = None,
    ) -> None:
        """`typed` is searched for at first."""
        super().__init__(id=id)
        self._typed_first = typed
        self.input = RecallInput(complete, leave, back, id="search-input")
        self._order = EdgeLine(id="search-order")
        self._errors = EdgeLine(id="search-errors")
        self._ordered = ""
        self._last = last

    def compose(self) -> ComposeResult:
        yield Horizontal(Static(_SIGN, id="search-sign", markup=False), self.input, self._order)
        yield self._errors

    def on_mount(self) -> None:
        if self._typed_first:
            self.put(self._typed_first)
        self._read_last()

    def put(self, line: str) -> None:
        """Put a search into the line."""
        self.input.value = line
        self.input.cursor_position = len(line)

    def keep(self) -> None:
        """Keep what is searched for, to be offered again; also if the screen is left now."""
        if line := self.input.value.strip():
            self.app.run_worker(partial(self._last.add, line), thread=True, group="remember")

    @work(thread=True, group="last")
    def _read_last(self) -> None:
        from_threads.post(self, self.LastRead(self._last.read()))

    @on(LastRead)
    def _show_last(self, message: LastRead) -> None:
        self.input.earlier = message.lines

    def show_order(self, words: str) -> None:
        self._ordered = words
        self._order.show(right=words)

    def show_errors(self, line: SearchLine, typed: str) -> None:
        """Show the first thing that is wrong below its place in the line, or nothing."""
        self._order.show(right=self._ordered)
        wrong = line.errors
        self._errors.set_class(bool(wrong), "-shown")
        if wrong:
            indent = 8 + cell_len(safe_line(typed[: _place(line)]))
            words = safe_line(" · ".join(wrong))
            if indent + cell_len(words) + 2 > self.size.width:
                indent = max(1, self.size.width - cell_len(words) - 2)
            self._errors.show(Content(" " * indent) + Content.styled(words, "$error"))

    @on(CompletedLine.Offered)
    def _completed(self, message: CompletedLine.Offered) -> None:
        """Show what else Tab may bring, the next one first."""
        message.stop()
        if words := message.words:
            self._order.show(right=words)


def _place(line: SearchLine) -> int:
    """Where the first error is."""
    if line.wanted.errors:
        return line.wanted.errors[0].start
    key = line.errors[0].partition(":")[0]
    return next((term.start for term in line.wanted.foreign if term.key == key), 0)
