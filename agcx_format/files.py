"""One session file: its metadata at once, its messages as they come.

Strategy: opening reads the header, the metadata and the lengths of the other sections, some
kilobytes whatever the size of the file.  The messages are decompressed block by block while
somebody reads on (`read_more`), and message i is decoded when it is asked for.  Memory does
not grow with the file: text that was passed over is dropped and decompressed again when it is
wanted (`fetch`), which starts at the nearest zstd frame before it.

A `SessionFile` is a `MessageSource`; one thread may read on while another gets messages.
`read_session` and `write_session` take a file as a whole, and are as strict as Rust is.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from agcx_format import frames, layout1, limits, mapped, messagepack
from agcx_format.durable import Signature, open_regular, read_exactly, replace_file
from agcx_format.errors import CorruptData, MessagePackDecodeError, PersistenceError
from agcx_format.scanning import MessageScanner
from agcx_format.sources import PENDING, Pending
from agcx_format.types import (
    ConversationContext,
    ConversationSnapshot,
    MessageSnapshot,
    Session,
    SessionMetadata,
    SessionState,
)
from agcx_format.windows import WINDOW, Windows

__all__ = ["SessionFile", "read_metadata", "read_session", "write_session"]

# The first read takes the header and, nearly always, the whole metadata.
_HEAD = 4096
# Bytes of a map cost a copy each, and most metadata is a few hundred.
_MAPPED_HEAD = 1024
_READ_AHEAD = 256 * 1024
# How long `read_more` goes on before it gives the messages found so far.
_SLICE_SECONDS = 0.02


def read_metadata(fd: int, size: int, use_mmap: bool = True) -> SessionMetadata:
    """The metadata of an open file of `size` bytes, through a map or by a plain read."""
    if use_mmap and size >= layout1.HEADER:
        with mapped.map_file(fd, size) as view:
            head = mapped.copy_out(view, 0, min(size, _MAPPED_HEAD))
            span = layout1.metadata_span(head[: layout1.HEADER], size)
            if span.end > len(head):
                head = mapped.copy_out(view, 0, span.end)
    else:
        head = os.pread(fd, _HEAD, 0)
        span = layout1.metadata_span(head[: layout1.HEADER], size)
        if span.end > len(head):
            head = read_exactly(fd, span.end, 0)
    if len(head) < span.end:
        raise CorruptData("the file was cut short while it was read", offset=len(head))
    return layout1.decode_metadata(head[span.start : span.end])


def read_session(path: str | os.PathLike[str]) -> Session:
    """A whole session; any damage anywhere in it is a `PersistenceError`."""
    fd, status = open_regular(path)
    try:
        return layout1.decode(read_exactly(fd, status.st_size, 0))
    except PersistenceError as error:
        raise error.located(path=path) from None
    finally:
        os.close(fd)


def write_session(
    path: str | os.PathLike[str],
    metadata: SessionMetadata,
    conversation: ConversationSnapshot,
    state: SessionState,
    *,
    layout: int = 1,
    level: int = 3,
) -> None:
    """Write a session durably; `ValueError` or `TypeError` for a value that has no form in it."""
    if layout != 1:
        raise ValueError(f"layout {layout} cannot be written")
    replace_file(Path(path), layout1.encode(metadata, conversation, state, level))


class SessionFile:
    """A session read lazily; raises `PersistenceError` only when header or metadata are bad."""

    def __init__(self, path: str | os.PathLike[str], *, use_mmap: bool = True) -> None:
        self.path = os.fspath(path)
        self._fd, status = open_regular(path)
        self.size = status.st_size
        self.signature = Signature.of(status)
        try:
            self.metadata: SessionMetadata = read_metadata(self._fd, self.size, use_mmap)
            head = os.pread(self._fd, layout1.HEADER, 0)
            self._metadata_end = layout1.metadata_span(head, self.size).end
        except BaseException as error:
            os.close(self._fd)
            # `__del__` runs for this object too, and the number may be another file by then.
            self._fd = -1
            if isinstance(error, PersistenceError):
                raise error.located(path=path) from None
            raise
        self.error: PersistenceError | None = None
        self.complete = False
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._scanner = MessageScanner()
        self._windows = Windows()
        self._spans: dict[str, layout1.Span] = {}
        self._pieces: Iterator[bytes] | None = None

    # --- as a MessageSource

    def known(self) -> int:
        return self._scanner.found

    @property
    def expected(self) -> int:
        """How many messages there are by all that is known yet: for a progress display."""
        return self._scanner.count or self.metadata.message_count

    def size_of(self, index: int) -> int:
        starts = self._scanner.starts
        return starts[index + 1] - starts[index]

    def get(self, index: int) -> MessageSnapshot | PersistenceError | Pending:
        if not 0 <= index < self.known():
            return PENDING
        if self.size_of(index) > limits.MESSAGE_SHOWN:
            return self._too_large(index)
        with self._lock:
            raw = self._windows.slice(*self._place(index))
        if raw is None:
            return PENDING
        try:
            return messagepack.decode(MessageSnapshot, raw)
        except PersistenceError as error:
            error.offset = (error.offset or 0) + self._place(index)[0]
            return error.located(path=self.path, section="messages", decompressed=True)

    def read_more(self) -> bool:
        """Read on for a few milliseconds; false once there is nothing more to read."""
        with self._reading:
            if self.complete:
                return False
            try:
                self._read_slice(time.perf_counter() + _SLICE_SECONDS)
            except PersistenceError as error:
                self.error = error.located(path=self.path, section="messages")
                self.complete = True
            return True

    def fetch(self, index: int, should_stop: Callable[[], bool] = lambda: False) -> bool:
        """Bring message `index` back when its text was dropped; false when stopped.  May block."""
        start, end = self._place(index)
        with self._lock:
            missing = set(self._windows.missing(start, end))
        if not missing:
            return True
        position, window = 0, bytearray()
        for piece in frames.pieces(self._messages()):
            if should_stop():
                return False
            window += piece
            # The last window of all may be shorter than the others.
            while len(window) >= WINDOW or position + len(window) == self._windows.size:
                number = position // WINDOW
                if number in missing:
                    with self._lock:
                        self._windows.put(number, bytes(window[:WINDOW]))
                    missing.discard(number)
                if not missing:
                    return True
                position += len(window[:WINDOW])
                del window[:WINDOW]
        return not missing

    # --- as a sequence

    def __len__(self) -> int:
        """Reads to the end; counts the messages before any damage."""
        while self.read_more():
            pass
        return self.known()

    def __getitem__(self, index: int) -> MessageSnapshot:
        if index < 0:
            index += len(self)
        while self.known() <= index and self.read_more():
            pass
        if not 0 <= index < self.known():
            raise IndexError(index)
        self.fetch(index)
        message = self.get(index)
        if isinstance(message, MessageSnapshot):
            return message
        raise message if isinstance(message, PersistenceError) else IndexError(index)

    def __iter__(self) -> Iterator[MessageSnapshot]:
        """Every message; `error` is raised after the last that could be read."""
        index = 0
        while True:
            while index < self.known():
                yield self[index]
                index += 1
            if not self.read_more() and index >= self.known():
                break
        if self.error is not None:
            raise self.error

    # --- the other sections

    @property
    def context(self) -> ConversationContext:
        def decode(raw: bytes) -> ConversationContext:
            return messagepack.decode(ConversationContext, raw)

        span = self._span("context")
        data = self._bytes(span)
        try:
            return layout1.decode_section(data, layout1.Span("context", 0, len(data)), decode)
        except PersistenceError as error:
            raise error.located(path=self.path, base=span.start) from None

    @property
    def state(self) -> SessionState:
        span = self._span("state")
        data = self._bytes(span)
        try:
            return layout1.decode_state(data, layout1.Span("state", 0, len(data)))
        except PersistenceError as error:
            raise error.located(path=self.path, base=span.start) from None

    def close(self) -> None:
        with self._reading:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
                self.complete = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:
            os.close(self._fd)

    # --- inside

    def _place(self, index: int) -> tuple[int, int]:
        starts = self._scanner.starts
        return starts[index], starts[index + 1]

    def _too_large(self, index: int) -> PersistenceError:
        return MessagePackDecodeError(
            f"message {index + 1:,} of {self.size_of(index):,} bytes is too large to show",
            path=self.path,
            section="messages",
            offset=self._place(index)[0],
            decompressed=True,
        )

    def _read_slice(self, deadline: float) -> None:
        if self._pieces is None:
            self._pieces = frames.pieces(self._messages())
        before = self.known()
        while not self._scanner.complete:
            try:
                piece = next(self._pieces, None)
            except PersistenceError as error:
                raise error.located(base=self._span("messages").start) from None
            if piece is None:
                self._scanner.finish()
                break
            with self._lock:
                self._windows.append(piece)
            self._scanner.feed(piece)
            if time.perf_counter() > deadline and self.known() > before:
                return
        self.complete = True

    def _messages(self) -> _FileSection:
        span = self._span("messages")
        return _FileSection(self._fd, span.start, span.end)

    def _span(self, section: str) -> layout1.Span:
        """Follow the lengths; a section that is cut off still begins where it begins."""
        if self._fd < 0:
            raise PersistenceError("the file was closed", path=self.path)
        if section not in self._spans:
            end = self._metadata_end
            for name in layout1.SECTIONS[1:]:
                start = end + 4
                raw = read_exactly(self._fd, 4, end)
                if len(raw) < 4:
                    raise CorruptData(
                        "the file ends before it", path=self.path, section=section, offset=end
                    )
                end = start + int.from_bytes(raw, "little")
                self._spans[name] = layout1.Span(name, start, min(end, self.size))
                if name == section:
                    break
        return self._spans[section]

    def _bytes(self, span: layout1.Span) -> bytes:
        """A section that must be whole."""
        if span.end - span.start > limits.WHOLE_SECTION:
            raise CorruptData(
                "it is too large", path=self.path, section=span.section, offset=span.start
            )
        return read_exactly(self._fd, span.end - span.start, span.start)


class _FileSection:
    """A part of an open file, sliced like bytes; reads ahead, since blocks are walked in order."""

    def __init__(self, fd: int, start: int, end: int) -> None:
        self._fd, self._start, self._end = fd, start, end
        self._buffer, self._at = b"", 0

    def __len__(self) -> int:
        return self._end - self._start

    def __getitem__(self, part: slice) -> bytes:
        start, end, _ = part.indices(len(self))
        if not self._at <= start <= end <= self._at + len(self._buffer):
            self._buffer = read_exactly(
                self._fd, min(max(_READ_AHEAD, end - start), len(self) - start), self._start + start
            )
            self._at = start
        return self._buffer[start - self._at : end - self._at]
