"""Expands and collapses messages of a transcript: the current one, one that was clicked, or all of a kind."""

from __future__ import annotations

from agcx_tui.app.blocks.look import Fold
from agcx_tui.app.widgets.transcript.pieces import Pieces
from agcx_tui.app.widgets.transcript.view import ConversationView

__all__ = ["Folding"]


class Folding:
    """The folds of one transcript, which are kept with its blocks."""

    def __init__(self, transcript: ConversationView, pieces: Pieces) -> None:
        self._transcript = transcript
        self._pieces = pieces

    def turn_all(self, kind: str) -> None:
        """Open all messages of a kind, or fold them."""
        transcript = self._transcript
        transcript.at_end = False

        def change() -> None:
            transcript.blocks.fold_all(kind)
            transcript.viewport.forget()

        transcript.viewport.changed(change, transcript.current)
        self._leave_folded()
        transcript.settled()

    def turn_current(self) -> None:
        """Open the current message further, or fold it if it is open altogether."""
        transcript = self._transcript
        owner = transcript.blocks.owner(transcript.current)
        fold = transcript.blocks.fold(owner)
        cut = any(
            transcript.viewport.block(each).cut
            for each in (owner, transcript.blocks.partner(owner))
            if each is not None
        )
        self.set(owner, Fold.FULL if fold == Fold.OPEN and cut else Fold(not fold))

    def turn(self, index: int) -> None:
        """Open a message, or fold it."""
        self.set(index, Fold(not self._transcript.blocks.fold(index)))

    def click(self, row: int) -> None:
        """Make the message in a row of the view current; on what is folded or left out, open that."""
        transcript = self._transcript
        if not 0 <= row < len(transcript.viewport.window):
            return
        place = transcript.viewport.window[row]
        if place.block >= transcript.source.known():
            return
        transcript.moving()
        transcript.current = place.block
        block = transcript.viewport.block(place.block)
        text = transcript.viewport.strip(place).text.lstrip()
        if block.cut and text.startswith("… "):
            self.show_all_of(place.block)
        elif transcript.viewport.is_head(place) and transcript.blocks.opens(place.block, text):
            self.turn(place.block)
        else:
            self._pieces.choose_at(place)
            transcript.settled()

    def show_all_of(self, index: int, fold: Fold = Fold.FULL) -> None:
        """Open the call that a message belongs to, no lines left out."""
        self.set(self._transcript.blocks.owner(index), fold)

    def set(self, owner: int, fold: Fold) -> None:
        transcript = self._transcript
        transcript.at_end = False

        def change() -> None:
            transcript.blocks.folds[owner] = fold
            for each in transcript.blocks.touched(owner):
                transcript.viewport.forget(each)

        transcript.viewport.changed(change, owner)
        self._leave_folded()
        transcript.settled()

    def _leave_folded(self) -> None:
        """An output that folded away leaves the cursor to its call, and shows that."""
        transcript = self._transcript
        owner = transcript.blocks.owner(transcript.current)
        if owner != transcript.current and not transcript.viewport.block(transcript.current).parts:
            transcript.current = owner
            if transcript.viewport.head_row(owner) is None:
                transcript.viewport.go(owner)
