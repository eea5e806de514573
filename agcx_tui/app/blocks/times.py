"""The times of messages in words: when each was written, and how long after the previous one."""

from __future__ import annotations

from agcx_format import ns_of
from agcx_tui.core.words import format

__all__ = ["since", "when"]

_NS = 1_000_000_000


def when(moment: str, previous: str | None = None) -> str:
    """`14:02`, or `25 Aug 2026, 14:02` if the previous message was on another day."""
    then = format.local(ns_of(moment) // 1000)
    before = format.local(ns_of(previous) // 1000) if previous is not None else None
    date, _, clock = format.exact(ns_of(moment) // 1000).partition(", ")
    if then is not None and before is not None and before[:3] == then[:3]:
        return clock[:5]
    return f"{date}, {clock[:5]}" if clock else date


def since(moment: str, previous: str | None) -> str:
    """`+12 s`, `+5 min`, `+3 h`, `+2 days`; empty below a second, or backward in time."""
    seconds = (ns_of(moment) - ns_of(previous)) // _NS if previous is not None else 0
    if seconds < 1:
        return ""
    if seconds < 60:
        return f"+{seconds} s"
    if seconds < 3600:
        return f"+{seconds // 60} min"
    if seconds < 48 * 3600:
        hours, minutes = divmod(seconds // 60, 60)
        return f"+{hours} h {minutes} min" if minutes and hours < 10 else f"+{hours} h"
    return f"+{seconds // 86_400:,} days"
