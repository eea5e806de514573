"""The part of the browser that places its parts: the preview right, below, hidden, or alone.

Strategy: where the preview is, is a class of the screen, chosen by the person or by the room there
is; how much of the room it takes is a share that the divider drags.  Both are told to whoever
remembers them (`Arranged`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual import events, on
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widgets import Static

from agcx_tui.app.screens.browser.acting import ActingScreen
from agcx_tui.app.widgets.divider import Divider
from agcx_tui.core.local.config import PLACES

__all__ = ["ArrangingScreen"]

# Below these, in cells, there is not enough room for it.
_LEAST_WIDTH, _LEAST_HEIGHT = 40, 8
_PREVIEW_RIGHT_WIDTH = 100
_PREVIEW_BELOW_HEIGHT = 22
_ROOMY_HEIGHT = 30

# Where it was chosen, the preview may also be where the list has no more than these beside it or above.
_LIST_WIDTH, _LIST_HEIGHT = 44, 6
_PREVIEW_WIDTH, _PREVIEW_HEIGHT = 30, 5
# Lines around the two: title, filter, header, keys.
_AROUND = 5

# What the preview may take of the room, at least and at most.
_LEAST_SHARE, _MOST_SHARE = 0.2, 0.8


class ArrangingScreen(ActingScreen):
    """A screen with `#left`, a divider and `#preview` in `#panes`, and `#too-small` above them."""

    DEFAULT_CSS = """
    ArrangingScreen {
        #preview { width: 46%; min-width: 30; height: 1fr; }

        &.-preview-below #panes { layout: vertical; }
        &.-preview-below #preview { width: 1fr; min-width: 0; height: 45%; }
        &.-preview-below Divider { width: 1fr; height: 1; }
        &.-preview-hidden #preview, &.-preview-hidden Divider { display: none; }
        /* Not hidden: the list keeps the focus, and its keys go from session to session. */
        &.-preview-alone #left { width: 0; }
        &.-preview-alone Divider { display: none; }

        & > #too-small {
            display: none; layer: above; width: 100%; height: 100%;
            content-align: center middle; text-align: center; background: $background;
        }
        &.-tiny > #too-small { display: block; }
    }
    """

    class Arranged(Message):
        """The person arranged something; `choices` are fields of `remembered.Choices`."""

        def __init__(self, **choices: Any) -> None:
            super().__init__()
            self.choices = choices

    def __init__(self) -> None:
        super().__init__()
        # None: wherever there is room.
        self.preview_wish: str | None = None
        # By place, what the preview takes of the room there.
        self.preview_shares: dict[str, float] = {}
        self._alone = False
        self._shape: set[str] = set()

    def begin_as(
        self,
        *,
        preview: str | None,
        shares: Mapping[str, float | None],
        sort: str | None,
        descending: bool | None,
    ) -> None:
        """Call before it is shown; None leaves each as it suits."""
        self.preview_wish = preview
        self.preview_shares = {place: share for place, share in shares.items() if share}
        if sort is not None or descending is not None:
            self.table.sort_by(sort or self.table.sort_key, descending)

    def on_mount(self) -> None:
        self.share_room()
        self._say_too_small(self.app.size)

    def on_resize(self, event: events.Resize) -> None:
        self.take_shape(event.size)

    def take_shape(self, size: Size) -> None:
        """Put the parts where there is room for them in a terminal of `size`."""
        tiny = size.width < _LEAST_WIDTH or size.height < _LEAST_HEIGHT
        wanted = {f"-preview-{'alone' if self._alone else self.preview_place(size)}"}
        wanted |= {"-tiny"} if tiny else set()
        wanted |= {"-roomy"} if size.height >= _ROOMY_HEIGHT else set()
        if wanted == self._shape:
            return
        # Every change of a class has all widgets styled anew: one change, and none before there are any.
        self.remove_class(*(self._shape - wanted), update=False)
        self._shape = wanted
        self.add_class(*wanted, update=False)
        if not self.is_mounted:
            return
        self.share_room()
        self.update_node_styles()
        self._say_too_small(size)
        self.follow_cursor()

    def _say_too_small(self, size: Size) -> None:
        if "-tiny" in self._shape:
            text = f"{size.width}×{size.height} is too small:\n{_LEAST_WIDTH}×{_LEAST_HEIGHT} is enough"
            self.query_one("#too-small", Static).update(Content(text))

    def preview_place(self, size: Size) -> str:
        """Where it was chosen, if there is room in a terminal of `size`; else where there is."""
        if self.preview_wish in _possible(size):
            return self.preview_wish
        if size.width >= _PREVIEW_RIGHT_WIDTH:
            return "right"
        return "below" if size.height >= _PREVIEW_BELOW_HEIGHT else "hidden"

    def share_room(self) -> None:
        """Give the preview the share that was chosen; where none was, what the style says."""
        styles = self.query_one("#preview").styles
        styles.width = styles.height = styles.max_width = styles.max_height = None
        if self._alone:
            styles.width = styles.height = "1fr"
        elif "-preview-below" in self._shape:
            if share := self.preview_shares.get("below"):
                styles.height = f"{share * 100:.2f}%"
            styles.max_height = max(_PREVIEW_HEIGHT, self.app.size.height - _AROUND - _LIST_HEIGHT)
        else:
            if share := self.preview_shares.get("right"):
                styles.width = f"{share * 100:.2f}%"
            styles.max_width = max(_PREVIEW_WIDTH, self.app.size.width - _LIST_WIDTH)

    def action_preview(self) -> None:
        place = self.preview_place(self.size)
        if not self._alone:
            places = _possible(self.size)
            self.preview_wish = places[(places.index(place) + 1) % len(places)]
        self._alone = False
        self.take_shape(self.size)
        self.post_message(self.Arranged(preview=self.preview_wish))

    def action_zoom(self) -> None:
        self._alone = not self._alone
        self.take_shape(self.size)

    def leave_zoom(self) -> bool:
        """Show the list again; false when it is shown."""
        if not self._alone:
            return False
        self.action_zoom()
        return True

    @on(Divider.Dragged)
    def _divider_dragged(self, message: Divider.Dragged) -> None:
        room = self.query_one("#panes").region
        place = "below" if message.divider.lies else "right"
        taken, all_of_it = (
            (room.bottom - message.y - 1, room.height)
            if place == "below"
            else (room.right - message.x - 1, room.width)
        )
        share = taken / max(1, all_of_it)
        self.preview_shares[place] = max(_LEAST_SHARE, min(share, _MOST_SHARE))
        self.share_room()
        if message.ended:
            self.post_message(self.Arranged(**{f"share_{place}": self.preview_shares[place]}))


def _possible(size: Size) -> list[str]:
    """The places where a preview leaves enough of the list, in the order in which `p` goes through them."""
    right = size.width >= _LIST_WIDTH + _PREVIEW_WIDTH
    below = size.height >= _AROUND + _LIST_HEIGHT + _PREVIEW_HEIGHT
    room = {"right": right, "below": below, "hidden": True}
    return [place for place in PLACES if room[place]]
