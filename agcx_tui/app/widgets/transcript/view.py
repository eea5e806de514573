"""The messages of a conversation as blocks of lines, one of which is the current one.

Strategy: this is what the parts of a transcript (its folds, its choice of messages, the chosen piece) work
on; `Transcript` joins them.
"""

from __future__ import annotations

from collections.abc import Callable

from agcx_format import MessageSource
from agcx_tui.app.widgets.roll.roll import Roll
from agcx_tui.app.widgets.transcript.blocks import NOTHING, ConversationBlocks

__all__ = ["ConversationView"]


class ConversationView(Roll, can_focus=True):
    """Shows a `MessageSource`.  With `compact`, a preview: no headers, read no further than needed."""

    def __init__(
        self,
        source: MessageSource | None = None,
        *,
        compact: bool = False,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        self.blocks = ConversationBlocks(NOTHING if source is None else source, compact=compact)
        super().__init__(self.blocks, name=name, id=id, classes=classes)
        self.can_focus = not compact
        self.viewport.following = self.blocks.following
        # The view went to the end, and has not been moved since.
        self.at_end = False

    @property
    def source(self) -> MessageSource:
        return self.blocks.source

    def moving(self) -> None:
        self.at_end = False

    def choose(self, index: int) -> None:
        """Make a message that is in view the current one."""
        self.moving()
        self.current = index
        self.settled()

    def go(self, index: int, row: int = 0) -> None:
        """Make a known message the current one and put its beginning near the top."""
        self.moving()
        self.current = self.shown_in(max(0, min(index, self.source.known() - 1)))
        self.viewport.go(self.current, row)
        self.settled()

    def shown_in(self, index: int) -> int:
        """The message whose lines show a known message: its own, or its call's while that is folded."""
        owner = self.blocks.owner(index)
        return index if owner == index or self.viewport.block(index).parts else owner

    def redraw(self) -> None:
        """Draw all that is in view again; the view stays."""
        self.change(self.viewport.forget)
        self.settled()

    def change(self, change: Callable[[], None]) -> None:
        """Do something that changes how blocks are drawn; the view stays, at the end above all.

        There, a message may be taller than the note in its place.
        """
        self.viewport.changed(change, self.current)
        if self.at_end:
            self.show_end()

    def show_end(self) -> None:
        """Show the last lines of the last known message, which becomes the current one."""
        self.viewport.end()
        self.current = self.source.known() - 1

    def settled(self, *, same_lines: bool = False) -> None:
        """The current message is in view."""
        before = self.current
        self._keep_current_in_view()
        super().settled(same_lines=same_lines and self.current == before)

    def _keep_current_in_view(self) -> None:
        window, last = self.viewport.window, self.source.known() - 1
        if window and not window[0].block <= self.current <= window[-1].block:
            heads = [place.block for place in window if self.viewport.is_head(place)]
            inside = window[0].block if self.current < window[0].block else window[-1].block
            self.current = heads[0] if self.current < window[0].block and heads else inside
        if self.current >= last:
            # Below the last message there may be a note, so that nothing above has put it in view.
            self.current = self.shown_in(last) if last >= 0 else 0
        if self.blocks.leaves_out(self.current):
            self.current = max(0, self.blocks.following(self.current, -1))
