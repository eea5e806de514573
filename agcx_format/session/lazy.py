"""One session file: its metadata at once, its messages as they come.

Strategy: opening reads the header, the metadata and the place of the messages, a few kilobytes whatever
the size of the file. Messages come from one of two readers: `SequentialMessages` decompresses from the
beginning as far as it is asked to; with a seek table `RandomAccessMessages` gets any message within
milliseconds. Memory does not grow with the file.

A `SessionFile` is a `MessageSource`; one thread may read on while another gets messages.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Self, SupportsIndex, TypeVar, overload
from weakref import WeakSet

from agcx_format.codec.zstd.frames import Section
from agcx_format.codec.zstd.seekable import read_table
from agcx_format.disk.open_file import OpenFile, refuse_copy
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.layout import HEAD, of
from agcx_format.layout.base import SectionPlace
from agcx_format.layout.plain_size import plain_size
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import (
    ConversationContext,
    ConversationSnapshot,
    ModeHistory,
    SessionMetadata,
    SessionState,
)
from agcx_format.session.file_section import FileSection
from agcx_format.session.metadata import read_metadata
from agcx_format.session.random_access import RandomAccessMessages
from agcx_format.session.sequential import SequentialMessages, decode_message
from agcx_format.session.source import MessageSource, Pending

if TYPE_CHECKING:
    from agcx_format.transcript.tool_calls import ToolCall

__all__ = ["SessionFile"]

T = TypeVar("T")

# Bytes of a file that are kept in memory until it is closed.
_SMALL = 64 * 1024


class SessionFile:
    """A session that is read lazily; use it in a `with` block, or close it.

    Fields:
        path: as given.
        size: of the file, in bytes.
        signature: identifies the version of the file that was opened.
        layout: the number of its layout, 1 or 2.
        metadata: read when the file is opened.

    After `close`, every read raises `FileClosed`; `get` and `error` return it.
    """

    def __init__(self, path: str | os.PathLike[str], *, use_mmap: bool = True) -> None:
        """Open a session file; damage after the metadata is reported where it is met.

        Raises:
            PersistenceError: when the file cannot be opened, or its header or metadata are damaged.
        """
        self._file = OpenFile(path)
        self.path = self._file.path
        self.size = self._file.size
        self.signature = self._file.signature
        # A small file is read once for all questions about it.
        small = self.size <= _SMALL
        self._small = FileSection(self._file, 0, self.size, ahead=self.size) if small else None
        self._others: WeakSet[SequentialMessages | RandomAccessMessages] = WeakSet()
        try:
            self.metadata: SessionMetadata = read_metadata(self._file.fd, self.size, use_mmap)
            self._layout = of(self._file.read(HEAD, 0))
            self.layout: int = self._layout.version
            self._messages = self._opened_messages()
        except PersistenceError as error:
            self._file.close()
            raise error.located(path=path) from None
        except BaseException:
            self._file.close()
            raise

    __reduce_ex__ = refuse_copy

    def __repr__(self) -> str:
        return f"{type(self).__name__}({os.fspath(self.path)!r})"

    # --- as a MessageSource

    @property
    def complete(self) -> bool:
        """Whether all messages that can be read are known."""
        return self._messages.complete

    @property
    def error(self) -> PersistenceError | None:
        """Why messages are missing after the known ones; None when none are."""
        error = self._messages.error
        return error and error.located(path=self.path, section="messages")

    @property
    def expected(self) -> int:
        """The number of messages, as far as is known yet, for a progress display."""
        expected = self._messages.expected
        return self.metadata.message_count if expected is None else expected

    def known(self) -> int:
        """How many messages are known so far."""
        return self._messages.known()

    def size_of(self, index: int) -> int:
        """About how many bytes of MessagePack a known message has."""
        return self._messages.size_of(index)

    def sizes(self, start: int, stop: int) -> Sequence[int]:
        """The sizes of known messages; see `size_of`."""
        return self._messages.sizes(start, stop)

    def get(self, index: int) -> MessageSnapshot | PersistenceError | Pending:
        """A message, the error in its place, or `PENDING`; see `MessageSource.get`."""
        message = self._messages.get(index)
        if isinstance(message, PersistenceError):
            return message.located(path=self.path)
        return message

    def read_more(self) -> bool:
        """Read on for a few milliseconds; False once there is nothing more to read."""
        return self._messages.read_more()

    def fetch(self, index: int, should_stop: Callable[[], bool] = lambda: False) -> bool:
        """Have `get` return more than `PENDING` for message `index`; False when stopped. May block."""
        return self._messages.fetch(index, should_stop)

    def again(self) -> MessageSource:
        """A second source of the same messages, for a thread that reads all of them.

        It reads from the beginning instead of fetching dropped messages one by one, and leaves the cache
        of this source alone. It ends when the file is closed.

        Raises:
            FileClosed: when the file is closed already.
        """
        self._file.check_open()
        other = self._opened_messages()
        self._others.add(other)
        return other

    @property
    def is_read_again(self) -> bool:
        """Whether a source that `again` gave is still in use."""
        return len(self._others) > 0

    def raw(self, index: int) -> bytes:
        """The MessagePack of a known message, however large. May block.

        Raises:
            PersistenceError: when it cannot be read.
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
        """How many messages there are before any damage; reads to the end of the file.

        Raises:
            FileClosed: when the file is closed.
        """
        self._read_to(None)
        return self.known()

    @overload
    def __getitem__(self, index: SupportsIndex) -> MessageSnapshot: ...

    @overload
    def __getitem__(self, index: slice) -> list[MessageSnapshot]: ...

    def __getitem__(self, index: SupportsIndex | slice) -> MessageSnapshot | list[MessageSnapshot]:
        """A message or, for a slice, a list of them; reads no further than it must.

        Raises:
            IndexError: when there is no such message.
            PersistenceError: when it cannot be read.
        """
        if isinstance(index, slice):
            self._read_to(_needed(index))
            return [self._message(number) for number in range(*index.indices(self.known()))]
        number = operator.index(index)
        if number < 0:
            number += len(self)
        self._read_to(number + 1)
        if not 0 <= number < self.known():
            raise IndexError(f"no message {index}: there are {self.known()}, counted from 0")
        return self._message(number)

    def __iter__(self) -> Iterator[MessageSnapshot]:
        """Every message, in a pass of its own.

        Raises:
            PersistenceError: after the last message before any damage.
        """
        try:
            file = self._file
            file.check_open()
            for batch in self._messages.batches():
                for message in batch:
                    yield message
                    if file.closed:
                        file.check_open()
        except PersistenceError as error:
            raise error.located(path=self.path) from None

    def all_at_once(self) -> tuple[list[MessageSnapshot], Sequence[int]] | None:
        """All messages of a small session, and where each begins and the last one ends, as `size_of`.

        None if the session is large or damaged: then they are to be read one after the other.

        Raises:
            FileClosed: when the file is closed.
        """
        self._file.check_open()
        messages = self._messages
        return messages.all_at_once() if isinstance(messages, SequentialMessages) else None

    def tool_calls(self) -> Iterator[tuple[int, ToolCall]]:
        """Every tool call once, with its output: the number of its message, from 0, and the call.

        A call comes when its output is reached; those that have none come last.

        >>> from agcx_format import FunctionCall, FunctionCallOutput, SessionFile
        >>> from agcx_format import new_message, new_session, write_session
        >>> call = FunctionCall(None, "shell", '{"command": ["make"]}', "call-1")
        >>> output = FunctionCallOutput("call-1", "Exit code: 2\\nOutput:\\nno rule")
        >>> write_session(directory, *new_session(messages=map(new_message, (call, output))))
        >>> with SessionFile(directory) as session:
        ...     [(number, call.command, call.failed) for number, call in session.tool_calls()]
        [(0, 'make', True)]

        Raises:
            PersistenceError: after the last message before any damage.
        """
        from agcx_format.transcript.tool_calls import paired_calls

        return paired_calls(self)

    def _read_to(self, count: int | None) -> None:
        """Read until this many messages are known, or to the end."""
        self._file.check_open()
        while (count is None or self.known() < count) and self.read_more():
            pass
        self._file.check_open()

    def _message(self, number: int) -> MessageSnapshot:
        """A known message, even one that is too large to be shown."""
        raw = self.raw(number)
        message = decode_message(raw, self._messages.start_of(number))
        if isinstance(message, PersistenceError):
            raise message.located(path=self.path)
        return message

    # --- the other sections

    @property
    def context(self) -> ConversationContext:
        """The context of the conversation.

        Raises:
            PersistenceError: when it cannot be read.
        """
        return self._located(self._layout.context)

    @property
    def mode_history(self) -> ModeHistory:
        """The modes of the session, each with the time since when, the oldest first.

        Layout 1 does not store it: there it is the current mode since the session was created.

        Raises:
            PersistenceError: when it cannot be read.
        """
        return self._located(lambda data: self._layout.mode_history(data, self.metadata))

    @property
    def state(self) -> SessionState:
        """The state of the window.

        Raises:
            PersistenceError: when it cannot be read.
        """
        return self._located(self._layout.state)

    def without_messages(self) -> tuple[ConversationSnapshot, SessionState]:
        """The conversation with an empty list of messages, and the state: a session besides its messages.

        Raises:
            PersistenceError: when they cannot be read.
        """
        return self._located(lambda data: self._layout.without_messages(data, self.metadata))

    @property
    def has_context_apart(self) -> bool:
        """Whether the context can be read without decompressing the messages."""
        return self._layout.has_context_apart

    def sections(self) -> list[SectionPlace]:
        """Where the sections are, as far as the file goes.

        Raises:
            PersistenceError: when the file cannot be read.
        """
        return self._located(self._layout.sections)

    def parts(self) -> list[tuple[str, int]]:
        """What a layout keeps together in one section, each with its decompressed bytes. May block.

        Raises:
            PersistenceError: when it cannot be read.
        """
        return self._located(self._layout.parts)

    def plain_size(
        self, place: SectionPlace, should_stop: Callable[[], bool] = lambda: False
    ) -> int | None:
        """The decompressed size of one of `sections()`; None when it is costly to find out. May block.

        Raises:
            FileClosed: when the file is closed.
        """
        if not place.compressed:
            return place.size
        self._file.check_open()
        return plain_size(FileSection(self._file, place.start, place.end), should_stop)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._file.closed

    def close(self) -> None:
        """Close the file, without waiting for a thread that still reads it. Idempotent."""
        self._file.close()
        for messages in (self._messages, *list(self._others)):
            messages.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _opened_messages(self) -> SequentialMessages | RandomAccessMessages:
        """A reader of the messages, from their beginning."""
        try:
            place = self._layout.messages(self._whole())
        except PersistenceError as error:
            return SequentialMessages.missing(error)
        section = FileSection(self._file, place.start, place.end)
        table = None if place.before else read_table(section)
        if table is not None:
            return RandomAccessMessages(section, table, place.start)
        return SequentialMessages(section, place.before, place.start)

    def _whole(self) -> FileSection:
        """The file as a layout reads it; made for each question, since it keeps what it read last."""
        return self._small or FileSection(self._file, 0, self.size, ahead=0)

    def _located(self, ask: Callable[[Section], T]) -> T:
        self._file.check_open()
        try:
            return ask(self._whole())
        except PersistenceError as error:
            raise error.located(path=self.path) from None


def _needed(part: slice) -> int | None:
    """How many messages have to be known for a slice; None for all."""
    step = 1 if part.step is None else part.step
    ends = (part.start or 0, part.stop)
    if step < 1 or any(end is None or end < 0 for end in ends):
        return None
    stop: int | None = part.stop
    return stop
