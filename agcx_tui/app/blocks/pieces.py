"""Pieces of a message that one can take by themselves: code, a command, an output, a picture.

Strategy: a drawn line carries the key of its piece in the metadata of its style, which no terminal sees, so
wherever a line ends up it is known what it belongs to.  The text of a piece is kept by the part that drew it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from rich.style import Style
from textual.strip import Strip

from agcx_tui.app.blocks.block import Part

__all__ = ["PICTURE", "as_piece", "in_piece", "piece_of", "piece_style"]

_KEY = "piece"
# How the key of a picture begins; its text is the address, which may hold all of it.
PICTURE = "picture"


def piece_style(key: str) -> Style:
    """What is added to the style of a piece's lines."""
    return Style(meta={_KEY: key})


def in_piece(strips: Iterable[Strip], key: str) -> list[Strip]:
    """Lines of the piece `key`."""
    style = piece_style(key)
    return [strip.apply_style(style) for strip in strips]


def as_piece(parts: Iterable[Part], key: str, text: str) -> list[Part]:
    """Parts that are one piece, which has this text."""

    def draw(part: Part) -> list[Strip]:
        return in_piece(part.draw(), key)

    return [
        replace(part, draw=partial(draw, part), pieces={**part.pieces, key: text}) for part in parts
    ]


def piece_of(strip: Strip) -> str | None:
    """The key of the piece that a line belongs to; None for a line outside of all."""
    for segment in strip:
        if segment.style is not None and (key := segment.style.meta.get(_KEY)) is not None:
            return str(key)
    return None
