"""A line of a long list, which is made only once it is on the screen."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual

__all__ = ["LateLine"]


class LateLine(Visual):
    """What `make` returns, which is one line: a list of thousands is there at once, whoever scrolls in it."""

    def __init__(self, make: Callable[[], Content]) -> None:
        self._make = make

    def render_strips(
        self, width: int, height: int | None, style: Style, options: RenderOptions
    ) -> list[Strip]:
        return self._make().render_strips(width, 1, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return self._make().get_optimal_width(rules, container_width)

    def get_height(self, rules: RulesMap, width: int) -> int:
        return 1
