"""Whole session files, and the metadata of one, in either layout.

`read_session` is as strict as Rust is: any damage anywhere is an error.  `SessionFile` (in
`session_file.py`) is the lazy and lenient way.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from agcx_format import layout as layouts
from agcx_format import limits
from agcx_format.codec.zstd import frames
from agcx_format.disk import mapped
from agcx_format.disk.durable import open_regular, read_exactly, replace_file
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.layout import v1, v2
from agcx_format.model.session import ConversationSnapshot, Session, SessionMetadata, SessionState
from agcx_format.session.listed import listed

__all__ = [
    "FileSection",
    "Turn",
    "read_head",
    "read_listed",
    "read_metadata",
    "read_session",
    "write_session",
]

# The first read takes the header and, nearly always, the whole metadata.
_HEAD = 4096
# Bytes of a map cost a copy each, and most metadata is a few hundred.
_MAPPED_HEAD = 1024
_READ_AHEAD = 256 * 1024

_LAYOUT2 = layouts.BEGINNING2


def read_metadata(fd: int, size: int, use_mmap: bool = True) -> SessionMetadata:
    """The metadata of an open file of `size` bytes, through a map or by a plain read.

    The caller closes it and adds the path to a `PersistenceError`.

    Layout 1 has it in front; in layout 2 the beginning of the one section is decompressed.
    """
    with Turn() as turn:
        head, end = _head(fd, size, use_mmap, turn)
        if end is None:
            return _layout2_metadata(fd, size, head, turn)
        return v1.decode_metadata(head[v1.HEADER : end])


def read_listed(fd: int, size: int, use_mmap: bool = True) -> SessionMetadata:
    """As `read_metadata`, with no more than a list keeps of them (`listed`)."""
    return read_head(fd, size, use_mmap)[0]


def read_head(
    fd: int, size: int, use_mmap: bool = True
) -> tuple[SessionMetadata, PersistenceError | None]:
    """The metadata as `read_listed` gives them, and what is wrong with the file behind them.

    That as far as it costs nothing to see.
    """
    with Turn() as turn:
        head, end = _head(fd, size, use_mmap, turn)
        if end is None:
            return listed(_layout2_metadata(fd, size, head, turn)), None
        metadata = listed(v1.decode_metadata(head[v1.HEADER : end]))
    length = head[end : end + 4]
    if len(length) == 4 and end + 4 + int.from_bytes(length, "little") <= size:
        return metadata, None
    if len(length) < 4 <= size - end:
        # The metadata filled what was read: nothing is known of what follows.
        return metadata, None
    return metadata, CorruptData("cut off in the messages", section="messages", offset=size)


def _head(fd: int, size: int, use_mmap: bool, turn: Turn) -> tuple[bytes, int | None]:
    """The first bytes, the whole metadata among them, and where that ends; None in layout 2."""
    if use_mmap and size >= v1.HEADER:
        head = mapped.read(fd, min(size, _MAPPED_HEAD))
        if head[:8] == _LAYOUT2:
            return head, None
        end = v1.metadata_end(head, size)
        turn.take(end)
        if end > len(head):
            head = mapped.read(fd, min(size, end + 4))
    else:
        head = read_exactly(fd, min(size, _HEAD), 0)
        if head[:8] == _LAYOUT2:
            return head, None
        end = v1.metadata_end(head, size)
        turn.take(end)
        if end > len(head):
            head = read_exactly(fd, end + 4, 0)
    if len(head) < end:
        raise CorruptData("the file was cut short while it was read", offset=len(head))
    return head, end


def _layout2_metadata(fd: int, size: int, head: bytes, turn: Turn) -> SessionMetadata:
    # A file that is too short may still hold its metadata.
    end = v2.section_end(head[: v2.HEADER], max(size, 2**64))
    try:
        section = FileSection(_Descriptor(fd), v2.HEADER, min(end, size))
        return v2.read_metadata(turn.taken_by(frames.pieces(section)))
    except PersistenceError as error:
        raise error.located(section="metadata", base=v2.HEADER) from None


class Turn:
    """One thread at a time decodes metadata that are large; small ones never wait."""

    def __init__(self) -> None:
        self._lock = _decoding_large
        self._taken = False

    def take(self, size: int) -> None:
        """Wait for the turn if `size` bytes are many."""
        if size > limits.METADATA_AT_ONCE and not self._taken:
            self._lock.acquire()
            self._taken = True

    def taken_by(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The same pieces; waits once they are many."""
        size = 0
        for piece in pieces:
            size += len(piece)
            self.take(size)
            yield piece

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._taken:
            self._lock.release()


