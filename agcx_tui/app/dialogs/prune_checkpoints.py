"""Which checkpoints a clean-up takes: those that no session lists, and all but the newest of each session."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Checkbox, Input, Static

from agcx_format import Store
from agcx_format.errors import PersistenceError
from agcx_format.space import CheckpointSelection, select_checkpoints
from agcx_format.transcript import safe_line
from agcx_tui.app import from_threads
from agcx_tui.app.dialogs.dialog import Body, Dialog, DialogBox
from agcx_tui.app.widgets.choices import Box
from agcx_tui.core.words.format import counted, size

__all__ = ["PruneCheckpoints"]


class PruneCheckpoints(Dialog[CheckpointSelection]):
    """Leaves with what is to be deleted, or None; it says live how much that is."""

    AUTO_FOCUS = "#cancel"
    DEFAULT_CSS = """
    PruneCheckpoints {
        & Input { background: $background; }
        & .label { color: $text-muted; margin-top: 1; }
        & Checkbox { border: none; padding: 0; background: $surface; }
        & Checkbox:focus { border: none; }
        & #facts { margin-top: 1; }
    }
    """

    @dataclass
    class Selected(Message):
        """What the conditions with this number select; `error` if that cannot be said."""

        number: int
        selection: CheckpointSelection | None
        error: str = ""

    def __init__(self, store: Store, now: int) -> None:
        """`now` in microseconds since 1970."""
        super().__init__()
        self._store, self._now = store, now
        self._number = 0
        self._selection: CheckpointSelection | None = None

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static("Clean up checkpoints", id="question", markup=False)
            with Body():
                yield Box("Those not listed by a session", True, id="unlisted", compact=True)
                yield Static("Of each session, keep only the newest", classes="label", markup=False)
                yield Input(placeholder="all of them", id="keep", select_on_focus=False)
            yield Static("looking…", id="facts", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Delete", id="delete", disabled=True)

    def on_mount(self) -> None:
        self._look()

    @on(Checkbox.Changed)
    @on(Input.Changed)
    def _look(self) -> None:
        self._number += 1
        typed = self.query_one("#keep", Input).value.strip()
        if typed and not (typed.isascii() and typed.isdigit() and len(typed) < 10):
            error = f"{typed!r} is not a number"
            self._show(self.Selected(self._number, None, error))
            return
        unlisted = self.query_one("#unlisted", Checkbox).value
        self._select(self._number, unlisted, int(typed) if typed else None)

    @work(thread=True, exclusive=True, group="select")
    def _select(self, number: int, unlisted: bool, keep: int | None) -> None:
        try:
            found = select_checkpoints(self._store, self._now * 1000, unlisted=unlisted, keep=keep)
        except PersistenceError as error:
            from_threads.post(self, self.Selected(number, None, str(error)))
        else:
            from_threads.post(self, self.Selected(number, found))

    @on(Selected)
    def _show(self, message: Selected) -> None:
        if message.number != self._number:
            return
        self._selection = found = message.selection
        words = safe_line(message.error)
        if found is not None:
            chosen = f"{counted(len(found.chosen), 'checkpoint')}, {size(found.size)}"
            words = f"Moves {chosen}, to the trash." if found.chosen else "No checkpoint matches."
            if found.spared:
                words += f" {found.spared:,} of favorites and sessions in use are kept."
        self.query_one("#facts", Static).update(Content(words))
        self.query_one("#delete", Button).disabled = found is None or not found.chosen

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(self._selection if event.button.id == "delete" else None)
