"""The line above the session list: the names of the columns, and which one it is sorted by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from agcx_format.catalog import DATES
from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.core.sessions.columns import GAP, fit
from agcx_tui.core.sessions.sorting import DESCENDING

_LABELS = {"messages": "msgs"}
# The sort keys of a column: what it shows, then what it can show instead.
_KEYS = {
    "age": DATES,
    "project": ("project",),
    "title": ("title",),
    "messages": ("messages",),
    "turns": ("turns",),
    "tokens": ("tokens",),
    "cost": ("cost",),
    "size": ("size", "ratio"),
    "ratio": ("ratio",),
}


class ListHeader(Widget):
    """Click a column to sort by it, again to reverse the order, then to sort by its next key."""

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

    @dataclass
    class SortRequested(Message):
        """`key` of the table's SORTS; a direction of None is the default of the key."""

        key: str
        descending: bool | None = None

    def __init__(
        self,
        session_list: SessionList,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """`labels`: names of sort keys, if they mean something else in this list."""
        super().__init__()
        self._list = session_list
        self._labels = _LABELS | dict(labels or {})

    def render_line(self, y: int) -> Strip:
        plain = self.rich_style
        bright = self.get_component_rich_style("list-header--sorted")
        parts = [Segment("   ", plain)]
        for column in self._list.columns:
            if column.name == "title":
                parts.append(Segment("   ", plain))
            elif column.name == "project":
                parts.append(Segment(" ", plain))
            elif column.name != "age":
                parts.append(Segment(" " * GAP, plain))
            label, is_sorted = self._label(column.name)
            cells = fit(label, column.width, right=column.right_aligned)
            parts.append(Segment(cells, bright if is_sorted else plain))
        return Strip(parts).adjust_cell_length(self.size.width, plain)

    def _label(self, column: str) -> tuple[str, bool]:
        table = self._list.table
        key = {"age": table.shown_date, "size": table.shown_measure}.get(column, column)
        label = self._labels.get(key, key)
        if key != table.sort_key:
            return label, False
        arrow = "↓" if table.descending else "↑"
        # `accessed ↓` fills its column; `msgs ↓` would have a gap on the wrong side.
        return f"{label} {arrow}" if column in (
            "age",
            "project",
            "title",
        ) else f"{label}{arrow}", True

    def on_click(self, event: events.Click) -> None:
        for column in reversed(self._list.columns):
            if event.x >= column.start - 1 or column.name == "age":
                if column.name in _KEYS:
                    self._request(_KEYS[column.name])
                return

    def _request(self, keys: Sequence[str]) -> None:
        table = self._list.table
        if table.sort_key not in keys:
            self.post_message(self.SortRequested(keys[0]))
        elif table.descending == (table.sort_key in DESCENDING):
            self.post_message(self.SortRequested(table.sort_key, not table.descending))
        else:
            following = keys.index(table.sort_key) + 1
            self.post_message(self.SortRequested(keys[following % len(keys)]))
