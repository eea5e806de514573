"""One pass over the messages of a section, however large, with what stands before and after them.

Strategy: the section is decompressed block by block, `MessageScanner` finds where messages end, and of the
text only what belongs to the message at hand is kept.  A message that is too large is passed over without
being held.  Damage ends the walk; it is told in `error`, and what came before has been given.
"""

from __future__ import annotations

from collections.abc import Iterator

from agcx_format import limits
from agcx_format.codec.messagepack.scanner import MessageScanner
from agcx_format.errors import CompressionError, PersistenceError

__all__ = ["MessageWalk"]


class MessageWalk:
    """Gives (index, start, MessagePack) of each message; None for one above `largest` bytes.

    `before` is as for `MessageScanner`.  While and after it is iterated: `head`, the bytes before the first
    message; `tail`, those after the last; `size`, all that was decompressed; `error`.
    """

    def __init__(
        self,
        pieces: Iterator[bytes],
        before: tuple[str, ...] = (),
        largest: int = limits.MESSAGE_SHOWN,
    ) -> None:
        self.scanner = MessageScanner(before)
        self.error: PersistenceError | None = None
        self.size = 0
        self._head: bytes | None = None
        self._pieces = pieces
        self._largest = largest
        # Text from `_base` on: what the scanner has not found the end of.
        self._text = bytearray()
        self._base = 0

    @property
    def found(self) -> int:
        return self.scanner.found

    @property
    def head(self) -> bytes:
        return bytes(self._text) if self._head is None else self._head

    @property
    def end(self) -> int:
        """Where the last message found ends in the text."""
        return self.scanner.starts[-1] if self.scanner.starts else 0

    @property
    def tail(self) -> bytes:
        return bytes(self._text) if self.scanner.complete else b""

    def __iter__(self) -> Iterator[tuple[int, int, bytes | None]]:
        given = 0
        try:
            for piece in self._pieces:
                self.size += len(piece)
                self._text += piece
                try:
                    if not self.scanner.complete:
                        self.scanner.feed(piece)
                finally:
                    # The messages before the damage first, then the error.
                    yield from self._between(given)
                    given = self.found
                self._bound()
            self.scanner.finish()
        except PersistenceError as error:
            self.error = error

    def _between(self, given: int) -> Iterator[tuple[int, int, bytes | None]]:
        starts = self.scanner.starts
        if not starts:
            return
        if self._head is None:
            self._head = bytes(self._text[: starts[0]])
        for index in range(given, self.found):
            start, end = starts[index], starts[index + 1]
            held = start >= self._base
            text = bytes(self._text[start - self._base : end - self._base]) if held else None
            yield index, start, text
        passed = max(0, starts[-1] - self._base)
        del self._text[:passed]
        self._base += passed

    def _bound(self) -> None:
        """Let go of a message that grows too large; refuse what goes on for ever after the last."""
        if self.scanner.complete:
            if len(self._text) > limits.WHOLE_SECTION:
                raise CompressionError(
                    f"it goes on for more than {limits.WHOLE_SECTION:,} bytes after the messages"
                )
        elif self.scanner.starts and len(self._text) > self._largest:
            self._base += len(self._text)
            self._text.clear()
