"""The elements of a decompressed section of layout 2: each is found first, and decoded from its own bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from agcx_format.codec import messagepack
from agcx_format.codec.messagepack import lenient
from agcx_format.errors import MessagePackDecodeError, located
from agcx_format.layout.base import Addition
from agcx_format.model.session import ConversationSnapshot, SessionMetadata, SessionState

__all__ = [
    "ELEMENTS", "FIELDS", "NIL", "Element", "conversation_field", "element", "elements_of", "split",
    "with_more",
]  # fmt: skip

ELEMENTS = ("metadata", "conversation", "state", "checksum")
FIELDS = ConversationSnapshot.__struct_fields__

T = TypeVar("T")

# The checksum, in all files so far.
NIL = b"\xc0"


class Element(msgspec.Struct, frozen=True, gc=False):
    """Where an element is in the decompressed section."""

    name: str
    start: int
    end: int


def split(raw: bytes, names: tuple[str, ...] = ELEMENTS) -> list[Element]:
    """The elements of a decompressed section; bytes after the last are ignored.

    Raises:
        MessagePackDecodeError: when there are more or fewer, or one is damaged.
    """
    unpacker = lenient.unpacker(raw)
    elements: list[Element] = []
    try:
        if (count := unpacker.read_array_header()) != len(names):
            raise ValueError(f"{len(names)} elements were expected, not {count}")
        for name in names:
            start = unpacker.tell()
            unpacker.skip()
            elements.append(Element(name, start, unpacker.tell()))
    except lenient.UNPACK_ERRORS as cause:
        raise MessagePackDecodeError(
            lenient.in_words(cause),
            section=names[len(elements)] if len(elements) < len(names) else "session",
            offset=elements[-1].end if elements else 0,
            decompressed=True,
            truncated=lenient.is_truncated(cause),
        ) from None
    return elements


def element(raw: bytes, place: Element, type_: type[T]) -> T:
    """Decode one element of a decompressed section.

    Raises:
        MessagePackDecodeError: when it is damaged; its offset is the one in the section's text.
    """
    with located(section=place.name, base=place.start, decompressed=True):
        return messagepack.decode(type_, memoryview(raw)[place.start : place.end])


def conversation_field(raw: bytes, conversation: Element, name: str, type_: type[T]) -> T:
    """One field of the conversation; the messages are not decoded for it.

    Raises:
        MessagePackDecodeError: when it is damaged.
    """
    try:
        fields = split(raw[conversation.start : conversation.end], FIELDS)
    except MessagePackDecodeError:
        # A map of its fields, or damage that is to be described.
        field: T = getattr(element(raw, conversation, ConversationSnapshot), name)
        return field
    found = fields[FIELDS.index(name)]
    start, end = conversation.start + found.start, conversation.start + found.end
    return element(raw, Element(conversation.name, start, end), type_)


def with_more(conversation: bytes, added: Addition) -> tuple[int, bytes]:
    """The conversation with more messages and modes at its end, and how many messages it has then.

    Raises:
        MessagePackDecodeError: when it is damaged, or not an array of its fields.
        TypeError: when a field of a message holds a value that its type cannot hold.
        ValueError: likewise.
    """
    id_, messages, context, history = split(conversation, FIELDS)
    fields = [conversation[each.start : each.end] for each in (id_, messages, context, history)]
    count, fields[1] = _longer(fields[1], messagepack.encode_messages(added.messages))
    if added.modes:
        _, fields[3] = _longer(fields[3], messagepack.encode(list(added.modes)))
    return count, b"".join([messagepack.array_header(len(fields)), *fields])


def elements_of(
    metadata: SessionMetadata, conversation: ConversationSnapshot, state: SessionState
) -> Iterator[bytes]:
    """The text of a section, a message at a time.

    Raises:
        TypeError: a field holds a value that its type cannot hold.
        ValueError: likewise.
    """
    yield messagepack.array_header(len(ELEMENTS)) + messagepack.encode(metadata)
    yield messagepack.array_header(len(FIELDS)) + messagepack.encode(conversation.id)
    yield messagepack.array_header(len(conversation.messages))
    yield from map(messagepack.encode_message, conversation.messages)
    yield messagepack.encode(conversation.context)
    yield messagepack.encode(conversation.mode_history)
    yield messagepack.encode(state) + NIL


def _longer(array: bytes, more: bytes) -> tuple[int, bytes]:
    """An array with the items of another one after its own, and their number."""
    there, new = messagepack.find_list(array), messagepack.find_list(more)
    count = there.length + new.length
    items = [array[there.first : there.end], more[new.first : new.end]]
    return count, b"".join([messagepack.array_header(count), *items])
