"""One pass over the messages of a section, however large, with what precedes and follows them.

Strategy: the section is decompressed block by block, `MessageScanner` finds where messages end, and of the
text only what belongs to the current message is kept. Text of a message that is too large is dropped while
it is passed. Damage ends the walk: the messages before it come first, and `error` says what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from agcx_format import limits
from agcx_format.codec.messagepack.scanner import MessageScanner
from agcx_format.errors import CompressionError, PersistenceError

__all__ = ["MessageRun", "MessageWalk"]


class MessageRun(msgspec.Struct, frozen=True):
    """Messages that follow each other, from number `first` on.

    Fields:
        starts: where each begins in the decompressed section, and where the last ends.
        text: their MessagePack; of a message that was dropped there is none.
        base: where `text` begins in the decompressed section.
    """

    first: int
    starts: Sequence[int]
    text: bytes
    base: int


class MessageWalk:
    """Iterates over (index, start, MessagePack) of each message; None for one above `largest` bytes.

    Fields:
        scanner: what was found so far.
        error: the damage that ended the walk; None where there was none.
        size: how many bytes were decompressed.
    """

    def __init__(
        self,
        pieces: Iterable[bytes],
        before: tuple[str, ...] = (),
        largest: int = limits.MESSAGE_SHOWN,
        *,
        to_end: bool = True,
    ) -> None:
        """`before` is as for `MessageScanner`; with `to_end` what follows the messages is read too."""
        self.scanner = MessageScanner(before)
        self.error: PersistenceError | None = None
        self.size = 0
        self._head: bytes | None = None
        self._pieces = pieces
        self._largest = largest
        self._to_end = to_end
        # Text from `_base` on: what the scanner has not found the end of.
        self._text = bytearray()
        self._base = 0

    @property
    def found(self) -> int:
        """How many messages were found so far."""
        return self.scanner.found

    @property
    def head(self) -> bytes:
        """The bytes before the first message."""
        return bytes(self._text) if self._head is None else self._head

    @property
    def end(self) -> int:
        """Where the last message found ends in the decompressed section."""
        return self.scanner.starts[-1] if self.scanner.starts else 0

    @property
    def tail(self) -> bytes:
        """The bytes after the last message, once all messages were found."""
        return bytes(self._text) if self.scanner.complete else b""

    def __iter__(self) -> Iterator[tuple[int, int, bytes | None]]:
        for run in self.runs():
            text = memoryview(run.text)
            for number in range(len(run.starts) - 1):
                start, end = run.starts[number], run.starts[number + 1]
                is_held = start >= run.base
                part = bytes(text[start - run.base : end - run.base]) if is_held else None
                yield run.first + number, start, part

    def runs(self) -> Iterator[MessageRun]:
        """The messages by the piece in which they end: faster where all of them are decoded."""
        try:
            for piece in self._pieces:
                self.size += len(piece)
                self._text += piece
                before, damage = self.found, self._feed(piece)
                run = self._cut(before)
                if run is not None:
                    yield run
                if damage is not None:
                    raise damage
                if self.scanner.complete and not self._to_end:
                    return
                self._bound()
            self.scanner.finish()
        except PersistenceError as error:
            self.error = error

    def _feed(self, piece: bytes) -> PersistenceError | None:
        """The damage in a piece; the scanner has found the messages before it."""
        try:
            if not self.scanner.complete:
                self.scanner.feed(piece)
        except PersistenceError as error:
            return error
        return None

    def _cut(self, first: int) -> MessageRun | None:
        """Take the text of the messages from number `first` on out of what is held."""
        starts = self.scanner.starts
        if not starts:
            return None
        if self._head is None:
            self._head = bytes(self._text[: starts[0]])
            del self._text[: starts[0]]
            self._base = starts[0]
        if self.found == first:
            return None
        base, passed = self._base, max(0, starts[-1] - self._base)
        text = bytes(memoryview(self._text)[:passed])
        del self._text[:passed]
        self._base += passed
        return MessageRun(first, starts[first:], text, base)

    def _bound(self) -> None:
        """Drop a message that grows too large; refuse what never ends after the last one."""
        if self.scanner.complete:
            if len(self._text) > limits.WHOLE_SECTION:
                raise CompressionError(
                    f"it goes on for more than {limits.WHOLE_SECTION:,} bytes after the messages"
                )
        elif self.scanner.starts and len(self._text) > self._largest:
            self._base += len(self._text)
            self._text.clear()
