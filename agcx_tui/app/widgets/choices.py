"""Check boxes and radio buttons whose state can be seen without color.

In Textual's own, only the color of a sign tells the state; here text does.  The cursor on a label shows the
focus, without a tint, which would also fill the places of a grid that are empty.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.message import Message
from textual.widgets import Checkbox, RadioButton, RadioSet

from agcx_tui.app.keys.bindings import bindings

__all__ = ["Box", "Pick", "Picks"]

_CSS = """
    {name}:focus, {name}.-textual-compact:focus {{ background-tint: transparent; }}
    {name} > .toggle--button, {name}.-on > .toggle--button {{
        color: $foreground !important; background: transparent !important; text-style: none;
    }}
"""


class Box(Checkbox, inherit_bindings=False):
    """`[x]` or `[ ]`: only Space and a click toggle it, Enter is an answer, as in the fields beside it."""

    BINDINGS = bindings("box")
    DEFAULT_CSS = _CSS.format(name="Box")
    BUTTON_LEFT = BUTTON_RIGHT = ""
    BUTTON_INNER = "[ ]"

    class Entered(Message):
        """Enter was pressed; the box is unchanged."""

    def render(self) -> Content:
        self.BUTTON_INNER = "[x]" if self.value else "[ ]"
        return super().render()

    def action_enter(self) -> None:
        self.post_message(self.Entered())


class Pick(RadioButton, can_focus=False):
    """`(●)` or `( )`; one of `Picks`, which have the focus."""

    DEFAULT_CSS = _CSS.format(name="Pick")
    BUTTON_LEFT = BUTTON_RIGHT = ""
    BUTTON_INNER = "( )"

    def render(self) -> Content:
        self.BUTTON_INNER = "(●)" if self.value else "( )"
        return super().render()


class Picks(RadioSet):
    """Picks, one of which is chosen, in rows of `columns`: an arrow chooses, Enter confirms."""

    BINDINGS = bindings("picks")
    DEFAULT_CSS = "Picks:focus { background-tint: transparent; }"

    @dataclass
    class Entered(Message):
        """Enter was pressed."""

        picks: Picks

        @property
        def control(self) -> Picks:
            return self.picks

    def __init__(self, columns: int, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.columns = columns

    @property
    def chosen(self) -> Pick:
        """What is chosen, also before the messages about it arrive."""
        picks = self.query(Pick)
        return next((pick for pick in picks if pick.has_class("-selected")), picks.first())

    def action_step(self, step: int) -> None:
        """To the next or previous pick."""
        self.action_next_button() if step > 0 else self.action_previous_button()
        self._choose()

    def action_row(self, step: int) -> None:
        """To the pick below or above; after the last one, out of the picks."""
        picks = list(self.query(Pick))
        at = picks.index(self.chosen)
        if 0 <= at + step * self.columns < len(picks):
            for _ in range(self.columns):
                self.action_next_button() if step > 0 else self.action_previous_button()
            self._choose()
        elif step > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    def _choose(self) -> None:
        """Choose what the cursor is on, and show it: there may be no room for all of them."""
        self.chosen.value = True
        self.chosen.scroll_visible(animate=False)

    def action_enter(self) -> None:
        self.post_message(self.Entered(self))
