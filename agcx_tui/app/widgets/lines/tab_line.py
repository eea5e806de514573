"""The tabs of a conversation and, at the right, where the reader is; one line.

Textual's own tabs take two lines and eight widgets, too much for a conversation that is to open at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message

from agcx_tui.app.widgets.lines.edge_line import EdgeLine

__all__ = ["TabLine"]

# Cells between two tabs.
_GAP = 2


class TabLine(EdgeLine):
    """`choose(name)` marks one of `tabs`, pairs of a name and a label; a click posts `Clicked`."""

    GIVES_WAY = "right"
    DEFAULT_CSS = """
    TabLine { background: $background; color: $text-muted; }
    """

    @dataclass
    class Clicked(Message):
        """The tab `name` was clicked."""

        name: str

    def __init__(self, tabs: Sequence[tuple[str, str]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.tabs = list(tabs)
        self.chosen = self.tabs[0][0]
        self._status = self._short = ""
        self._strong = False
        self._redraw()

    def choose(self, name: str) -> None:
        self.chosen = name
        self._redraw()

    def say(self, status: str, short: str = "", *, strong: bool = False) -> None:
        """Show plain words at the right end, or `short` where there is no room for them."""
        self._status, self._short, self._strong = status, short, strong
        self._redraw()

    def _redraw(self) -> None:
        labels, width = Content(" " * _GAP).join(self._labels()), self.content_size.width
        fits = not width or labels.cell_length + 2 + cell_len(self._status) <= width
        words = self._status if fits else self._short
        self.show(labels, Content.styled(words, "$primary") if self._strong else words)

    def on_resize(self) -> None:
        self._redraw()

    def _labels(self) -> list[Content]:
        """The tabs; where there is no room for their words, the other ones are numbers alone."""
        labels = list(self._made(self.tabs))
        width = self.content_size.width
        if not width or sum(label.cell_length + _GAP for label in labels) - _GAP <= width:
            return labels
        return list(self._made([(n, words * (n == self.chosen)) for n, words in self.tabs]))

    def _made(self, tabs: Sequence[tuple[str, str]]) -> Iterator[Content]:
        for number, (name, words) in enumerate(tabs, 1):
            chosen = "bold underline $foreground" if name == self.chosen else ""
            yield Content.assemble(
                (f"{number} " if words else f"{number}", "$primary"), (words, chosen)
            )

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset_capture(self).x
        ends = accumulate(label.cell_length + _GAP for label in self._labels())
        for (name, _), end in zip(self.tabs, ends, strict=True):
            if at <= end - _GAP:
                self.post_message(self.Clicked(name))
                return
