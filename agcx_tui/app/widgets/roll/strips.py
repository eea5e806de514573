"""Styles laid over finished lines: matches, and text that is selected."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

__all__ = ["overlay"]


def overlay(strip: Strip, spans: Iterable[tuple[int, int, Style]]) -> Strip:
    """Add styles to ranges of characters of a line, on top of existing ones."""
    text = strip.text
    for start, end, style in spans:
        first, last = cell_len(text[:start]), cell_len(text[:end])
        if first >= last:
            continue
        before, within, after = strip.crop(0, first), strip.crop(first, last), strip.crop(last)
        strip = Strip(
            [*before, *Segment.apply_style(within, post_style=style), *after], strip.cell_length
        )
    return strip
