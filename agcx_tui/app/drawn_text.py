"""The last check of every line that any widget draws, before it goes to the terminal.

Strategy: what shows data makes it safe itself (`safe_text`), where it also knows how wide it is.  What a
person types or pastes into a field, a path that is not text, and whatever was forgotten is made safe
here at the latest.  A line keeps its width: what takes no cell is removed, what takes one is replaced.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from agcx_format.transcript import safe_line
from agcx_tui.core.sessions.columns import LEFT_TO_RIGHT_MARK

__all__ = ["DRAWN_TEXT", "DrawnText"]


class DrawnText(LineFilter):
    """Lets through text that can be encoded and that no terminal obeys, and the list's mark of direction."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.control or _is_safe(segment.text) else _safe(segment)
            for segment in segments
        ]


DRAWN_TEXT = DrawnText()


def _is_safe(text: str) -> bool:
    # Nearly every text is, and then it is not copied.
    return safe_line(text) == text or not set(text) - {LEFT_TO_RIGHT_MARK} - set(safe_line(text))


def _safe(segment: Segment) -> Segment:
    text, style, control = segment
    return Segment("".join(map(_replaced, text)), style, control)


def _replaced(character: str) -> str:
    safe = safe_line(character)
    if character in (safe, LEFT_TO_RIGHT_MARK):
        return character
    return safe if cell_len(character) else ""