_decoding_large = threading.Lock()


def _renew_lock() -> None:
    """Whoever held it in the parent of this process is not here to release it."""
    global _decoding_large
    _decoding_large = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


def read_session(path: str | os.PathLike[str]) -> Session:
    """A whole session; any damage anywhere in it is a `PersistenceError`."""
    fd, status = open_regular(path)
    try:
        data = read_exactly(fd, _whole_size(fd, status.st_size), 0)
        return layouts.of(data).decode(data)
    except PersistenceError as error:
        raise error.located(path=path) from None
    finally:
        os.close(fd)


def _whole_size(fd: int, size: int) -> int:
    """How many bytes the sections take: what follows them is ignored, however much it is."""
    head, end = read_exactly(fd, v2.HEADER, 0), 6
    if head[:8] == _LAYOUT2:
        end = v2.HEADER + int.from_bytes(head[8:16], "little")
    else:
        for _ in v1.SECTIONS:
            end += 4 + int.from_bytes(read_exactly(fd, 4, end), "little")
            if end >= size:
                break
    if min(end, size) > limits.WHOLE_FILE:
        raise CorruptData(f"{min(end, size):,} bytes are too many to load at once")
    return min(end, size)


def write_session(
    path: str | os.PathLike[str],
    metadata: SessionMetadata,
    conversation: ConversationSnapshot,
    state: SessionState,
    *,
    layout: int = 1,
    level: int = 3,
) -> None:
    """Write a session durably; `ValueError` or `TypeError` for a value that has no form in it.

    Unlike a store it writes the metadata as it is: nothing in it is measured.
    """
    codec = layouts.by_version(layout)
    replace_file(Path(path), codec.encode(metadata, conversation, state, level))


class FileSection:
    """A part of an open file, sliced like bytes; reads ahead, since blocks are walked in order.

    Raises `PersistenceError` where the file cannot be read, `FileClosed` once it is closed.
    """

    def __init__(self, file: OpenFile | _Descriptor, start: int, end: int) -> None:
        self._file, self._start, self._end = file, start, end
        # One value, replaced as a whole: two threads may read at once.
        self._ahead: tuple[int, bytes] = 0, b""

    def __len__(self) -> int:
        return max(0, self._end - self._start)

    def __getitem__(self, part: slice) -> bytes:
        start, end, _ = part.indices(len(self))
        at, buffer = self._ahead
        if not at <= start <= end <= at + len(buffer):
            self._ahead = at, buffer = start, self._read(start, end)
        else:
            self._file.check_open()
        return buffer[start - at : end - at]

    def _read(self, start: int, end: int) -> bytes:
        ahead = min(max(_READ_AHEAD, end - start), len(self) - start)
        with contextlib.suppress(PersistenceError):
            return self._file.read(ahead, self._start + start)
        # What cannot be read may lie behind what is asked for.
        return self._file.read(end - start, self._start + start)


class _Descriptor:
    """A descriptor that its owner closes only after the last read, read like an `OpenFile`."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def check_open(self) -> None:
        pass

    def read(self, size: int, offset: int) -> bytes:
        return read_exactly(self._fd, size, offset)
