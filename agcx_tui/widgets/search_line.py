"""The line in which one types what is to be found in a conversation."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from agcx_tui.widgets.edge_line import EdgeLine

__all__ = ["SearchInput", "SearchLine"]


class SearchInput(Input):
    """Enter goes to the matches; Esc gives the search up."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(False)", "give up", id="search.give-up"),
        Binding("enter,down", "leave(True)", "to the matches", key_display="enter", id="search.go"),
    ]
    DEFAULT_CSS = """
    SearchInput {
        background: transparent;
        border: none;
        height: 1;
        padding: 0;
        width: 1fr;
        &:focus { border: none; background-tint: $foreground 0%; }
    }
    """

    class Left(Message):
        """The conversation is to have the focus again; `kept` unless the search was given up."""

        def __init__(self, kept: bool) -> None:
            super().__init__()
            self.kept = kept

    def action_leave(self, kept: bool) -> None:
        self.post_message(self.Left(kept and bool(self.value)))


class SearchLine(Horizontal):
    """`/ words        match 3 of 12`."""

    DEFAULT_CSS = """
    SearchLine {
        height: 1;
        background: $surface;
        display: none;
        &.-shown { display: block; }
        & > #search-sign { width: 3; padding: 0 1; color: $text-muted; }
        &:focus-within > #search-sign { color: $primary; text-style: bold; }
        & > #search-status { width: auto; max-width: 60%; color: $text-muted; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static("/", id="search-sign", markup=False)
        yield SearchInput(id="search", select_on_focus=False, placeholder="words to find")
        yield EdgeLine(id="search-status")

    @property
    def input(self) -> SearchInput:
        return self.query_one(SearchInput)

    def open(self) -> None:
        self.add_class("-shown")
        self.input.focus()

    def close(self) -> None:
        self.remove_class("-shown")
        self.input.value = ""
        self.say("")

    def say(self, words: str) -> None:
        status = self.query_one("#search-status", EdgeLine)
        status.show(right=words)
        status.refresh(layout=True)
