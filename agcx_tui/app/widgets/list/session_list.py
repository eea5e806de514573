"""The list of sessions: a Line API widget over a `SessionTable`.

Strategy: only the lines on the screen are drawn, each once per state, from an LRU cache of strips; the table
may hold a hundred thousand rows.  The cursor is a row of the table, not an index of the list: when rows
arrive or are sorted, it stays on its session, at the same height of the screen.  Until it is first moved, it
stays at the top instead, where the newest sessions arrive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.list.session_row import RowLook, draw_row
from agcx_tui.core.sessions.columns import Column, lay_out
from agcx_tui.core.sessions.table import SessionTable


@dataclass(frozen=True, slots=True)
class _Range:
    """The rows marked while shift is held: the row where that began, and the marks before.

    The rest is the list, the marks and the cursor as they were left.  If any of them has changed since, the
    next key begins a new range: no row is marked that the cursor did not pass.
    """

    origin: int
    before: frozenset[int]
    order: tuple[int, ...]
    marks: frozenset[int]
    cursor: int

    def goes_on(self, table: SessionTable, cursor: int) -> bool:
        return (
            cursor == self.cursor and table.marks == self.marks and tuple(table.order) == self.order
        )


class SessionList(ScrollView, can_focus=True):
    """Rows of sessions, with a cursor and marks."""

    # Rows are copied by key; tracking where the text of each cell comes from would slow down every scroll.
    ALLOW_SELECT = False

    BINDINGS = bindings("list")

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "session-list--cursor",
        "session-list--dim",
        "session-list--star",
        "session-list--mark",
        "session-list--tag",
        "session-list--match",
        "session-list--broken",
    }
    DEFAULT_CSS = """
    SessionList {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        background: $background;
        color: $foreground;
        & > .session-list--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
            text-style: $block-cursor-blurred-text-style;
        }
        &:focus > .session-list--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
        &:focus:nocolor > .session-list--cursor { text-style: reverse; }
        & > .session-list--dim { color: $text-muted; }
        & > .session-list--star { color: $accent; }
        & > .session-list--mark { color: $primary; text-style: bold; }
        & > .session-list--tag { color: $secondary; }
        & > .session-list--match { color: $accent; text-style: bold underline; }
        & > .session-list--broken { color: $error; }
    }
    """

    @dataclass
    class RowMessage(Message):
        """About a row of the table; None if the list is empty."""

        session_list: SessionList
        row: int | None

        @property
        def control(self) -> SessionList:
            return self.session_list

    class Highlighted(RowMessage):
        """The cursor is on another session; only the last one counts."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, SessionList.Highlighted)

    class Opened(RowMessage):
        """Enter or a double click on a session."""

    class MarksChanged(Message):
        """Some sessions were marked or unmarked."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, SessionList.MarksChanged)

    class LaidOut(Message):
        """The columns moved."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, SessionList.LaidOut)

    def __init__(self, table: SessionTable, now: Callable[[], int], *, id: str | None = None):
        """`now` gives microseconds since 1970, for the ages."""
        super().__init__(id=id)
        self.table = table
        self._now = now
        self._strips: LRUCache[tuple[int, Style | None, bool], Strip] = LRUCache(1024)
        self._columns: tuple[Column, ...] = ()
        self._look: RowLook | None = None
        # Set when the theme or the focus changed.
        self._look_is_old = True
        self._width = -1
        self._index = 0
        self._row: int | None = None
        self._moved = False
        self._range: _Range | None = None
        # While a page is shown in its place, its keys do nothing.
        self.at_rest = False

    # --- what others ask and tell

    @property
    def cursor(self) -> int | None:
        """The row of the table under the cursor; None if nothing is shown."""
        return self._row

    @property
    def columns(self) -> tuple[Column, ...]:
        return self._columns

    @property
    def cursor_region(self) -> Region:
        """Where the line under the cursor is on the screen."""
        inside = self.scrollable_content_region
        return Region(inside.x, inside.y + self._index - self.scroll_offset.y, inside.width, 1)

    @property
    def title_region(self) -> Region:
        """Where the title under the cursor is on the screen; the line, if titles have no column."""
        line = self.cursor_region
        for column in self._columns:
            if column.name == "title":
                return Region(line.x + column.start, line.y, column.width, 1)
        return line

    def update(self) -> None:
        """Call when the table's rows, order or filter changed."""
        order = self.table.order
        height_above = self._index - self.scroll_offset.y
        self._strips.clear()
        if self.virtual_size.height != len(order):
            self.virtual_size = Size(self.size.width, len(order))
        index = self._find_cursor()
        self._place(index)
        if self._moved and order:
            self._scroll(self._index - height_above)
        self._show_cursor()
        self.refresh()

    def forget_strips(self) -> None:
        """Redraw what may look different by now: ages, marks."""
        self._strips.clear()
        self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not self.at_rest

    def go_to(self, row: int) -> bool:
        """Move the cursor to a row of the table; false if the filter hides it."""
        if row not in self.table.order:
            return False
        self._go(self.table.order.index(row))
        return True

    # --- drawing

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        look = self._dressed()
        order = self.table.order
        if index >= len(order):
            return Strip.blank(self._width, self.rich_style)
        row = order[index]
        here = index == self._index
        key = (row, look.cursor if here else None, row in self.table.marks)
        strip = self._strips.get(key)
        if strip is None:
            strip = draw_row(self.table, row, self._columns, look, self._now(), cursor=here)
            strip = strip.adjust_cell_length(self._width).simplify()
            self._strips[key] = strip
        return strip

    def first_strips(self, count: int) -> list[tuple[int, Strip]]:
        """The first rows as they look with the cursor on the first, wherever it is now."""
        look, drawn = self._dressed(), []
        for index, row in enumerate(self.table.order[:count]):
            strip = draw_row(self.table, row, self._columns, look, self._now(), cursor=index == 0)
            drawn.append((row, strip.adjust_cell_length(self._width).simplify()))
        return drawn

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._look_is_old = True

    def _dressed(self) -> RowLook:
        """The current styles; discards the strips that were drawn with others, or for another width."""
        width, before = self.scrollable_content_region.width, self._look
        if width != self._width:
            self._width, self._columns = width, lay_out(width)
            self._strips.clear()
            self.post_message(self.LaidOut())
        if before is not None and not self._look_is_old:
            return before
        look = self._look = self._current_look()
        self._look_is_old = False
        # If only the focus changed, the rows look the same but for the one at the cursor, whose style is part
        # of its cache key.
        if before is None or replace(before, cursor=look.cursor) != look:
            self._strips.clear()
        return look

    def _current_look(self) -> RowLook:
        part = self.get_component_rich_style
        return RowLook(
            plain=self.rich_style,
            cursor=part("session-list--cursor"),
            dim=part("session-list--dim"),
            star=part("session-list--star"),
            mark=part("session-list--mark"),
            tag=part("session-list--tag"),
            match=part("session-list--match", partial=True),
            broken=part("session-list--broken"),
        )

    def on_mount(self) -> None:
        self.update()

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.table.order))
        self._show_cursor()

    # --- the cursor

    def _find_cursor(self) -> int:
        """The index of the cursor's session now; the nearest one if it is gone."""
        order = self.table.order
        if not self._moved or self._row is None:
            return 0
        if self._index < len(order) and order[self._index] == self._row:
            return self._index
        try:
            return order.index(self._row)
        except ValueError:
            return self._index

    def _place(self, index: int) -> None:
        order = self.table.order
        self._index = max(0, min(index, len(order) - 1))
        row = order[self._index] if order else None
        if row != self._row:
            self._row = row
            self.post_message(self.Highlighted(self, row))

    def _go(self, index: int) -> None:
        before = self._index
        self._moved = True
        self._range = None
        self._place(index)
        if self._index != before:
            for changed in (before, self._index):
                self.refresh(Region(0, changed - self.scroll_offset.y, self.size.width, 1))
        self._show_cursor()

    def _show_cursor(self) -> None:
        top, height = self.scroll_offset.y, self.size.height
        if self._index < top:
            self._scroll(self._index)
        elif height and self._index >= top + height:
            self._scroll(self._index - height + 1)

    def _scroll(self, top: int) -> None:
        self.scroll_to(y=max(0, top), animate=False, force=True)

    def action_move(self, step: int) -> None:
        self._go(self._index + step)

    def action_page(self, pages: float) -> None:
        step = max(1, int(abs(pages) * (self.size.height - 1)))
        # The page moves with the cursor, which stays at its height on the screen.
        self._scroll(self.scroll_offset.y + (step if pages > 0 else -step))
        self._go(self._index + (step if pages > 0 else -step))

    def action_top(self) -> None:
        self._go(0)

    def action_bottom(self) -> None:
        self._go(len(self.table.order) - 1)

    def action_open(self) -> None:
        if self._row is not None:
            self.post_message(self.Opened(self, self._row))

    # --- marks

    def action_mark(self) -> None:
        if self._row is None:
            return
        self.table.toggle_mark(self._row)
        self._marks_changed()
        self.action_move(1)

    def action_mark_all(self) -> None:
        self.table.mark_all_shown()
        self._marks_changed()

    def action_extend(self, step: int) -> None:
        if self._row is None:
            return
        table, going_on = self.table, self._range
        if going_on is None or not going_on.goes_on(table, self._row):
            origin, before = self._row, frozenset(table.marks)
        else:
            origin, before = going_on.origin, going_on.before
        self._go(self._index + step)
        first, last = sorted((table.order.index(origin), self._index))
        table.marks.clear()
        table.marks |= before | set(table.order[first : last + 1])
        self._range = _Range(origin, before, tuple(table.order), frozenset(table.marks), self._row)
        self._marks_changed()

    def _marks_changed(self) -> None:
        self.refresh()
        self.post_message(self.MarksChanged())

    # --- the mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        index = self.scroll_offset.y + event.y
        if event.button == 1 and index < len(self.table.order):
            self._go(index)

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if event.button != 1 or index >= len(self.table.order):
            return
        if event.x < 3:
            self.table.toggle_mark(self.table.order[index])
            self._marks_changed()
        elif event.chain == 2:
            self.action_open()
