"""bincode writers: one closure for each shape of the schema.

They are not generated like the readers, since nothing writes ten thousand metadata blocks at once.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any
from uuid import UUID

from agcx_format.model import schema
from agcx_format.model.fields import pack_f32
from agcx_format.model.timestamps import normal

__all__ = ["Writer", "writer"]

Writer = Callable[[bytearray, Any], None]


def _writer(type_: Any) -> Writer:
    """A function that appends a value of `type_`, or raises `ValueError` or `TypeError`."""
    return _shape_writer(schema.shape_of(type_))


writer: Callable[[Any], Writer] = cache(_writer)


def _put_uint(out: bytearray, value: int) -> None:
    if not 0 <= value <= schema.U64_MAX:
        raise ValueError(f"{value} does not fit an unsigned integer of 64 bits")
    if value <= 250:
        out.append(value)
    elif value <= 0xFFFF:
        out += b"\xfb" + value.to_bytes(2, "little")
    elif value <= 0xFFFFFFFF:
        out += b"\xfc" + value.to_bytes(4, "little")
    else:
        out += b"\xfd" + value.to_bytes(8, "little")


def _put_text(out: bytearray, value: str) -> None:
    raw = value.encode()
    _put_uint(out, len(raw))
    out += raw


def _put_moment(out: bytearray, value: str) -> None:
    _put_text(out, normal(value))


def _put_id(out: bytearray, value: UUID) -> None:
    out.append(16)
    out += value.bytes


def _put_bool(out: bytearray, value: bool) -> None:
    if value is not True and value is not False:
        raise TypeError(f"expected a bool, got {value!r}")
    out.append(value)


def _put_f32(out: bytearray, value: float) -> None:
    out += pack_f32(value)[::-1]


@cache
def _shape_writer(shape: schema.Shape) -> Writer:
    match shape:
        case schema.String():
            return _put_text
        case schema.Time():
            return _put_moment
        case schema.Id():
            return _put_id
        case schema.Bool():
            return _put_bool
        case schema.F32():
            return _put_f32
        case schema.Uint(maximum):
            return _bounded_uint(maximum)
        case schema.UnitEnum(enum):
            return _choice_writer(enum)
        case schema.Optional(inner):
            return _optional_writer(_shape_writer(inner))
        case schema.Sequence(item):
            return _sequence_writer(_shape_writer(item))
        case schema.Mapping(key, value):
            return _mapping_writer(_shape_writer(key), _shape_writer(value))
        case schema.Tuple(items):
            return _product_writer(tuple(map(_shape_writer, items)))
        case schema.Record():
            return _record_writer(shape)
        case schema.Tagged():
            return _tagged_writer(shape)


def _bounded_uint(maximum: int) -> Writer:
    def write(out: bytearray, value: int) -> None:
        if value > maximum:
            raise ValueError(f"{value} is more than {maximum}")
        _put_uint(out, value)

    return write


def _choice_writer(enum: type[Enum]) -> Writer:
    position = {variant: index for index, variant in enumerate(enum)}
    return lambda out, value: _put_uint(out, position[value])


def _optional_writer(inner: Writer) -> Writer:
    def write(out: bytearray, value: Any) -> None:
        out.append(value is not None)
        if value is not None:
            inner(out, value)

    return write


def _sequence_writer(item: Writer) -> Writer:
    def write(out: bytearray, value: list[Any]) -> None:
        _put_uint(out, len(value))
        for each in value:
            item(out, each)

    return write


def _mapping_writer(put_key: Writer, put_value: Writer) -> Writer:
    def write(out: bytearray, value: dict[Any, Any]) -> None:
        _put_uint(out, len(value))
        for key, each in value.items():
            put_key(out, key)
            put_value(out, each)

    return write


def _product_writer(items: tuple[Writer, ...]) -> Writer:
    def write(out: bytearray, value: tuple[Any, ...]) -> None:
        for item, each in zip(items, value, strict=True):
            item(out, each)

    return write


def _record_writer(record: schema.Record) -> Writer:
    fields = [(name, _shape_writer(shape)) for name, shape in record.fields]

    def write(out: bytearray, value: Any) -> None:
        if type(value) is not record.cls:
            raise TypeError(f"expected {record.cls.__name__}, got {value!r}")
        for name, put in fields:
            try:
                put(out, getattr(value, name))
            except (AttributeError, KeyError, TypeError, ValueError) as cause:
                kind = TypeError if not isinstance(cause, ValueError) else ValueError
                raise kind(f"{record.cls.__name__}.{name}: {cause}") from cause

    return write


def _tagged_writer(shape: schema.Tagged) -> Writer:
    writers = {
        cls: (record.tag or "", _record_writer(record)) for cls, record in shape.written().items()
    }

    def write(out: bytearray, value: Any) -> None:
        try:
            tag, put = writers[type(value)]
        except KeyError:
            raise TypeError(f"{value!r} cannot be written as bincode") from None
        _put_text(out, tag)
        put(out, value)

    return write
