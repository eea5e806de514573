"""What can be changed in a message, or in its whole session: a choice, and the texts for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from agcx_format.transcript import safe_line
from agcx_tui.app.dialogs.dialog import Body, Dialog, DialogBox
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.choices import Box
from agcx_tui.app.widgets.lines.option_lines import OptionLines

__all__ = ["ChangeDialog", "MessageChange", "ReplaceDialog", "Replacement"]


class MessageChange(Enum):
    """What to do; the words are those of the dialog."""

    DELETE = "Delete this message"
    REPLACE = "Replace a text in it …"
    SPLIT = "Split off a new session from here …"
    PURGE = "Remove its earlier versions"
    PURGE_ALL = "Remove the earlier versions of all messages"
    REDACT = "Remove a text from the whole session …"
    SECRETS = "Remove all secrets from the whole session …"


class ChangeDialog(Dialog[MessageChange]):
    """Leaves with what is to be done, or None; Cancel has the focus, and each choice its own key."""

    BINDINGS = bindings("change")
    DEFAULT_CSS = """
    ChangeDialog {
        & OptionList { height: auto; background: $surface; border: none; padding: 0; }
        & OptionList:focus { border: none; }
        & #facts { color: $text-muted; margin-bottom: 1; }
        &.-low #facts { text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """

    def __init__(
        self, question: str, facts: str, choices: Sequence[tuple[MessageChange, str]]
    ) -> None:
        """`choices`: each with the words that come after those of the choice."""
        super().__init__()
        self._question, self._facts, self._choices = question, facts, choices

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static(Content(self._question), id="question", markup=False)
            yield Static(Content(safe_line(self._facts)), id="facts", markup=False)
            yield OptionLines(id="choices", classes="body", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        keys = {
            active.binding.action: self.app.get_key_display(active.binding)
            for active in self.active_bindings.values()
        }
        self.query_one(OptionList).add_options(
            Option(
                Content.assemble(
                    (f"{keys.get(_action(choice), '')} ", "bold $footer-key-foreground"),
                    f"{choice.value}{more}",
                ),
                id=choice.name,
            )
            for choice, more in self._choices
        )
        self.set_focus(self.query_one("#cancel"))

    def action_enter(self, index: int) -> None:
        """From Cancel to the first choice, or with -1 the last."""
        choices = self.query_one(OptionList)
        choices.highlighted = index % choices.option_count
        self.set_focus(choices)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Whoever comes to the choices is on one of them."""
        choices = self.query_one(OptionList)
        if event.widget is choices and choices.highlighted is None:
            choices.highlighted = 0

    def action_choose(self, name: str) -> None:
        """Leave with a choice, if it is one of those that are offered."""
        if any(choice.name == name for choice, _ in self._choices):
            self.dismiss(MessageChange[name])

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.action_choose(event.option.id or "")

    @on(Button.Pressed)
    def _pressed(self) -> None:
        self.dismiss(None)


def _action(choice: MessageChange) -> str:
    return f"choose('{choice.name}')"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A text to replace.

    Fields:
        old: the text.
        new: what replaces it; empty for nothing, or for a placeholder.
        kept: whether the old message is kept in the edit history.
    """

    old: str
    new: str
    kept: bool = False


class ReplaceDialog(Dialog[Replacement]):
    """Leaves with what to replace, or None; `keep` asks whether the earlier version is kept."""

    DEFAULT_CSS = """
    ReplaceDialog {
        & Input { background: $background; }
        & .label { color: $text-muted; margin-top: 1; }
        & Checkbox { border: none; padding: 0; margin-top: 1; background: $surface; }
        & Checkbox:focus { border: none; }
    }
    """

    def __init__(self, question: str, instead: str, *, keep: bool, old: str = "") -> None:
        super().__init__()
        self._question, self._instead, self._keep, self._old = question, instead, keep, old

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static(Content(self._question), id="question", markup=False)
            with Body():
                yield Static("Text", classes="label", markup=False)
                yield Input(self._old, id="old", select_on_focus=False)
                yield Static("Replace it with", classes="label", markup=False)
                yield Input(placeholder=self._instead, id="new", select_on_focus=False)
                if self._keep:
                    yield Box("Keep the earlier version", True, id="keep", compact=True)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Replace", id="replace", variant="primary")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#old"))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "old":
            self.set_focus(self.query_one("#new"))
        else:
            self._leave()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "replace":
            self._leave()
        else:
            self.dismiss(None)

    @on(Box.Entered)
    def _leave(self) -> None:
        old, new = self.query_one("#old", Input).value, self.query_one("#new", Input).value
        kept = self._keep and self.query_one("#keep", Box).value
        self.dismiss(Replacement(old, new, kept) if old else None)
