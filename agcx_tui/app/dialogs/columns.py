"""Choose the columns of the list, and whether favorites come first."""

from __future__ import annotations

from collections.abc import Collection

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from agcx_tui.app.dialogs.dialog import Body, Dialog, DialogBox
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.choices import Box
from agcx_tui.core.sessions.columns import COLUMNS, ColumnName

__all__ = ["ColumnsDialog"]


class ColumnsDialog(Dialog[tuple[tuple[ColumnName, ...], bool]]):
    """Leaves with the chosen columns, and whether favorites come first; or None."""

    BINDINGS = bindings("columns")
    DEFAULT_CSS = """
    ColumnsDialog {
        & #boxes { layout: grid; grid-size: 3; grid-rows: 1; height: auto; }
        & .label { color: $text-muted; margin: 1 0; }
    }
    """

    def __init__(self, chosen: Collection[str], favorites_first: bool) -> None:
        super().__init__()
        self._chosen = chosen
        self._first = favorites_first

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static(Content("Columns"), id="question", markup=False)
            with Body():
                with Container(id="boxes"):
                    for name in COLUMNS:
                        yield Box(name, value=name in self._chosen, id=name, compact=True)
                yield Static(
                    "Age and title are always shown; the rest where it fits.", classes="label"
                )
                yield Box("Favorites first", value=self._first, id="favorites-first", compact=True)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Apply", id="apply", variant="primary")

    def on_mount(self) -> None:
        self.set_focus(self.query(Box).first())

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "apply":
            self.action_apply()
        else:
            self.dismiss(None)

    @on(Box.Entered)
    def action_apply(self) -> None:
        boxes = {box.id: box.value for box in self.query(Box)}
        columns = tuple(name for name in COLUMNS if boxes[name])
        self.dismiss((columns, boxes["favorites-first"]))
