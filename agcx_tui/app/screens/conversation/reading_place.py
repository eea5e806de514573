"""Where the reader is in a conversation: in words, and remembered until it is opened again."""

from __future__ import annotations

from agcx_tui.app.widgets.roll.viewport import Place
from agcx_tui.app.widgets.transcript.transcript import Transcript
from agcx_tui.core.conversation.subject import Conversation, Offer
from agcx_tui.core.local.reading_positions import Position, ReadingPositions
from agcx_tui.core.words.format import counted

__all__ = ["ReadingPlace"]


class ReadingPlace:
    """The place in one transcript; with `positions` None, nothing is remembered."""

    def __init__(self, transcript: Transcript, positions: ReadingPositions | None) -> None:
        self._transcript = transcript
        self._positions = positions
        # The message to be at once it is open; None for where the reader was the last time.
        self.wanted: int | None = None
        # The message that was returned to, and the line at the top of the view once it was there.
        self._restored: tuple[int, Place | None] | None = None
        # The first message that came while the reader was further up; None if the end was seen since.
        self._new_from: int | None = None

    def load(self, conversation: Conversation) -> Position | None:
        """Where the reader was the last time.  May block."""
        if self._positions is None:
            return None
        return self._positions.load(conversation.metadata.id, conversation.path)

    def save(self, conversation: Conversation, position: Position | None) -> None:
        """Remember a position of `current()`.  May block."""
        if self._positions is not None and Offer.POSITION in conversation.offers:
            self._positions.save(conversation.metadata.id, conversation.path, position)

    def restore(self, position: Position | None) -> None:
        """Go to what is wanted, else to where the reader was, unless the reader went somewhere already."""
        if self.wanted is not None:
            self._transcript.seek(self.wanted)
            return
        if position is None or self._transcript.busy:
            return
        self._transcript.seek(position.message, position.row)
        # At the first message there is nothing to go back to.
        if position.message:
            self._restored = position.message, None

    def current(self) -> Position | None:
        """Where the reader is; None at the beginning, which need not be remembered."""
        view = self._transcript.viewport
        if not view.window or view.position == 0:
            return None
        return Position(self._transcript.current, view.head_row(self._transcript.current) or 0)

    def grew(self, first: int) -> None:
        """Messages from `first` on came below, which the reader does not see."""
        if self._new_from is None:
            self._new_from = first

    @property
    def is_at_end(self) -> bool:
        """Whether the reader went to the end: of a conversation that fits, to what is last in view.

        That may be a call, with whose folded output the conversation ends.  Who looks at a match did not go
        to the end, but to the match, unless they asked for the end since.
        """
        transcript = self._transcript
        view, last = transcript.viewport, transcript.source.known() - 1
        is_last = bool(view.window) and transcript.current >= min(view.window[-1].block, last)
        went = not transcript.is_at_match and (is_last or view.position > 0)
        return self._shows_end and (transcript.at_end or went)

    @property
    def _shows_end(self) -> bool:
        return self._transcript.source.complete and self._transcript.viewport.is_at_end

    @property
    def new_below(self) -> int:
        """How many messages came while the reader was further up."""
        if self._new_from is not None and self._shows_end:
            self._new_from = None
        known = self._transcript.source.known()
        return 0 if self._new_from is None else max(0, known - self._new_from)

    def words(self, expected: int) -> tuple[str, str]:
        """The current message, or how far the file is read; and the same in short.

        `expected` is how many messages there are, by all that is known yet.
        """
        known = self._transcript.source.known()
        shown = self._transcript.showing.shown.in_short
        number = f"{self._transcript.current + 1:,}/{known:,}" if known else ""
        short = " · ".join(filter(None, (shown, number)))
        if new := self.new_below:
            here = f"message {self._transcript.current + 1:,} of {known:,}"
            return f"{here} · ↓ {counted(new, 'new message')} below, end", f"{short} ↓{new:,}"
        return self._long(known, expected), short

    def _long(self, known: int, expected: int) -> str:
        transcript = self._transcript
        complete = transcript.source.complete
        share = f"{min(99, 100 * known // max(1, expected))} %"
        if transcript.busy:
            reading = "" if complete else f"  reading… {share}"
            return f"{transcript.busy}{reading}  esc stops"
        if self._restored is not None:
            message, place = self._restored
            if transcript.current == message and place in (None, transcript.viewport.top):
                self._restored = message, transcript.viewport.top
                return f"continued at {message + 1:,}, g for the start"
            self._restored = None
        if not complete:
            return f"reading… {share}"
        only = transcript.showing.shown.value
        here = f"message {transcript.current + 1:,} of {known:,}" if known else ""
        return f"{only} (m) · {here}" if only else here
