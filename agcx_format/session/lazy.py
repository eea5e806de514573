"""One session file: its metadata at once, its messages as they come.

Strategy: opening reads the header, the metadata and the place of the messages, some kilobytes whatever
the size of the file.  Messages come from one of two readers: `StreamedMessages`, which
decompresses from the beginning as somebody reads on, or `FramedMessages`, where a seek table makes
every message a few milliseconds away.  Memory does not grow with the file.

A `SessionFile` is a `MessageSource`; one thread may read on while another gets messages.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterator
from typing import Self, SupportsIndex, TypeVar, overload
from weakref import WeakSet

from agcx_format import layout, limits
from agcx_format.codec import messagepack
from agcx_format.codec.messagepack.scanner import INSIDE_CONVERSATION, MessageScanner
from agcx_format.codec.zstd.seekable import read_table
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.layout import v1, v2
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import (
    ConversationContext,
    ConversationSnapshot,
    SessionMetadata,
    SessionState,
)
from agcx_format.session.random_access import FramedMessages
from agcx_format.session.sequential import StreamedMessages, decode_message
from agcx_format.session.sizes import SectionPlace, plain_size
from agcx_format.session.source import MessageSource, Pending
from agcx_format.session.whole import FileSection, read_metadata

__all__ = ["SessionFile"]

T = TypeVar("T")


class SessionFile:
    """A session read lazily; raises `PersistenceError` only when header or metadata are bad.

    Fields:
        path: as it was given.
        size: of the file, in bytes.
        signature: tells whether the file is still the one that was opened.
        layout: 1 or 2.
        metadata: read when the file is opened.

    Once it is closed, everything that would have to be read is a `FileClosed`: raised, or given by `get`
    and `error`.
    """

    def __init__(self, path: str | os.PathLike[str], *, use_mmap: bool = True) -> None:
        self._file = OpenFile(path)
        self.path = self._file.path
        self.size = self._file.size
        self.signature = self._file.signature
        self._others: WeakSet[StreamedMessages | FramedMessages] = WeakSet()
        try:
            self.metadata: SessionMetadata = read_metadata(self._file.fd, self.size, use_mmap)
            head = self._file.read(v2.HEADER, 0)
            self.layout: int = layout.of(head).VERSION
            kind = _Layout1 if self.layout == v1.VERSION else _Layout2
            self._sections: _Layout1 | _Layout2 = kind(self._file, head)
            self._messages = self._sections.messages()
        except PersistenceError as error:
            self._file.close()
            raise error.located(path=path) from None
        except BaseException:
            self._file.close()
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
        It ends when the file is closed.  Raises `FileClosed` when it is closed already.
        """
        self._file.check_open()
        other = self._sections.messages()
        self._others.add(other)
        return other

    def raw(self, index: int) -> bytes:
        """The MessagePack of a known message, however large.  May block.

        Raises `PersistenceError` when it cannot be read.
        """
        self._file.check_open()
        self.fetch(index)
        raw = self._messages.raw(index)
        if raw is not None:
            return raw
        found = self.get(index)
        if isinstance(found, PersistenceError):
            raise found
        raise CorruptData(f"message {index + 1:,} cannot be read", path=self.path)

    # --- as a sequence

    def __len__(self) -> int:
        """Reads to the end; counts the messages before any damage."""
        self._read_to(None)
        return self.known()

    @overload
    def __getitem__(self, index: SupportsIndex) -> MessageSnapshot: ...

    @overload
    def __getitem__(self, index: slice) -> list[MessageSnapshot]: ...

    def __getitem__(self, index: SupportsIndex | slice) -> MessageSnapshot | list[MessageSnapshot]:
        """A message or, for a slice, a list of them; reads no further than it must.

        Raises `IndexError` for a message that is not there, `PersistenceError` for one that cannot be read.
        """
        if isinstance(index, slice):
            self._read_to(_needed(index))
            return [self._message(number) for number in range(*index.indices(self.known()))]
        number = operator.index(index)
        if number < 0:
            number += len(self)
        self._read_to(number + 1)
        if not 0 <= number < self.known():
            raise IndexError(index)
        return self._message(number)

    def __iter__(self) -> Iterator[MessageSnapshot]:
        """Every message, in a pass of its own; the error comes after the last that can be read."""
        try:
            self._file.check_open()
            for message in self._messages.walk():
                yield message
                self._file.check_open()
        except PersistenceError as error:
            raise error.located(path=self.path) from None

    def _read_to(self, count: int | None) -> None:
        """Read until so many messages are known, or to the end."""
        self._file.check_open()
        while (count is None or self.known() < count) and self.read_more():
            pass
        self._file.check_open()

    def _message(self, number: int) -> MessageSnapshot:
        """A known message, also one that is too large to be shown."""
        raw = self.raw(number)
        message = decode_message(raw, self._messages.start_of(number))
        if isinstance(message, PersistenceError):
            raise message.located(path=self.path)
        return message

    # --- the other sections

    @property
    def context(self) -> ConversationContext:
        return self._located(self._sections.context)

    @property
    def state(self) -> SessionState:
        return self._located(self._sections.state)

    def sections(self) -> list[SectionPlace]:
        """Where the sections lie, as far as the file goes."""
        return self._located(self._sections.places)

    def plain_size(
        self, place: SectionPlace, should_stop: Callable[[], bool] = lambda: False
    ) -> int | None:
        """Decompressed bytes of one of `sections()`; None when that is not cheap to say.  May block."""
        if not place.compressed:
            return place.size
        self._file.check_open()
        return plain_size(FileSection(self._file, place.start, place.end), should_stop)

    @property
    def closed(self) -> bool:
        return self._file.closed

    def close(self) -> None:
        """Let go of the file; never waits for a thread that still reads it."""
        self._file.close()
        for messages in (self._messages, *list(self._others)):
            messages.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _located(self, read: Callable[[], T]) -> T:
        self._file.check_open()
        try:
            return read()
        except PersistenceError as error:
            raise error.located(path=self.path) from None


