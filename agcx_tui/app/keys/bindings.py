"""The table of actions as Textual's bindings: `BINDINGS = bindings("browser")`."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from agcx_tui.core.words.actions import ACTIONS

__all__ = ["bindings"]


def bindings(place: str) -> list[BindingType]:
    """The bindings of the actions that a place offers, in the order of the table.

    Raises:
        KeyError: The table has no such place.
    """
    return [
        Binding(
            action.keys,
            action.run,
            action.footer or action.help,
            show=action.footer is not None,
            key_display=action.label,
            priority=action.priority,
            id=action.id,
        )
        for action in ACTIONS[place]
    ]
