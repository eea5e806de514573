"""A line in which one types what is to be found in a conversation, or a number to go to."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from agcx_tui.widgets.edge_line import EdgeLine

__all__ = ["SearchInput", "SearchLine"]


class SearchInput(Input):
    """Enter keeps what was typed and goes on; Esc gives it up."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(False)", "give up", id="search.give-up"),
        Binding("enter,down,tab", "leave(True)", "go there", key_display="enter", id="search.go"),
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
        """The conversation is to have the focus again; `kept` unless what was typed was given up."""

        def __init__(self, input: Input, kept: bool) -> None:
            super().__init__()
            self.input = input
            self.kept = kept

        @property
        def control(self) -> Input:
            return self.input

    def action_leave(self, kept: bool) -> None:
        self.post_message(self.Left(self, kept and bool(self.value)))


class SearchLine(Horizontal):
    """`/ words        3 of 12 messages`; hidden, and without a widget in it, until it is opened."""

    DEFAULT_CSS = """
    SearchLine {
        height: 1;
        background: $surface;
        display: none;
        &.-shown { display: block; }
        & > .search-sign { width: 3; padding: 0 1; color: $text-muted; }
        &:focus-within > .search-sign { color: $primary; text-style: bold; }
        & > .search-status { width: auto; max-width: 60%; color: $text-muted; }
    }
    """

    def __init__(self, sign: str, placeholder: str, *, id: str, numbers: bool = False) -> None:
        """The input gets the `id`; with `numbers` it takes digits only."""
        super().__init__()
        self._sign = sign
        self.input = SearchInput(
            id=id,
            select_on_focus=False,
            placeholder=placeholder,
            restrict=r"[0-9]{0,18}" if numbers else None,
        )
        self._status = EdgeLine(classes="search-status")

    @property
    def is_open(self) -> bool:
        return self.has_class("-shown")

    def open(self) -> None:
        if not self.input.is_attached:
            # Not before: a conversation opens without them.
            sign = Static(self._sign, classes="search-sign", markup=False)
            self.mount_all([sign, self.input, self._status])
        self.add_class("-shown")
        self.input.focus()

    def close(self) -> None:
        self.remove_class("-shown")
        self.input.value = ""
        self.say("")

    @property
    def said(self) -> str:
        return self._status.plain

    def say(self, words: str) -> None:
        self._status.show(right=words)
        if self._status.is_attached:
            self._status.refresh(layout=True)
