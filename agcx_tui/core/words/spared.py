"""What a clean-up rule protects, and cannot free, in words.  Pure, no Textual."""

from __future__ import annotations

from collections import Counter

from agcx_format.space import Protected, Selection
from agcx_tui.core.words.format import size

__all__ = ["KINDS", "short_of", "spared"]

KINDS = {
    Protected.FAVORITES: "favorites",
    Protected.UNREADABLE: "unreadable",
    Protected.CHECKPOINTS: "with checkpoints",
    Protected.IN_USE: "in use",
}


def spared(selection: Selection) -> str:
    """What a rule kept, such as `kept: 3 favorites, 1 unreadable`; empty if it kept nothing."""
    counts = Counter(each.why for each in selection.spared)
    parts = [_counted(counts[kind], kind) for kind in KINDS if counts[kind]]
    return f"kept: {', '.join(parts)}" if parts else ""


def short_of(selection: Selection) -> str:
    """How much less matches than the rule wants to free: `40 MB short of 100 MB`."""
    return f"{size(selection.missing)} short of {size(selection.size + selection.missing)}"


def _counted(count: int, kind: Protected) -> str:
    words = "favorite" if count == 1 and kind is Protected.FAVORITES else KINDS[kind]
    return f"{count:,} {words}"
