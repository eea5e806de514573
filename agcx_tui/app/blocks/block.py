"""A message as it is drawn: lines in parts, each drawn when it comes into view.

Strategy: most blocks have one part, drawn at once.  A huge message has hundreds, each a slice of
its text with an estimate of its height, so that no message costs more than
the slice looked at.
Strips of parts that have not been looked at lately are dropped again; their heights are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from textual.strip import Strip

from agcx_tui.app.blocks.heights import HeightIndex
from agcx_tui.app.blocks.lines import safe_strips

__all__ = ["Block", "Part"]

# How many drawn parts a block keeps; together they are some hundred KB of text.
_KEPT = 12


@dataclass(slots=True)
class Part:
    """A run of lines: there already, or drawn on demand; `cut` when it leaves lines out."""

    draw: Callable[[], list[Strip]]
    estimate: int
    cut: bool = False

    @classmethod
    def of(cls, strips: list[Strip], cut: bool = False) -> Part:
        return cls(lambda: strips, len(strips), cut)


@dataclass(slots=True)
class Block:
    """The lines of one message.

    `head` is the line at which what is said begins (below the gap), `turn` whether the user speaks.
    """

    parts: list[Part]
    head: int = 0
    turn: bool = False
    temporary: bool = False
    heights: HeightIndex = field(init=False)
    _drawn: dict[int, list[Strip]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.heights = HeightIndex(part.estimate for part in self.parts)

    @classmethod
    def of(cls, strips: Iterable[Strip], **more) -> Block:
        """A block whose lines are there already."""
        return cls([Part.of(list(strips))], **more)

    @property
    def height(self) -> int:
        """In lines; of parts that were never drawn, the estimate."""
        return self.heights.total

    @property
    def cut(self) -> bool:
        return any(part.cut for part in self.parts)

    def undraw(self) -> None:
        """Draw every part anew when it is next seen; its height stays the same."""
        self._drawn.clear()

    def lines(self, part: int) -> list[Strip]:
        """The lines of a part, drawn now if need be; its height is right afterwards."""
        strips = self._drawn.pop(part, None)
        if strips is None:
            strips = safe_strips(self.parts[part].draw())
            self.heights.set(part, len(strips))
            while len(self._drawn) >= _KEPT:
                del self._drawn[next(iter(self._drawn))]
        self._drawn[part] = strips
        return strips
