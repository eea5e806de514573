"""The line above the session list: names of the columns, and by which one it is sorted."""

from __future__ import annotations

from collections.abc import Mapping

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from agcx_tui.session_table import DATES
from agcx_tui.widgets.columns import GAP, fit
from agcx_tui.widgets.session_list import SessionList

_LABELS = {"messages": "msgs"}
_SORTABLE = ("age", "title", "messages", "size")


class ListHeader(Widget):
    """Click on a column to sort by it; again, to turn the order round."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {"list-header--sorted"}  # noqa: RUF012
    DEFAULT_CSS = """
    ListHeader {
        height: 1;
        background: $background;
        color: $text-muted;
        & > .list-header--sorted { color: $foreground; }
    }
    """

    class SortRequested(Message):
        """`key` of the table's SORTS."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(
        self,
        session_list: SessionList,
        labels: Mapping[str, str] | None = None,
        *,
        id: str | None = None,
    ) -> None:
        """`labels`: what a list calls its sort keys, where it means something else by them."""
        super().__init__(id=id)
        self._list = session_list
        self._labels = _LABELS | dict(labels or {})

    def render_line(self, y: int) -> Strip:
        plain = self.rich_style
        bright = self.get_component_rich_style("list-header--sorted")
        parts = [Segment("   ", plain)]
        for column in self._list.columns:
            if column.name == "title":
                parts.append(Segment("   ", plain))
            elif column.name != "age":
                parts.append(Segment(" " * GAP, plain))
            label, is_sorted = self._label(column.name)
            cells = fit(label, column.width, right=column.right_aligned)
            parts.append(Segment(cells, bright if is_sorted else plain))
        return Strip(parts).adjust_cell_length(self.size.width, plain)

    def _label(self, column: str) -> tuple[str, bool]:
        table = self._list.table
        key = table.shown_date if column == "age" else column
        label = self._labels.get(key, key)
        if key != table.sort_key:
            return label, False
        arrow = "↓" if table.descending else "↑"
        # `accessed ↓` fills its column; `msgs ↓` would have a gap on the wrong side.
        return f"{label} {arrow}" if column in ("age", "title") else f"{label}{arrow}", True

    def on_click(self, event: events.Click) -> None:
        for column in reversed(self._list.columns):
            if event.x >= column.start - 1 or column.name == "age":
                if column.name in _SORTABLE:
                    self._request(column.name)
                return

    def _request(self, column: str) -> None:
        table = self._list.table
        if column == "age":
            column = table.sort_key if table.sort_key in DATES else "accessed"
        self.post_message(self.SortRequested(column))
