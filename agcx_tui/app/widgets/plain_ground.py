"""Containers whose own lines are all alike, drawn once.

Strategy: Textual draws every line of every container, also where its children cover it, as they do nearly
everywhere here: of three lines that were drawn for a conversation, two were never seen.  One line stands for
all of them.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.containers import Vertical
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

__all__ = ["PlainGround", "Stack", "lines_alike"]


def lines_alike(draw: Callable[[Region], list[Strip]], crop: Region) -> list[Strip]:
    """The lines of a region that are all as the first one, which `draw` draws."""
    return draw(Region(crop.x, crop.y, crop.width, 1)) * crop.height


class PlainGround(Widget):
    """A container without a border or text above or below its children."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return lines_alike(super().render_lines, crop)


class Stack(Vertical, PlainGround):
    """Widgets one above the other."""
