"""The piece of a message that is chosen: its code, a command, an output, or a picture.

Strategy: what can be chosen is found in the lines that are drawn, from where one is; the choice holds while
its message is the current one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from agcx_tui.app.blocks.pieces import PICTURE, piece_of
from agcx_tui.app.widgets.roll.viewport import Place
from agcx_tui.app.widgets.transcript.view import ConversationView

if TYPE_CHECKING:
    from textual.binding import ActiveBinding


__all__ = ["Pieces"]

# Lines of a message that are looked through.
_LINES = 3_000
# What keys do with a piece that is chosen, by their actions.
_WITH_PICTURE = {"unfold": "show", "choose('outline')": "open in viewer"}
_WITH_TEXT = {"copy": "copy this"}


class _Piece(NamedTuple):
    block: int
    part: int
    key: str


class Pieces:
    """The choice in one transcript."""

    def __init__(self, transcript: ConversationView) -> None:
        self._transcript = transcript
        self._chosen: _Piece | None = None
        # What `changed` compares with.
        self._words: dict[str, str] = {}

    @property
    def _current(self) -> _Piece | None:
        chosen = self._chosen
        return chosen if chosen and chosen.block == self._transcript.current else None

    @property
    def text(self) -> str:
        """The text of the piece that is chosen, of a picture its address; empty if there is none."""
        chosen = self._current
        if chosen is None:
            return ""
        parts = self._transcript.viewport.block(chosen.block).parts
        return parts[chosen.part].pieces.get(chosen.key, "") if chosen.part < len(parts) else ""

    @property
    def picture(self) -> str:
        """The address of the picture that is chosen; empty if there is none."""
        chosen = self._current
        return self.text if chosen is not None and chosen.key.startswith(PICTURE) else ""

    @property
    def _new_words(self) -> dict[str, str]:
        if self._current is None:
            return {}
        return _WITH_PICTURE if self.picture else _WITH_TEXT

    def changed(self) -> bool:
        """Whether keys do something else than the last time."""
        before, self._words = self._words, self._new_words
        return before != self._words

    def with_keys(self, found: dict[str, ActiveBinding]) -> dict[str, ActiveBinding]:
        """The keys of the screen; the footer says what they do with the piece that is chosen."""
        if not (words := self._new_words):
            return found
        return {
            key: active._replace(binding=replace(active.binding, show=True, description=said))
            if (said := words.get(active.binding.action))
            else active
            for key, active in found.items()
        }

    def holds(self, place: Place) -> bool | None:
        """Whether a line belongs to the chosen piece; None if no piece is chosen."""
        chosen = self._current
        if chosen is None:
            return None
        there = place.block, place.part, piece_of(self._transcript.viewport.strip(place))
        return there == chosen

    def clear(self) -> bool:
        """Choose none; false if none was chosen."""
        was_chosen, self._chosen = self._current is not None, None
        return was_chosen

    def choose_at(self, place: Place) -> None:
        """Choose the piece that a line belongs to, if any."""
        key = piece_of(self._transcript.viewport.strip(place))
        self._chosen = None if key is None else _Piece(place.block, place.part, key)

    def step(self, direction: int) -> bool:
        """Choose the next piece of the current message, or the previous one; false if there is no such piece.

        A call and its output count as one message.
        """
        transcript = self._transcript
        found = list(self._pieces())
        at = next((n for n, (piece, _) in enumerate(found) if piece == self._current), None)
        if at is None and self._current is None and direction < 0:
            return False
        following = 0 if at is None else at + direction
        if not 0 <= following < len(found):
            self.clear()
            transcript.settled()
            return False
        self._chosen, place = found[following]
        if place in transcript.viewport.window[:-1]:
            transcript.choose(place.block)
        else:
            transcript.go_to(place, transcript.viewport.height // 3)
        return True

    def _pieces(self) -> Iterator[tuple[_Piece, Place]]:
        """Those of the current message with the line on which each begins."""
        transcript, last = self._transcript, None
        owner = transcript.blocks.owner(transcript.current)
        partner = transcript.blocks.partner(owner)
        blocks = [owner] if partner in (None, owner) else [owner, partner]
        for block in blocks:
            for place in islice(transcript.viewport.within(block), _LINES):
                key = piece_of(transcript.viewport.strip(place))
                piece = None if key is None else _Piece(block, place.part, key)
                if piece is not None and piece != last:
                    yield piece, place
                last = piece
