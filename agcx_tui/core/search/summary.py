"""How much was searched and found, in one honest line."""

from __future__ import annotations

from agcx_format.search import SearchProgress
from agcx_tui.core.words.format import counted

__all__ = ["shorter", "summary"]


def summary(progress: SearchProgress) -> str:
    """As "searched 812 of 815 sessions · 31 hits in 12 · 3 unreadable"."""
    if progress.searched == progress.total:
        parts = [f"searched {counted(progress.total, 'session')}"]
    else:
        parts = [f"searched {progress.searched:,} of {counted(progress.total, 'session')}"]
    more = "" if progress.exact else "+"
    if progress.hits:
        word = "hit" if progress.hits == 1 and not more else "hits"
        parts.append(f"{progress.hits:,}{more} {word} in {progress.sessions:,}")
    elif progress.sessions:
        parts.append(f"{counted(progress.sessions, 'session')} found")
    else:
        parts.append("no hits")
    if progress.partial:
        parts.append(f"{len(progress.partial):,} only in part")
    if progress.unreadable:
        parts.append(f"{len(progress.unreadable):,} unreadable")
    return " · ".join(parts)


def shorter(words: str) -> str:
    """A summary for a narrow line."""
    words = words.replace(" only in part", " in part")
    return words.replace(" sessions ·", " ·") if " of " in words.partition(" · ")[0] else words
