"""A drawn message: lines in parts, each drawn when it comes into view.

Strategy: most blocks have one part, drawn at once.  A huge message has hundreds, each a slice of
its text with an estimate of its height, so that no message costs more than the slice in view.
Lines of parts that were not in view lately are dropped; their heights are kept.
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
    """A run of lines, drawn already or on demand.

    Fields:
        estimate: How many lines it may have.
        cut: Whether it leaves lines out.
        start: Where it begins in the text of the message as read, in characters; None if it is
            not the part of a long text.
        runs_on: Whether its last line continues in the next part.
        label: Whether it is about the message and not from it; a search ignores it.
        pieces: The texts of the pieces in it, by their keys; complete once it is drawn.
    """

    draw: Callable[[], list[Strip]]
    estimate: int
    cut: bool = False
    start: int | None = None
    runs_on: bool = False
    label: bool = False
    pieces: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        strips: list[Strip],
        cut: bool = False,
        *,
        label: bool = False,
        pieces: dict[str, str] | None = None,
    ) -> Part:
        return cls(lambda: strips, len(strips), cut, label=label, pieces=pieces or {})


@dataclass(slots=True)
class Block:
    """The lines of one message.

    `head` is the line at which the message begins, below the gap; `turn` whether it is the user's.
    """

    parts: list[Part]
    head: int = 0
    turn: bool = False
    heights: HeightIndex = field(init=False)
    _drawn: dict[int, list[Strip]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.heights = HeightIndex(part.estimate for part in self.parts)

    @classmethod
    def of(cls, strips: Iterable[Strip], head: int = 0, *, label: bool = False) -> Block:
        """A block whose lines are drawn already."""
        return cls([Part.of(list(strips), label=label)], head)

    @property
    def height(self) -> int:
        """In lines; parts that were never drawn count as estimated."""
        return self.heights.total

    @property
    def cut(self) -> bool:
        return any(part.cut for part in self.parts)

    def undraw(self) -> None:
        """Drop what is drawn, to be drawn again when it is next in view; heights stay."""
        self._drawn.clear()

    def lines(self, part: int) -> list[Strip]:
        """The lines of a part, drawn now if necessary; its height is exact afterwards."""
        strips = self._drawn.pop(part, None)
        if strips is None:
            strips = safe_strips(self.parts[part].draw())
            self.heights.set(part, len(strips))
            while len(self._drawn) >= _KEPT:
                del self._drawn[next(iter(self._drawn))]
        self._drawn[part] = strips
        return strips
