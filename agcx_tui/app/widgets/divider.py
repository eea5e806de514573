"""The line between two panes, which the mouse can drag."""

from __future__ import annotations

from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

__all__ = ["Divider"]


class Divider(Widget):
    """Vertical between panes side by side; horizontal, one line high, between panes on top of each other."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Divider {
        width: 1; height: 1fr;
        color: $border-blurred; background: $background;
        &:hover, &.-dragged { color: $primary; }
    }
    """

    @dataclass
    class Dragged(Message):
        """The mouse drags it to this cell of the screen; `ended` once the button is released."""

        divider: Divider
        x: int
        y: int
        ended: bool

    @property
    def lies(self) -> bool:
        return self.size.height == 1

    # All lines are alike, and to work out their style costs more than to draw one.
    _strip: Strip | None = None

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._strip is None or self._strip.cell_length != width:
            sign = "─" * width if self.lies else "│"
            self._strip = Strip([Segment(sign, self.rich_style)])
        return self._strip

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strip = None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button == 1:
            self.capture_mouse()
            self.add_class("-dragged")

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.has_class("-dragged"):
            self._report(event, ended=False)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self.has_class("-dragged"):
            self.remove_class("-dragged")
            self.release_mouse()
            self._report(event, ended=True)

    def _report(self, event: events.MouseEvent, *, ended: bool) -> None:
        self.post_message(self.Dragged(self, event.screen_x, event.screen_y, ended=ended))
