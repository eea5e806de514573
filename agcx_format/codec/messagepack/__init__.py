"""MessagePack as rmp-serde writes it: arrays of the fields in order, without field names.

Strategy: two decoders for the same values.  msgspec decodes and checks what Rust writes today, in one
call.  What it refuses goes to `lenient`, which follows the schema field by field.  That one accepts what
msgspec cannot express (structs as maps with field names, the tags of the crate's first version,
reasoning items of three fields, items with unknown tags), and for bytes that are really bad it knows
the offset, which msgspec does not report.

The offsets of the messages in a list are found by `msgpack.Unpacker` in a tenth of the time of decoding.
So only the messages that msgspec refuses take the slow way, and a reader can decode a single one.
"""

from __future__ import annotations

import contextlib
import itertools
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from os import register_at_fork
from threading import Lock
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from agcx_format import limits
from agcx_format.codec.messagepack import lenient
from agcx_format.counting import counted
from agcx_format.errors import MessagePackDecodeError, located
from agcx_format.model.fields import Float32, Moment, pack_f32
from agcx_format.model.items import (
    MessageSnapshot,
    Reasoning,
    ReasoningText,
    ReasoningWithoutContent,
    UnknownItem,
)
from agcx_format.model.session import (
    ConversationContext,
    ConversationSnapshot,
    OperatingMode,
    SessionIndex,
)
from agcx_format.model.timestamps import Timestamp, all_usual, is_usual, normal
from agcx_format.model.value_checks import check

__all__ = [
    "ListPlace", "array_header", "decode", "decode_at_once", "decode_messages", "decode_run", "encode",
    "encode_message", "encode_messages", "find_list", "find_messages",
]  # fmt: skip

T = TypeVar("T")

# What msgspec raises for bytes that are not a value of the type.
_REFUSED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError, OverflowError)


def decode(type_: type[T], data: bytes | memoryview) -> T:
    """Decode one value; bytes after it are ignored, as Rust ignores them.

    Raises:
        MessagePackDecodeError: the bytes are not such a value; the offset counts from the start of `data`.
    """
    # msgspec counts no items; an index is not compressed.
    if len(data) <= limits.VALUE_AT_ONCE or type_ is SessionIndex:
        with contextlib.suppress(*_REFUSED):
            value: T = _decoder(type_)(data)
            if _timely(value):
                return value
    by_parts: Callable[[bytes | memoryview], T] | None = _BY_PARTS.get(type_)
    return lenient.decode(type_, data) if by_parts is None else by_parts(data)


def _timely(value: Any) -> bool:
    """Whether the messages in it have timestamps in the usual form, which the decoder does not check."""
    if type(value) is MessageSnapshot:
        return is_usual(value.timestamp) is not None
    if type(value) is ConversationSnapshot:
        value = value.messages
    elif type(value) is not list or not value or type(value[0]) is not MessageSnapshot:
        return True
    return all_usual([message.timestamp for message in value])


def _conversation_by_parts(data: bytes | memoryview) -> ConversationSnapshot:
    """Decode each field alone: a single odd message must not send all of them the slow way."""
    unpacker = lenient.unpacker(data)
    try:
        if unpacker.read_array_header() != len(_PARTS):
            return lenient.decode(ConversationSnapshot, data)
        starts = [unpacker.tell()]
        for _ in _PARTS:
            unpacker.skip()
            starts.append(unpacker.tell())
    except lenient.UNPACK_ERRORS:
        return lenient.decode(ConversationSnapshot, data)
    parts = []
    for (start, end), read in zip(itertools.pairwise(starts), _PARTS, strict=True):
        with located(base=start):
            parts.append(read(data[start:end]))
    conversation: ConversationSnapshot = ConversationSnapshot.unchecked(*parts)
    return conversation


def decode_messages(data: bytes | memoryview) -> list[MessageSnapshot]:
    """Decode a `Vec<MessageSnapshot>`: in one call if all messages are in today's form, else one by one.

    Raises:
        MessagePackDecodeError: the bytes are not a list of messages.
    """
    if len(data) > limits.VALUE_AT_ONCE:
        starts = find_messages(data)
        if (count := len(starts) - 1) > limits.MESSAGES_AT_ONCE:
            words = counted(count, "message")
            raise MessagePackDecodeError(f"{words} are too many to load at once", offset=0)
        largest = max((end - start for start, end in itertools.pairwise(starts)), default=0)
        if largest > limits.VALUE_AT_ONCE:
            return _decode_each(data, starts)
    with contextlib.suppress(*_REFUSED):
        messages: list[MessageSnapshot] = _decoder(list[MessageSnapshot])(data)
        if _timely(messages):
            return messages
    return _decode_each(data, find_messages(data))


