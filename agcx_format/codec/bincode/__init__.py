"""bincode 2 with `config::standard()`: little-endian, varint lengths, no field names.

Strategy: a reader and a writer are made once from the schema of a type, the reader as Python source, the
way `dataclasses` makes `__init__`.  A list of ten thousand sessions decodes ten thousand metadata blocks;
visiting the schema for each field would take four times as long.

Bytes after the value are ignored, as bincode ignores them.  In a value that may have more than
`limits.SLOW_ITEMS` items, because it has as many bytes, they are counted.
"""

from __future__ import annotations

from typing import Any, TypeVar

from agcx_format import limits
from agcx_format.codec.bincode.decode import few_items, reader
from agcx_format.codec.bincode.encode import writer
from agcx_format.model.session import SessionIndex
from agcx_format.model.value_checks import check

__all__ = ["decode", "decode_prefix", "encode"]

T = TypeVar("T")


def decode(type_: type[T], data: bytes) -> T:
    """Decode one value.

    Raises:
        BincodeDecodeError: the bytes are not such a value; the offset counts from the start of `data`.
    """
    if len(data) > limits.SLOW_ITEMS:
        return decode_prefix(type_, data)[0]
    value: T = reader(type_)(data, 0)[0]
    return value


def decode_prefix(type_: type[T], data: bytes) -> tuple[T, int]:
    """Like `decode`, and the number of bytes of the value."""
    value: tuple[T, int]
    if len(data) > limits.SLOW_ITEMS:
        # An index has that many; an id of a session takes 17 bytes, a tag takes some.
        most = max(limits.SLOW_ITEMS, len(data) // 8 if type_ is SessionIndex else 0)
        value = few_items(lambda: reader(type_)(data, 0), most)
    else:
        value = reader(type_)(data, 0)
    return value


def encode(value: Any, type_: Any = None) -> bytes:
    """Encode a value of `type_`, by default its class.

    Raises:
        TypeError: a field has a value of the wrong type.
        ValueError: a number or timestamp does not fit its field.
    """
    type_ = type_ or type(value)
    check(type_, value)
    out = bytearray()
    writer(type_)(out, value)
    return bytes(out)
