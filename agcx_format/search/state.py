"""How much of a store the book holds: values for whoever shows it."""

from __future__ import annotations

import msgspec

__all__ = ["DEFAULT_CAP", "BookState"]

# Bytes on disk.
DEFAULT_CAP = 2_000_000_000


class BookState(msgspec.Struct, frozen=True):
    """How much of the store is in the book.

    Fields:
        sessions: how many of the store's sessions are in it as they are now.
        total: sessions of the store.
        left_out: sessions that are not to be in it, because it has reached its largest size.
        size: bytes on disk.
        cap: the largest size.
    """

    sessions: int
    total: int
    left_out: int
    size: int
    cap: int

    @property
    def complete(self) -> bool:
        """Whether everything is in it that is to be."""
        return self.sessions + self.left_out >= self.total
