"""A small app of a line and a field, for tests of what the app uses of Textual."""

from __future__ import annotations

from typing import Any

import pytest
from textual._compositor import ChopsUpdate
from textual.app import App
from textual.screen import Screen
from textual.widgets import Input, Static

from agcx_tui.app.textual_bases import EndingApp

SIZE = (60, 12)


class TypingApp(EndingApp[None]):
    """A field to type into and a key that is bound; what comes of both is noted."""

    BINDINGS = [("x", "note('x')", "note")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[str] = []
        self.failures: list[Exception] = []

    def compose(self):
        yield Static("first line")
        yield Input()

    def action_note(self, word: str) -> None:
        self.noted.append(word)

    def failed_while_ending(self, error: Exception) -> None:
        self.failures.append(error)


def is_to_be_drawn(screen: Screen) -> bool:
    return bool(screen._layout_required or screen._dirty_widgets)


def drawn_lines(app: App[Any], monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """The lines of each picture that changes a part of the screen, from now on."""
    pictures: list[set[int]] = []
    display = app._display

    def note(screen: Screen, picture: object) -> None:
        if isinstance(picture, ChopsUpdate):
            pictures.append({y for y, _, _ in picture.spans})
        display(screen, picture)

    monkeypatch.setattr(app, "_display", note)
    return pictures
