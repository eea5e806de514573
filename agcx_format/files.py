"""Whole session files, and the metadata of one, in either layout.

`read_session` is as strict as Rust is: any damage anywhere is an error.  `SessionFile` (in
`session_file.py`) is the lazy and lenient way.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from agcx_format import frames, layout1, layout2, layouts, limits, mapped
from agcx_format.durable import open_regular, read_exactly, replace_file
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.open_file import OpenFile
from agcx_format.types import ConversationSnapshot, Session, SessionMetadata, SessionState

__all__ = ["FileSection", "read_head", "read_metadata", "read_session", "write_session"]

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
    head, end = _head(fd, size, use_mmap)
    if end is None:
        return _layout2_metadata(fd, size, head)
    return layout1.decode_metadata(head[layout1.HEADER : end])


def read_head(
    fd: int, size: int, use_mmap: bool = True
) -> tuple[SessionMetadata, PersistenceError | None]:
    """The metadata, and what is wrong with the file behind it as far as that costs nothing to see."""
    head, end = _head(fd, size, use_mmap)
    if end is None:
        return _layout2_metadata(fd, size, head), None
    metadata = layout1.decode_metadata(head[layout1.HEADER : end])
    length = head[end : end + 4]
    if len(length) == 4 and end + 4 + int.from_bytes(length, "little") <= size:
        return metadata, None
    if len(length) < 4 <= size - end:
        # The metadata filled what was read: nothing is known of what follows.
        return metadata, None
    return metadata, CorruptData("cut off in the messages", section="messages", offset=size)


def _head(fd: int, size: int, use_mmap: bool) -> tuple[bytes, int | None]:
    """The first bytes, the whole metadata among them, and where that ends; None in layout 2."""
    if use_mmap and size >= layout1.HEADER:
        head = mapped.read(fd, min(size, _MAPPED_HEAD))
        if head[:8] == _LAYOUT2:
            return head, None
        end = layout1.metadata_end(head, size)
        if end > len(head):
            head = mapped.read(fd, min(size, end + 4))
    else:
        head = read_exactly(fd, min(size, _HEAD), 0)
        if head[:8] == _LAYOUT2:
            return head, None
        end = layout1.metadata_end(head, size)
        if end > len(head):
            head = read_exactly(fd, end + 4, 0)
    if len(head) < end:
        raise CorruptData("the file was cut short while it was read", offset=len(head))
    return head, end


def _layout2_metadata(fd: int, size: int, head: bytes) -> SessionMetadata:
    # A file that is too short may still hold its metadata.
    end = layout2.section_end(head[: layout2.HEADER], max(size, 2**64))
    try:
        section = FileSection(_Descriptor(fd), layout2.HEADER, min(end, size))
        return layout2.read_metadata(frames.pieces(section))
    except PersistenceError as error:
        raise error.located(section="metadata", base=layout2.HEADER) from None


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
    head, end = read_exactly(fd, layout2.HEADER, 0), 6
    if head[:8] == _LAYOUT2:
        end = layout2.HEADER + int.from_bytes(head[8:16], "little")
    else:
        for _ in layout1.SECTIONS:
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