def _needed(part: slice) -> int | None:
    """How many messages have to be known for a slice; None for all."""
    step = 1 if part.step is None else part.step
    ends = (part.start or 0, part.stop)
    if step < 1 or any(end is None or end < 0 for end in ends):
        return None
    return part.stop


class _Layout1:
    """Where the sections of layout 1 lie; a length that lies is followed as far as the file goes."""

    def __init__(self, file: OpenFile, head: bytes) -> None:
        self._file, self._size = file, file.size
        self._end = v1.metadata_span(head[: v1.HEADER], file.size).end

    def messages(self) -> StreamedMessages | FramedMessages:
        try:
            span = self._span("messages")
        except PersistenceError as error:
            return StreamedMessages.missing(error)
        section = FileSection(self._file, span.start, span.end)
        table = read_table(section)
        if table is not None:
            return FramedMessages(section, table, span.start)
        return StreamedMessages(section, MessageScanner(), span.start)

    def places(self) -> list[SectionPlace]:
        found = [SectionPlace(v1.SECTIONS[0], v1.HEADER, self._end, False)]
        for name in v1.SECTIONS[1:]:
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
        return _based(span, lambda at: v1.decode_section(data, at, decode))

    def state(self) -> SessionState:
        span, data = self._whole("state")
        return _based(span, lambda at: v1.decode_state(data, at))

    def _span(self, wanted: str) -> v1.Span:
        end = self._end
        for name in v1.SECTIONS[1:]:
            start = end + 4
            raw = self._file.read(4, end)
            if len(raw) < 4:
                raise CorruptData("the file ends before it", section=wanted, offset=end)
            end = start + int.from_bytes(raw, "little")
            if name == wanted:
                break
        return v1.Span(wanted, start, min(end, self._size))

    def _whole(self, section: str) -> tuple[v1.Span, bytes]:
        span = self._span(section)
        if span.end - span.start > limits.WHOLE_SECTION:
            raise CorruptData("it is too large", section=section, offset=span.start)
        return span, self._file.read(span.end - span.start, span.start)


def _based(span: v1.Span, decode: Callable[[v1.Span], object]):
    """Decode a section that was read on its own: its errors count from where it lies."""
    try:
        return decode(v1.Span(span.section, 0, span.end - span.start))
    except PersistenceError as error:
        raise error.located(base=span.start) from None


class _Layout2:
    """The one section of layout 2; what stands after the messages is decompressed when asked for."""

    def __init__(self, file: OpenFile, head: bytes) -> None:
        self._file = file
        # Its writer truncates in place: a file that is too short still holds its first messages.
        self._end = min(file.size, v2.HEADER + int.from_bytes(head[8:16], "little"))

    def messages(self) -> StreamedMessages:
        section = FileSection(self._file, v2.HEADER, self._end)
        return StreamedMessages(section, MessageScanner(INSIDE_CONVERSATION), v2.HEADER)

    def places(self) -> list[SectionPlace]:
        return [SectionPlace("session", v2.HEADER, self._end, True)]

    def context(self) -> ConversationContext:
        raw, places = self._elements()
        return v2.element(raw, places["conversation"], ConversationSnapshot).context

    def state(self) -> SessionState:
        raw, places = self._elements()
        return v2.element(raw, places["state"], SessionState)

    def _elements(self) -> tuple[bytes, dict[str, v2.Element]]:
        if self._end > limits.WHOLE_SECTION:
            raise CorruptData("it is too large", section="session", offset=8)
        raw = v2.decompress(self._file.read(self._end, 0))
        return raw, {place.name: place for place in v2.split(raw)}
