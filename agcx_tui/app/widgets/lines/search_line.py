"""A line in which one types what to find in a conversation, or a number to go to."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
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
    """`/ words        3 of 12 messages`; hidden, and without a widget in it, until it is opened.

    A screen that opens fast mounts it only then, with `mount_above_keys`.
    """

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
        self._make_input = partial(
            SearchInput,
            leave,
            id=id,
            select_on_focus=False,
            placeholder=placeholder,
            restrict=r"[0-9]{0,18}" if numbers else None,
        )
        self._status = EdgeLine(classes="search-status")

    @cached_property
    def input(self) -> SearchInput:
        """Made when the line is opened."""
        return self._make_input()

    @property
    def is_open(self) -> bool:
        return self.has_class("-shown")

    @property
    def is_typed_in(self) -> bool:
        """Whether one types in it."""
        return self.is_open and self.screen.focused is self.input

    def mount_above_keys(self, screen: Widget) -> None:
        """Mount it on a screen, above the line of its keys, unless that is done."""
        if not self.is_attached:
            screen.mount(self, before="KeyLine")

    def open(self) -> None:
        if not self.input.is_attached:
            sign = Static(self._sign, classes="search-sign", markup=False)
            self.mount_all([sign, self.input, self._status])
        self.add_class("-shown")
        # Right now: what is typed next is meant for it.
        self.screen.set_focus(self.input)

    def close(self) -> None:
        self.remove_class("-shown")
        if self.is_attached:
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
