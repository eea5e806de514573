"""MessagePack as rmp-serde writes it: arrays of the fields in order, no field names.

Strategy: a fast way and a slow way to the same values.  msgspec decodes what Rust writes today
in one call and checks it.  Where it refuses, `lenient` goes through the schema field by
field: it takes what msgspec cannot be told about (structs as maps with field names, the tags
of the crate's first day, reasoning items of three fields, items whose tag is not known), and
where the bytes are truly bad it knows the offset, which msgspec does not say.

Where in a list of messages each one lies is found by `msgpack.Unpacker`, in a tenth of the time that
decoding takes: so one that msgspec refuses is told from the others, and a reader may decode one alone.
"""

from __future__ import annotations

import contextlib
import itertools
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import Any, TypeVar
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
from agcx_format.model.session import ConversationContext, ConversationSnapshot, OperatingMode
from agcx_format.model.timestamps import Timestamp, all_usual, is_usual, normal
from agcx_format.model.value_checks import check

__all__ = ["decode", "decode_messages", "decode_run", "encode", "encode_messages", "find_messages"]

T = TypeVar("T")

# What msgspec raises for bytes that are not the value asked for.
_REFUSED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError, OverflowError)


def decode(type_: type[T], data: bytes | memoryview) -> T:
    """Decode one value; bytes after it are ignored, as Rust ignores them.

    Raises `MessagePackDecodeError`, its offset counted from the start of `data`.
    """
    with contextlib.suppress(*_REFUSED):
        value: T = _decoder(type_)(data)
        if _timely(value):
            return value
    by_parts: Callable[[bytes | memoryview], T] | None = _BY_PARTS.get(type_)
    return lenient.decode(type_, data) if by_parts is None else by_parts(data)


def _timely(value: Any) -> bool:
    """Whether messages have timestamps in the form that Rust writes; the decoder did not look."""
    if type(value) is MessageSnapshot:
        return is_usual(value.timestamp) is not None
    if type(value) is ConversationSnapshot:
        value = value.messages
    elif type(value) is not list or not value or type(value[0]) is not MessageSnapshot:
        return True
    return all_usual([message.timestamp for message in value])


def _conversation_by_parts(data: bytes | memoryview) -> ConversationSnapshot:
    """One message that msgspec refuses must not send all of them the slow way."""
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
    """Decode a whole `Vec<MessageSnapshot>`.

    In one call when all of it is as Rust writes today; else message by message.
    """
    with contextlib.suppress(*_REFUSED):
        messages: list[MessageSnapshot] = _decoder(list[MessageSnapshot])(data)
        if _timely(messages):
            return messages
    return _decode_each(data, find_messages(data))


def decode_run(data: bytes, starts: Sequence[int]) -> list[MessageSnapshot]:
    """Decode messages that follow each other, `starts` with one entry more: where the last ends."""
    count = len(starts) - 1
    with contextlib.suppress(*_REFUSED):
        array = b"\xdd" + count.to_bytes(4, "big") + data[starts[0] : starts[-1]]
        messages: list[MessageSnapshot] = _decoder(list[MessageSnapshot])(array)
        if _timely(messages):
            return messages
    return _decode_each(data, starts)


def _decode_each(data: bytes | memoryview, starts: Sequence[int]) -> list[MessageSnapshot]:
    """One message that msgspec refuses must not send all of them the slow way."""
    view, messages = memoryview(data), []
    for start, end in itertools.pairwise(starts):
        with located(base=start):
            messages.append(decode(MessageSnapshot, view[start:end]))
    return messages


def find_messages(data: bytes | memoryview) -> array[int]:
    """Where each message of a `Vec` begins, and last, where the `Vec` ends.

    Raises `MessagePackDecodeError` when the data is cut off or is no array.
    """
    return messages_in(data, None, header=True)


def messages_in(data: bytes | memoryview, count: int | None, *, header: bool) -> array[int]:
    """Like `find_messages`, for `count` messages of a `Vec`; its header comes first if `header`."""
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
        ) from None
    return starts


def encode(value: Any) -> bytes:
    """Encode as `rmp_serde::to_vec` does, and read it back to be sure of it.

    `ValueError` or `TypeError` when a field holds what its type cannot: the encoder itself would
    write a negative count or a number where a text belongs.
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
    """Encode a `Vec<MessageSnapshot>`; what is checked of each is in `as_written`."""
    return _encode([as_written(message) for message in messages])


def _encode(value: Any) -> bytes:
    try:
        return _encoder.encode(value)
    except (OverflowError, UnicodeEncodeError) as cause:
        raise ValueError(f"{type(value).__name__}: {cause}") from cause


def as_written(message: MessageSnapshot) -> MessageSnapshot:
    """The message in the shape that Rust would write: see `ReasoningWithoutContent`.

    `TypeError` or `ValueError` when a field holds what its type cannot.
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


# How each field of a conversation is read on its own.
_PARTS: tuple[Callable[[bytes | memoryview], Any], ...] = (
    partial(decode, UUID),
    decode_messages,
    partial(decode, ConversationContext),
    partial(decode, list[tuple[OperatingMode, Moment]]),
)

# What is read part by part where msgspec refuses it.
_BY_PARTS: dict[Any, Callable[[bytes | memoryview], Any]] = {
    ConversationSnapshot: _conversation_by_parts
}


def _new_decoder(type_: Any) -> Callable[[bytes | memoryview], Any]:
    return msgspec.msgpack.Decoder(type_, dec_hook=_from_plain).decode


_decoder: Callable[[Any], Callable[[bytes | memoryview], Any]] = cache(_new_decoder)


def _from_plain(type_: type, value: object) -> object:
    if type_ is Float32 and isinstance(value, float | int) and not isinstance(value, bool):
        number = float(value)
        # Of a NaN the four bytes are wanted as they lie there, and only the slow way has these.
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
    raise TypeError(f"{value!r} has no form in MessagePack")


_encoder = msgspec.msgpack.Encoder(uuid_format="bytes", enc_hook=_to_plain)
