"""The floor of every measure on a screen: a Textual app with one Static, and what a key costs in it.

It shows READY, then the text that was typed; another key is counted; Enter pushes a screen, Escape
leaves it.
"""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Static

READY, PUSHED = "READY", "PUSHED"


class Pushed(Screen[None]):
    def compose(self) -> ComposeResult:
        yield Static(PUSHED)


class Bare(App[None]):
    typed = ""
    presses = 0

    def compose(self) -> ComposeResult:
        yield Static(READY, markup=False)

    def on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            self.push_screen(Pushed())
        elif event.key == "escape":
            self.pop_screen()
        elif event.is_printable:
            self.typed += event.character or ""
            self.query_one(Static).update(self.typed)
        else:
            self.presses += 1
            self.query_one(Static).update(f"{event.key} {self.presses}")


def main() -> None:
    Bare().run()


if __name__ == "__main__":
    main()
