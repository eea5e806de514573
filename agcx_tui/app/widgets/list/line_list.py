"""A list of lines with a cursor, drawn line by line; what a line is, the subclass says.

Strategy: the cursor is on a line, not at an index.  Until it is first moved, it stays at the top.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from textual.geometry import Region, Size

from agcx_tui.app.textual_bases import SteadyView

__all__ = ["LineList"]

Line = TypeVar("Line")


class LineList(SteadyView, Generic[Line], can_focus=True):
    """Moves a cursor over `lines`; `cursor_moved` notifies the subclass."""

    def __init__(
        self,
        lines: Sequence[Line],
        *,
        is_heading: Callable[[Line], bool] = lambda line: False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._is_heading = is_heading
        self._lines = lines
        self._index = 0
        self._line: Line | None = None
        self._moved = False
        # While a page is shown in its place, its keys do nothing.
        self.at_rest = False

    @property
    def lines(self) -> Sequence[Line]:
        """What is shown, line by line."""
        return self._lines

    @property
    def line(self) -> Line | None:
        """The line under the cursor, or None."""
        return self._line

    @property
    def cursor_region(self) -> Region:
        """Where the line under the cursor is on the screen."""
        inside = self.scrollable_content_region
        return Region(inside.x, inside.y + self._index - self.scroll_offset.y, inside.width, 1)

    @property
    def first_index(self) -> int:
        """Where the cursor is until it is first moved: below the first heading, if there is one."""
        lines = enumerate(self._lines)
        return next((index for index, line in lines if not self._is_heading(line)), 0)

    def go_to_first(self) -> None:
        """Move the cursor to the first line that is no heading."""
        if self._lines:
            self._go(self.first_index)

    def cursor_moved(self) -> None:
        """Called when the cursor is on another line."""

    def cursor_taken(self) -> None:
        """Called before a key or click moves the cursor."""

    def index_of(self, line: Line) -> int | None:
        """Where a line is now; None if it is not there."""
        try:
            return self._lines.index(line)
        except ValueError:
            return None

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Show other lines; the cursor stays on its line, at the same height of the screen."""
        self._lines = lines
        height_above = self._index - self.scroll_offset.y
        if self.virtual_size.height != len(lines):
            self.virtual_size = Size(self.size.width, len(lines))
        self._place(self._find_cursor())
        if self._moved and lines:
            self._scroll(self._index - height_above)
        self._show_cursor()
        self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not self.at_rest

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._lines))
        self._show_cursor()

    def _find_cursor(self) -> int:
        """The index of the cursor's line now; the nearest one if it is gone.

        In place of a line that is gone there is no heading: the next key would be about all lines below it.
        """
        lines, line = self._lines, self._line
        if not self._moved or line is None:
            return self.first_index
        if self._index < len(lines) and lines[self._index] == line:
            return self._index
        found = self.index_of(line)
        if found is not None or self._is_heading(line):
            return self._index if found is None else found
        below, above = (
            range(self._index, len(lines)),
            range(min(self._index, len(lines)) - 1, -1, -1),
        )
        rows = (index for index in (*below, *above) if not self._is_heading(lines[index]))
        return next(rows, self._index)

    def _place(self, index: int) -> None:
        lines, before = self._lines, self._line
        self._index = max(0, min(index, len(lines) - 1))
        self._line = lines[self._index] if lines else None
        if self._line != before:
            self.cursor_moved()

    def _go(self, index: int) -> None:
        before = self._index
        self._moved = True
        self.cursor_taken()
        self._place(index)
        if self._index != before:
            for changed in (before, self._index):
                self.refresh(Region(0, changed - self.scroll_offset.y, self.size.width, 1))
        self._show_cursor()

    def _show_cursor(self) -> None:
        top, height = self.scroll_offset.y, self.size.height
        first = self._index
        if first and height > 1 and self._is_heading(self._lines[first - 1]):
            # A heading is shown with the first of its lines.
            first -= 1
        if first < top:
            self._scroll(first)
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
        self._go(len(self._lines) - 1)
