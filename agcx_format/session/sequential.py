"""A `MessageSource` over a section that can only be read from its beginning.

Strategy: each `read_more` decompresses a few blocks; `MessageScanner` finds where messages are, and
`PieceCache` keeps as much of the text as memory may hold. Text that was dropped is decompressed again from
the beginning when it is needed. Of messages larger than the cache, only the last one is held.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from itertools import chain, count, islice, pairwise

from agcx_format import limits
from agcx_format.codec import messagepack
from agcx_format.codec.messagepack.scanner import MessageScanner
from agcx_format.codec.zstd import frames
from agcx_format.errors import CorruptData, FileClosed, MessagePackDecodeError, PersistenceError
from agcx_format.model.items import MessageSnapshot
from agcx_format.session.ahead import TextAhead
from agcx_format.session.message_walk import MessageWalk
from agcx_format.session.piece_cache import PieceCache
from agcx_format.session.source import PENDING, Pending, check_known

__all__ = ["SequentialMessages", "decode_message", "decode_run", "decode_shown"]

# How long `read_more` reads before it returns; the first time only until it has found a message.
_SLICE_SECONDS = 0.02

# Bytes of text that a pass over all messages decodes in one call, which is faster than looking for each
# message. As much as this program writes into one frame; the first message then comes after some 30 ms.
_AT_ONCE = 8 * limits.MIB

# Compressed text this many times smaller than what may be kept is expected to fit.
_USUAL_RATIO = 4
# Pieces before one that was fetched that are kept with it.
_BEFORE = 8


def decode_shown(index: int, raw: bytes, base: int) -> MessageSnapshot | PersistenceError:
    """Decode one message; returns the error when that fails or the message is too large to show.

    `base` is where it begins in the decompressed section, for the error's offset.
    """
    if len(raw) > limits.MESSAGE_SHOWN:
        return too_large(index, len(raw), base)
    return decode_message(raw, base)


def decode_message(raw: bytes, base: int) -> MessageSnapshot | PersistenceError:
    """Like `decode_shown`, for a message of any size."""
    try:
        return messagepack.decode(MessageSnapshot, raw)
    except PersistenceError as error:
        return error.located(section="messages", base=base, decompressed=True)


def too_large(index: int, size: int, base: int) -> PersistenceError:
    """The error that takes the place of a message of `size` bytes at `base`."""
    return MessagePackDecodeError(
        f"message {index + 1:,} of {size:,} bytes is too large to show",
        section="messages",
        offset=base,
        decompressed=True,
    )


class SequentialMessages:
    """Reads `section`, in which `before` precedes the messages, as for `MessageScanner`.

    `base` is where the section begins in its file, for the offsets of errors.
    """

    def __init__(
        self, section: frames.Section, before: tuple[str, ...] = (), base: int = 0
    ) -> None:
        self.complete = False
        self.error: PersistenceError | None = None
        # Why there is no section to read.
        self._missing: PersistenceError | None = None
        self._section = section
        self._base = base
        self._before = before
        self._scanner = MessageScanner(before)
        self._cache = PieceCache(all_fits=len(section) <= limits.KEPT_OPEN // _USUAL_RATIO)
        self._text = TextAhead(section)
        # The last message that was too large for the cache, and why others could not be fetched.
        self._large: tuple[int, bytes] = -1, b""
        self._unfetched: dict[int, PersistenceError] = {}
        self._closed = False
        # One lock for the cache, one for reading on.
        self._lock = threading.Lock()
        self._reading = threading.Lock()

    @classmethod
    def missing(cls, error: PersistenceError) -> SequentialMessages:
        """A reader without messages, for a file that ends before them."""
        messages = cls(b"")
        messages.error, messages.complete, messages._missing = error, True, error
        return messages

    @property
    def expected(self) -> int | None:
        return self._scanner.count

    def known(self) -> int:
        return self._scanner.found

    def size_of(self, index: int) -> int:
        start, end = self._place(index)
        return end - start

    def sizes(self, start: int, stop: int) -> list[int]:
        if start < stop:
            check_known(stop - 1, self.known())
        starts = self._scanner.starts[start : stop + 1]
        return [end - begin for begin, end in pairwise(starts)]

    def start_of(self, index: int) -> int:
        """Where a known message begins in the decompressed section."""
        return self._place(index)[0]

    def get(self, index: int) -> MessageSnapshot | PersistenceError | Pending:
        if self._closed:
            return FileClosed()
        if not 0 <= index < self.known():
            return PENDING
        start, end = self._place(index)
        if end - start > limits.MESSAGE_SHOWN:
            return too_large(index, end - start, start)
        raw = self.raw(index)
        if raw is None:
            return self._unfetched.get(index, PENDING)
        return decode_shown(index, raw, start)

    def raw(self, index: int) -> bytes | None:
        """The MessagePack of a known message; None when its text was dropped (`fetch` it)."""
        with self._lock:
            number, large = self._large
            return large if number == index else self._cache.slice(*self._place(index))

    def read_more(self) -> bool:
        """Read on for a few milliseconds; False once there is nothing more to read."""
        with self._reading:
            if self.complete:
                return False
            try:
                if self.known():
                    with self._text as text:
                        self._read_slice(text, time.perf_counter() + _SLICE_SECONDS)
                else:
                    self._read_slice(self._text, 0)
            except PersistenceError as error:
                if not self._closed:
                    self.error = error.located(section="messages", base=self._base)
                self.complete = True
            if self.complete:
                self._drop_text()
            return True

    def fetch(self, index: int, should_stop: Callable[[], bool] = lambda: False) -> bool:
        """Read a message's text again when it was dropped; False when stopped. May block.

        When that fails, `get` returns the error.
        """
        if self._closed:
            return True
        start, end = self._place(index)
        with self._lock:
            missing = set(self._cache.missing(start, end))
        if not missing or self._large[0] == index:
            return True
        try:
            if self._cache.may_hold(end - start):
                return self._fetch_pieces(missing, should_stop)
            return self._fetch_large(index, should_stop)
        except PersistenceError as error:
            self._unfetched[index] = error.located(section="messages", base=self._base)
            return True

    def _fetch_pieces(self, missing: set[int], should_stop: Callable[[], bool]) -> bool:
        # Those just before are most often wanted next.
        before: deque[tuple[int, bytes]] = deque(maxlen=_BEFORE)
        for number, piece in enumerate(TextAhead(self._section)):
            if should_stop():
                return False
            if number not in missing:
                before.append((number, piece))
                continue
            with self._lock:
                while before:
                    self._cache.put(*before.popleft())
                self._cache.put(number, piece)
            missing.discard(number)
            if not missing:
                return True
        raise CorruptData("the file changed while it was read")

    def _fetch_large(self, index: int, should_stop: Callable[[], bool]) -> bool:
        start, end = self._place(index)
        self._large = -1, b""
        text, at = bytearray(), 0
        for piece in TextAhead(self._section):
            if should_stop():
                return False
            text += piece[max(0, start - at) : max(0, end - at)]
            at += len(piece)
            if at >= end:
                self._large = index, bytes(text)
                return True
        raise CorruptData("the file changed while it was read")

    def batches(self) -> Iterator[Sequence[MessageSnapshot]]:
        """Every message once, in a pass of its own, as many at a time as are decoded together.

        Nothing is cached. Pieces that are cached already are not decompressed again.

        Raises:
            PersistenceError: after the last message before the damage.
        """
        try:
            first, rest = _beginning(self._from_beginning())
            messages = _decode_all(first, self._before) if rest is None else None
            if messages is not None:
                yield messages
                return
            pieces = chain([first], rest or ())
            walk = MessageWalk(pieces, self._before, limits.WHOLE_SECTION, to_end=False)
            for run in walk.runs():
                starts = [start - run.base for start in run.starts]
                yield from decode_run(run.text, starts, run.base)
            if walk.error is not None:
                raise walk.error
        except PersistenceError as error:
            raise error.located(section="messages", base=self._base) from None

    def all_at_once(self) -> tuple[list[MessageSnapshot], Sequence[int]] | None:
        """All messages of a small section, and where each begins and the last one ends.

        None if the section is large or damaged: then they are to be read one after the other.
        """
        if self._missing is not None or len(self._section) > _AT_ONCE:
            return None
        try:
            text: bytes | memoryview = frames.decompress(self._section[:], _AT_ONCE)
            if self._before:
                place = messagepack.find_list(text, self._before)
                text = memoryview(text)[place.start : place.end]
            return messagepack.decode_messages(text), messagepack.find_messages(text)
        except PersistenceError:
            return None

    def close(self) -> None:
        """Drop all text; from now on `get` returns `FileClosed`."""
        if not self.complete:
            self.error = FileClosed()
        self._closed = self.complete = True
        self._large = -1, b""
        self._drop_text()
        with self._lock:
            self._cache.drop()

    def _drop_text(self) -> None:
        """End what decompresses the text, and free its memory; a `read_more` at work keeps it until then."""
        self._text = TextAhead(b"")

    def _from_beginning(self) -> Iterator[bytes]:
        """The section from its beginning: cached pieces as long as there are any, then from the file."""
        if self._missing is not None:
            raise copy(self._missing)
        for number in count():
            with self._lock:
                piece = self._cache.at_hand(number)
            if piece is None:
                yield from islice(TextAhead(self._section), number, None)
                return
            yield piece

    def _place(self, index: int) -> tuple[int, int]:
        check_known(index, self.known())
        starts = self._scanner.starts
        return starts[index], starts[index + 1]

    def _read_slice(self, text: TextAhead, deadline: float) -> None:
        before = self.known()
        while not self._scanner.complete:
            piece = next(text, None)
            if piece is None:
                self._scanner.finish()
                break
            with self._lock:
                self._cache.append(piece)
            self._scanner.feed(piece)
            if time.perf_counter() > deadline and self.known() > before:
                return
        self.complete = True


def _beginning(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes] | None]:
    """About the first `_AT_ONCE` bytes of a section, and the others; None when there are none.

    Damage within them is raised by the others, after the bytes before it.
    """
    held: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= _AT_ONCE:
                return b"".join(held), pieces
    except PersistenceError as error:
        return b"".join(held), _raising(error)
    return b"".join(held), None


def _raising(error: PersistenceError) -> Iterator[bytes]:
    yield from ()
    raise error


def _decode_all(text: bytes, before: tuple[str, ...]) -> list[MessageSnapshot] | None:
    """All messages of a section with this text in one call; None unless that is possible."""
    try:
        if not before:
            return messagepack.decode_messages(text)
        place = messagepack.find_list(text, before)
        return messagepack.decode_messages(memoryview(text)[place.start : place.end])
    except PersistenceError:
        return None


def decode_run(
    data: bytes, starts: Sequence[int], base: int
) -> Iterator[Sequence[MessageSnapshot]]:
    """Decode a run of messages that begins at `base` of the section.

    Raises:
        PersistenceError: when one cannot be decoded, after those before it.
    """
    try:
        messages = messagepack.decode_run(data, starts)
    except PersistenceError:
        yield from _decode_each(data, starts, base)
    else:
        yield messages


def _decode_each(data: bytes, starts: Sequence[int], base: int) -> Iterator[tuple[MessageSnapshot]]:
    for start, end in pairwise(starts):
        message = decode_message(data[start:end], base + start)
        if isinstance(message, PersistenceError):
            raise message
        yield (message,)
