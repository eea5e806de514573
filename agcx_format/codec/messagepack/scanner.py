"""Find the offsets of messages while their section is still being decompressed.

Strategy: `msgpack.Unpacker` is fed piece by piece and skips one message at a time without building it;
when a piece ends inside a message it continues with the next piece.  So the first messages are known
before the last one is read, and each takes eight bytes here.
"""

from __future__ import annotations

from array import array

import msgpack

from agcx_format import limits
from agcx_format.codec.messagepack.lenient import UNPACK_ERRORS, in_words
from agcx_format.errors import MessagePackDecodeError

__all__ = ["MessageScanner"]


class MessageScanner:
    """Finds the messages in the bytes of a `Vec<MessageSnapshot>`, fed piece by piece.

    `before` lists what comes before the `Vec`: the header of an `array`, or a whole `value`.

    Fields:
        starts: message `i` begins at `starts[i]` and ends at `starts[i + 1]`, from the first byte fed.
        count: the number of messages that the array claims, None until it is known.
        header: where the header of the array begins, once `count` is known.
    """

    def __init__(self, before: tuple[str, ...] = ()) -> None:
        self._unpacker = msgpack.Unpacker(
            strict_map_key=False, max_buffer_size=limits.WHOLE_SECTION
        )
        self._before = list(before)
        self.starts = array("Q")
        self.count: int | None = None
        self.header = 0

    @property
    def found(self) -> int:
        return max(0, len(self.starts) - 1)

    @property
    def complete(self) -> bool:
        return self.count is not None and self.found == self.count

    def feed(self, piece: bytes) -> None:
        """Scan the next piece.

        Raises:
            MessagePackDecodeError: the data are damaged; the messages before the damage remain in `starts`.
        """
        unpacker, starts = self._unpacker, self.starts
        try:
            unpacker.feed(piece)
            count = self._begin() if self.count is None else self.count
            # Names for the methods: this loop is most of what scanning takes.
            skip, tell, append = unpacker.skip, unpacker.tell, starts.append
            for _ in range(count + 1 - len(starts)):
                skip()
                append(tell())
        except msgpack.OutOfData:
            pass
        except UNPACK_ERRORS as cause:
            raise self._error(in_words(cause)) from None
        room = starts[-1] - starts[0] if starts else 0
        if (self.found - limits.SMALLER_ALLOWED) * limits.SMALLEST_MESSAGE > room:
            raise self._error("so many values in so few bytes are no messages")

    def finish(self) -> None:
        """Say that there are no more bytes.

        Raises:
            MessagePackDecodeError: messages are missing.
        """
        if not self.complete:
            of = "" if self.count is None else f" of {self.count:,}"
            raise self._error("the data ends inside it", of, truncated=True)

    def _begin(self) -> int:
        while self._before:
            if self._before[0] == "array":
                self._unpacker.read_array_header()
            else:
                self._unpacker.skip()
            self._before.pop(0)
        self.header = self._unpacker.tell()
        count: int = self._unpacker.read_array_header()
        self.starts.append(self._unpacker.tell())
        self.count = count
        return count

    def _error(
        self, reason: str, of: str = "", *, truncated: bool = False
    ) -> MessagePackDecodeError:
        at = self.starts[-1] if self.starts else 0
        return MessagePackDecodeError(
            f"message {self.found + 1:,}{of}: {reason}",
            offset=at,
            decompressed=True,
            truncated=truncated,
        )
