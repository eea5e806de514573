"""The last check of every line that any widget draws, before it goes to the terminal.

Strategy: what shows data makes it safe itself (`safe_text`), where it also knows how wide it is.  What a
person types or pastes into a field, a path that is not text, and anything that was forgotten is made safe
here at the latest.  A line keeps its width: what takes no cell is removed, what takes one is replaced.

Of joined emoji (families, skin tones, a heart with a variation selector) only the first is drawn, with blanks
up to the width that was counted.  Terminals count them differently, tmux and xterm among them, and what
follows in the line would be moved, and remain when the line is drawn again.
"""

from __future__ import annotations

import re

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from agcx_format.transcript import safe_line
from agcx_tui.core.sessions.columns import LEFT_TO_RIGHT_MARK

__all__ = ["DRAWN_TEXT", "DrawnText"]


# A character and what changes how it looks: variation selectors, skin tones, the frame of a key cap, and
# further emoji that are joined to it, by one joiner or several.  Joiners of letters are none of these.
_CHANGES = "[\ufe00-\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
_EMOJI = "[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]"
_joined = re.compile(f".(?:{_CHANGES}|\u200d(?:{_EMOJI}|{_CHANGES}|\u200d))+", re.DOTALL)


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
    if text.isascii():
        return text.isprintable()
    is_safe = safe_line(text) == text or not set(text) - {LEFT_TO_RIGHT_MARK} - set(safe_line(text))
    return is_safe and not _joined.search(text)


def _safe(segment: Segment) -> Segment:
    text, style, control = segment
    # First, since what is removed may stand between two that are joined.
    replaced = "".join(map(_replaced, text))
    alone = _joined.sub(lambda match: _first(match[0]), replaced)
    # What was removed may have been counted together with what is beside it.
    return Segment(set_cell_size(alone, cell_len(text)), style, control)


def _first(joined: str) -> str:
    """The first of joined characters, as wide as all of them were counted."""
    return joined[0] + " " * (cell_len(joined) - cell_len(joined[0]))


def _replaced(character: str) -> str:
    safe = safe_line(character)
    if character in (safe, LEFT_TO_RIGHT_MARK):
        return character
    return safe if cell_len(character) else ""
