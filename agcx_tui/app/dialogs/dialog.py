"""The base of all dialogs: a box in the middle, Esc and arrows."""

from __future__ import annotations

from typing import TypeVar

from textual.screen import ModalScreen

from agcx_tui.app.dialogs.once import OnceScreen
from agcx_tui.app.keys.bindings import bindings

T = TypeVar("T")


class Dialog(ModalScreen[T], OnceScreen[T]):
    """A question; Esc answers None.  Put everything into one `Vertical(id="box")`."""

    BINDINGS = bindings("dialog")
    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: $background 60%;
        & > #box {
            width: 64; max-width: 100%; height: auto; max-height: 100%;
            padding: 1 3;
            background: $surface;
            border: round $border-blurred;
        }
        & #question { text-style: bold; margin-bottom: 1; }
        & #buttons { height: auto; margin-top: 1; align-horizontal: right; }
        & Button { margin-left: 2; min-width: 12; }
        & Input > .input--placeholder { color: $text-muted; text-style: italic; }
    }
    """
