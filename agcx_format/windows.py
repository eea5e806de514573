"""The decompressed bytes of a section, as much of them as memory may hold.

Strategy: the bytes are kept in windows of 1 MiB, the least recently used going first.  A window that
somebody looked into is not dropped but packed (zstd level 1, 2 ms), because people go back to
what they have seen; what was only passed over on the way to somewhere else is forgotten and comes
from the file again.
"""

from __future__ import annotations

from collections import OrderedDict

from agcx_format import limits

__all__ = ["WINDOW", "Windows"]

WINDOW = limits.MIB


class Windows:
    """Bytes by their offset in the section; `append` in order, or `put` a window found again."""

    def __init__(self, keep: int = limits.KEPT_OPEN, keep_packed: int = limits.KEPT_PACKED) -> None:
        self._keep = max(2, keep // WINDOW)
        self._keep_packed = keep_packed
        self._open: OrderedDict[int, bytes | bytearray] = OrderedDict()
        self._packed: OrderedDict[int, bytes] = OrderedDict()
        self._packed_size = 0
        self._seen: set[int] = set()
        self.size = 0

    def append(self, piece: bytes) -> None:
        """Bytes that follow those appended so far."""
        at = 0
        while at < len(piece):
            index, used = divmod(self.size, WINDOW)
            if used == 0:
                self._open[index] = bytearray()
                self._shrink(index)
            part = piece[at : at + WINDOW - used]
            self._open.setdefault(index, bytearray(used)).extend(part)
            self.size += len(part)
            at += len(part)

    def put(self, index: int, data: bytes) -> None:
        """A whole window that was dropped, decompressed anew."""
        self._open[index] = data
        self._shrink(index)

    def missing(self, start: int, end: int) -> list[int]:
        """The windows that `slice` would need and that are not at hand."""
        first, last = start // WINDOW, max(start, end - 1) // WINDOW
        return [i for i in range(first, last + 1) if i not in self._open and i not in self._packed]

    def slice(self, start: int, end: int) -> bytes | None:
        """Bytes `start` to `end`; None when a window of them is missing."""
        if self.missing(start, end):
            return None
        parts = []
        for index in range(start // WINDOW, max(start, end - 1) // WINDOW + 1):
            base = index * WINDOW
            parts.append(bytes(self._window(index)[max(0, start - base) : end - base]))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _window(self, index: int) -> bytes | bytearray:
        self._seen.add(index)
        if index in self._open:
            self._open.move_to_end(index)
            return self._open[index]
        packed = self._packed.pop(index)
        self._packed_size -= len(packed)
        import zstandard

        data = zstandard.ZstdDecompressor().decompress(packed)
        self.put(index, data)
        return data

    def _shrink(self, newest: int) -> None:
        growing = self.size // WINDOW
        while len(self._open) > self._keep:
            index = next(i for i in self._open if i not in (newest, growing))
            data = self._open.pop(index)
            if index in self._seen:
                self._pack(index, data)

    def _pack(self, index: int, data: bytes | bytearray) -> None:
        import zstandard

        packed = zstandard.ZstdCompressor(level=1).compress(data)
        self._packed[index] = packed
        self._packed_size += len(packed)
        while self._packed_size > self._keep_packed:
            dropped, gone = self._packed.popitem(last=False)
            self._packed_size -= len(gone)
            self._seen.discard(dropped)
