"""A conversation, from which only the lines that are in view are ever drawn.

Strategy: three parts that know nothing of each other's work.  `ConversationBlocks` turns message i
into a block of lines, `Viewport` knows which lines are on the screen, `SourceReader` makes more of the
source known in a thread.  This widget joins them: keys and the mouse move the viewport, and the scrollbar
is told where it stands.  Textual's `scroll_y` follows the viewport and never leads it, except when
the wheel or the scrollbar changed it; then the change is taken as a movement (`watch_scroll_y`).
"""

from __future__ import annotations

import re
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from agcx_format.convert.words import text_of
from agcx_format.sources import MessageSource
from agcx_tui.blocks.look import Fold, Look
from agcx_tui.blocks.palette import Palette
from agcx_tui.widgets.conversation_blocks import NOTHING, THOUGHT, TOOL, ConversationBlocks
from agcx_tui.widgets.heights import HeightIndex
from agcx_tui.widgets.selected import COPIED, pack, selected_text
from agcx_tui.widgets.source_reader import SourceReader
from agcx_tui.widgets.strips import overlay
from agcx_tui.widgets.themed_view import ThemedView
from agcx_tui.widgets.transcript_keys import KEYS
from agcx_tui.widgets.viewport import Place, Viewport

__all__ = ["Transcript"]

RAIL = 2
MARGIN = 2
# Lines longer than this are hard to read; the rest of a wide terminal stays empty.
MEASURE = 112
# How many messages beyond those in view a compact transcript reads ahead.
_AHEAD = 40
# How far `{` and `}` look for a turn before they give up, in one go.
_LOOKED = 20_000