def decode_run(data: bytes, starts: Sequence[int]) -> list[MessageSnapshot]:
    """Decode consecutive messages; `starts` has one more entry, the end of the last message.

    Raises:
        MessagePackDecodeError: one of them is damaged.
    """
    messages = decode_at_once(data[starts[0] : starts[-1]], len(starts) - 1)
    return _decode_each(data, starts) if messages is None else messages


def decode_at_once(data: bytes | memoryview, count: int) -> list[MessageSnapshot] | None:
    """Decode `count` messages that fill `data` in one call; None unless all are in today's form."""
    if len(data) > limits.VALUE_AT_ONCE:
        return None
    with contextlib.suppress(*_REFUSED):
        array = b"".join([b"\xdd", count.to_bytes(4, "big"), data])
        messages: list[MessageSnapshot] = _decoder(list[MessageSnapshot])(array)
        if _timely(messages):
            return messages
    return None


class ListPlace(NamedTuple):
    """Where a `Vec` of `length` items is: its header from `start`, its items from `first` to `end`."""

    start: int
    first: int
    end: int
    length: int


def find_list(data: bytes | memoryview, before: Iterable[str] = ()) -> ListPlace:
    """Where the first `Vec` is in `data`; `before` says what precedes it, as for `MessageScanner`.

    Raises:
        MessagePackDecodeError: the data are truncated or damaged.
    """
    unpacker = lenient.unpacker(data)
    try:
        for each in before:
            if each == "array":
                unpacker.read_array_header()
            else:
                unpacker.skip()
        start = unpacker.tell()
        length = unpacker.read_array_header()
        first = unpacker.tell()
        for _ in range(length):
            unpacker.skip()
    except lenient.UNPACK_ERRORS as cause:
        raise MessagePackDecodeError(lenient.in_words(cause)) from None
    return ListPlace(start, first, unpacker.tell(), length)


def array_header(count: int) -> bytes:
    """The bytes before the items of an array."""
    if count < 16:
        return bytes([0x90 + count])
    if count < 1 << 16:
        return b"\xdc" + count.to_bytes(2, "big")
    return b"\xdd" + count.to_bytes(4, "big")


def _decode_each(data: bytes | memoryview, starts: Sequence[int]) -> list[MessageSnapshot]:
    """Decode each message alone: a single odd one must not send all of them the slow way."""
    view, messages = memoryview(data), []
    for start, end in itertools.pairwise(starts):
        with located(base=start):
            messages.append(decode(MessageSnapshot, view[start:end]))
    return messages


def find_messages(data: bytes | memoryview) -> array[int]:
    """The offset of each message of a `Vec`, and finally the end of the `Vec`.

    Raises:
        MessagePackDecodeError: the data are truncated or not an array.
    """
    return messages_in(data, None, header=True)


def messages_in(data: bytes | memoryview, count: int | None, *, header: bool) -> array[int]:
    """Like `find_messages`, for `count` messages of a `Vec`, with its `header` first or without.

    Raises:
        MessagePackDecodeError: the data are truncated or not an array.
    """
    unpacker = lenient.unpacker(data)
    starts = array("Q")
    try:
        claimed = unpacker.read_array_header() if header else 0
        starts.append(unpacker.tell())
        count = claimed if count is None else count
        if (count - limits.SMALLER_ALLOWED) * limits.SMALLEST_MESSAGE > len(data):
            raise ValueError(f"{count:,} messages do not fit {counted(len(data), 'byte')}")
        for _ in range(count):
            unpacker.skip()
            starts.append(unpacker.tell())
    except lenient.UNPACK_ERRORS as cause:
        raise MessagePackDecodeError(
            f"message {len(starts)}: {lenient.in_words(cause)}",
            offset=starts[-1] if starts else 0,
            truncated=lenient.is_truncated(cause),
        ) from None
    return starts


