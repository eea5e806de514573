"""The list of sessions: a Line API widget over a `SessionTable`.

Strategy: only the lines on the screen are drawn, each once per state, from an LRU cache of strips; the table
may hold a hundred thousand rows.  A line is a row of the table or the heading of a section (`ListLines`).
The cursor is on a line, not at an index: when rows arrive or are sorted, it stays on its session or section,
at the same height of the screen.  Until it is first moved, it stays at the top instead, where the newest
sessions arrive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from msgspec import structs
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.list.line_list import LineList
from agcx_tui.app.widgets.list.list_look import CSS, LOOKS, look_of
from agcx_tui.app.widgets.list.marked_range import MarkedRange
from agcx_tui.app.widgets.list.session_row import RowLook, draw_heading, draw_row
from agcx_tui.core.local.recent import Recent
from agcx_tui.core.sessions.columns import DEFAULT_COLUMNS, Column, ColumnName, lay_out
from agcx_tui.core.sessions.groups import Grouping, Line, ListLines, Section, index_of, rows_of
from agcx_tui.core.sessions.table import SessionTable


class SessionList(LineList[Line]):
    """Rows of sessions, with a cursor and marks."""

    # Rows are copied by key; tracking where the text of each cell comes from would slow down every scroll.
    ALLOW_SELECT = False

    BINDINGS = bindings("list")

    COMPONENT_CLASSES: ClassVar[set[str]] = set(LOOKS)
    DEFAULT_CSS = CSS

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

    class Grouped(Message):
        """The list is grouped by something else, or a section was folded or unfolded."""

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
        super().__init__(table.order, is_heading=lambda line: isinstance(line, Section), id=id)
        self.table = table
        self._now = now
        self._strips: Recent[tuple[Line, Style | None, bool], Strip] = Recent(1024)
        self._arrangement = ListLines(table, now)
        # What the columns are chosen from, and those that fit.
        self._chosen = DEFAULT_COLUMNS
        self._columns: tuple[Column, ...] = ()
        self._look: RowLook | None = None
        # Set when the theme or the focus changed.
        self._look_is_old = True
        self._width = -1
        self._range: MarkedRange | None = None
        # Of the section whose heading is under the cursor.
        self._folded: bool | None = None

    # --- for the screen

    @property
    def cursor(self) -> int | None:
        """The row of the table under the cursor; None on the heading of a section, or if nothing is shown."""
        return self._line if isinstance(self._line, int) else None

    @property
    def section(self) -> Section | None:
        """The section whose heading is under the cursor."""
        return self._line if isinstance(self._line, Section) else None

    @property
    def at_cursor(self) -> list[int]:
        """The row under the cursor, or all rows of the section."""
        section = self.section
        if section is not None:
            return list(section.rows)
        return [] if self.cursor is None else [self.cursor]

    @property
    def grouping(self) -> Grouping:
        return self._arrangement.grouping

    @property
    def columns(self) -> tuple[Column, ...]:
        return self._columns

    @property
    def title_region(self) -> Region:
        """Where the title under the cursor is on the screen; the line, if titles have no column."""
        line = self.cursor_region
        for column in self._columns:
            if column.name == "title":
                return Region(line.x + column.start, line.y, column.width, 1)
        return line

    def group_by(self, grouping: Grouping) -> None:
        """Put the rows under headings; the cursor stays on its session."""
        row = next(iter(self.at_cursor), None) if self._moved else None
        self._arrangement.group_by(grouping)
        # Other columns, and another range.
        self._width, self._range = -1, None
        self.update()
        if row is None:
            self._place(self.first_index)
            self._scroll(0)
        else:
            self.go_to(row)
        self.post_message(self.Grouped())

    @property
    def chosen_columns(self) -> tuple[ColumnName, ...]:
        """The columns that a person chose, whether they fit or not."""
        return self._chosen

    def choose_columns(self, names: tuple[ColumnName, ...]) -> None:
        """Show these columns, as far as they fit."""
        self._chosen = names
        self._width = -1
        self.refresh()

    def update(self) -> None:
        """Call when the table's rows, order or filter changed."""
        self._strips.clear()
        if self._columns and self._columns != self._lay_out(self._width):
            # A project with a longer name has come to be known.
            self._width = -1
        self.set_lines(self._arrangement.make())

    def index_of(self, line: Line) -> int | None:
        """Where a row or the section of the same key is now; None if it is not there."""
        return index_of(self._lines, line)

    def cursor_moved(self) -> None:
        self.post_message(self.Highlighted(self, self.cursor))
        section = self.section
        folded = None if section is None else section.folded
        if folded != self._folded:
            # Enter does something else now.
            self._folded = folded
            self.refresh_bindings()

    def cursor_taken(self) -> None:
        self._range = None

    def forget_strips(self) -> None:
        """Redraw what may have changed: ages, marks."""
        self._strips.clear()
        self.refresh()

    def go_to(self, row: int) -> bool:
        """Move the cursor to a row of the table; false if the filter hides it."""
        if row not in self.table.order:
            return False
        if row not in self._lines:
            self._arrangement.folded.discard(self._arrangement.section_of(row))
            self.update()
        self._go(self._lines.index(row))
        return True

    # --- drawing

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        look = self._dressed()
        if index >= len(self._lines):
            return Strip.blank(self._width, look.plain)
        line = self._lines[index]
        here = index == self._index
        if isinstance(line, Section):
            # Not kept: how many of its rows are marked changes with every mark.
            return draw_heading(line, self.table, self._width, look, cursor=here)
        key = (line, look.cursor if here else None, line in self.table.marks)
        strip = self._strips.get(key)
        if strip is None:
            strip = draw_row(
                self.table,
                line,
                self._columns,
                look,
                self._now(),
                cursor=here,
                below_day=self.grouping == "day",
            )
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
            self._width, self._columns = width, self._lay_out(width)
            self._strips.clear()
            self.post_message(self.LaidOut())
        if before is not None and not self._look_is_old:
            return before
        look = self._look = look_of(self)
        self._look_is_old = False
        # If only the focus changed, the rows look the same but for the one at the cursor, whose style is part
        # of its cache key.
        if before is None or structs.replace(before, cursor=look.cursor) != look:
            self._strips.clear()
        return look

    def _lay_out(self, width: int) -> tuple[Column, ...]:
        """The columns, without the one that the headings already show."""
        chosen = [name for name in self._chosen if name != self.grouping]
        return lay_out(width, chosen, self.table.project_width())

    def on_mount(self) -> None:
        self.update()

    # --- the cursor

    def action_jump(self, step: int) -> None:
        """To the next or previous heading; without sections, to the first session of a day."""
        self._go(self._arrangement.jump(self._lines, self._index, step))

    def action_open(self) -> None:
        if self.section is not None:
            self._fold(self.section.key, not self.section.folded)
        elif self.cursor is not None:
            self.post_message(self.Opened(self, self.cursor))

    # --- sections

    def action_fold(self, folded: bool) -> None:
        """Fold the section that the cursor is in, or show its rows."""
        row = next(iter(self.at_cursor), None)
        if row is not None and self.grouping != "none" and (folded or self.section is not None):
            self._fold(self._arrangement.section_of(row), folded)

    def _fold(self, key: str, folded: bool) -> None:
        change = self._arrangement.folded.add if folded else self._arrangement.folded.discard
        change(key)
        self.update()
        headings = (line for line in self._lines if isinstance(line, Section))
        heading = next((line for line in headings if line.key == key), None)
        if heading is not None:
            self._go(self._lines.index(heading))
        self.post_message(self.Grouped())

    # --- marks

    def action_mark(self) -> None:
        rows = set(self.at_cursor)
        if not rows:
            return
        # All of a section, unless all of it is marked.
        marks = self.table.marks
        self.table.marks = marks - rows if rows <= marks else marks | rows
        self._marks_changed()
        # Past the rows that were marked with their heading: pressed again, the key does not take one out.
        section = self.section
        self.action_move(1 if section is None or section.folded else 1 + len(section.rows))

    def action_mark_all(self) -> None:
        self.table.mark_all_shown()
        self._marks_changed()

    def action_extend(self, step: int) -> None:
        line, lines, table = self._line, self._lines, self.table
        if line is None:
            return
        going_on = self._range
        if going_on is None or not going_on.goes_on(lines, table.marks, line):
            origin, before = line, frozenset(table.marks)
        else:
            origin, before = going_on.origin, going_on.before
        self._go(self._index + step)
        first, last = sorted((lines.index(origin), self._index))
        table.marks.clear()
        table.marks |= before | set(rows_of(lines[first : last + 1]))
        self._range = MarkedRange(
            origin, before, tuple(lines), frozenset(table.marks), lines[self._index]
        )
        self._marks_changed()

    def _marks_changed(self) -> None:
        self.refresh()
        self.post_message(self.MarksChanged())

    # --- the mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        index = self.scroll_offset.y + event.y
        if event.button == 1 and index < len(self._lines):
            self._go(index)

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if event.button != 1 or index >= len(self._lines):
            return
        line = self._lines[index]
        if isinstance(line, Section):
            self._fold(line.key, not line.folded)
        elif event.x < 3:
            self.table.toggle_mark(line)
            self._marks_changed()
        elif event.chain == 2:
            self.action_open()
