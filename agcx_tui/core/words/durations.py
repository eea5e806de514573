"""How long something took, in words."""

from __future__ import annotations

__all__ = ["seconds_text"]


def seconds_text(seconds: float | None) -> str:
    """`0.1 s`, `12 s`, `3 min 5 s`, `2 h 10 min`; nothing for less than a tenth of a second."""
    if seconds is None or not 0.05 <= seconds < 1e9:
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
