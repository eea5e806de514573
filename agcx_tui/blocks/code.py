"""Source code with syntax colours, in the colours of the theme.

Strategy: Rich and pygments do the work; only what is handed to them is ours: a theme of six styles.
Long code, and languages that pygments does not know, are plain.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from textual.strip import Strip

from agcx_tui.blocks.lines import fold, render
from agcx_tui.blocks.palette import Palette

if TYPE_CHECKING:
    from rich.syntax import ANSISyntaxTheme

__all__ = ["code_strips", "syntax_theme"]

_HIGHLIGHTED = 16 * 1024


def code_strips(code: str, language: str, width: int, palette: Palette) -> list[Strip]:
    """Safe code as lines, folded at `width`."""
    code = code.strip("\n")
    if not language or language == "text" or len(code) > _HIGHLIGHTED:
        return fold(code, max(1, width), palette.text)
    from rich.syntax import Syntax

    syntax = Syntax(code, language, theme=syntax_theme(palette))
    text = syntax.highlight(code)
    text.rstrip()
    text.no_wrap, text.overflow = False, "fold"
    strips: list[Strip] = []
    for row in text.split("\n", allow_blank=True):
        # Text wraps between words; code is cut where the width ends.
        pieces = [row] if row.cell_len <= width else _cut(row, width)
        strips.extend(render(piece, width)[0] if piece.plain else Strip([], 0) for piece in pieces)
    return strips


def _cut(row, width: int) -> list:
    from rich.cells import chop_cells

    offsets, at = [], 0
    for piece in chop_cells(row.plain, width)[:-1]:
        at += len(piece)
        offsets.append(at)
    return list(row.divide(offsets))


@lru_cache(maxsize=4)
def syntax_theme(palette: Palette) -> ANSISyntaxTheme:
    from pygments.token import (
        Comment,
        Generic,
        Keyword,
        Literal,
        Name,
        Number,
        Operator,
        String,
        Token,
    )
    from rich.syntax import ANSISyntaxTheme

    return ANSISyntaxTheme(
        {
            Token: palette.text,
            Comment: palette.muted,
            Keyword: palette.keyword,
            Operator.Word: palette.keyword,
            Name.Tag: palette.keyword,
            Name.Function: palette.name,
            Name.Class: palette.name,
            Name.Decorator: palette.name,
            Name.Builtin: palette.name,
            Name.Attribute: palette.name,
            String: palette.string,
            Number: palette.number,
            Literal: palette.number,
            Generic.Inserted: palette.added,
            Generic.Deleted: palette.removed,
            Generic.Heading: palette.heading,
            Generic.Subheading: palette.hunk,
        }
    )
