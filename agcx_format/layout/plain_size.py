"""How many bytes a compressed section is when decompressed.

Strategy: a seek table says it for free. Otherwise the section is decompressed piece by piece and counted,
which is only worth the time for a few megabytes.
"""

from __future__ import annotations

from collections.abc import Callable

from agcx_format import limits
from agcx_format.codec.zstd import frames, seekable
from agcx_format.codec.zstd.frames import Section
from agcx_format.errors import PersistenceError

__all__ = ["Part", "plain_size"]

# Compressed bytes; counting takes a tenth of a second or so.
_COUNTED = 16 * limits.MIB


class Part:
    """Bytes `start` to `end` of something that can be sliced, without a copy of them."""

    def __init__(self, whole: Section, start: int, end: int) -> None:
        self._whole, self._start, self._end = whole, start, end

    def __len__(self) -> int:
        return max(0, self._end - self._start)

    def __getitem__(self, part: slice) -> bytes | memoryview:
        start, end, _ = part.indices(len(self))
        return self._whole[self._start + start : self._start + end]


def plain_size(section: Section, should_stop: Callable[[], bool] = lambda: False) -> int | None:
    """Bytes of a zstd section when decompressed; None when it is damaged or too large to count."""
    table = seekable.read_table(section)
    if table is not None:
        text: int = table.text[-1]
        return text
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