class Transcript(ThemedView, can_focus=True):
    """Shows a `MessageSource`.  With `compact`, a preview: no headers, read no further than needed."""

    BINDINGS: ClassVar[list[BindingType]] = KEYS

    ALLOW_SELECT = True

    class Moved(Message):
        """The view or the current message changed."""

        def __init__(self, transcript: Transcript) -> None:
            super().__init__()
            self.transcript = transcript

        @property
        def control(self) -> Transcript:
            return self.transcript

    def __init__(
        self,
        source: MessageSource | None = None,
        *,
        compact: bool = False,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.compact = compact
        self.can_focus = not compact
        self.current = 0
        self.blocks = ConversationBlocks()
        self.viewport = Viewport(self.blocks.draw)
        self._reader = SourceReader(self)
        self._following = False
        self._match: re.Pattern[str] | None = None
        self._match_at: Place | None = None
        self._palette: Palette | None = None
        self._base = Style()
        self._in_step = False
        self.blocks.use(NOTHING if source is None else source)

    # --- for others

    @property
    def source(self) -> MessageSource:
        return self.blocks.source

    def show(self, source: MessageSource | None) -> None:
        """Replace what is shown, from its beginning; None shows nothing.

        The source before may be closed right afterwards.
        """
        source = NOTHING if source is None else source
        self.blocks.use(source)
        self._reader.use(source)
        self._following = False
        self._match = None
        self.current = 0
        self._begin()

    def grew(self) -> None:
        """The source knows more (or is complete): draw what changed, the view stays."""
        known = len(self.viewport.heights) - 1
        if known < 0:
            return
        if self.source.known() + 1 < len(self.viewport.heights):
            return self.show(self.source)

        def change() -> None:
            self.viewport.heights.set(known, next(self.blocks.estimates(known, known + 1)))
            self.viewport.heights.extend(self.blocks.estimates(known + 1, self.blocks.count()))
            # Calls at the end may have found their outputs, and the tail is another block now.
            for index in range(max(0, known - 24), known + 1):
                self.viewport.forget(index)

        self.viewport.changed(change, self.current)
        if self._following:
            self.viewport.end()
        self._settled()

    def go(self, index: int, row: int = 0) -> None:
        """Make a message the current one and put its beginning near the top."""
        self._following = False
        self.current = max(0, min(index, self.source.known() - 1))
        self.viewport.go(self.current, row)
        self._settled()

    def go_to(self, place: Place, row: int = 0) -> None:
        """Show a line, for example of a match."""
        self._following = False
        self.current = place.block
        self.viewport.go_to(place, row)
        self._settled()

    def choose(self, index: int) -> None:
        """Make a message that is in view the current one."""
        self.current = index
        self._following = False
        self._settled()

    def mark_matches(self, pattern: re.Pattern[str] | None, at: Place | None = None) -> None:
        """Mark every match in the lines shown, and the line that was gone to; None for none."""
        self._match, self._match_at = pattern, at
        self.refresh()

    def unfold(self, index: int) -> None:
        """Show all of a message: its call opened, no lines left out."""
        self._set_fold(self.blocks.owner(index), Fold.FULL)

    # --- the life of the widget

    def on_mount(self) -> None:
        super().on_mount()
        self._reader.use(self.source)
        self._begin()

    def _begin(self) -> None:
        self._dress()
        if self.viewport.height:
            self.viewport.reset(HeightIndex(self.blocks.estimates(0, self.blocks.count())))
            self.viewport.settle()
            self._settled()

    def on_resize(self, event: events.Resize) -> None:
        width, height = self._room()
        if not len(self.viewport.heights):
            self.viewport.height = height
            return self._begin()
        if width == self.blocks.look.width and height == self.viewport.height:
            return None

        def change() -> None:
            self.viewport.height = height
            if width != self.blocks.look.width:
                self._dress()

        self.viewport.changed(change, self.current)
        if self._following:
            self.viewport.end()
        return self._settled()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._palette = None

    def _room(self) -> tuple[int, int]:
        """Cells for a block's lines, and rows."""
        size = self.scrollable_content_region.size
        return max(20, min(MEASURE, size.width - RAIL - MARGIN)), size.height

    def _dress(self) -> None:
        """Work out styles and width; everything is drawn anew if they changed."""
        width, _ = self._room()
        palette = self._palette or self.palette()
        self._palette, self._base = palette, self.rich_style
        look = Look(width, palette, self.compact)
        if look != self.blocks.look:
            self.blocks.look = look
            self.viewport.forget()

    def on_source_reader_grew(self, event: SourceReader.Grew) -> None:
        event.stop()
        if event.source is not self.source:
            return
        if event.fetched is not None:
            self.blocks.pending.discard(event.fetched)
            index = event.fetched
            self.viewport.changed(lambda: self.viewport.forget(index), self.current)
        self.grew()

    # --- moving

    def _settled(self) -> None:
        """After any change of the view: the cursor is in it, more is read, the bar is right."""
        window = self.viewport.window
        last = self.source.known() - 1
        if window and not window[0].block <= self.current <= window[-1].block:
            heads = [place.block for place in window if self.viewport.is_head(place)]
            inside = window[0].block if self.current < window[0].block else window[-1].block
            self.current = heads[0] if self.current < window[0].block and heads else inside
        self.current = max(0, min(self.current, last))
        if self.compact:
            self._reader.want((window[-1].block if window else 0) + _AHEAD)
        else:
            self._reader.want()
        for index in self.blocks.pending & {place.block for place in window}:
            self._reader.fetch(index)
        self._tell_scrollbar()
        self.refresh()
        self.post_message(self.Moved(self))

    def _tell_scrollbar(self) -> None:
        """Put Textual's idea of the scroll position right, without its reacting to it."""
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
        self._following = False
        position, wanted = self.viewport.position, round(new_value)
        if abs(wanted - position) <= 2 * self.viewport.height:
            self.viewport.move(wanted - position)
        else:
            self.viewport.seek(wanted)
        self._settled()

    def _move(self, lines: int) -> None:
        self._following = False
        self.viewport.move(lines)
        self._settled()

    def action_scroll_down(self) -> None:
        self._move(1)

    def action_scroll_up(self) -> None:
        self._move(-1)

    def action_half(self, direction: int) -> None:
        self._move(direction * max(1, self.viewport.height // 2))

    def action_page_down(self) -> None:
        self._move(max(1, self.viewport.height - 1))

    def action_page_up(self) -> None:
        self._move(-max(1, self.viewport.height - 1))

    def action_scroll_home(self) -> None:
        self._following = False
        self.current = 0
        self.viewport.go_to(Place(0, 0, 0))
        self._settled()

    def action_scroll_end(self) -> None:
        self._reader.want()
        self._following = not self.source.complete
        self.viewport.end()
        self.current = self.source.known() - 1
        self._settled()

    def action_message(self, direction: int) -> None:
        """To the next or previous message that has lines; the view moves only if it must."""
        index = self.current + direction
        while 0 <= index < self.source.known():
            if self.viewport.block(index).parts:
                return self._show_current(index)
            index += direction
        return None

    def _show_current(self, index: int) -> None:
        rows = sum(place.block == index for place in self.viewport.window)
        block = self.viewport.block(index)
        whole = self.viewport.head_row(index) is not None and rows >= block.height - block.head
        if not whole:
            return self.go(index)
        return self.choose(index)

    def action_turn(self, direction: int) -> None:
        """To the next or previous message of the user."""
        index = self.current + direction
        for _ in range(_LOOKED):
            if not 0 <= index < self.source.known():
                return
            if self.blocks.is_turn(index):
                return self.go(index)
            index += direction

    # --- folding

    def action_fold_tools(self) -> None:
        self._fold_all(TOOL)

    def action_fold_thoughts(self) -> None:
        self._fold_all(THOUGHT)

    def _fold_all(self, kind: str) -> None:
        def change() -> None:
            self.blocks.fold_all(kind)
            self.viewport.forget()

        self.viewport.changed(change, self.current)
        self._settled()

    def action_toggle(self, index: int | None = None) -> None:
        """Open the current message further, and fold it again when it is open altogether."""
        index = self.current if index is None else index
        owner = self.blocks.owner(index)
        fold = self.blocks.fold(owner)
        cut = any(
            self.viewport.block(each).cut
            for each in (owner, self.blocks.partner(owner))
            if each is not None
        )
        following = Fold.FULL if fold == Fold.OPEN and cut else Fold(not fold)
        self._set_fold(owner, following)

    def _set_fold(self, owner: int, fold: Fold) -> None:
        def change() -> None:
            self.blocks.folds[owner] = fold
            for each in self.blocks.touched(owner):
                self.viewport.forget(each)

        self.viewport.changed(change, owner)
        self._settled()

    def on_click(self, event: events.Click) -> None:
        """A click makes a message current; on the line of a fold, or of lines left out, opens it."""
        row = event.get_content_offset_capture(self).y
        if not 0 <= row < len(self.viewport.window):
            return
        place = self.viewport.window[row]
        if place.block >= self.source.known():
            return
        self.current = place.block
        block = self.viewport.block(place.block)
        text = self.viewport.strip(place).text.lstrip()
        if block.cut and text.startswith("… "):
            self._set_fold(self.blocks.owner(place.block), Fold.FULL)
        elif self.viewport.is_head(place) and text[:1] in "▸▾" and text:
            self._set_fold(place.block, Fold(not self.blocks.fold(place.block)))
        else:
            self._settled()

    # --- copying

    def action_copy(self) -> None:
        """Copy the selected text, or else the current message."""
        text = self.screen.get_selected_text()
        if not text:
            message = self.blocks.message(self.current)
            text = text_of(message.item) if message is not None else ""
        if not text:
            self.notify("Nothing to copy here.", severity="warning", markup=False)
        elif len(text) > COPIED:
            words = f"{len(text):,} characters are too many for the clipboard; export it instead."
            self.notify(words, severity="warning", markup=False)
        else:
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied {len(text):,} characters.", markup=False)

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
        spans: list[tuple[int, int, Style]] = []
        if self._match is not None:
            here = "match-at" if place == self._match_at else "match"
            style = self.get_component_rich_style(f"transcript--{here}")
            spans += [(*match.span(), style) for match in self._match.finditer(strip.text)]
        strip = overlay(strip, spans) if spans else strip
        content = strip.apply_style(base)
        drawn = Strip([self._rail(place), *content], content.cell_length + RAIL)
        number = pack(place)
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(number)) is not None:
            first, last = span
            chosen = self.screen.get_component_rich_style("screen--selection")
            stop = len(drawn.text) if last < 0 else last
            drawn = overlay(drawn, [(max(RAIL, first), stop, chosen)])
        return drawn.adjust_cell_length(width, base).apply_offsets(0, number)

    def _rail(self, place: Place) -> Segment:
        block = self.viewport.block(place.block)
        gap = place.part == 0 and place.line < block.head
        mark, name = " ", "rail"
        if not gap and place.block < self.source.known():
            if place.block == self.current and self.has_focus:
                mark, name = "▌", "current"
            elif block.turn:
                mark = "│"
        style = self.get_component_rich_style(f"transcript--{name}") if mark != " " else self._base
        return Segment(mark.ljust(RAIL), self._base + style)
