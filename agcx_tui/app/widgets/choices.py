"""Check boxes and radio buttons whose state can be seen without color.

In Textual's own, only the color of a sign tells the state; here text does.
"""

from __future__ import annotations

from textual.content import Content
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
    BUTTON_INNER = "[ ]"

    def render(self) -> Content:
        self.BUTTON_INNER = "[x]" if self.value else "[ ]"
        return super().render()


class Pick(RadioButton):
    """`(●)` or `( )`."""

    DEFAULT_CSS = _CSS.format(name="Pick")
    BUTTON_LEFT = BUTTON_RIGHT = ""
    BUTTON_INNER = "( )"

    def render(self) -> Content:
        self.BUTTON_INNER = "(●)" if self.value else "( )"
        return super().render()
