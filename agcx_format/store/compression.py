"""How hard to compress what is written."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["CompressionLevel"]


class CompressionLevel(IntEnum):
    """zstd levels by name, as the Rust crate has them; `custom` for any other."""

    FAST = 1
    BALANCED = 3
    MAXIMUM = 9

    @staticmethod
    def custom(level: int) -> int:
        """Any level of zstd, clamped to 1…22."""
        return max(1, min(22, level))
