"""Counts with their noun in the singular or plural, and bytes with a unit: `1,024 sessions`, `1.2 MB`."""

from __future__ import annotations

__all__ = ["counted", "size"]


def counted(count: int, one: str, many: str | None = None) -> str:
    """The number with its noun; `many` is the plural if it is not `one` with an s.

    >>> counted(1, "session"), counted(1024, "session"), counted(2, "entry", "entries")
    ('1 session', '1,024 sessions', '2 entries')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def size(count: int) -> str:
    """Bytes in decimal units with two or three digits.

    >>> size(0), size(38_400), size(1_200_000)
    ('0 B', '38 kB', '1.2 MB')
    """
    if count < 1000:
        return f"{count} B"
    amount = float(count)
    for unit in ("kB", "MB", "GB", "TB", "PB", "EB"):
        amount /= 1000
        # 999.5 would be rounded up to four digits.
        if amount < 999.5 or unit == "EB":
            break
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"
