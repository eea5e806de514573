"""Reads JSON Lines that another program wrote, or is still writing.

Strategy: only this part of an import touches a file. It holds one line at a time, and no line is fatal: one
that cannot be read becomes a `Line` with the reason. Files that end in the middle of a line, lines with two
objects and nothing between them, and truncated `.zst` files are all common.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, NamedTuple

import msgspec

from agcx_format import limits
from agcx_format.disk.durable import open_regular
from agcx_format.importing.decoding import decoded
from agcx_format.importing.records import (
    CUT_OFF,
    TOO_DEEP,
    closed,
    records_in,
    unfinished_records,
    without_depths,
)
from agcx_format.importing.value_bound import TOO_MANY_VALUES, has_too_many_values

__all__ = [
    "LARGEST", "LONGEST_LINE", "Line", "Parsed", "Usual", "UsualLines", "is_document", "lines_within",
    "parse_lines", "read_document", "read_lines",
]  # fmt: skip

# A line with a picture can be megabytes; one larger than this is not conversation, and may not fit in memory.
LONGEST_LINE = 256 * limits.MIB

# A line this many times as long has no end: a hole in a file, for example.
_GIVEN_UP = 4

# A document that lacks its end is read in spite of that if it has no more bytes: that takes more memory.
_CLOSED = 64 * limits.MIB

# More than a year of one conversation; a larger file was made to exhaust its reader.
LARGEST = 8 * 1024 * limits.MIB

# A file that changed less than this many nanoseconds ago may still be written.
_LIVE_NS = 60 * 10**9

_CHUNK = 256 * 1024
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode
_REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_until_refused = contextlib.suppress(*_REFUSED)


class Line(msgspec.Struct, frozen=True, gc=False):
    """The values of a line, usually one. `number` counts from 1.

    `error`, if set, says why the line, or a part of it, cannot be read. `replaced` is how many
    sequences of bytes were not UTF-8, and became U+FFFD.  `is_unfinished` is true of the last line of a file
    that is being written, if the end of it is still to come.  `has_depths` is true if what was nested too
    deeply in it is left out.
    """

    number: int
    values: tuple[Any, ...] = ()
    error: str | None = None
    replaced: int = 0
    is_unfinished: bool = False
    has_depths: bool = False


class UsualLines(msgspec.Struct, frozen=True, gc=False):
    """Typed values of lines that follow each other, one of each; `number` is that of the first."""

    number: int
    values: list[Any]
    error: ClassVar[None] = None


Parsed = Line | UsualLines


class Usual(NamedTuple):
    """Reads the lines that make up most of a file, in less time than it takes to make dicts of them.

    Fields:
        parse: makes a typed value of a line; raises ValidationError if the line is not usual.
        after: how many of these lines at the beginning become dicts like all others: they tell what the file
            is.
    """

    parse: Callable[[bytes], Any]
    after: int


def read_lines(path: Path, usual: Usual | None = None) -> Iterator[Parsed]:
    """The lines of a file without blank ones, decompressed and as UTF-8: see `decoding`.

    Those that are `usual` come as typed values, all others as dicts. Whatever is appended while it is read is
    ignored.

    Raises:
        OSError: the file cannot be read.
        PersistenceError: it cannot be opened, or is no regular file.
    """
    with _opened(path) as (file, size):
        chunks = decoded(_chunks(file, size))
        yield from parse_lines(chunks, is_live=_is_live(file), usual=usual)


def lines_within(path: Path, ends: Iterable[int]) -> dict[int, int]:
    """How many lines end within each of these numbers of bytes of a file, once decoded.

    Raises:
        OSError: the file cannot be read.
        PersistenceError: it cannot be opened, or is no regular file.
    """
    found: dict[int, int] = {}
    waiting = sorted(set(ends))
    count = start = 0
    with _opened(path) as (file, size):
        for chunk in _small(decoded(_chunks(file, size))):
            if isinstance(chunk, Exception) or not waiting:
                break
            while waiting and waiting[0] <= start + len(chunk):
                end = waiting.pop(0)
                found[end] = count + chunk.count(b"\n", 0, max(0, end - start))
            count += chunk.count(b"\n")
            start += len(chunk)
    return found | dict.fromkeys(waiting, count)


def _is_live(file: BinaryIO) -> bool:
    return 0 <= time.time_ns() - os.fstat(file.fileno()).st_mtime_ns < _LIVE_NS


def read_document(path: Path, *, closes: bool = False) -> Iterator[Line]:
    """Read a file that is a single JSON document as one `Line`.

    With `closes`, one that lacks its end is read with the complete elements of its lists.

    A document is parsed as a whole, which takes several times its size in memory, so a huge one is refused.
    """
    with _opened(path) as (file, size):
        parts: list[bytes] = []
        total, damage = size if size > LONGEST_LINE else 0, ""
        for chunk in _small(decoded(_chunks(file, size))):
            if isinstance(chunk, Exception):
                damage = str(chunk)
                break
            total += len(chunk)
            if total > LONGEST_LINE:
                most = f"{LONGEST_LINE:,} bytes"
                yield Line(
                    1, error=f"one JSON document of more than {most}, too large to be parsed"
                )
                return
            parts.append(chunk)
        document = b"".join(parts)
        parts.clear()
        line = _line(1, document, total, LONGEST_LINE)
        if closes and line and _may_lack_its_end(line) and len(document) <= _CLOSED:
            line = _closed(document, damage or CUT_OFF, is_live=_is_live(file)) or line
        del document
        if damage:
            yield msgspec.structs.replace(line or Line(1), error=damage)
        elif line:
            yield line


def is_document(path: Path) -> bool:
    """Whether the name is that of a single JSON document, compressed or not."""
    return path.name.removesuffix(".zst").endswith(".json")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """The open file and its size. Never blocks on a FIFO or a device."""
    fd, status = open_regular(path)
    with open(fd, "rb") as file:
        yield file, status.st_size


def parse_lines(
    chunks: Iterable[bytes | Exception],
    longest: int | None = None,
    *,
    is_live: bool = False,
    usual: Usual | None = None,
) -> Iterator[Parsed]:
    """Split at newlines, wherever the chunks were cut, and parse.

    With `is_live` a last line that has no end is unfinished. An exception among the chunks is the end of the
    reading, and becomes the last `Line`.
    """
    longest = longest or LONGEST_LINE
    begun, parse = _Begun(longest), _parser(usual, longest)
    for chunk in _small(chunks):
        if isinstance(chunk, Exception):
            yield from begun.cut_off(chunk)
            return
        # In C, and several times as fast as `split`.
        parts = BytesIO(chunk).readlines()
        rest = parts.pop() if parts and not chunk.endswith(b"\n") else b""
        if begun.size and parts:
            whole, size = begun.end(parts[0])
            # A longer one may have too many values for memory, which only `_line` looks at.
            if size <= min(_CHUNK, longest):
                parts[0] = whole
            else:
                if line := _line(begun.number, whole, size, longest):
                    yield line
                begun.number += 1
                del parts[0]
        yield from parse(begun.number, parts)
        begun.number += len(parts)
        begun.add(rest)
        if begun.size > _GIVEN_UP * longest:
            reason = f"longer than {longest:,} bytes: nothing is read after it"
            yield Line(begun.number, error=reason)
            return
    if line := begun.last(is_live=is_live):
        yield line


class _Begun:
    """The line at the end of a chunk, whose own end is in one that follows.

    Fields:
        number: of the line, or of the next one if none has begun.
        size: how many bytes of it were read. Those of a line that is too long are not kept.
    """

    def __init__(self, longest: int) -> None:
        self.number, self.size = 1, 0
        self._longest = longest
        self._parts: list[bytes] = []

    def add(self, part: bytes) -> None:
        self.size += len(part)
        if self.size <= self._longest:
            self._parts.append(part)
        else:
            self._parts = []

    def end(self, part: bytes) -> tuple[bytes, int]:
        """The line with its last part, and how many bytes it has; the next one has not begun."""
        data, size = b"".join([*self._parts, part]), self.size + len(part)
        self.size, self._parts = 0, []
        return data, size

    def cut_off(self, reason: Exception) -> Iterator[Line]:
        """What there is to say where reading ends with an error."""
        if self.size:
            yield Line(self.number, error=CUT_OFF)
        yield Line(self.number + (self.size > 0), error=str(reason))

    def last(self, *, is_live: bool) -> Line | None:
        """The line at the end of the file, if that has no newline."""
        if not self.size:
            return None
        data = b"".join(self._parts)
        line = _line(self.number, data, self.size, self._longest)
        if is_live and line and _may_lack_its_end(line):
            return _unfinished(self.number, data) or line
        return line


def _parser(usual: Usual | None, longest: int) -> Callable[[int, list[bytes]], Iterator[Parsed]]:
    """Parses whole lines; it is called with the number of the first."""
    if usual is None or longest < _CHUNK:
        return partial(_plain, longest=longest)
    return _UsualParser(usual).parse


class _UsualParser:
    """Parses the first usual lines into dicts, and those that follow into typed values."""

    def __init__(self, usual: Usual) -> None:
        self._parse, self._first = usual.parse, usual.after

    def parse(self, number: int, parts: list[bytes]) -> Iterator[Parsed]:
        at = 0
        while self._first and at < len(parts):
            if line := _line(number + at, parts[at]):
                self._first -= _is_usual(parts[at], self._parse)
                yield line
            at += 1
        yield from _typed(number + at, parts[at:], self._parse)


def _plain(number: int, parts: list[bytes], longest: int) -> Iterator[Line]:
    """Parse whole lines, the first of which has this number."""
    for each, part in enumerate(parts, number):
        if line := _line(each, part, len(part), longest):
            yield line


def _typed(number: int, parts: list[bytes], parse: Callable[[bytes], Any]) -> Iterator[Parsed]:
    """The same for lines that are mostly usual."""
    at, lines = 0, iter(parts)
    while at < len(parts):
        values: list[Any] = []
        with _until_refused:
            # What comes before a line that is refused stays in the list.
            values.extend(map(parse, lines))
        if values:
            yield UsualLines(number + at, values)
            at += len(values)
        if at < len(parts):
            if line := _line(number + at, parts[at]):
                yield line
            at += 1


def _is_usual(data: bytes, parse: Callable[[bytes], Any]) -> bool:
    try:
        parse(data)
    except _REFUSED:
        return False
    return True


def _line(number: int, data: bytes, size: int = 0, longest: int = LONGEST_LINE) -> Line | None:
    """The line that `data` is; of one that has more than `longest` bytes, only its `size` counts."""
    if size > longest and size - data.endswith(b"\n") > longest:
        return Line(number, error=f"longer than {longest:,} bytes")
    if has_too_many_values(data):
        return Line(number, error=TOO_MANY_VALUES)
    try:
        return Line(number, (_decode(data),))
    except _REFUSED:
        return _line_the_slow_way(number, data) if data.strip(b" \t\r\n\0") else None


def _line_the_slow_way(number: int, data: bytes) -> Line:
    """For several values in a line, invalid UTF-8, or an unpaired surrogate."""
    text = data.decode("utf-8-sig", "replace")
    replaced = text.count(_REPLACEMENT) - data.count(_REPLACEMENT.encode())
    text = text.strip(" \t\r\n\0")
    values, error = records_in(text)
    shallow = without_depths(text) if error == TOO_DEEP else ""
    if shallow:
        values, error = records_in(shallow)
    return Line(number, tuple(values), error, replaced, has_depths=bool(shallow))


def _may_lack_its_end(line: Line) -> bool:
    return line.error not in (None, TOO_MANY_VALUES)


def _closed(data: bytes, reason: str, *, is_live: bool) -> Line | None:
    """A document that lacks its end for this reason; None if it lacks more."""
    text = data.decode("utf-8-sig", "replace")
    values, error = records_in(closed(text))
    if error or not values:
        return None
    replaced = text.count(_REPLACEMENT) - data.count(_REPLACEMENT.encode())
    return Line(1, tuple(values), reason, replaced, is_unfinished=is_live)


def _unfinished(number: int, data: bytes) -> Line | None:
    """The last line of a file that is being written; None if its end would not make it whole."""
    text = data.decode("utf-8-sig", "replace").strip(" \t\r\n\0")
    values = unfinished_records(text)
    return None if values is None else Line(number, tuple(values), CUT_OFF, is_unfinished=True)


def _small(chunks: Iterable[bytes | Exception]) -> Iterator[bytes | Exception]:
    """Smaller chunks, so that a list of very short lines takes little memory; at most `LARGEST` bytes."""
    total = 0
    for chunk in chunks:
        if isinstance(chunk, Exception):
            yield chunk
            continue
        for at in range(0, len(chunk), _CHUNK):
            piece = chunk[at : at + _CHUNK]
            total += len(piece)
            if total > LARGEST:
                yield ValueError(f"larger than {LARGEST:,} bytes: the rest is not read")
                return
            yield piece


def _chunks(file: BinaryIO, left: int) -> Iterator[bytes]:
    """The next `left` bytes of a file, or all that there are."""
    while left > 0:
        chunk = file.read(min(_CHUNK, left))
        if not chunk:
            return
        left -= len(chunk)
        yield chunk
