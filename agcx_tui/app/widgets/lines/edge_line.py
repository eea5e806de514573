"""One line with text at both edges; if both do not fit, one of them is cut.

Either the left one is cut, down to its beginning and then the right one, or only the right one.
"""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

_GAP = 2
_BETWEEN = " · "
# Cells of a fact that is cut, from which one still sees what it was.
_LEAST_FACT = 8
# Cells that are left of a left text that is cut.
_LEAST_LEFT = 16


class EdgeLine(Widget):
    """`show(left, right)`; the contents are plain `Content`, never parsed as markup."""

    ALLOW_SELECT = False
    # Which text is cut if there is no room for both.
    GIVES_WAY: ClassVar[str] = "left"
    DEFAULT_CSS = """
    EdgeLine { height: 1; width: 1fr; padding: 0 1; }
    """

    def __init__(
        self,
        left: Content | str = "",
        right: Content | str = "",
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._left = _content(left)
        self._right = _content(right)

    def show(self, left: Content | str = "", right: Content | str = "") -> None:
        before, needed = (self._left, self._right), self._needed
        self._left, self._right = _content(left), _content(right)
        if not (before[0].is_same(self._left) and before[1].is_same(self._right)):
            # A layout of the whole screen is expensive.
            self.refresh(layout=self.styles.auto_dimensions and needed != self._needed)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """What both texts need, for `width: auto`."""
        return self._needed

    @property
    def _needed(self) -> int:
        gap = _GAP if self._left and self._right else 0
        return self._left.cell_length + gap + self._right.cell_length

    @property
    def plain(self) -> str:
        """The texts of both edges, for tests."""
        return f"{self._left.plain}  {self._right.plain}".strip()

    def render(self) -> Content:
        width = self.content_size.width
        left, right = self._left, self._right
        if self.GIVES_WAY == "left":
            least = min(left.cell_length, _LEAST_LEFT)
            right = cut_facts(right, width - least - (_GAP if least else 0))
            left = _cut(left, width - right.cell_length - (_GAP if right else 0))
        else:
            left = _cut(left, width)
            right = _cut(right, width - left.cell_length - (_GAP if left else 0))
        return left + Content(" " * max(0, width - left.cell_length - right.cell_length)) + right


def _cut(text: Content, room: int) -> Content:
    return text if text.cell_length <= room else text.truncate(max(0, room), ellipsis=True)


def cut_facts(text: Content, room: int) -> Content:
    """Facts with dots between them; one that would be cut to next to nothing is left out."""
    if text.cell_length <= room:
        return text
    end = text.plain.rfind(_BETWEEN)
    while end > 0 and cell_len(text.plain[:end]) >= room:
        end = text.plain.rfind(_BETWEEN, 0, end)
    left = room - 1 - cell_len(text.plain[:end] + _BETWEEN)
    return text[:end] + Content("…") if end > 0 and left < _LEAST_FACT else _cut(text, room)


def _content(text: Content | str) -> Content:
    return text if isinstance(text, Content) else Content(text)