def encode(value: Any) -> bytes:
    """Encode as `rmp_serde::to_vec` does, and decode the result to be sure that it can be read.

    Raises:
        TypeError: a field has a value of the wrong type.
        ValueError: a number or timestamp does not fit its field.
    """
    if isinstance(value, msgspec.Struct):
        check(type(value), value)
    data = _encode(value)
    if isinstance(value, msgspec.Struct):
        try:
            decode(type(value), data)
        except MessagePackDecodeError as error:
            raise ValueError(f"{type(value).__name__}: {error.reason}") from None
    return data


def encode_messages(messages: Iterable[MessageSnapshot]) -> bytes:
    """Encode a `Vec<MessageSnapshot>`; `as_written` says what is checked, and what is raised."""
    return _encode([as_written(message) for message in messages])


def encode_message(message: MessageSnapshot) -> bytes:
    """Encode one message of a `Vec`, as `encode_messages` does."""
    return _encode(as_written(message))


def _encode(value: Any) -> bytes:
    try:
        return _encoder.encode(value)
    except (OverflowError, UnicodeEncodeError) as cause:
        raise ValueError(f"{type(value).__name__}: {cause}") from cause


def as_written(message: MessageSnapshot) -> MessageSnapshot:
    """The message as Rust would write it: see `ReasoningWithoutContent`.

    Raises:
        TypeError: a field has a value of the wrong type.
        ValueError: a number or timestamp does not fit its field.
    """
    check(MessageSnapshot, message)
    if not is_usual(message.timestamp):
        message = msgspec.structs.replace(message, timestamp=normal(message.timestamp))
    if type(message.item) is Reasoning:
        item = _item_as_written(message.item)
        if item is not message.item:
            message = msgspec.structs.replace(message, item=item)
    if message.metadata.edit_history:
        history = [
            (normal(when), _item_as_written(item)) for when, item in message.metadata.edit_history
        ]
        metadata = msgspec.structs.replace(message.metadata, edit_history=history)
        message = msgspec.structs.replace(message, metadata=metadata)
    return message


def _item_as_written(item: Any) -> Any:
    if type(item) is not Reasoning or item.content is None:
        return item
    if any(type(part) is ReasoningText for part in item.content):
        return item
    return ReasoningWithoutContent(item.id, item.summary, item.encrypted_content)


# How each field of a conversation is decoded alone.
_PARTS: tuple[Callable[[bytes | memoryview], Any], ...] = (
    partial(decode, UUID),
    decode_messages,
    partial(decode, ConversationContext),
    partial(decode, list[tuple[OperatingMode, Moment]]),
)

# Types that are decoded field by field if msgspec refuses them.
_BY_PARTS: dict[Any, Callable[[bytes | memoryview], Any]] = {
    ConversationSnapshot: _conversation_by_parts
}


# A decoder that is made while another thread makes one of the same classes may use what msgspec has half
# worked out about them, and the process ends with a segmentation fault.
_one_at_a_time = Lock()
# A fork waits until none is made: the child would have the lock for ever, and what is half worked out.
register_at_fork(
    before=_one_at_a_time.acquire,
    after_in_parent=_one_at_a_time.release,
    after_in_child=_one_at_a_time.release,
)


def _new_decoder(type_: Any) -> Callable[[bytes | memoryview], Any]:
    with _one_at_a_time:
        return msgspec.msgpack.Decoder(type_, dec_hook=_from_plain).decode


_decoder: Callable[[Any], Callable[[bytes | memoryview], Any]] = cache(_new_decoder)


def _from_plain(type_: type, value: object) -> object:
    if type_ is Float32 and isinstance(value, float | int) and not isinstance(value, bool):
        number = float(value)
        # Not a NaN: its four bytes must be kept, and only the lenient decoder has them.
        if number == number:
            return Float32(number)
    raise ValueError(f"expected {type_.__name__}, got {type(value).__name__}")


def _to_plain(value: object) -> object:
    if type(value) is Timestamp:
        return str.__str__(value)
    if type(value) is Float32:
        return msgspec.Raw(b"\xca" + pack_f32(value))
    if type(value) is UnknownItem:
        return msgspec.Raw(value.raw)
    raise TypeError(f"{value!r} cannot be written as MessagePack")


_encoder = msgspec.msgpack.Encoder(uuid_format="bytes", enc_hook=_to_plain)
