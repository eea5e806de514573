"""What the terminal shows, so that nothing is sent to it again: over a slow line each picture counts.

Strategy: a picture comes in pieces of lines.  A piece that was written last at its place, and over which
nothing was written since, is there already.  Textual draws all of a screen two or three times when it is
opened, left, or laid out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rich.control import Control
from textual.geometry import Region
from textual.strip import Strip

__all__ = ["Piece", "TerminalRows", "in_lines", "in_spans"]

Piece = tuple[int, int, Strip]
"""Column and line where it begins, and what is there."""


class TerminalRows:
    """The pieces that were written and can still be seen."""

    def __init__(self) -> None:
        # By line and column: where a piece ends, and how it was written.
        self._rows: dict[int, dict[int, tuple[int, str]]] = {}

    def forget(self) -> None:
        """Anything may be shown now."""
        self._rows.clear()

    def write(self, pieces: Iterable[Piece], render: Callable[[Strip], str]) -> str:
        """What has to be written so that these pieces are shown."""
        written: list[str] = []
        for x, y, strip in pieces:
            row = self._rows.setdefault(y, {})
            piece = x + strip.cell_length, render(strip)
            if row.get(x) != piece:
                _make_room(row, x, piece[0])
                row[x] = piece
                written += [Control.move_to(x, y).segment.text, piece[1]]
        return "".join(written)


def _make_room(row: dict[int, tuple[int, str]], x: int, end: int) -> None:
    """Forget what is written over from column `x` to `end`."""
    for start in [at for at, (until, _) in row.items() if at < end and until > x]:
        del row[start]


def in_lines(lines: Iterable[Iterable[Strip]], region: Region) -> Iterator[Piece]:
    """The pieces of whole lines, which fill a region."""
    for y, line in enumerate(lines, region.y):
        x = region.x
        for strip in line:
            yield x, y, strip
            x += strip.cell_length


def in_spans(
    spans: Iterable[tuple[int, int, int]],
    lines: Sequence[Mapping[int, Strip | None]],
    ends: Sequence[Sequence[int]],
) -> Iterator[Piece]:
    """The pieces of lines that are in these spans: the line, the first column, and the one after the last.

    Of each line the pieces are known by their first columns, with the ends of them all.
    """
    for y, first, last in spans:
        for end, (x, strip) in zip(ends[y], lines[y].items(), strict=False):
            if strip is not None and x < last and end > first:
                yield x, y, strip.crop(0, last - x)
