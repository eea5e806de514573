"""The question before sessions are destroyed permanently: it takes a typed word.

Strategy: what would be destroyed is computed from the log as it was read, so the numbers follow while the age
is typed; the act then destroys exactly what was shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Static

from agcx_format import Act
from agcx_format.store import TrashedSession, to_destroy
from agcx_format.transcript import safe_line
from agcx_tui.app.dialogs.dialog import Body, Dialog, DialogBox
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.core.words import format
from agcx_tui.core.words.deletion import destroyed_sessions
from agcx_tui.core.words.typed_values import BadValue, moment_before

WORD = "delete"


class EmptyDialog(Dialog[list[Act]]):
    """Leaves with the acts to destroy, or None.

    Enter is on Cancel until the word is begun, for which no other key leads to its field first.
    """

    BINDINGS = bindings("empty")
    AUTO_FOCUS = "#cancel"
    DEFAULT_CSS = """
    EmptyDialog {
        & Input { background: $background; }
        & .label { color: $text-muted; margin-top: 1; }
        & #empty { color: $error; &:focus, &:hover { background: $error; color: $background; } }
        & #empty:disabled { color: $text-disabled; }
    }
    """

    def __init__(
        self,
        log: Sequence[Act],
        sessions: Sequence[TrashedSession],
        now: int,
        question: str = "Empty the trash for good?",
        *,
        by_age: bool = True,
    ) -> None:
        """`by_age` offers to keep what is newer."""
        super().__init__()
        self._question, self._by_age = question, by_age
        self._log, self._sessions, self._now = log, sessions, now
        self._to_destroy = to_destroy(log)

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static(self._question, id="question", markup=False)
            with Body():
                yield Static(id="facts", markup=False)
                if self._by_age:
                    yield Static(
                        "Only what is older than (90d, 2w, 2024-11)", classes="label", markup=False
                    )
                    yield Input(id="age", placeholder="all of it")
            yield Static(f"Type {WORD} to confirm", classes="label", markup=False)
            yield Input(id="word", select_on_focus=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Destroy", id="empty", disabled=True)

    def on_mount(self) -> None:
        self._show()

    def action_begin_word(self) -> None:
        field = self.query_one("#word", Input)
        self.set_focus(field)
        field.value = WORD[0]
        field.cursor_position = 1

    @on(Input.Changed)
    def _typed(self) -> None:
        self._show()

    def _show(self) -> None:
        typed = self.query_one("#age", Input).value if self._by_age else ""
        try:
            self._to_destroy = to_destroy(self._log, moment_before(typed, self._now))
            facts = self._facts()
        except BadValue as error:
            self._to_destroy = []
            facts = Content.styled(safe_line(str(error)), "$warning")
        self.query_one("#facts", Static).update(facts)
        word = self.query_one("#word", Input).value.strip()
        self.query_one("#empty", Button).disabled = word != WORD or not self._to_destroy

    def _facts(self) -> Content:
        ids = {act.id for act in self._to_destroy}
        going = [session for session in self._sessions if session.act.id in ids]
        size = format.size(sum(session.size for session in going))
        undoable = sum(act.can_be_undone for act in self._to_destroy)
        deleted = f"Destroys {destroyed_sessions(going)}, {size}."
        lines = [
            *([deleted] if going or self._by_age else []),
            f"{format.counted(undoable, 'change')} can no longer be undone.",
            "This cannot be undone.",
        ]
        return Content("\n").join(map(Content, lines))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if not self.query_one("#empty", Button).disabled:
            self.dismiss(self._to_destroy)
        else:
            self.focus_next()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(self._to_destroy if event.button.id == "empty" else None)
