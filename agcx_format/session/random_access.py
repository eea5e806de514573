"""A `MessageSource` over a section with a seek table: every message is known from the start.

Strategy: a frame is decompressed and scanned when one of its messages is fetched, which takes a few
milliseconds for a mebibyte; the most recently used frames are kept. Any place in the file costs the same.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

import msgspec

from agcx_format import limits
from agcx_format.codec.messagepack import decode_at_once, messages_in
from agcx_format.codec.zstd import frames
from agcx_format.codec.zstd.seekable import Table
from agcx_format.errors import CorruptData, FileClosed, PersistenceError
from agcx_format.model.items import MessageSnapshot
from agcx_format.session.sequential import decode_run, decode_shown
from agcx_format.session.source import PENDING, Pending, check_known

__all__ = ["RandomAccessMessages"]


class _Frame(msgspec.Struct, frozen=True):
    """The text of a frame and where each of its messages begins; or why it cannot be read."""

    text: bytes
    starts: array[int]
    error: PersistenceError | None = None


class RandomAccessMessages:
    """Reads `section`, which begins at `base` in its file, by its `table`."""

    complete = True
    error: PersistenceError | None = None

    def __init__(self, section: frames.Section, table: Table, base: int = 0) -> None:
        self._section = section
        self._base = base
        self._table = table
        self._lock = threading.Lock()
        self._frames: OrderedDict[int, _Frame] = OrderedDict()
        self._closed = False

    @property
    def expected(self) -> int:
        return self.known()

    def known(self) -> int:
        return self._table.messages[-1]

    def size_of(self, index: int) -> int:
        """Bytes of a message: exact when its frame is cached, else the average in its frame."""
        number = self._frame_of(index)
        frame = self._frames.get(number)
        if frame is not None and frame.error is None:
            within = index - self._table.messages[number]
            return frame.starts[within + 1] - frame.starts[within]
        text, messages = self._table.text, self._table.messages
        return (text[number + 1] - text[number]) // (messages[number + 1] - messages[number])

    def start_of(self, index: int) -> int:
        """Where a message begins in the decompressed section; of a frame that is not cached, its start."""
        number = self._frame_of(index)
        frame = self._frames.get(number)
        start = self._table.text[number]
        if frame is None or frame.error is not None:
            return start
        return start + frame.starts[index - self._table.messages[number]]

    def get(self, index: int) -> MessageSnapshot | PersistenceError | Pending:
        if self._closed:
            return FileClosed()
        if not 0 <= index < self.known():
            return PENDING
        number = self._frame_of(index)
        frame = self._frames.get(number)
        if frame is None:
            return PENDING
        if frame.error is not None:
            return frame.error
        within = index - self._table.messages[number]
        start, end = frame.starts[within], frame.starts[within + 1]
        return decode_shown(index, frame.text[start:end], self._table.text[number] + start)

    def sizes(self, start: int, stop: int) -> list[int]:
        return [self.size_of(index) for index in range(start, stop)]

    def raw(self, index: int) -> bytes | None:
        """The MessagePack of a message; None when its frame is not cached (`fetch` it)."""
        number = self._frame_of(index)
        frame = self._frames.get(number)
        if frame is None or frame.error is not None:
            return None
        within = index - self._table.messages[number]
        return frame.text[frame.starts[within] : frame.starts[within + 1]]

    def read_more(self) -> bool:
        return False

    def fetch(self, index: int, should_stop: Callable[[], bool] = lambda: False) -> bool:
        """Cache the frame of a message. May block, for a few milliseconds."""
        if self._closed:
            return True
        number = self._frame_of(index)
        with self._lock:
            cached = self._frames
            if number in cached:
                cached.move_to_end(number)
                return True
            cached[number] = self._read(number)
            kept = sum(len(each.text) for each in cached.values())
            while kept > limits.KEPT_OPEN and len(cached) > 1:
                _, dropped = cached.popitem(last=False)
                kept -= len(dropped.text)
        return True

    def batches(self) -> Iterator[Sequence[MessageSnapshot]]:
        """Every message once, frame by frame.

        Raises:
            PersistenceError: when a frame is damaged, after the messages before it.
        """
        for number in range(self._table.frames):
            messages = self._decoded(number)
            if messages is not None:
                yield messages
                continue
            frame = self._read(number)
            if frame.error is not None:
                raise frame.error
            yield from decode_run(frame.text, frame.starts, self._table.text[number])

    def close(self) -> None:
        """Drop all text; from now on `get` returns `FileClosed`."""
        self._closed = True
        # Replaced, not cleared: another thread may be using it.
        self._frames = OrderedDict()

    def _frame_of(self, index: int) -> int:
        check_known(index, self.known())
        return bisect_right(self._table.messages, index) - 1

    def _decoded(self, number: int) -> list[MessageSnapshot] | None:
        """The messages of a frame, decoded in one call; None unless that is possible."""
        try:
            text, count = self._text(number), self._count(number)
            start = messages_in(text, 0, header=True)[0] if number == 0 else 0
        except PersistenceError:
            return None
        return decode_at_once(memoryview(text)[start:], count)

    def _count(self, number: int) -> int:
        return self._table.messages[number + 1] - self._table.messages[number]

    def _size(self, number: int) -> int:
        return self._table.text[number + 1] - self._table.text[number]

    def _text(self, number: int) -> bytes:
        """The text of a frame, which has the size that the table says.

        Raises:
            PersistenceError: when the frame is damaged or cannot be read.
        """
        start, end = self._table.section[number], self._table.section[number + 1]
        size = self._size(number)
        text = frames.decompress(self._section[start:end], limit=min(size, limits.WHOLE_SECTION))
        if len(text) != size:
            raise CorruptData("the frame is not what the seek table says")
        return text

    def _read(self, number: int) -> _Frame:
        start = self._table.section[number]
        try:
            text = self._text(number)
            starts = messages_in(text, self._count(number), header=number == 0)
            if starts[-1] != len(text):
                raise CorruptData("the frame is not what the seek table says")
        except PersistenceError as error:
            return _Frame(
                b"", array("Q"), error.located(section="messages", base=self._base + start)
            )
        return _Frame(text, starts)
