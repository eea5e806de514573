"""Numbers with the noun that they count, in the singular or the plural: `1 byte`, `1,024 bytes`."""

from __future__ import annotations

__all__ = ["counted"]


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 session`, `1,024 sessions`; `many` is the plural where it is not `one` with an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
