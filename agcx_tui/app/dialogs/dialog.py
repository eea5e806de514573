"""The base of all dialogs: a box in the middle, Esc and arrows.

Strategy: what a dialog asks and how it is answered are seen in every terminal that the list is shown in.  The
box is as high as what is in it, up to the height of the screen; the rest is taken from its body, which then
scrolls.  In a low terminal there are no blank lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypeVar

from textual import events, on
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.layouts.vertical import VerticalLayout
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button

from agcx_tui.app.dialogs.once import OnceScreen
from agcx_tui.app.keys.bindings import bindings

__all__ = ["ROOMY", "Body", "Dialog", "DialogBox"]

T = TypeVar("T")

ROOMY = 20
"""The least lines of a terminal in which most dialogs have room for blank lines."""


class _BodyGives(VerticalLayout):
    """From top to bottom; what there is no room for is taken from the child of the class `body`."""

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        placed = super().arrange(parent, children, size, greedy)
        used = placed[-1].region.bottom + placed[-1].margin.bottom if placed else 0
        # Without a height, the wanted height is computed.
        return _without(placed, used - size.height) if 0 < size.height < used else placed


def _without(placed: ArrangeResult, excess: int) -> ArrangeResult:
    """With this many lines fewer in the body, and what is below it moved up; at least one line is left."""
    found: list[WidgetPlacement] = []
    moved = 0
    for each in placed:
        region = each.region.translate((0, -moved))
        if each.widget.has_class("body"):
            moved = min(excess, region.height - 1)
            region = region.shrink((0, 0, moved, 0))
        found.append(each._replace(region=region))
    return found


class DialogBox(Vertical):
    """What is in a dialog: a `#question`, a `Body` or a list of the class `body`, and `#buttons`."""

    def __init__(self) -> None:
        super().__init__(id="box")
        self._body_gives = _BodyGives()

    @property
    def layout(self) -> Layout:
        return self._body_gives


class Body(VerticalScroll, can_focus=False):
    """What scrolls if the terminal is too low for the dialog."""

    DEFAULT_CSS = "Body { height: auto; scrollbar-size-vertical: 1; }"

    def __init__(self) -> None:
        super().__init__(classes="body")


class Dialog(ModalScreen[T], OnceScreen[T]):
    """A question; Esc answers None.  Put everything into one `DialogBox`."""

    BINDINGS = bindings("dialog")
    ROOMY: ClassVar[int] = ROOMY
    """The least lines of a terminal in which there are blank lines between the parts."""
    ANSWERS: ClassVar[Mapping[str, str]] = {}
    """By the id of a button the action that does the same: its key is said on the button."""
    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: $background 60%;
        & > #box {
            width: 64; max-width: 100%; height: auto; max-height: 100%;
            padding: 1 3;
            background: $surface;
            border: round $border-blurred;
        }
        & #question { text-style: bold; margin-bottom: 1; }
        & #buttons { height: auto; margin-top: 1; align-horizontal: right; }
        & Button { margin-left: 2; min-width: 12; }
        & Input > .input--placeholder { color: $text-muted; text-style: italic; }
        &.-low {
            & > #box { padding: 0 2; }
            & #question { max-height: 2; }
            & #box * { margin-top: 0 !important; margin-bottom: 0 !important; }
            & Button, & Input { border: none !important; height: 1; }
            & Input { padding: 0 1; }
        }
    }
    """

    @on(events.Mount)
    def _say_keys(self) -> None:
        for button, action in self.ANSWERS.items():
            if key := self.key_of(action):
                answer = self.query_one(f"#{button}", Button)
                answer.label = Content.assemble(str(answer.label), (f" {key}", "not bold"))

    def key_of(self, action: str) -> str:
        """The key of an action, as printed on the keyboard; empty if nothing offers it now."""
        for active in self.active_bindings.values():
            if active.binding.action == action:
                return self.app.get_key_display(active.binding)
        return ""

    @on(events.Mount)
    @on(events.Resize)
    def _take_height(self) -> None:
        self.set_class(self.app.size.height < self.ROOMY, "-low")
        self.call_after_refresh(self._show_focused)

    def _show_focused(self) -> None:
        """A field may have got the focus before there were lines to scroll."""
        if self.focused is not None:
            self.focused.scroll_visible(animate=False)

    def action_line(self, step: int) -> None:
        """Scroll a text that does not fit; else go to the next or previous field or button."""
        for body in self.query(Body):
            end = body.max_scroll_y if step > 0 else 0
            is_read = not any(each.focusable for each in body.walk_children(Widget))
            if is_read and body.scroll_offset.y != end:
                body.scroll_relative(y=step, animate=False, immediate=True)
                return
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_page(self, step: int) -> None:
        for body in self.query(Body):
            step_size = max(1, body.size.height - 1)
            body.scroll_relative(y=step * step_size, animate=False, immediate=True)
