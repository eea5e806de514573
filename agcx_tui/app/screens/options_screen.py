"""A screen of lines to choose from: a title, an `OptionList`, the keys.

Strategy: a list that is read rather than searched needs no widget of our own; texts are `Content`, never
markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from agcx_tui.app.dialogs.once import OnceScreen
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.app.widgets.lines.option_lines import OptionLines

T = TypeVar("T")

__all__ = ["PagedScreen"]


class _Lines(OptionLines):
    """Lines of which Enter is a key of the screen, so that its help says what Enter does."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "select" and super().check_action(action, parameters)


class PagedScreen(OnceScreen[T], Generic[T]):
    """Fill `lines`; call `show_title`, and `show_notice` if there are no lines."""

    BINDINGS = bindings("options")
    AUTO_FOCUS = "OptionList"
    DEFAULT_CSS = """
    PagedScreen {
        background: $background;
        & > #title { background: $surface; color: $text-muted; }
        & > OptionList {
            height: 1fr; border: none; padding: 1 1; background: $background;
            scrollbar-size-vertical: 1;
            &:focus { border: none; background-tint: $foreground 0%; }
            & > .option-list--option-disabled { color: $text-muted; }
        }
        & > #notice { display: none; height: 1fr; padding: 2 4; color: $text-muted; }
    }
    """

    def compose(self) -> ComposeResult:
        yield EdgeLine(id="title")
        yield _Lines(id="lines", markup=False)
        yield Static(id="notice", markup=False)
        yield KeyLine()

    @property
    def lines(self) -> OptionList:
        return self.query_one("#lines", OptionList)

    def show_title(self, name: str, right: Content | str = "") -> None:
        left = Content.assemble(("agcx", "bold $primary"), f"  {name}")
        self.query_one("#title", EdgeLine).show(left, right)

    def show_lines(self, options: Iterable[Option]) -> None:
        """Show these lines, with the cursor on the line of the same number as before."""
        chosen = self.lines.highlighted
        self.lines.clear_options()
        self.lines.add_options(options)
        self.lines.highlighted = chosen or 0

    def show_notice(self, notice: Content | None) -> None:
        """Show a notice in place of the lines; None shows the lines."""
        page = self.query_one("#notice", Static)
        if notice is not None:
            page.update(notice)
        page.display = notice is not None
        self.lines.display = notice is None

    def action_down(self) -> None:
        self.lines.action_cursor_down()

    def action_up(self) -> None:
        self.lines.action_cursor_up()

    def action_top(self) -> None:
        self.lines.action_first()

    def action_bottom(self) -> None:
        self.lines.action_last()

    def action_choose(self) -> None:
        """Choose the line under the cursor."""
        self.lines.action_select()

    def action_leave(self) -> None:
        self.dismiss(None)
