"""Which lines of a roll of blocks are in view; the roll is never laid out as a whole.

Strategy: the truth is a place, not a number: the block, the part and the line at the top of the
screen.  Everything shown is found by walking from there over blocks that are drawn as they
are reached, so what is on the screen is what a layout of everything would show, whatever the heights
of the blocks out of sight were thought to be.  The estimates decide two things only, where the
scrollbar stands and where a jump with it lands.

Nothing here knows Textual's widgets, a source, or a message: `draw` turns a number into a `Block`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, takewhile
from typing import NamedTuple

from textual.strip import Strip

from agcx_tui.app.blocks.block import Block
from agcx_tui.app.blocks.heights import HeightIndex
from agcx_tui.core.local.recent import Recent

__all__ = ["Place", "Viewport"]

# Drawn blocks that are kept; a screen shows a few dozen at most.
_KEPT = 256


class Place(NamedTuple):
    """The place of a line: block, part, and line in it.  Compares in reading order."""

    block: int
    part: int
    line: int


START = Place(0, 0, 0)


class Viewport:
    """A window of `height` lines onto blocks 0 … `len(heights)` - 1."""

    def __init__(self, draw: Callable[[int], Block]) -> None:
        self._draw = draw
        self._blocks: Recent[int, Block] = Recent(_KEPT)
        self.heights = HeightIndex()
        # The block after or before one, of those that may have lines.
        self.following: Callable[[int, int], int] = lambda index, direction: index + direction
        self.height = 0
        self.top = START
        # Lines before this block do not fill a window that goes beyond the end; one can still scroll to them.
        self.floor = 0
        self.window: list[Place] = []

    # --- blocks and lines

    def reset(self, estimates: HeightIndex) -> None:
        """Show other blocks, from the first."""
        self._blocks.clear()
        self.heights = estimates
        self.top = START
        self.floor = 0
        self.window = []

    def block(self, index: int) -> Block:
        """A block, drawn now if it is not kept; its height is more exact afterwards."""
        block = self._blocks.get(index)
        if block is None:
            block = self._blocks[index] = self._draw(index)
            self.heights.set(index, block.height)
        return block

    def lines(self, index: int, part: int) -> list[Strip]:
        """The lines of a part of a block."""
        block = self.block(index)
        strips = block.lines(part)
        self.heights.set(index, block.height)
        return strips

    def strip(self, place: Place) -> Strip:
        return self.lines(place.block, place.part)[place.line]

    def forget(self, index: int | None = None) -> None:
        """Drop a block, or all, to be drawn again when it is next in view."""
        if index is None:
            self._blocks.clear()
        else:
            self._blocks.discard(index)

    def cut(self, count: int) -> None:
        """Keep the first `count` blocks; the view stays as far as they reach."""
        self.heights.cut(count)
        self.window = [place for place in self.window if place.block < count]
        self.top = min(self.top, Place(count, 0, 0))

    def redraw(self) -> None:
        """Draw all lines again when they are next in view: they look different, heights stay."""
        for block in self._blocks:
            block.undraw()

    @property
    def position(self) -> int:
        """The line number of the top of the window, as far as heights are known."""
        if self.top.block >= len(self.heights):
            return 0
        block = self.block(self.top.block)
        within = block.heights.top(self.top.part) + self.top.line if block.parts else 0
        return self.heights.top(self.top.block) + within

    @property
    def is_at_end(self) -> bool:
        """Whether there is no line below the window."""
        return not self.window or not any(islice(self.down(self.window[-1]), 1, 2))

    def head_row(self, index: int) -> int | None:
        """The row of the window in which a block begins; None when it begins elsewhere."""
        for row, place in enumerate(self.window):
            if place.block == index and self.is_head(place):
                return row
        return None

    def is_head(self, place: Place) -> bool:
        return place.part == 0 and place.line == self.block(place.block).head

    # --- walking

    def down(self, place: Place) -> Iterator[Place]:
        """This place and those below it."""
        index, part, line = place
        while index < len(self.heights):
            block = self.block(index)
            while part < len(block.parts):
                count = len(self.lines(index, part))
                while line < count:
                    yield Place(index, part, line)
                    line += 1
                part, line = part + 1, 0
            index, part = self.following(index, 1), 0

    def within(self, index: int) -> Iterator[Place]:
        """The places of one block."""
        for part in range(len(self.block(index).parts)):
            for line in range(len(self.lines(index, part))):
                yield Place(index, part, line)

    def up(self, place: Place) -> Iterator[Place]:
        """The places above this one, nearest first."""
        index, part, line = place
        while True:
            while part >= 0:
                while line > 0:
                    line -= 1
                    yield Place(index, part, line)
                part -= 1
                if part >= 0:
                    line = len(self.lines(index, part))
            index = self.following(index, -1)
            if index < 0:
                return
            part = len(self.block(index).parts) - 1
            line = len(self.lines(index, part)) if part >= 0 else 0

    # --- moving

    def settle(self) -> None:
        """Make `top` a place that exists and the window full, as far as there are lines."""
        self.top = self._nearest(self.top)
        self.window = list(islice(self.down(self.top), self.height))
        if len(self.window) < self.height:
            lines = self.up(self.top)
            if self.window and 0 < self.floor < len(self.heights):
                least = Place(self.floor, 0, self.block(self.floor).head)
                lines = takewhile(least.__le__, lines)
            above = list(islice(lines, self.height - len(self.window)))
            self.window = above[::-1] + self.window
        if self.window:
            self.top = self.window[0]

    def move(self, lines: int) -> None:
        """Scroll by lines, down when positive."""
        walk = self.down(self.top) if lines > 0 else self.up(self.top)
        for place in islice(walk, lines + 1 if lines > 0 else -lines):
            self.top = place
        self.settle()

    def seek(self, line: int) -> None:
        """Go to about a line number: exact where the heights above are."""
        total = self.heights.total
        if total:
            index, within = self.heights.find(max(0, min(line, total - 1)))
            estimate = self.heights[index]
            self.top = self._within(index, within, estimate)
        self.settle()

    def go(self, index: int, row: int = 0) -> None:
        """Put the beginning of a block `row` lines below the top of the window."""
        self.go_to(Place(index, 0, self.block(index).head), row)

    def go_to(self, place: Place, row: int = 0) -> None:
        """Put a line `row` lines below the top of the window."""
        self.top = place
        for above in islice(self.up(place), row):
            self.top = above
        self.settle()

    def end(self) -> None:
        """Show the last lines; measured backwards, so that the heights before them do not matter."""
        self.top = Place(len(self.heights), 0, 0)
        self.settle()

    # --- staying

    def changed(self, change: Callable[[], None], prefer: int | None = None) -> None:
        """Call `change`, which changes how blocks are drawn, and keep the view where it is.

        The beginning of one block in the window stays in its row: of `prefer` if it begins there,
        else of the first that still has lines.  If none begins in the window, the top of
        the window stays at about the same part of its block.
        """
        heads = [(place.block, row) for row, place in enumerate(self.window) if self.is_head(place)]
        heads.sort(key=lambda head: head[0] != prefer)
        index = self.top.block
        within = self.position - self.heights.top(index) if self.window else 0
        before = self.heights[index] if index < len(self.heights) else 0
        change()
        for head, row in heads:
            if head < len(self.heights) and self.block(head).parts:
                return self.go(head, row)
        if index < len(self.heights):
            self.top = self._within(index, within, before)
        return self.settle()

    def _within(self, index: int, line: int, estimate: int) -> Place:
        """The place in a block that was thought to have `estimate` lines."""
        block = self.block(index)
        if not block.height:
            return Place(index, 0, 0)
        if block.height != estimate:
            line = line * block.height // max(1, estimate)
        part, rest = block.heights.find(min(line, block.height - 1))
        thought = block.heights[part]
        count = len(self.lines(index, part))
        if count != thought:
            rest = rest * count // max(1, thought)
        return Place(index, part, min(rest, max(0, count - 1)))

    def _nearest(self, place: Place) -> Place:
        """The place itself, or one beside it when its block has become shorter."""
        index, part, line = place
        if index >= len(self.heights):
            return Place(len(self.heights), 0, 0)
        parts = len(self.block(index).parts)
        if part < parts and line < len(self.lines(index, part)):
            return place
        if part < parts or (parts and part >= parts):
            part = min(part, parts - 1)
            return Place(index, part, max(0, len(self.lines(index, part)) - 1))
        return Place(index, 0, 0)
