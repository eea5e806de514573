"""A line in which one types what to find in a conversation, or a number to go to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.lines.typed_line import TypedLine

__all__ = ["SearchInput", "SearchLine"]


class SearchInput(TypedLine):
    """Enter keeps what was typed; Esc discards it."""

    BINDINGS = bindings("search")

    def __init__(self, leave: Callable[[bool], None], **options: Any) -> None:
        """`leave` moves the focus; it is called with whether what was typed is kept."""
        super().__init__(**options)
        self._leave = leave

    def action_leave(self, kept: bool) -> None:
        self._leave(kept and bool(self.value))


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

    def __init__(
        self,
        sign: str,
        placeholder: str,
        leave: Callable[[bool], None],
        *,
        id: str,
        numbers: bool = False,
    ) -> None:
        """The input gets `id` and `leave`; with `numbers` it takes digits only."""
        super().__init__()
        self._sign = sign
        self.input = SearchInput(
            leave,
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
            # Not earlier: a conversation opens faster without them.
            sign = Static(self._sign, classes="search-sign", markup=False)
            self.mount_all([sign, self.input, self._status])
        self.add_class("-shown")
        # Right now: what is typed next is meant for it.
        self.screen.set_focus(self.input)

    def close(self) -> None:
        self.remove_class("-shown")
        self.input.value = ""
        self.say("")

    @property
    def said(self) -> str:
        return self._status.plain

    def say(self, words: str, wrong: str = "") -> None:
        """Say what was found, and what is wrong with what was typed."""
        if wrong:
            parts = [Content.styled(wrong, "$error"), Content(words)]
            self._status.show(right=Content(" · ").join(part for part in parts if part))
        else:
            self._status.show(right=words)
        if self._status.is_attached:
            self._status.refresh(layout=True)
