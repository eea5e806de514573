"""The list of what a search found: a Line API widget over the rows of `Results`.

Strategy: as in the list of sessions, only the lines on the screen are drawn, each once.  While
results arrive rows are appended below, so cursor and view do not move.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import Reactive
from textual.strip import Strip

from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.textual_bases import SteadyView
from agcx_tui.app.widgets.results.result_row import ResultLook, draw_row
from agcx_tui.core.local.recent import Recent
from agcx_tui.core.search.results import Note, Results, Row

__all__ = ["ResultList"]


class ResultList(SteadyView, can_focus=True):
    """Rows with a cursor, which never is on a note."""

    ALLOW_SELECT = False
    # Of more rows only those in sight are drawn.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), repaint=False)
    BINDINGS = bindings("results")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "result-list--cursor",
        "result-list--dim",
        "result-list--title",
        "result-list--match",
        "result-list--error",
        "result-list--offer",
    }
    DEFAULT_CSS = """
    ResultList {
        height: 1fr;
        overflow-x: hidden;
        /* Also where all rows fit: while one types it would come and go, each time with a layout. */
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        background: $background;
        color: $foreground;
        & > .result-list--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
            text-style: $block-cursor-blurred-text-style;
        }
        &:focus > .result-list--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
        &:focus:nocolor > .result-list--cursor { text-style: reverse; }
        & > .result-list--dim { color: $text-muted; }
        & > .result-list--title { color: $foreground; text-style: bold; }
        & > .result-list--match { color: $accent; text-style: bold underline; }
        & > .result-list--error { color: $error; }
        & > .result-list--offer { color: $primary; text-style: bold; }
    }
    """

    class Highlighted(Message):
        """The cursor is on another row; only the last one counts."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, ResultList.Highlighted)

    @dataclass
    class Opened(Message):
        """Enter or a double click on a row."""

        row: Row

    def __init__(
        self, now: Callable[[], int], directory: Callable[[str], str], *, id: str | None = None
    ) -> None:
        """`now` gives microseconds since 1970; `directory` the one of a session by its path."""
        super().__init__(id=id)
        self.results = Results()
        self._now = now
        self._directory = directory
        self._strips: Recent[int, Strip] = Recent(1024)
        self._look: ResultLook | None = None
        self._width = -1
        self._index = 0

    # --- for the screen

    @property
    def cursor(self) -> int:
        """The number of the row under the cursor."""
        return self._index

    @property
    def row(self) -> Row | None:
        """The row under the cursor, or None."""
        rows = self.results.rows
        return rows[self._index] if self._index < len(rows) else None

    def show(self, results: Results) -> None:
        """Show other results from their beginning."""
        self.results = results
        self._strips.clear()
        self._index = 0
        self.scroll_to(y=0, animate=False, force=True)
        self._measure()
        self.refresh()
        self.post_message(self.Highlighted())

    def grew(self) -> None:
        """Rows were appended."""
        # As many rows as there were when this was called last: `row` is of those that there are now.
        before = self.virtual_size.height
        self._measure()
        # Most come below those that are in sight.
        appended = Region(0, before, self.size.width, len(self.results.rows) - before)
        if in_sight := appended.translate(-self.scroll_offset).intersection(self.size.region):
            self.refresh(in_sight)

    def _measure(self) -> None:
        """Follow the number of rows, and move the cursor off a note."""
        before, rows = self.virtual_size.height, self.results.rows
        if before != len(rows):
            self.virtual_size = Size(self.size.width, len(rows))
        if not before or isinstance(self.row, Note):
            self._index = self._landing(0, 1)
            self.post_message(self.Highlighted())
            self.refresh()

    def changed(self, *, from_top: bool = False, keeping: Row | None = None) -> None:
        """Rows were replaced; the cursor goes to the first, or stays: on the row `keeping`, if it is there,
        else on the same number.
        """
        self._strips.clear()
        rows = enumerate(self.results.rows)
        self._index = next((at for at, row in rows if row is keeping), self._index)
        if from_top:
            self._index = self._landing(0, 1)
            self.post_message(self.Highlighted())
        self._measure()
        self._show_cursor()
        self.refresh()

    def go_to(self, index: int) -> None:
        """Move the cursor to a row."""
        self._go(index, 1)

    # --- drawing

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        look, rows = self._dressed(), self.results.rows
        if index >= len(rows):
            return Strip.blank(self._width, look.plain)
        if index == self._index and not isinstance(rows[index], Note):
            return self._drawn(rows[index], look, cursor=True)
        strip = self._strips.get(index)
        if strip is None:
            strip = self._strips[index] = self._drawn(rows[index], look, cursor=False)
        return strip

    def _drawn(self, row: Row, look: ResultLook, *, cursor: bool) -> Strip:
        now, directory = self._now(), self._directory
        return draw_row(row, self._width, look, now, directory, cursor=cursor).simplify()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._look = None

    def _dressed(self) -> ResultLook:
        width = self.scrollable_content_region.width
        if width != self._width:
            self._width = width
            self._strips.clear()
        if self._look is None:
            part = self.get_component_rich_style
            self._look = ResultLook(
                plain=self.rich_style,
                cursor=part("result-list--cursor"),
                dim=part("result-list--dim"),
                title=part("result-list--title"),
                match=part("result-list--match", partial=True),
                error=part("result-list--error"),
                offer=part("result-list--offer"),
            )
            self._strips.clear()
        return self._look

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.results.rows))
        self._show_cursor()

    # --- the cursor

    def _landing(self, index: int, direction: int) -> int:
        """The nearest row that the cursor may be on, first in this direction."""
        rows = self.results.rows
        index = max(0, min(index, len(rows) - 1))
        for step in (direction, -direction):
            at = index
            while 0 <= at < len(rows):
                if not isinstance(rows[at], Note):
                    return at
                at += step
        return index

    def _go(self, index: int, direction: int) -> None:
        before, self._index = self._index, self._landing(index, direction)
        if self._index != before:
            self.post_message(self.Highlighted())
            for changed in (before, self._index):
                self.refresh(Region(0, changed - self.scroll_offset.y, self.size.width, 1))
        self._show_cursor()

    def _show_cursor(self) -> None:
        top, height = self.scroll_offset.y, self.size.height
        if self._index < top:
            # Notes above the first row are to be seen as well.
            self._scroll(0 if self._landing(0, 1) == self._index else self._index)
        elif height and self._index >= top + height:
            self._scroll(self._index - height + 1)

    def _scroll(self, top: int) -> None:
        self.scroll_to(y=max(0, top), animate=False, force=True)

    def action_move(self, step: int) -> None:
        self._go(self._index + step, 1 if step > 0 else -1)

    def action_page(self, pages: float) -> None:
        step = max(1, int(abs(pages) * (self.size.height - 1)))
        step = step if pages > 0 else -step
        self._scroll(self.scroll_offset.y + step)
        self._go(self._index + step, 1 if step > 0 else -1)

    def action_top(self) -> None:
        self._go(0, 1)

    def action_bottom(self) -> None:
        self._go(len(self.results.rows) - 1, -1)

    def action_open(self) -> None:
        if self.row is not None:
            self.post_message(self.Opened(self.row))

    # --- the mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        index = self.scroll_offset.y + event.y
        if event.button == 1 and index < len(self.results.rows):
            self._go(index, 1)

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if event.button == 1 and event.chain == 2 and index < len(self.results.rows):
            self.action_open()
