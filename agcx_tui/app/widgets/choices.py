"""Boxes to tick and buttons to choose by, whose state and edges are seen without colour.

Textual's own differ by the colour of a sign that is always there, in edges of hardly another
colour than what is around them: here all of it is text.
"""

from __future__ import annotations

from textual.widgets import Checkbox, RadioButton

__all__ = ["Box", "Pick"]

_CSS = """
    {name} > .toggle--button, {name}.-on > .toggle--button {{
        color: $foreground !important; background: transparent !important; text-style: none;
    }}
"""


class Box(Checkbox):
    """`[x]` or `[ ]`."""

    DEFAULT_CSS = _CSS.format(name="Box")
    BUTTON_LEFT = BUTTON_RIGHT = ""

    @property
    def BUTTON_INNER(self) -> str:
        return "[x]" if self.value else "[ ]"


class Pick(RadioButton):
    """`(●)` or `( )`."""

    DEFAULT_CSS = _CSS.format(name="Pick")
    BUTTON_LEFT = BUTTON_RIGHT = ""

    @property
    def BUTTON_INNER(self) -> str:
        return "(●)" if self.value else "( )"
