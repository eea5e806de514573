"""One session file: its metadata at once, its messages as they come.

Strategy: opening reads the header, the metadata and the place of the messages, some kilobytes whatever
the size of the file.  Messages come from one of two readers: `StreamedMessages`, which
decompresses from the beginning as somebody reads on, or `FramedMessages`, where a seek table makes
every message a few milliseconds away.  Memory does not grow with the file.

A `SessionFile` is a `MessageSource`; one thread may read on while another gets messages.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Self
from weakref import WeakSet

from agcx_format import layout1, layout2, layouts, limits, messagepack
from agcx_format.durable import Signature, open_regular, read_exactly
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.files import FileSection, read_metadata
from agcx_format.framed import FramedMessages
from agcx_format.scanning import INSIDE_CONVERSATION, MessageScanner
from agcx_format.seekable import read_table
from agcx_format.sizes import SectionPlace, plain_size
from agcx_format.sources import MessageSource, Pending
from agcx_format.streamed import StreamedMessages
from agcx_format.types import (
    ConversationContext,
    ConversationSnapshot,
    MessageSnapshot,
    SessionMetadata,
    SessionState,
)

__all__ = ["SessionFile"]


class SessionFile:
    """A session read lazily; raises `PersistenceError` only when header or metadata are bad.

    `size` is the file's, in bytes; `layout` is 1 or 2.
    """

    def __init__(self, path: str | os.PathLike[str], *, use_mmap: bool = True) -> None:
        self.path = os.fspath(path)
        self._fd, status = open_regular(path)
        self.size = status.st_size
        self.signature = Signature.of(status)
        try:
            self.metadata: SessionMetadata = read_metadata(self._fd, self.size, use_mmap)
            head = os.pread(self._fd, layout2.HEADER, 0)
            self.layout: int = layouts.of(head).VERSION
            kind = _Layout1 if self.layout == layout1.VERSION else _Layout2
            self._sections: _Layout1 | _Layout2 = kind(self._fd, self.size, head)
            self._messages = self._sections.messages()
            self._others: WeakSet[StreamedMessages | FramedMessages] = WeakSet()
        except BaseException as error:
            os.close(self._fd)
            self._fd = -1
            if isinstance(error, PersistenceError):
                raise error.located(path=path) from None
            raise

    # --- as a MessageSource

    @property
    def complete(self) -> bool:
        return self._messages.complete

    @property
    def error(self) -> PersistenceError | None:
        """Why messages are missing after the known ones; None when they are not."""
        error = self._messages.error
        return error and error.located(path=self.path, section="messages")

    @property
    def expected(self) -> int:
        """How many messages there are by all that is known yet: for a progress display."""
        return self._messages.expected or self.metadata.message_count

    def known(self) -> int:
        return self._messages.known()

    def size_of(self, index: int) -> int:
        return self._messages.size_of(index)

    def get(self, index: int) -> MessageSnapshot | PersistenceError | Pending:
        message = self._messages.get(index)
        if isinstance(message, PersistenceError):
            return message.located(path=self.path)
        return message

    def read_more(self) -> bool:
        """Read on for a few milliseconds; false once there is nothing more to read."""
        return self._messages.read_more()

    def fetch(self, index: int, should_stop: Callable[[], bool] = lambda: False) -> bool:
        """Make message `index` more than `PENDING`; false when stopped before.  May block."""
        return self._messages.fetch(index, should_stop)

    def again(self) -> MessageSource:
        """The same messages once more, read from the beginning, for a thread that looks through all.

        Messages that were dropped are not fetched one by one then, and what is shown stays at hand.
        It ends when the file is closed.
        """
        other = self._sections.messages()
        self._others.add(other)
        return other

    def raw(self, index: int) -> bytes:
        """The MessagePack of a known message, however large.  May block."""
        self.fetch(index)
        raw = self._messages.raw(index)
        if raw is None:
            raise CorruptData(f"message {index + 1:,} cannot be read", path=self.path)
        return raw

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
        """Every message, in a pass of its own; the error comes after the last that can be read."""
        try:
            yield from self._messages.walk()
        except PersistenceError as error:
            raise error.located(path=self.path) from None

    # --- the other sections

    @property
    def context(self) -> ConversationContext:
        return self._located(self._sections.context)

    @property
    def state(self) -> SessionState:
        return self._located(self._sections.state)

    def sections(self) -> list[SectionPlace]:
        """Where the sections lie, as far as the file goes."""
        return self._sections.places()

    def plain_size(
        self, place: SectionPlace, should_stop: Callable[[], bool] = lambda: False
    ) -> int | None:
        """Decompressed bytes of one of `sections()`; None when that is not cheap to say.  May block."""
        if not place.compressed:
            return place.size
        return plain_size(FileSection(self._fd, place.start, place.end), should_stop)

    def close(self) -> None:
        for messages in (self._messages, *list(self._others)):
            messages.close()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_fd", -1) >= 0:
            os.close(self._fd)

    def _located(self, read: Callable):
        if self._fd < 0:
            raise PersistenceError("the file was closed", path=self.path)
        try:
            return read()
        except PersistenceError as error:
            raise error.located(path=self.path) from None


class _Layout1:
    """Where the sections of layout 1 lie; a length that lies is followed as far as the file goes."""

    def __init__(self, fd: int, size: int, head: bytes) -> None:
        self._fd, self._size = fd, size
        self._end = layout1.metadata_span(head[: layout1.HEADER], size).end

    def messages(self) -> StreamedMessages | FramedMessages:
        try:
            span = self._span("messages")
        except PersistenceError as error:
            return _none(error)
        section = FileSection(self._fd, span.start, span.end)
        table = read_table(section)
        if table is not None:
            return FramedMessages(section, table, span.start)
        return StreamedMessages(section, MessageScanner(), span.start)

    def places(self) -> list[SectionPlace]:
        found = [SectionPlace(layout1.SECTIONS[0], layout1.HEADER, self._end, False)]
        for name in layout1.SECTIONS[1:]:
            try:
                span = self._span(name)
            except PersistenceError:
                break
            found.append(SectionPlace(name, span.start, span.end, name != "state"))
        return found

    def context(self) -> ConversationContext:
        def decode(raw: bytes) -> ConversationContext:
            return messagepack.decode(ConversationContext, raw)

        span, data = self._whole("context")
        return _based(span, lambda at: layout1.decode_section(data, at, decode))

    def state(self) -> SessionState:
        span, data = self._whole("state")
        return _based(span, lambda at: layout1.decode_state(data, at))

    def _span(self, wanted: str) -> layout1.Span:
        end = self._end
        for name in layout1.SECTIONS[1:]:
            start = end + 4
            raw = read_exactly(self._fd, 4, end)
            if len(raw) < 4:
                raise CorruptData("the file ends before it", section=wanted, offset=end)
            end = start + int.from_bytes(raw, "little")
            if name == wanted:
                break
        return layout1.Span(wanted, start, min(end, self._size))

    def _whole(self, section: str) -> tuple[layout1.Span, bytes]:
        span = self._span(section)
        if span.end - span.start > limits.WHOLE_SECTION:
            raise CorruptData("it is too large", section=section, offset=span.start)
        return span, read_exactly(self._fd, span.end - span.start, span.start)


def _based(span: layout1.Span, decode: Callable[[layout1.Span], object]):
    """Decode a section that was read on its own: its errors count from where it lies."""
    try:
        return decode(layout1.Span(span.section, 0, span.end - span.start))
    except PersistenceError as error:
        raise error.located(base=span.start) from None


class _Layout2:
    """The one section of layout 2; what stands after the messages is decompressed when asked for."""

    def __init__(self, fd: int, size: int, head: bytes) -> None:
        self._fd = fd
        # Its writer truncates in place: a file that is too short still holds its first messages.
        self._end = min(size, layout2.HEADER + int.from_bytes(head[8:16], "little"))

    def messages(self) -> StreamedMessages:
        section = FileSection(self._fd, layout2.HEADER, self._end)
        return StreamedMessages(section, MessageScanner(INSIDE_CONVERSATION), layout2.HEADER)

    def places(self) -> list[SectionPlace]:
        return [SectionPlace("session", layout2.HEADER, self._end, True)]

    def context(self) -> ConversationContext:
        raw, places = self._elements()
        return layout2.element(raw, places["conversation"], ConversationSnapshot).context

    def state(self) -> SessionState:
        raw, places = self._elements()
        return layout2.element(raw, places["state"], SessionState)

    def _elements(self) -> tuple[bytes, dict[str, layout2.Element]]:
        raw = layout2.decompress(read_exactly(self._fd, self._end, 0))
        return raw, {place.name: place for place in layout2.split(raw)}


def _none(error: PersistenceError) -> StreamedMessages:
    """A reader of no messages at all, for a file that ends before them."""
    messages = StreamedMessages(b"", MessageScanner())
    messages.error, messages.complete = error, True
    return messages
