"""A cache of the decompressed bytes of a section, bounded in memory.

Strategy: the pieces that the decompressor returns are kept as they are, without a copy, and the least
recently used is evicted first. A piece that was used is compressed instead of dropped (zstd level 1,
0.3 ms), because people go back to what they have seen. Pieces that were only passed on the way to another
are dropped; they are read from the file again under the same number.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator

from agcx_format import limits
from agcx_format.errors import PersistenceError

__all__ = ["PieceCache", "gathered"]

# Blocks of a real file are 128 KiB; a hostile file with tiny ones must not make millions of pieces.
_ENOUGH = 64 * 1024
# No piece is larger: gathered bytes are fewer than `_ENOUGH`, and one step gives 1 MiB at most.
_LARGEST = _ENOUGH + limits.MIB


def gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are not tiny.

    Raises:
        PersistenceError: the one of `pieces`, after the bytes before it.
    """
    held: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            if not held and len(piece) >= _ENOUGH:
                yield piece
                continue
            held.append(piece)
            size += len(piece)
            if size >= _ENOUGH:
                yield b"".join(held)
                held, size = [], 0
    except PersistenceError:
        if held:
            yield b"".join(held)
        raise
    if held:
        yield b"".join(held)


class PieceCache:
    """Pieces of a section by number: `append` in order, or `put` back one that was dropped.

    Holds `keep` bytes as they are and `keep_packed` bytes compressed. Unless `all_fits`, of the pieces
    that were appended and not used it keeps only the first and the last few: fresh memory for each costs
    a tenth of the time that decompressing takes, and most would be dropped anyway.
    """

    def __init__(
        self, keep: int | None = None, keep_packed: int | None = None, *, all_fits: bool = True
    ) -> None:
        self._keep = limits.KEPT_OPEN if keep is None else keep
        self._keep_packed = limits.KEPT_PACKED if keep_packed is None else keep_packed
        self._open: OrderedDict[int, bytes] = OrderedDict()
        self._open_size = 0
        self._packed: OrderedDict[int, bytes] = OrderedDict()
        self._packed_size = 0
        # Those that were appended after the first few, until they are too many.
        self._passed: deque[int] = deque()
        self._keep_passed = self._keep if all_fits else min(self._keep, limits.KEPT_PASSED)
        self._seen: set[int] = set()
        # Where each piece begins, and where the last one ends.
        self._starts = array("Q", [0])

    @property
    def size(self) -> int:
        """Bytes appended so far."""
        return self._starts[-1]

    @property
    def count(self) -> int:
        """Pieces appended so far."""
        return len(self._starts) - 1

    def may_hold(self, size: int) -> bool:
        """Whether this many consecutive bytes fit the cache at once."""
        # The first and the last piece also hold other bytes.
        return size + 2 * _LARGEST <= self._keep

    def at_hand(self, number: int) -> bytes | None:
        """A piece for one pass over all; None when it was dropped or compressed."""
        return self._open.get(number)

    def append(self, piece: bytes) -> None:
        """Add the piece that follows those appended so far."""
        number = self.count
        self._starts.append(self.size + len(piece))
        self.put(number, piece)
        if self.size > self._keep_passed:
            self._drop_passed(number)

    def _drop_passed(self, newest: int) -> None:
        """Keep only the last few of the pieces that were passed."""
        passed = self._passed
        passed.append(newest)
        while self.size - self._starts[passed[0]] > self._keep_passed and len(passed) > 2:
            oldest = passed.popleft()
            if oldest in self._open and oldest not in self._seen:
                self._open_size -= len(self._open.pop(oldest))

    def put(self, number: int, piece: bytes) -> None:
        """Add a piece that was dropped, under its number."""
        if number not in self._open:
            self._open_size += len(piece)
        self._open[number] = piece
        self._open.move_to_end(number)
        while self._open_size > self._keep and len(self._open) > 2:
            dropped, data = self._open.popitem(last=False)
            self._open_size -= len(data)
            if dropped in self._seen:
                self._pack(dropped, data)

    def missing(self, start: int, end: int) -> list[int]:
        """The numbers of the pieces that `slice` would need and that are not cached.

        The cached ones among them become the most recently used, so that fetching the missing ones does
        not evict them.
        """
        numbers = self._numbers(start, end)
        for number in numbers:
            if number in self._open or number in self._packed:
                self._piece(number)
        return [number for number in numbers if number not in self._open]

    def drop(self) -> None:
        """Drop everything, and cache nothing from now on."""
        self._keep = self._keep_packed = self._open_size = self._packed_size = 0
        self._open.clear()
        self._packed.clear()
        self._passed.clear()

    def slice(self, start: int, end: int) -> bytes | None:
        """Bytes `start` to `end`; None when a piece of them is missing."""
        if self.missing(start, end):
            return None
        parts = []
        for number in self._numbers(start, end):
            base = self._starts[number]
            parts.append(self._piece(number)[max(0, start - base) : end - base])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _numbers(self, start: int, end: int) -> range:
        first = bisect_right(self._starts, start) - 1
        return range(first, bisect_right(self._starts, max(start, end - 1)))

    def _piece(self, number: int) -> bytes:
        self._seen.add(number)
        if number in self._open:
            self._open.move_to_end(number)
            return self._open[number]
        import zstandard

        packed = self._packed.pop(number)
        self._packed_size -= len(packed)
        piece = zstandard.ZstdDecompressor().decompress(packed)
        self.put(number, piece)
        return piece

    def _pack(self, number: int, data: bytes) -> None:
        import zstandard

        # Copied: the compressor's result is a view of a buffer sized for the worst case.
        packed = bytes(memoryview(zstandard.ZstdCompressor(level=1).compress(data)))
        self._packed[number] = packed
        self._packed_size += len(packed)
        while self._packed_size > self._keep_packed:
            dropped, gone = self._packed.popitem(last=False)
            self._packed_size -= len(gone)
            self._seen.discard(dropped)
