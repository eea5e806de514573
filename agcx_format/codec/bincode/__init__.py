"""bincode 2 with `config::standard()`: little-endian, varint lengths, no field names.

Strategy: from the schema of a type, a reader and a writer are made once, the reader as Python source, the
way `dataclasses` makes `__init__` (`bincode_reader`, `bincode_writer`).  A list of ten thousand
sessions decodes ten thousand metadata blocks; walking a schema for each field would cost four
times as much.

Bytes after the value are left alone, as bincode leaves them.
"""

from __future__ import annotations

from typing import Any, TypeVar

from agcx_format.codec.bincode.decode import reader
from agcx_format.codec.bincode.encode import writer
from agcx_format.model.value_checks import check

__all__ = ["decode", "decode_prefix", "encode"]

T = TypeVar("T")


def decode(type_: type[T], data: bytes) -> T:
    """Decode one value; `BincodeDecodeError` counts its offset from the start of `data`."""
    value: T = reader(type_)(data, 0)[0]
    return value


def decode_prefix(type_: type[T], data: bytes) -> tuple[T, int]:
    """Like `decode`, and how many bytes the value took."""
    return reader(type_)(data, 0)


def encode(value: Any, type_: Any = None) -> bytes:
    """Encode a value of `type_` (by default its own class).

    `ValueError` or `TypeError` when a field holds what its type cannot.
    """
    type_ = type_ or type(value)
    check(type_, value)
    out = bytearray()
    writer(type_)(out, value)
    return bytes(out)
