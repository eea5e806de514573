"""Dialogs for names: a new title typed in the list itself, the title of a new session, tags; and a
warning.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Button, Input, Static

from agcx_format.transcript import safe_line
from agcx_tui.app.dialogs.dialog import Body, Dialog, DialogBox
from agcx_tui.app.dialogs.once import OnceScreen
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.lines.key_line import KeyLine
from agcx_tui.core.words import format

__all__ = [
    "AskDialog",
    "AskToDelete",
    "NameDialog",
    "NewSessionDialog",
    "RenameScreen",
    "TagsDialog",
    "tags_after",
]


# Seconds until an input is again where its line is.
_FOLLOWING = 0.05


class _NewTitle(Input):
    """Its Enter has a place in the line of keys."""

    BINDINGS = bindings("new-title")


class RenameScreen(ModalScreen[str], OnceScreen[str]):
    """An input over a region of the screen below; leaves with the new title, or None.

    `place` tells where that is, since what is below may move; None if it is nowhere now.
    """

    BINDINGS = bindings("rename")
    DEFAULT_CSS = """
    RenameScreen {
        background: transparent;
        & > Input {
            position: absolute; height: 1; border: none; padding: 0; background: $panel;
            &:focus { border: none; background-tint: $foreground 0%; }
        }
        & > KeyLine { dock: bottom; }
    }
    """

    def __init__(self, title: str, place: Callable[[], Region | None]) -> None:
        super().__init__()
        self._title = title
        self._place = place

    def compose(self) -> ComposeResult:
        # Control characters could not be edited; they become what is shown for them.
        yield _NewTitle(safe_line(self._title), id="title-input")
        # In place of that of the list, whose keys are letters here.
        yield KeyLine()

    def on_mount(self) -> None:
        self._follow()
        self.set_interval(_FOLLOWING, self._follow)
        self.set_focus(self.query_one(Input))

    def _follow(self) -> None:
        region = self._place()
        if region is not None:
            styles = self.query_one(Input).styles
            styles.offset = (region.x, region.y)
            styles.width = region.width

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        title = event.value.strip()
        same = title == safe_line(self._title).strip()
        self.dismiss(None if same or not title else title)


class NewSessionDialog(Dialog[str]):
    """Leaves with the title of the session to make, or None."""

    DEFAULT_CSS = """
    NewSessionDialog {
        & Input { background: $background; }
        & .label { color: $text-muted; margin-top: 1; }
    }
    """

    def __init__(self, question: str, lines: Sequence[Content], title: str, yes: str) -> None:
        super().__init__()
        self._question, self._lines, self._title, self._yes = question, lines, title, yes

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static(Content(self._question), id="question", markup=False)
            with Body():
                yield Static(Content("\n").join(self._lines), id="facts", markup=False)
                yield Static("Title of the new session", classes="label", markup=False)
                yield Input(safe_line(self._title), id="title-input", select_on_focus=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(self._yes, id="yes", variant="primary")

    def on_mount(self) -> None:
        self.set_focus(self.query_one(Input))

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._leave()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "yes":
            self._leave()
        else:
            self.dismiss(None)

    def _leave(self) -> None:
        """What was not changed, or was emptied, is as proposed."""
        typed = self.query_one(Input).value.strip()
        same = not typed or typed == safe_line(self._title).strip()
        self.dismiss(self._title if same else typed)


class NameDialog(Dialog[str]):
    """Leaves with a name, or None; nothing is no name."""

    DEFAULT_CSS = """
    NameDialog {
        & Input { background: $background; }
        & .label { color: $text-muted; }
    }
    """

    def __init__(self, question: str, label: str, name: str, yes: str) -> None:
        super().__init__()
        self._question, self._label, self._proposed, self._yes = question, label, name, yes

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static(Content(self._question), id="question", markup=False)
            with Body():
                yield Static(self._label, classes="label", markup=False)
                yield Input(safe_line(self._proposed), id="name", select_on_focus=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(self._yes, id="yes", variant="primary")

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.dismiss(self.query_one(Input).value.strip() or None)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "yes":
            self._submitted()
        else:
            self.dismiss(None)


class _LastWord(Suggester):
    """Completes the tag that is being typed, and leaves what comes before it."""

    def __init__(self, tags: Iterable[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._tags = sorted(tags, key=str.casefold)

    async def get_suggestion(self, value: str) -> str | None:
        before, separator, last = value.rpartition(",")
        word = last.lstrip()
        sign = "-" if word.startswith("-") else ""
        typed = word.removeprefix("-")
        if not typed:
            return None
        for tag in self._tags:
            if tag.casefold().startswith(typed.casefold()) and len(tag) > len(typed):
                lead = last[: len(last) - len(word)]
                return before + separator + lead + sign + typed + tag[len(typed) :]
        return None


class TagsDialog(Dialog[tuple[list[str], list[str]]]):
    """Leaves with the tags to add and those to remove, or None."""

    DEFAULT_CSS = """
    TagsDialog {
        & Input { background: $background; }
        & #have, & #hint { color: $text-muted; height: auto; }
        & #have { margin-bottom: 1; }
    }
    """

    def __init__(self, tagged: Sequence[Sequence[str]], known: Collection[str]) -> None:
        """`tagged`: the tags of each chosen session; `known`: all tags there are, to complete."""
        super().__init__()
        self._tagged = tagged
        self._known = {safe_line(tag) for tag in known}

    def compose(self) -> ComposeResult:
        many = len(self._tagged)
        what = "this session" if many == 1 else format.counted(many, "session")
        with DialogBox():
            yield Static(Content(f"Tags of {what}"), id="question", markup=False)
            with Body():
                yield Static(self._have(), id="have", markup=False)
                yield Input(
                    id="tags", placeholder="e.g. ui, bug, -wip", suggester=_LastWord(self._known)
                )
                yield Static("Separated by commas; - removes a tag; → completes.", id="hint")
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Change", id="change", variant="primary")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#tags"))

    def _have(self) -> Content:
        counts: dict[str, int] = {}
        for tags in self._tagged:
            for tag in dict.fromkeys(tags):
                counts[tag] = counts.get(tag, 0) + 1
        if not counts:
            return Content("no tags yet")
        many = len(self._tagged)
        parts: list[Content] = []
        for tag, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:20]:
            note = "" if count == many else f" ({count:,} of {many:,})"
            parts.append(Content.assemble((safe_line(tag), "$secondary"), note))
        return Content("  ").join(parts)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._leave()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "change":
            self._leave()
        else:
            self.dismiss(None)

    def _leave(self) -> None:
        words = [word.strip() for word in self.query_one("#tags", Input).value.split(",")]
        add = [word for word in words if word and not word.startswith("-")]
        take = [word[1:].strip() for word in words if word.startswith("-") and word[1:].strip()]
        self.dismiss((add, take) if add or take else None)


def tags_after(tags: Sequence[str], add: Sequence[str], take: Sequence[str]) -> list[str]:
    """The tags after a change: in their order, new ones last, each once.

    A tag is removed by what it looks like on the screen.
    """
    gone = set(take)
    return [tag for tag in dict.fromkeys([*tags, *add]) if safe_line(tag) not in gone]


class AskDialog(Dialog[bool]):
    """A question with a warning; Cancel has the focus."""

    def __init__(self, question: str, warning: str, yes: str) -> None:
        super().__init__()
        self._question, self._warning, self._yes = question, warning, yes

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static(Content(safe_line(self._question)), id="question", markup=False)
            with Body():
                warning = Content.styled(safe_line(self._warning), "$warning")
                yield Static(warning, id="facts", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(self._yes, id="yes")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#cancel"))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


class AskToDelete(AskDialog):
    """The key that asked answers, too; Enter stays on Cancel."""

    BINDINGS = bindings("ask-to-delete")
    ANSWERS: ClassVar[Mapping[str, str]] = {"yes": "delete"}

    def action_delete(self) -> None:
        self.dismiss(True)
