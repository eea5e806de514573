"""The tabs of a conversation and, at the right, where one is in it; one line.

Textual's own tabs take two lines and eight widgets, which a conversation that is to open at once
has no time for.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.style import Style

from agcx_tui.widgets.edge_line import EdgeLine

__all__ = ["TabLine"]


class TabLine(EdgeLine):
    """`choose(name)` marks one of `tabs`, pairs of a name and a label; a click runs `screen.tab`."""

    DEFAULT_CSS = """
    TabLine { background: $background; color: $text-muted; padding: 0; }
    """

    def __init__(self, tabs: Sequence[tuple[str, str]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.tabs = list(tabs)
        self.chosen = self.tabs[0][0]
        self._status: Content | str = ""
        self._redraw()

    def choose(self, name: str) -> None:
        self.chosen = name
        self._redraw()

    def say(self, status: Content | str) -> None:
        """Show plain words at the right end."""
        self._status = status
        self._redraw()

    def _redraw(self) -> None:
        self.show(self._labels(), Content.assemble(self._status, " "))

    def _labels(self) -> Content:
        labels = []
        for number, (name, label) in enumerate(self.tabs, 1):
            chosen = name == self.chosen
            text = Content.assemble(
                ("▐" if chosen else " ", "$primary"),
                (f"{number} ", "$primary"),
                (label, "bold $foreground underline" if chosen else ""),
                " ",
            )
            labels.append(text.stylize(Style.from_meta({"@click": f"screen.tab({name!r})"})))
        return Content("").join(labels)
