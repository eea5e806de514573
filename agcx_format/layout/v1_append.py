"""A file of layout 1 with more messages at its end, without decoding those that it has.

Strategy: the count at the beginning of the messages changes, and the last frame grows.  Of a section with a
seek table only these two frames are compressed again; all others, and the other sections, are copied.
What results is, byte for byte, what writing the whole session would give.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from agcx_format.codec import messagepack
from agcx_format.codec.messagepack import messages_in
from agcx_format.codec.zstd import frames, seekable
from agcx_format.codec.zstd.frames import Section
from agcx_format.codec.zstd.seekable import Table
from agcx_format.errors import CorruptData, located
from agcx_format.layout import v1_sections
from agcx_format.layout.base import Appended, Kept
from agcx_format.layout.plain_size import Part, plain_size
from agcx_format.model.fields import Float32
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import SessionMetadata

__all__ = ["appended"]


def appended(
    data: Section,
    old: SessionMetadata,
    messages: Sequence[MessageSnapshot],
    change: Callable[[SessionMetadata], SessionMetadata],
    level: int,
) -> Appended:
    """See `Layout.appended`; `old` are the metadata of the file.

    Raises:
        PersistenceError: when the old file is damaged, as far as it had to be read.
        TypeError: when a field holds a value that its type cannot hold.
        ValueError: likewise.
    """
    _, messages_at, context_at, _ = v1_sections.split(data)
    section = _Messages(Part(data, messages_at.start, messages_at.end), messages_at.start)
    added = messagepack.encode_messages(messages)
    with located(section="messages", base=messages_at.start):
        parts = section.extended(added, len(messages), level)
    packed = sum(_size(part) for part in parts)
    context = Part(data, context_at.start, context_at.end)
    new = replace(change(old), message_count=section.count)
    if (plain := plain_size(context)) is not None:
        ratio = Float32((packed + len(context)) / (section.plain + plain))
        new = replace(new, compression_ratio=ratio)
    rest = Kept(messages_at.end, len(data))
    length = v1_sections.length_of("messages", packed)
    new, first = v1_sections.fitted(new, len(length) + packed + _size(rest))
    return Appended(new, new, [*v1_sections.head(first), length, *parts, rest])


class _Messages:
    """The section of the messages; `plain` and `count` are those of the new one, once it is `extended`."""

    def __init__(self, section: Section, base: int) -> None:
        self._section = section
        self._base = base
        self.plain = 0
        self.count = 0

    def extended(self, added: bytes, count: int, level: int) -> list[bytes | Kept]:
        """The section with the `count` messages of the `Vec` `added` after its own."""
        table = seekable.read_table(self._section)
        if table is None or table.frames == 1:
            return [self._whole(added, count, level)]
        return self._by_frames(table, added, count, level)

    def _whole(self, added: bytes, count: int, level: int) -> bytes:
        text = frames.decompress(self._section[:])
        there, new = messagepack.find_list(text), messagepack.find_list(added)
        self.count = there.length + count
        header = messagepack.array_header(self.count)
        text = b"".join([header, text[there.first : there.end], added[new.first :]])
        self.plain = len(text)
        return v1_sections.compress_messages(text, level)

    def _by_frames(self, table: Table, added: bytes, count: int, level: int) -> list[bytes | Kept]:
        last = table.frames - 1
        self.count = table.messages[-1] + count
        first = self._text(table, 0)
        begin = messages_in(first, 0, header=True)[0]
        first = messagepack.array_header(self.count) + first[begin:]
        text = self._text(table, last)
        own = messages_in(text, table.messages[-1] - table.messages[last], header=False)
        new = messagepack.find_messages(added)
        starts = [*own, *(len(text) - new[0] + start for start in new[1:])]
        text += added[new[0] :]
        head, tail = seekable.with_ends(table, first, text, starts, level)
        self.plain = len(first) + table.text[last] - table.text[1] + len(text)
        between = Kept(self._base + table.section[1], self._base + table.section[last])
        return [head, between, tail]

    def _text(self, table: Table, number: int) -> bytes:
        """The text of a frame; raises `CorruptData` if it is not what the table says."""
        start, end = table.section[number], table.section[number + 1]
        size = table.text[number + 1] - table.text[number]
        text = frames.decompress(self._section[start:end], limit=size)
        if len(text) != size:
            raise CorruptData("a frame is not what the seek table says")
        return text


def _size(part: bytes | Kept) -> int:
    return part.end - part.start if isinstance(part, Kept) else len(part)
