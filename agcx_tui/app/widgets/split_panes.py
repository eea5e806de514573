"""Two panes and the divider between them: side by side, one above the other, or one of them alone.

Strategy: the widget measures itself, and places the second pane where the person chose it if there is
room, else where there is.  How much of the room that takes is a share that the divider drags.  Sizes are
set on the panes directly: a class would restyle every widget below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.geometry import Region, Size
from textual.message import Message
from textual.widget import Widget

from agcx_tui.app.widgets.divider import Divider
from agcx_tui.app.widgets.plain_ground import PlainGround
from agcx_tui.core.local.config import PLACES

__all__ = ["SplitPanes"]

# In cells: with at least this much room the second pane is shown by default, on the right or else below.
_RIGHT_WIDTH, _BELOW_HEIGHT = 100, 19
# If a person chose its place, it is shown as long as the first pane keeps this much.
_FIRST_WIDTH, _FIRST_HEIGHT = 44, 7
_SECOND_WIDTH, _SECOND_HEIGHT = 30, 5
_DIVIDER = 1
# What the second pane may take of the room, at least and at most; and what it takes by itself.
_LEAST_SHARE, _MOST_SHARE = 0.2, 0.8
_SHARES = {"right": 0.46, "below": 0.45}
# Lines of the screen above and below the panes, before they have been laid out.
_OUTSIDE = 3


class SplitPanes(PlainGround):
    """`first` is always there; `second` is moved, hidden, or alone."""

    DEFAULT_CSS: ClassVar[str] = """
    SplitPanes { height: 1fr; layout: horizontal; }
    """

    @dataclass
    class Arranged(Message):
        """The person chose where the second pane is, or how much of the room it takes there."""

        choices: dict[str, str | float | bool | None]

    class Moved(Message):
        """The second pane is somewhere else than before, or is shown or hidden."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, SplitPanes.Moved)

    def __init__(
        self,
        first: Widget,
        second: Widget,
        *,
        wish: str | None = None,
        shares: Mapping[str, float | None] | None = None,
        id: str | None = None,
    ) -> None:
        """`wish`: where the second pane is if there is room, None wherever there is.

        `shares`: by place, the part of the room that it takes there.
        """
        super().__init__(id=id)
        self._first, self._second, self._divider = first, second, Divider()
        self._wish = wish
        self._shares = {place: share for place, share in (shares or {}).items() if share}
        self._alone = False
        self._first_only = False
        # The place, the share and the most cells of the second pane, as they are set.
        self._arranged: tuple[str, float | None, int | None] = ("", None, None)

    def compose(self) -> ComposeResult:
        yield self._first
        yield self._divider
        yield self._second
        width, height = self.app.size
        self._arrange(Size(width, height - _OUTSIDE))

    def on_resize(self, event: events.Resize) -> None:
        self._arrange(event.size)

    @property
    def place(self) -> str:
        """Where the second pane is: right, below or hidden, or alone."""
        return self._arranged[0]

    @property
    def chosen(self) -> tuple[str | None, Mapping[str, float | None]]:
        """Where the person wants the second pane, and the shares by place, for another pair of panes."""
        return self._wish, dict(self._shares)

    @property
    def second_region(self) -> Region:
        """Where the second pane is on the screen; nowhere while it is hidden."""
        return self._second.region if self._second.display else Region()

    def show_first_only(self, only: bool) -> None:
        """Give the first pane all of the room, for as long as it has something else to say."""
        if only != self._first_only:
            self._first_only = only
            self._arrange(self.size)

    def next_place(self) -> None:
        """Move the second pane to the next place that has room; back to where it was from alone."""
        if not self._alone:
            places = _possible(self.size)
            self._wish = places[(places.index(self._suitable_place(self.size)) + 1) % len(places)]
        self._alone = False
        self._arrange(self.size)
        self.post_message(self.Arranged({"preview": self._wish}))

    def toggle_alone(self) -> None:
        """Show the second pane alone, or both again."""
        self._alone = not self._alone
        self._arrange(self.size)

    def leave_alone(self) -> bool:
        """Show the first pane again; false if it is shown."""
        if not self._alone:
            return False
        self.toggle_alone()
        return True

    def _suitable_place(self, size: Size) -> str:
        """Where it was chosen, if there is room; else where there is."""
        if self._wish in (possible := _possible(size)):
            return self._wish
        if size.width >= _RIGHT_WIDTH:
            return "right"
        return "below" if size.height >= _BELOW_HEIGHT and "below" in possible else "hidden"

    def _arrange(self, size: Size) -> None:
        place = "alone" if self._alone else self._suitable_place(size)
        if self._first_only:
            place = "hidden"
        room = {
            "right": max(_SECOND_WIDTH, size.width - _FIRST_WIDTH),
            "below": max(_SECOND_HEIGHT, size.height - _FIRST_HEIGHT - _DIVIDER),
        }
        arranged = place, self._shares.get(place), room.get(place)
        if arranged == self._arranged:
            return
        before, self._arranged = self._arranged[0], arranged
        if place != before:
            self._move(place)
        share = f"{self._shares.get(place, _SHARES.get(place, 1)) * 100:.2f}%"
        if place == "right":
            self._second.styles.width, self._second.styles.max_width = share, room[place]
        elif place == "below":
            self._second.styles.height, self._second.styles.max_height = share, room[place]
        if before and place != before:
            self.post_message(self.Moved())

    def _move(self, place: str) -> None:
        below = place == "below"
        self.styles.layout = "vertical" if below else "horizontal"
        self._divider.display = place in _SHARES
        self._divider.styles.width = "1fr" if below else _DIVIDER
        self._divider.styles.height = _DIVIDER if below else "1fr"
        # Not hidden: the first keeps the focus, and its keys keep working.
        self._first.styles.width = 0 if place == "alone" else "1fr"
        second = self._second
        second.display = place != "hidden"
        second.styles.width = second.styles.height = "1fr"
        second.styles.min_width = _SECOND_WIDTH if place == "right" else 0
        second.styles.max_width = second.styles.max_height = None

    @on(Divider.Dragged)
    def _divider_dragged(self, message: Divider.Dragged) -> None:
        message.stop()
        room = self.region
        place = "below" if message.divider.lies else "right"
        taken, all_of_it = (
            (room.bottom - message.y - 1, room.height)
            if place == "below"
            else (room.right - message.x - 1, room.width)
        )
        share = taken / max(1, all_of_it)
        self._shares[place] = max(_LEAST_SHARE, min(share, _MOST_SHARE))
        self._arrange(self.size)
        if message.ended:
            self.post_message(self.Arranged({f"share_{place}": self._shares[place]}))


def _possible(size: Size) -> list[str]:
    """The places where the second pane leaves enough of the first, in the order in which one goes
    through them."""
    right = size.width >= _FIRST_WIDTH + _SECOND_WIDTH
    below = size.height >= _FIRST_HEIGHT + _DIVIDER + _SECOND_HEIGHT
    room = {"right": right, "below": below, "hidden": True}
    return [place for place in PLACES if room[place]]
