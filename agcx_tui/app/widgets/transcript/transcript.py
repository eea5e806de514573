"""A conversation; only the lines in view are ever drawn.

Strategy: `ConversationBlocks` turns message i into a block of lines, `ConversationView` shows the lines that
are in view, `SourceReader` reads more of the source in a thread, `MessageFinder` finds a message in it.
This widget joins them.  A place that is not known yet (the end of a file of a gigabyte, message 90,000)
becomes a goal: the view stays, the source is read on, and once the place is known the view goes there,
unless the reader moved on or gave it up meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual import events, on
from textual.actions import SkipAction
from textual.message import Message

from agcx_format import MessageSource
from agcx_tui.app.blocks.block import Block
from agcx_tui.app.blocks.look import Fold
from agcx_tui.app.blocks.message import is_turn
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.roll.viewport import Place
from agcx_tui.app.widgets.transcript.blocks import NOTHING
from agcx_tui.app.widgets.transcript.branch_reader import BranchReader
from agcx_tui.app.widgets.transcript.folding import Folding
from agcx_tui.app.widgets.transcript.message_finder import MessageFinder, Wanted
from agcx_tui.app.widgets.transcript.pieces import Pieces
from agcx_tui.app.widgets.transcript.showing import Showing
from agcx_tui.app.widgets.transcript.source_reader import ALL, SourceReader
from agcx_tui.app.widgets.transcript.view import ConversationView

__all__ = ["Transcript"]

# How many messages beyond those in view a compact transcript reads ahead.
_AHEAD = 40
# How many of the last known messages are drawn again when more is known: calls whose outputs may have come.
_LOOKED_AT_AGAIN = 24


class Transcript(ConversationView, can_focus=True):
    """Shows a `MessageSource`.  With `compact`, a preview: no headers, read no further than needed."""

    BINDINGS = bindings("transcript")

    @dataclass
    class Fetched(Message):
        """The text of message `index` was not in memory; it is now."""

        index: int

    @dataclass
    class PictureWanted(Message):
        """The picture with this address is to be shown."""

        url: str

    def __init__(
        self,
        source: MessageSource | None = None,
        *,
        compact: bool = False,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(source, compact=compact, name=name, id=id, classes=classes)
        self._reader = SourceReader(self)
        self._finder = MessageFinder(self)
        self._branch_reader = BranchReader(self)
        self.pieces = Pieces(self)
        self.folding = Folding(self, self.pieces)
        self.showing = Showing(self)
        self._goal: int | None = None
        self._goal_row = 0

    # --- for others

    def show(self, source: MessageSource | None) -> None:
        """Replace what is shown, from its beginning; None shows nothing.

        The source before may be closed right afterwards.  What was requested while there was
        none is requested from this one.
        """
        was_nothing = self.source is NOTHING
        goal = self._goal if was_nothing else None
        source = NOTHING if source is None else source
        self.moving()
        self._goal = goal
        self.blocks.use(source)
        self.showing.forget(but_wanted=was_nothing)
        self._reader.use(source)
        self._branch_reader.stop()
        self.matches = None
        self.current = 0
        self.begin()
        self.showing.grew()

    def grew(self, *, is_newer: bool = False, at_end: bool = False) -> None:
        """The source knows more (or is complete): draw what changed, the view stays.

        With `is_newer` it is another version of its file; `at_end`, the view goes along.
        """
        known = len(self.viewport.heights) - 1
        if known < 0:
            return
        if self.source.known() < known and not is_newer:
            return self.show(self.source)
        known = min(known, self.source.known())
        if is_newer:
            self.viewport.cut(known + 1)
            self.at_end = at_end
            self.blocks.renew()
            self._branch_reader.stop()

        def change() -> None:
            self.viewport.heights.set(known, next(self.blocks.estimates(known, known + 1)))
            self.viewport.heights.extend(self.blocks.estimates(known + 1, self.blocks.count()))
            if is_newer:
                return self.viewport.forget()
            # The tail is another block now.
            for index in range(max(0, known - _LOOKED_AT_AGAIN), known + 1):
                self.viewport.forget(index)

        seen = self.viewport.window
        self.change(change)
        if self._goal is None or not self._arrive():
            # To draw them takes the interpreter from what reads on.
            ends_before = bool(seen) and seen[-1].block < known - _LOOKED_AT_AGAIN
            self.settled(same_lines=ends_before and not is_newer and seen == self.viewport.window)
        self.showing.grew()

    def go(self, index: int, row: int = 0) -> None:
        """Make a known message the current one and put its beginning near the top, whatever is shown."""
        self.reveal(index)
        super().go(index, row)

    def seek(self, index: int, row: int = 0) -> None:
        """Go to a message, or to the last one if there are fewer, as soon as it is known."""
        self.moving()
        self._goal, self._goal_row = index, row
        self._reader.want(index + 1 if index < ALL else ALL)
        if not self._arrive():
            self.settled()

    @property
    def busy(self) -> str:
        """What is still being done before the view goes where it was asked to; or nothing."""
        if self._goal is not None:
            return "to the end" if self._goal >= ALL else f"to message {self._goal + 1:,}"
        if self.showing.busy:
            return "looking for the messages to show"
        return f"looking for the {self._finder.wanted}" if self._finder.wanted else ""

    def give_up(self) -> bool:
        """Stay where the view is; false when nothing was under way."""
        busy = bool(self.busy) or self.pieces.clear()
        self.moving()
        self.showing.stop()
        if busy:
            self.settled()
        return busy

    def unfold(self, index: int, fold: Fold = Fold.FULL) -> None:
        """Show all of a message: its call opened, no lines left out."""
        self.folding.show_all_of(index, fold)

    def reveal(self, index: int) -> None:
        """Show a message that is left out, or is on a way that is not chosen."""
        if self.blocks.leaves_out(index):
            self.showing.show_all()
        if self.blocks.reveal(index):
            self.change(self.viewport.forget)

    # --- as a roll

    def moving(self) -> None:
        super().moving()
        self._goal = None
        self._finder.stop()

    def rail(self, place: Place, block: Block) -> str:
        if place.block >= self.source.known():
            return ""
        rail = super().rail(place, block)
        if rail == "current" and self.pieces.holds(place) is False:
            rail = ""
        return rail or ("rail" if block.turn else "")

    def copied(self) -> str:
        return self.pieces.text or self.blocks.copied(self.current)

    def on_mount(self) -> None:
        self._reader.use(self.source)
        self.begin()

    def begin(self) -> None:
        super().begin()
        # What was requested before there was room to show it.
        self._arrive()

    def settled(self, *, same_lines: bool = False) -> None:
        """The current message is in view, and what is missing there is read."""
        super().settled(same_lines=same_lines)
        window = self.viewport.window
        if self.look.compact:
            self._reader.want((window[-1].block if window else 0) + _AHEAD)
        else:
            self._reader.want()
        for index in self.blocks.pending & {place.block for place in window}:
            self._reader.fetch(index)
        if self.blocks.misses_branches and self.source.complete:
            self._branch_reader.read(self.source)

    @on(SourceReader.Grew)
    def _source_grew(self, event: SourceReader.Grew) -> None:
        if event.source is not self.source:
            return
        if event.fetched is not None:
            self.blocks.pending.discard(event.fetched)
            index = event.fetched
            self.change(lambda: self.viewport.forget(index))
            self.refresh()
            self.post_message(self.Fetched(index))
        self.grew()

    @on(BranchReader.Known)
    def _branches_known(self, message: BranchReader.Known) -> None:
        if message.source is self.source:
            self.blocks.use_branches(message.branches)
            self.blocks.reveal(self.current)
            self.redraw()

    # --- moving

    def _arrive(self) -> bool:
        """Go to the goal if it is known, or never will be; false otherwise."""
        goal, source = self._goal, self.source
        if goal is None or source is NOTHING or not len(self.viewport.heights):
            return False
        if goal < source.known():
            self.go(goal, self._goal_row)
        elif source.complete:
            self.moving()
            self.at_end = True
            self.show_end()
            self.settled()
        else:
            return False
        return True

    def action_scroll_end(self) -> None:
        self.seek(ALL)

    def action_message(self, direction: int) -> None:
        """To the next or previous message that has lines; the view moves only if it must."""
        index = self.blocks.following(self.current, direction)
        while 0 <= index < self.source.known():
            if self.viewport.block(index).parts:
                return self._show_current(index)
            index = self.blocks.following(index, direction)
        return None

    def _show_current(self, index: int) -> None:
        rows = sum(place.block == index for place in self.viewport.window)
        block = self.viewport.block(index)
        whole = self.viewport.head_row(index) is not None and rows >= block.height - block.head
        if whole:
            self.choose(index)
        else:
            # Without `reveal`: a message on a way that is not chosen stays the line that it is.
            super().go(index)

    def action_turn(self, direction: int) -> None:
        """To the next or previous message of the user: a near one at once, else by a thread."""
        found, index = self.blocks.near_turn(self.current + direction, direction)
        if found:
            self.go(index)
        elif index >= 0 and (index < self.source.known() or not self.source.complete):
            name = f"{'next' if direction > 0 else 'previous'} turn"
            self.look_for(Wanted(name, index, direction, is_turn, self.blocks.is_hidden))

    def action_parent(self) -> None:
        """To the message that the current one branches from."""
        message = self.blocks.message(self.current)
        parent = message.metadata.parent_message_id if message is not None else None
        if parent is None:
            self.notify("This message does not branch from another.", markup=False)
            return
        name = "message it branches from"
        self.look_for(Wanted(name, 0, 1, lambda each: each.metadata.message_id == parent))

    def action_way(self, direction: int) -> None:
        """At a branch point, show another way on, and of the others a line."""
        turned = self.blocks.turn(self.current, direction)
        if turned is None:
            self.notify("The conversation does not branch here.", markup=False)
            return
        self.current, words = turned
        self.notify(words, markup=False)
        self.change(self.viewport.forget)
        self._show_current(self.current)

    def look_for(self, wanted: Wanted) -> None:
        """Look for a message in a thread, and go there."""
        self.moving()
        self._finder.start(wanted, self.source)
        self.settled()

    @on(MessageFinder.Found)
    def _found(self, message: MessageFinder.Found) -> None:
        if not self._finder.is_current(message):
            return
        wanted = self._finder.wanted
        self.moving()
        if message.index is not None:
            self.seek(message.index)
            return
        self.settled()
        self.notify(f"There is no {wanted} here.", markup=False)

    # --- folding

    def action_piece(self, direction: int) -> None:
        """Choose the next code, command, output, or picture of the message; after the last, the next tab."""
        if not self.pieces.step(direction):
            raise SkipAction

    def action_show_only(self) -> None:
        """Show all messages, only what was said, or only what failed: the next of these."""
        self.showing.turn()

    @on(Showing.Known)
    def _outline_known(self, message: Showing.Known) -> None:
        self.showing.known(message)

    def action_fold(self, kind: str) -> None:
        """Open or fold all messages of a kind."""
        self.folding.turn_all(kind)

    def action_unfold(self) -> None:
        """Open the current message further, or fold it; show the picture, or the branch, of a line."""
        if picture := self.pieces.picture:
            self.post_message(self.PictureWanted(picture))
        elif self.blocks.is_hidden(self.current):
            self.action_way(1)
        else:
            self.folding.turn_current()

    def on_click(self, event: events.Click) -> None:
        """A click makes a message current; on what is folded or left out, it opens that."""
        if not self.dragged:
            self.folding.click(event.get_content_offset_capture(self).y)
