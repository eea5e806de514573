"""Toasts: what was done, in one line above the footer, or went wrong; the newest replaces the one before.

A failure takes as many lines as its reason needs, up to a few.

Strategy: Textual shows them on the screen on top; here are their look, what is shown of a text that
is too long, and the whole texts for the history.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator

import msgspec
from rich.cells import cell_len, set_cell_size
from textual.content import Content

__all__ = ["CSS", "Toast", "Toasts", "fitted"]

CSS = """
ToastRack { align: right bottom; height: auto; overflow-y: hidden; }
ToastHolder { display: none; &:last-child { display: block; } }
Toast {
    width: auto; max-width: 100%; height: 1; margin: 0; padding: 0 1;
    background: $panel; color: $foreground;
    text-wrap: nowrap; text-overflow: ellipsis;
    &.-warning, &.-error { height: auto; text-wrap: wrap; text-overflow: fold; }
}
"""
"""For the app's style sheet: what overlays the last lines above the footer, as wide as its text."""

# Cells beside the text: the bar at its left, and a blank at either side.
_AROUND = 3
# When a text is cut, its last sentence stays, up to this many cells: it names a key.
_ENDING = 30
_KEPT = 50
# Lines of a failure, and which share of the screen they may take.
_LINES, _SHARE = 4, 4
# Cells by which a text is cut further, until it fits into its lines.
_LESS = 4
# The folders of a path before a reason, as `PersistenceError` writes them.
_FOLDERS = re.compile(r"(?<=: )/(?:[^/:]+/)+(?=[^/:]+: )")


class Toast(msgspec.Struct, frozen=True):
    """A toast that was shown.

    Fields:
        at: Microseconds since 1970.
        text: All of it, in one line.
        failed: It was a warning or an error.
        cut: It was shown without a part of the text.
    """

    at: int
    text: str
    failed: bool
    cut: bool


class Toasts:
    """The latest toasts of one run of the program, the oldest first."""

    def __init__(self, now: Callable[[], int]) -> None:
        """`now` gives microseconds since 1970."""
        self._now = now
        self._toasts: deque[Toast] = deque(maxlen=_KEPT)

    def __iter__(self) -> Iterator[Toast]:
        return iter(self._toasts)

    def add(self, text: str, *, failed: bool, width: int, height: int) -> str:
        """Keep a text; returns the part that fits into a terminal of this size."""
        text = " ".join(text.split("\n"))
        lines = min(_LINES, height // _SHARE) if failed else 1
        shown = fitted(text, width - _AROUND, lines)
        self._toasts.append(Toast(self._now(), text, failed, shown != text))
        return shown

    def keep(self, text: str) -> None:
        """Keep the text of a failure that no toast shows by itself."""
        self._toasts.append(Toast(self._now(), text, failed=True, cut=True))

    def for_history(self) -> list[Toast]:
        """Toasts worth reading later, the newest first: failures, and what did not fit."""
        return [each for each in reversed(self._toasts) if each.failed or each.cut]


def fitted(text: str, width: int, lines: int = 1) -> str:
    """A text in `width` cells and as many `lines`; if it is cut, the key that its last sentence names stays.

    The folders of a file that an error is about are left out before it takes a second line, and before
    anything of its reason is.
    """
    if cell_len(text) <= width:
        return text
    short = _FOLDERS.sub("…/", text)
    if cell_len(short) <= width:
        return short
    if lines <= 1 or width <= 0:
        return _cut(short, width)
    for whole in (text, short):
        if _height(whole, width) <= lines:
            return whole
    room = min(width * lines, cell_len(short) - 1)
    while room > width and _height(_cut(short, room), width) > lines:
        room -= _LESS
    return _cut(short, room)


def _height(text: str, width: int) -> int:
    """The lines that a text takes, which are broken at words."""
    return Content(text).get_height({}, width)


def _cut(text: str, width: int) -> str:
    head, stop, ending = text.rpartition(". ")
    if not stop or cell_len(ending) > min(_ENDING, width // 2):
        return set_cell_size(text, max(0, width - 1)).rstrip() + "…"
    room = max(0, width - cell_len(ending) - 2)
    return f"{set_cell_size(head, room).rstrip()}… {ending}"
