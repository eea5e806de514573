"""Source code with syntax colors, in the colors of the theme.

Strategy: another process parses it (`code_spans.py`), never this one: to parse code may take minutes.
Until it is parsed, code is plain; long code stays plain.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.segment import Segment
from textual.strip import Strip

from agcx_tui.app.blocks.code_spans import CODE_SPANS
from agcx_tui.app.blocks.lines import broken, fold
from agcx_tui.app.blocks.palette import Palette
from agcx_tui.core.local.lexing import Spans

__all__ = ["code_strips"]

_HIGHLIGHTED = 16 * 1024


def code_strips(code: str, language: str, width: int, palette: Palette) -> list[Strip]:
    """Safe code as lines, folded at `width`."""
    code = code.strip("\n")
    if not language or language == "text" or len(code) > _HIGHLIGHTED:
        return fold(code, max(1, width), palette.text)
    strips: list[Strip] = []
    for segments in _rows(code, CODE_SPANS.get(language, code), palette):
        row = Strip(segments)
        strips += [row] if row.cell_length <= width else broken(row, row.text, width)
    return strips


def _rows(code: str, spans: Spans, palette: Palette) -> Iterator[list[Segment]]:
    """The lines of the code, each as pieces of one style."""
    segments: list[Segment] = []
    at = 0
    for length, role in (*spans, (len(code), "")):
        style = palette.text + getattr(palette, role) if role else palette.text
        first, *others = code[at : at + length].split("\n")
        if first:
            segments.append(Segment(first, style))
        for other in others:
            yield segments
            segments = [Segment(other, style)] if other else []
        at += length
    yield segments
