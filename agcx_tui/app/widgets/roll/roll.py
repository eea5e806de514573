"""A scrollable view of blocks; only the lines in view are ever drawn.

Strategy: `Viewport` knows which lines are on the screen; this widget gives it a size, moves it with
keys, wheel, and scrollbar, and draws its lines with a rail at the left, under matches and the selection.
Textual's `scroll_y` follows the viewport and never leads it, except when the wheel or the scrollbar
changed it; then the change is taken as a movement (`watch_scroll_y`).  The blocks come from a
`RollContent`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.color import Color
from textual.geometry import Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from agcx_tui.app.blocks.block import Block
from agcx_tui.app.blocks.heights import HeightIndex
from agcx_tui.app.blocks.look import Look
from agcx_tui.app.blocks.palette import Palette
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.textual_bases import SteadyView
from agcx_tui.app.themes import readable_on
from agcx_tui.app.widgets.copying import copy
from agcx_tui.app.widgets.roll.code_reader import CodeReader
from agcx_tui.app.widgets.roll.role_styles import palette, role_style
from agcx_tui.app.widgets.roll.selected import pack, selected_text
from agcx_tui.app.widgets.roll.strips import overlay
from agcx_tui.app.widgets.roll.viewport import Place, Viewport
from agcx_tui.core.words.format import counted

if TYPE_CHECKING:
    from agcx_tui.app.widgets.roll.line_matches import LineMatch, LineMatches

__all__ = ["RAIL", "Roll", "RollContent"]

RAIL = 2
MARGIN = 2
# Lines longer than this are hard to read; the rest of a wide terminal stays empty.
MEASURE = 112


class RollContent(Protocol):
    """What a roll shows: blocks 0 … n, drawn as `look` says, which the roll sets."""

    look: Look

    def draw(self, index: int) -> Block:
        """Draw block `index`."""
        ...

    def estimated_heights(self) -> Iterator[int]:
        """The height of every block in lines, at a guess."""
        ...


class Roll(SteadyView, can_focus=True):
    """Shows `content`; keys act on the block `current`."""

    BINDINGS = bindings("roll")
    ALLOW_SELECT = True
    DEFAULT_CSS = """
    Roll {
        background: $background;
        color: $foreground;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        scrollbar-color: $foreground 20%;
    }
    """

    @dataclass
    class Moved(Message):
        """The view or the current block changed."""

        roll: Roll

        @property
        def control(self) -> Roll:
            return self.roll

        def can_replace(self, message: Message) -> bool:
            """Only the last movement of a roll counts."""
            return isinstance(message, Roll.Moved) and message.roll is self.roll

    def __init__(
        self,
        content: RollContent,
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.current = 0
        self.look = content.look
        self.viewport = Viewport(content.draw)
        self.matches: LineMatches | None = None
        self._content = content
        self._code = CodeReader(self)
        self._match_at: LineMatch | None = None
        self._palette: Palette | None = None
        self._base = Style()
        self._in_step = False

    # --- for subclasses

    def moving(self) -> None:
        """The reader moves the view: everything else that was going to move it stops."""

    def rail(self, place: Place, block: Block) -> str:
        """The kind of rail left of a line: `current`, `rail`, or empty."""
        return "current" if place.block == self.current and self.has_focus else ""

    def copied(self) -> str:
        """What is copied if nothing is selected."""
        return ""

    # --- for others

    def mark_matches(self, matches: LineMatches | None, at: LineMatch | None = None) -> None:
        """Mark every match in the lines shown, and `at`, the current one; None marks none."""
        self.matches, self._match_at = matches, at
        self.refresh()

    @property
    def is_at_match(self) -> bool:
        """Whether the current block is the one with the current match."""
        return self._match_at is not None and self._match_at.place.block == self.current

    def go_to(self, place: Place, row: int = 0) -> None:
        """Show a line, for example of a match."""
        self.moving()
        self.current = place.block
        self.viewport.go_to(place, row)
        self.settled()

    def settled(self, *, same_lines: bool = False) -> None:
        """Follow any change of the view: update the scrollbar, and draw unless the lines are the same."""
        self._tell_scrollbar()
        if not same_lines:
            self.refresh()
        self._code.look()
        self.post_message(self.Moved(self))

    @on(CodeReader.Known)
    def _code_known(self) -> None:
        """Code that was drawn plain gets its colors."""
        self._code.done()
        self.viewport.redraw()
        self.refresh()
        # Now, not when it is drawn: what was dropped meanwhile is wanted again.
        self.viewport.settle()
        self._code.look()

    # --- the life of the widget

    def begin(self) -> None:
        """Show the blocks from the first."""
        if not self.is_attached:
            return
        self._dress()
        if self.viewport.height:
            self.viewport.reset(HeightIndex(self._content.estimated_heights()))
            self.viewport.settle()
            self.settled()

    def on_resize(self, event: events.Resize) -> None:
        width, height = self._room()
        if not len(self.viewport.heights):
            self.viewport.height = height
            return self.begin()
        if width == self.look.width and height == self.viewport.height:
            return None

        def change() -> None:
            self.viewport.height = height
            if width != self.look.width:
                self._dress()

        self.viewport.changed(change, self.current)
        return self.settled()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = None

    def _room(self) -> tuple[int, int]:
        """Cells for a block's lines, and rows."""
        size = self.scrollable_content_region.size
        return max(20, min(MEASURE, size.width - RAIL - MARGIN)), size.height

    def _dress(self) -> None:
        """Compute styles and width; everything is drawn again if they changed."""
        width, _ = self._room()
        self._palette, self._base = self._palette or palette(), self.rich_style
        if self.matches is not None:
            self.matches.width = width
        look = Look(width, self._palette, self.look.compact)
        if look != self.look:
            self.look = self._content.look = look
            self.viewport.forget()

    # --- moving

    def _tell_scrollbar(self) -> None:
        """Update Textual's scroll position without triggering its reactions."""
        total, position = self.viewport.heights.total, self.viewport.position
        self._in_step = True
        try:
            size = Size(self.size.width, total)
            if size != self.virtual_size:
                self.set_reactive(Widget.virtual_size, size)
                self.vertical_scrollbar.window_virtual_size = total
                self.vertical_scrollbar.window_size = self.viewport.height
            self.set_reactive(Widget.scroll_y, float(position))
            self.set_reactive(Widget.scroll_target_y, float(position))
            self.vertical_scrollbar.position = position
        finally:
            self._in_step = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The wheel or the scrollbar moved: near, line by line; far, by the estimates."""
        if self._in_step or not self.viewport.height or not len(self.viewport.heights):
            return
        self.moving()
        position, wanted = self.viewport.position, round(new_value)
        if abs(wanted - position) <= 2 * self.viewport.height:
            self.viewport.move(wanted - position)
        else:
            self.viewport.seek(wanted)
        self.settled()

    def move(self, lines: int) -> None:
        """Scroll by lines, down when positive."""
        self.moving()
        self.viewport.move(lines)
        self.settled()

    def action_scroll_down(self) -> None:
        self._move_line(1)

    def action_scroll_up(self) -> None:
        self._move_line(-1)

    def _move_line(self, direction: int) -> None:
        before = self.viewport.top
        self.move(direction)
        if self.viewport.top == before:
            self.action_message(direction)

    def action_message(self, direction: int) -> None:
        """To the next or previous block: where no line is left to scroll to, a line moves what is current."""

    def action_half(self, direction: int) -> None:
        self.move(direction * max(1, self.viewport.height // 2))

    def action_page_down(self) -> None:
        self.move(max(1, self.viewport.height - 1))

    def action_page_up(self) -> None:
        self.move(-max(1, self.viewport.height - 1))

    def action_scroll_home(self) -> None:
        self.moving()
        self.current = 0
        self.viewport.go_to(Place(0, 0, 0))
        self.settled()

    # --- copying

    def action_copy(self) -> None:
        """Copy the selected text, or the current block if nothing is selected."""
        text = self.screen.get_selected_text() or self.copied()
        if text:
            copy(self.app, text, counted(len(text), "character"))
        else:
            self.notify("Nothing to copy here.", severity="warning", markup=False)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selected_text(self.viewport, selection, RAIL), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()

    # --- drawing

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._palette is None:
            self._dress()
            self.viewport.settle()
        base = self._base
        window = self.viewport.window
        if y >= len(window):
            return Strip.blank(width, base)
        place = window[y]
        strip = self.viewport.strip(place)
        if self.matches is not None:
            strip = self._with_matches(self.matches, place, strip)
        content = strip.apply_style(base)
        drawn = Strip([self._rail_segment(place), *content], content.cell_length + RAIL)
        number = pack(place)
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(number)) is not None:
            first, last = span
            stop = len(drawn.text) if last < 0 else last
            drawn = overlay(drawn, [(max(RAIL, first), stop, self._selected())])
        return drawn.adjust_cell_length(width, base).apply_offsets(0, number)

    def _selected(self) -> Style:
        """The style of selected text: readable with any text color."""
        style = self.screen.get_component_rich_style("screen--selection")
        if style.bgcolor is None or style.bgcolor.is_system_defined:
            return Style(color="black", bgcolor=style.bgcolor or "bright_cyan", dim=False)
        color = readable_on(Color.from_rich_color(style.bgcolor))
        return Style(color=color.rich_color, bgcolor=style.bgcolor, dim=False)

    @property
    def dragged(self) -> bool:
        """Whether the current click ends a drag that selected text."""
        return bool(self.screen.selections)

    def _with_matches(self, matches: LineMatches, place: Place, strip: Strip) -> Strip:
        marks = matches.marks(self.viewport, place)
        if not marks:
            return strip
        at = self._match_at
        current = None if at is None else (at.place.block, at.place.part, at.number)
        spans = []
        for mark in marks:
            here = (place.block, mark.part, mark.number) == current
            style = role_style("match_at" if here else "match")
            spans.append((mark.start, mark.end, style))
        return overlay(strip, spans)

    def _rail_segment(self, place: Place) -> Segment:
        block = self.viewport.block(place.block)
        gap = place.part == 0 and place.line < block.head
        name = "" if gap else self.rail(place, block)
        if not name:
            return Segment(" " * RAIL, self._base)
        style = self._base + role_style(name)
        return Segment(("▌" if name == "current" else "│").ljust(RAIL), style)
