"""Reads what can still be read of a damaged file of layout 1.

Strategy: lengths are only hints. bincode shows by itself where the metadata end; messages and context are
searched where the lengths point, and then at every zstd magic in the file, and used where they decode.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from agcx_format import limits
from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames, seekable
from agcx_format.disk.open_file import BLOCK, OpenFile
from agcx_format.doctor.damaged_file import DamagedFile
from agcx_format.doctor.salvaged import Salvaged
from agcx_format.doctor.session import value_end
from agcx_format.errors import MessagePackDecodeError, PersistenceError
from agcx_format.layout import v1_errors, v1_sections
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import ConversationContext, SessionMetadata, SessionState
from agcx_format.session.file_section import FileSection
from agcx_format.session.message_walk import MessageWalk

__all__ = ["salvage_layout1"]

_ZSTD = frames.MAGIC.to_bytes(4, "little")

# Compressed data contains the magic by chance once in four gigabytes; more are made on purpose.
_MOST_PLACES = 1_000
# After this many values in a row that do not decode, they are not messages.
_MOST_BAD = 1_000
# Messages of an array whose header is lost.
_ANY_COUNT = (1 << 32) - 1


def salvage_layout1(source: DamagedFile) -> Salvaged:
    """Read a file as one of layout 1; the result is `empty` if it is not."""
    file = source.file
    found = Salvaged(v1_errors.VERSION)
    size = min(max(0, file.size - v1_sections.HEADER), limits.METADATA)
    raw = file.read_before_damage(size, v1_sections.HEADER)
    claimed = v1_sections.HEADER + _u32(file, 6)
    ends = [claimed]
    try:
        found.metadata, used = bincode.decode_prefix(SessionMetadata, raw)
        ends.append(v1_sections.HEADER + used)
    except PersistenceError as error:
        found.lost.append(f"the metadata: {error.reason}")
    magics = _magics(source)
    places = [end + 4 for end in ends if end + 4 <= file.size]
    start = next(
        (
            at
            for at in _once(places + magics)
            if _holds_messages(source, at, is_guess=at not in places)
        ),
        None,
    )
    found.block = raw[: max(0, (start or claimed + 4) - 4 - v1_sections.HEADER)]
    if start is None:
        start = _take_later_frames(found, source, magics)
        if start is None:
            found.lost.append("all messages: none can be found")
            start = places[0] if places else file.size
    else:
        _take_messages(found, source, start)
    _take_rest(found, source, start, magics)
    return found


def _holds_messages(source: DamagedFile, start: int, *, is_guess: bool) -> bool:
    """Whether a section at `start` has a seek table, holds a message, or is marked as empty."""
    if _table(source.file, start) is not None:
        return True
    walk = MessageWalk(source.guessed(start) if is_guess else source.pieces(start))
    for index, _, raw in walk:
        try:
            messagepack.decode(MessageSnapshot, raw or b"")
            return True
        except PersistenceError:
            if is_guess and index >= _MOST_BAD:
                return False
    return walk.scanner.count == 0


def _take_messages(found: Salvaged, source: DamagedFile, start: int) -> None:
    """The section ends where its length says or, if it is incomplete there, at the end of the file."""
    file = source.file
    by_length = start + _u32(file, start - 4)
    walk = _walk(source, start, file.size)
    if by_length <= file.size:
        if (table := _table(file, start)) is not None:
            _take_frames(found, source, start, table)
            return
        if _reach(source, start, by_length) >= _reach(source, start, file.size):
            walk = _walk(source, start, by_length)
    found.walk(walk)


def _take_later_frames(found: Salvaged, source: DamagedFile, magics: list[int]) -> int | None:
    """Take the messages of a section whose beginning is lost, and return where the first of them is.

    What writes several frames begins each with a message.
    """
    start = None
    for at in magics:
        if not _begins_with_message(source.guessed(at)):
            continue
        start = at if start is None else start
        for _, _, raw in _without_beginning(source.guessed(at, _first_end(source, at))):
            found.take(len(found.messages) + found.bad, raw)
    if start is not None:
        found.lost.append(
            "the first messages, and those in damaged frames: where the messages begin cannot be read"
        )
        if source.is_spent:
            found.lost.append("the last messages: too much was looked at before them")
        found.count_unlisted()
    return start


def _begins_with_message(pieces: Iterator[bytes]) -> bool:
    _, _, raw = next(iter(_without_beginning(pieces)), (0, 0, None))
    try:
        messagepack.decode(MessageSnapshot, raw or b"")
    except PersistenceError:
        return False
    return True


def _without_beginning(pieces: Iterator[bytes]) -> MessageWalk:
    """A walk over messages of an array whose header is lost."""
    header = messagepack.array_header(_ANY_COUNT)
    return MessageWalk(itertools.chain([header], pieces), largest=limits.WHOLE_SECTION)


def _table(file: OpenFile, start: int) -> seekable.Table | None:
    """The seek table of the section at `start`, if it ends where its length says."""
    end = start + _u32(file, start - 4)
    return seekable.read_table(FileSection(file, start, end)) if end <= file.size else None


def _take_frames(found: Salvaged, source: DamagedFile, start: int, table: seekable.Table) -> None:
    """Frame by frame: what follows damage in one may look like messages, one in each byte."""
    for number in range(table.frames):
        first, end = table.messages[number : number + 2]
        place = (start + at for at in table.section[number : number + 2])
        # The array's header is in the first frame.
        header = [messagepack.array_header(end - first)] if number else []
        pieces = itertools.chain(header, source.pieces(*place))
        walk = MessageWalk(pieces, largest=limits.WHOLE_SECTION)
        every = iter(walk)
        for index, (_, _, raw) in zip(range(first, end), every, strict=False):
            found.take(index, raw)
        if walk.found > end - first or any(True for _ in every) or walk.tail:
            found.lost.append(
                f"data after message {end:,} in its frame, where the seek table says that there is none"
            )
        if walk.found < end - first:
            found.lost.append(_missing(first + walk.found + 1, end, walk.error))
    found.count_unlisted()


def _missing(first: int, last: int, error: PersistenceError | None) -> str:
    reason = "not in its frame" if error is None else error.reason
    if isinstance(error, MessagePackDecodeError):
        # It names the message by its place in the frame.
        reason = reason.partition(": ")[2]
    return (
        f"message {first:,}: {reason}"
        if first == last
        else f"messages {first:,} to {last:,}: {reason}"
    )


def _take_rest(found: Salvaged, source: DamagedFile, start: int, magics: list[int]) -> None:
    """Read context and state, which follow the messages, from `start`."""
    file = source.file
    behind = [start + _u32(file, start - 4) + 4, start + _frames_end(file, start) + 4]
    places = [at for at in behind if at <= file.size]
    states = [at + _u32(file, at - 4) + 4 for at in places]
    for at in _once(places + [magic for magic in magics if magic > start]):
        context = _context_at(source, at, is_guess=at not in places)
        if context is not None:
            found.context = context
            states = [at + _frames_end(file, at) + 4, at + _u32(file, at - 4) + 4, *states]
            break
    else:
        found.lost.append("the context: it cannot be read, an empty one takes its place")
    for at in _once(at for at in states if at <= file.size):
        try:
            raw = file.read(min(file.size - at, limits.WHOLE_SECTION), at)
            found.state = bincode.decode(SessionState, raw)
            return
        except PersistenceError:
            continue
    found.lost.append("the state: it cannot be read, an initial one takes its place")


def _context_at(source: DamagedFile, start: int, *, is_guess: bool) -> bytes | None:
    """The context, if that is the frame at `start`; no other is decompressed: messages are frames as well."""
    text, end = bytearray(), _first_end(source, start)
    try:
        for piece in source.guessed(start, end) if is_guess else source.pieces(start, end):
            text += piece
            if len(text) > limits.WHOLE_SECTION:
                return None
    except PersistenceError:
        # What follows is not a frame, as expected.
        pass
    try:
        messagepack.decode(ConversationContext, bytes(text))
    except PersistenceError:
        return None
    return bytes(text[: value_end(bytes(text))])


def _first_end(source: DamagedFile, start: int) -> int:
    """Where the frame at `start` ends, or else the file."""
    try:
        return source.first_end(start)
    except PersistenceError:
        return source.size


def _walk(source: DamagedFile, start: int, end: int) -> MessageWalk:
    return MessageWalk(source.pieces(start, end), largest=limits.WHOLE_SECTION, to_end=False)


def _reach(source: DamagedFile, start: int, end: int) -> tuple[bool, int]:
    """Whether the section is complete up to `end`, and how many messages it holds."""
    walk = _walk(source, start, end)
    for _ in walk:
        pass
    return walk.scanner.complete, walk.found


def _frames_end(file: OpenFile, start: int) -> int:
    """How many bytes from `start` on are, or look like, complete frames."""
    try:
        return frames.walk(FileSection(file, start, file.size))[-1].end
    except PersistenceError as error:
        return error.offset or 0


def _u32(file: OpenFile, at: int) -> int:
    """A length; 0 if the file cannot be read there."""
    return int.from_bytes(file.read_before_damage(4, max(0, at)), "little")


def _magics(source: DamagedFile) -> list[int]:
    """Offsets of zstd magics, in order."""
    file = source.file
    found: list[int] = []
    for base in range(0, file.size, limits.MIB):
        source.check()
        # A magic may span two pieces.
        piece = _around_damage(file, limits.MIB + len(_ZSTD) - 1, base)
        at = piece.find(_ZSTD)
        while at >= 0 and len(found) < _MOST_PLACES:
            found.append(base + at)
            at = piece.find(_ZSTD, at + 1)
    return found


def _around_damage(file: OpenFile, size: int, offset: int) -> bytes:
    """Bytes of the file, with zeros in place of unreadable blocks."""
    data = bytearray(file.read_before_damage(size, offset))
    size = min(size, file.size - offset)
    while len(data) < size:
        # The rest of the damaged block, and what can be read after it.
        data += bytes(BLOCK - (offset + len(data)) % BLOCK)
        data += file.read_before_damage(max(0, size - len(data)), offset + len(data))
    return bytes(data[:size])


def _once(places: Iterable[int]) -> Iterator[int]:
    return iter(dict.fromkeys(places))
