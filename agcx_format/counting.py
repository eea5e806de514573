"""Counts with their noun in the singular or plural: `1 byte`, `1,024 bytes`."""

from __future__ import annotations

__all__ = ["counted"]


def counted(count: int, one: str, many: str | None = None) -> str:
    """The number with its noun; `many` is the plural if it is not `one` with an s.

    >>> counted(1, "session"), counted(1024, "session"), counted(2, "entry", "entries")
    ('1 session', '1,024 sessions', '2 entries')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
