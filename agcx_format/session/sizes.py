"""How large a compressed section is when it is not: told by its seek table, or counted.

Strategy: a seek table says it for nothing; else the section is decompressed piece by piece and
forgotten, which is worth it for some megabytes only.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from agcx_format import limits
from agcx_format.codec.zstd import frames, seekable
from agcx_format.errors import PersistenceError

__all__ = ["SectionPlace", "plain_size"]

# Compressed bytes; a tenth of a second or so.
_COUNTED = 16 * limits.MIB


class SectionPlace(msgspec.Struct, frozen=True):
    """Bytes `start` to `end` of a file; `compressed` when they are zstd."""

    name: str
    start: int
    end: int
    compressed: bool

    @property
    def size(self) -> int:
        return self.end - self.start


def plain_size(section: frames.Section, should_stop: Callable[[], bool]) -> int | None:
    """Bytes of a zstd section when decompressed; None when it is damaged, or too much to count."""
    table = seekable.read_table(section)
    if table is not None:
        return table.text[-1]
    if len(section) > _COUNTED:
        return None
    size = 0
    try:
        for piece in frames.pieces(section):
            if should_stop():
                return None
            size += len(piece)
    except PersistenceError:
        return None
    return size
