"""The registry of layouts, and which of them a file has.

Strategy: a layout is one object (`base.Layout`) that answers everything the rest of the library asks about
its files. A new one is a module beside `v1` and `v2` and an entry in `LAYOUTS` and in `folders.FOLDERS`; no
caller changes.
"""

from __future__ import annotations

from agcx_format.layout import v1, v2
from agcx_format.layout.base import MAGIC, Layout

__all__ = ["HEAD", "LAYOUTS", "by_version", "guess", "of"]

# By version; the first is that of a new store, and of a file that looks like no layout.
LAYOUTS: dict[int, Layout] = {layout.version: layout for layout in (v1.LAYOUT, v2.LAYOUT)}

# How many bytes at the beginning of a file are enough for `of` and `guess`.
HEAD = 16


def of(head: bytes) -> Layout:
    """The layout of a file with these first bytes; layout 1 reports what is wrong with a damaged header."""
    for layout in LAYOUTS.values():
        if head.startswith(layout.beginning):
            return layout
    return v1.LAYOUT


def guess(head: bytes) -> Layout:
    """The layout by what follows the magic, even where the magic itself is damaged."""
    for layout in LAYOUTS.values():
        if head[len(MAGIC) : len(layout.beginning)] == layout.beginning[len(MAGIC) :]:
            return layout
    return v1.LAYOUT


def by_version(version: int) -> Layout:
    """A layout by its number.

    Raises:
        ValueError: there is no such layout.
    """
    try:
        return LAYOUTS[version]
    except KeyError:
        raise ValueError(f"there is no layout {version}") from None
