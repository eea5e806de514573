"""The line in which the filter is typed; every keystroke filters."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class FilterInput(Input):
    """Esc clears first and leaves second; Enter and Down go back to the list, the filter stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape", "clear_or_leave", "clear, then leave", key_display="esc", id="filter.escape"
        ),
        Binding("enter,down", "leave", "to the list", key_display="enter", id="filter.leave"),
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

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            id=id, select_on_focus=False, placeholder="words  model:  tag:  is:favorite  after:"
        )

    def action_clear_or_leave(self) -> None:
        if self.value:
            self.value = ""
        else:
            self.post_message(self.Left())

    def action_leave(self) -> None:
        self.post_message(self.Left())
