"""bincode 2 with `config::standard()`: little-endian, varint lengths, no field names.

Strategy: from the schema of a type, Python source for a reader and a writer is made once, the way
`dataclasses` makes `__init__`.  A list of ten thousand sessions decodes ten thousand
metadata blocks; walking a schema for each field would cost four times as much.

Readers take `bytes` and a position and give the value and the position after it.  Every
length is compared with what is there before a slice is taken, and a count of items is never
believed beyond the bytes that are left, so a hostile length allocates nothing.  Bytes after
the value are left alone, as bincode leaves them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import msgspec

from agcx_format import schema
from agcx_format.errors import BincodeDecodeError
from agcx_format.timestamps import is_usual, normal
from agcx_format.types import Float32, ReasoningWithoutContent, pack_f32

__all__ = ["decode", "decode_prefix", "encode"]

T = TypeVar("T")
Reader = Callable[[bytes, int], tuple[Any, int]]
Writer = Callable[[bytearray, Any], None]


def decode(type_: type[T], data: bytes) -> T:
    """Decode one value; `BincodeDecodeError` counts its offset from the start of `data`."""
    return _reader(type_)(data, 0)[0]


def decode_prefix(type_: type[T], data: bytes) -> tuple[T, int]:
    """Like `decode`, and how many bytes the value took."""
    return _reader(type_)(data, 0)


def encode(value: Any, type_: Any = None) -> bytes:
    """Encode a value of `type_` (by default its own class).

    `ValueError` or `TypeError` when a field holds what its type cannot.
    """
    out = bytearray()
    _writer(type_ or type(value))(out, value)
    return bytes(out)


# --- what the generated readers call


def _uint(data: bytes, at: int, maximum: int) -> tuple[int, int]:
    """A varint; longer forms than needed are taken, as bincode takes them."""
    first = data[at]
    if first <= 250:
        return first, at + 1
    if first > 253:
        raise ValueError(f"integer tag {first} is not one that fits here")
    size = 2 << (first - 251)
    if size == 2 or (size == 4 and maximum > 0xFFFF) or (size == 8 and maximum > 0xFFFFFFFF):
        raw = data[at + 1 : at + 1 + size]
        if len(raw) != size:
            raise IndexError
        return int.from_bytes(raw, "little"), at + 1 + size
    raise ValueError(f"an integer of {size} bytes does not fit here")


def _long(data: bytes, at: int) -> tuple[int, int]:
    """A length, told by its first byte to be more than 250."""
    size, start = _uint(data, at, schema.U64_MAX)
    if size > len(data) - start:
        raise ValueError(f"length {size:,} exceeds the {len(data) - start:,} bytes left")
    return size, start


# A UUID in bincode, its length before it, is one in MessagePack less the first byte, and msgspec
# makes UUIDs in a fifth of the time that their class takes.
_uuid = msgspec.msgpack.Decoder(UUID).decode

_unpack_u32 = struct.Struct("<I").unpack_from
_unpack_f32 = struct.Struct("<f").unpack_from


def _f32(data: bytes, at: int) -> Float32:
    (value,) = _unpack_f32(data, at)
    # Only of a NaN are the bytes kept, which takes the long way.
    return float.__new__(Float32, value) if value == value else Float32(data[at : at + 4][::-1])


def _failed(
    cause: Exception, type_name: str, fields: tuple[str, ...], seen: dict, at: int
) -> NoReturn:
    """Say which field failed: the first that has no value among the reader's locals."""
    field = next((name for name in fields if f"f_{name}" not in seen), "?")
    short = isinstance(cause, IndexError | struct.error)
    reason = "the data ends inside it" if short else str(cause)
    error = BincodeDecodeError(f"{type_name}.{field}: {reason}", offset=at)
    raise error from None


# --- readers


class _Source:
    """Lines of a generated function and the names that they refer to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "uint": _uint, "long": _long, "uuid": _uuid, "f32": _f32, "u32": _unpack_u32, "failed": _failed,
            "is_usual": is_usual, "normal": normal, "SHORT": struct.error,
        }  # fmt: skip
        self.count = 0

    def add(self, depth: int, *lines: str) -> None:
        self.lines += ["    " * depth + line for line in lines]

    def bind(self, prefix: str, value: Any) -> str:
        name = f"{prefix}_{len(self.names)}"
        self.names[name] = value
        return name

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def compile(self, name: str) -> Callable:
        exec(compile("\n".join(self.lines), f"<bincode {name}>", "exec"), self.names)
        return self.names[name]


@cache
def _reader(type_: Any) -> Reader:
    return _shape_reader(schema.shape_of(type_))


@cache
def _shape_reader(shape: schema.Shape) -> Reader:
    if isinstance(shape, schema.Tagged):
        return _tagged_reader(shape)
    if isinstance(shape, schema.Record):
        type_name, fields = shape.cls.__name__, shape.fields
        result = f"cls({', '.join(f'f_{name}' for name, _ in fields)})"
    else:
        type_name, fields, result = type(shape).__name__, (("value", shape),), "f_value"
    src = _Source()
    src.names |= {"cls": getattr(shape, "cls", None)}
    src.names |= {"TYPE": type_name, "FIELDS": tuple(name for name, _ in fields)}
    src.add(0, "def read(b, p):")
    src.add(1, "end = len(b)", "try:")
    for name, field in fields:
        _read(src, 2, field, f"f_{name}")
    src.add(2, f"return {result}, p")
    src.add(1, "except (IndexError, ValueError, SHORT) as cause:")
    src.add(2, "failed(cause, TYPE, FIELDS, locals(), p)")
    return src.compile("read")


def _read(src: _Source, depth: int, shape: schema.Shape, to: str) -> None:
    """Add lines that read `shape` at `p` into the variable `to` and move `p` on."""
    match shape:
        case schema.Text() | schema.Moment():
            src.add(
                depth,
                "n = b[p]; q = p + 1",
                "if n > 250: n, q = long(b, p)",
                "r = q + n",
                "if r > end: raise IndexError",
                "n = str(b[q:r], 'utf-8')",
            )
            if isinstance(shape, schema.Moment):
                src.add(depth, "if not is_usual(n): n = normal(n)")
            src.add(depth, f"{to} = n; p = r")
        case schema.Id():
            src.add(
                depth,
                "if b[p] != 16: raise ValueError(f'a UUID has 16 bytes, not {b[p]}')",
                "q = p + 17",
                "if q > end: raise IndexError",
                f"{to} = uuid(b'\\xc4' + b[p:q]); p = q",
            )
        case schema.Uint(maximum):
            src.add(
                depth,
                "n = b[p]",
                f"if n <= 250: {to} = n; p += 1",
                f"elif n == 251: {to} = b[p + 1] | b[p + 2] << 8; p += 3",
                *([f"elif n == 252: {to} = u32(b, p + 1)[0]; p += 5"] if maximum > 0xFFFF else []),
                f"else: {to}, p = uint(b, p, {maximum})",
            )
        case schema.Bool():
            src.add(
                depth,
                "n = b[p]",
                "if n > 1: raise ValueError(f'{n} is neither false nor true')",
                f"{to} = n == 1; p += 1",
            )
        case schema.F32():
            src.add(depth, f"{to} = f32(b, p); p += 4")
        case schema.Choice(enum):
            variants = src.bind("enum", tuple(enum))
            src.add(
                depth,
                "n = b[p]; q = p + 1",
                "if n > 250: n, q = uint(b, p, 0xFFFFFFFF)",
                f"if n >= {len(enum)}: raise ValueError(f'no variant {{n}}')",
                f"{to} = {variants}[n]; p = q",
            )
        case schema.Optional(inner):
            src.add(depth, "n = b[p]")
            src.add(depth, f"if n == 0: {to} = None; p += 1", "elif n == 1:")
            src.add(depth + 1, "p += 1")
            _read(src, depth + 1, inner, to)
            src.add(depth, "else: raise ValueError(f'{n} is neither none nor some')")
        case schema.Sequence() | schema.Mapping():
            _read_many(src, depth, shape, to)
        case schema.Product(items):
            parts = [src.fresh() for _ in items]
            for part, item in zip(parts, items, strict=True):
                _read(src, depth, item, part)
            src.add(depth, f"{to} = ({', '.join(parts)},)")
        case schema.Record() | schema.Tagged():
            src.add(depth, f"{to}, p = {src.bind('read', _shape_reader(shape))}(b, p)")


def _read_many(src: _Source, depth: int, shape: schema.Sequence | schema.Mapping, to: str) -> None:
    many, item = src.fresh(), src.fresh()
    empty = "[]" if isinstance(shape, schema.Sequence) else "{}"
    src.add(depth, "n = b[p]; q = p + 1", "if n > 250: n, q = long(b, p)")
    src.add(depth, f"p = q; {many} = {empty}", f"for {item}_ in range(n):")
    if isinstance(shape, schema.Sequence):
        _read(src, depth + 1, shape.item, item)
        src.add(depth + 1, f"{many}.append({item})")
    else:
        _read(src, depth + 1, shape.key, f"{item}k")
        _read(src, depth + 1, shape.value, item)
        src.add(depth + 1, f"{many}[{item}k] = {item}")
    src.add(depth, f"{to} = {many}")


def _tagged_reader(shape: schema.Tagged) -> Reader:
    """The tag as a string, then the variant's fields."""
    read_tag = _shape_reader(schema.Text())
    readers = {record.tag: _shape_reader(record) for record in shape.variants}

    def read(data: bytes, at: int) -> tuple[Any, int]:
        tag, start = read_tag(data, at)
        if tag not in readers:
            raise BincodeDecodeError(f"{tag[:40]!r} is not a tag that fits here", offset=at)
        return readers[tag](data, start)

    return read


# --- writers


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
def _writer(type_: Any) -> Writer:
    return _shape_writer(schema.shape_of(type_))


@cache
def _shape_writer(shape: schema.Shape) -> Writer:
    """Writers are closures, not generated: nothing writes ten thousand of them at once."""
    match shape:
        case schema.Text():
            return _put_text
        case schema.Moment():
            return _put_moment
        case schema.Id():
            return _put_id
        case schema.Bool():
            return _put_bool
        case schema.F32():
            return _put_f32
        case schema.Uint(maximum):
            return _bounded_uint(maximum)
        case schema.Choice(enum):
            return _choice_writer(enum)
        case schema.Optional(inner):
            return _optional_writer(_shape_writer(inner))
        case schema.Sequence(item):
            return _sequence_writer(_shape_writer(item))
        case schema.Mapping(key, value):
            return _mapping_writer(_shape_writer(key), _shape_writer(value))
        case schema.Product(items):
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
    def write(out: bytearray, value: list) -> None:
        _put_uint(out, len(value))
        for each in value:
            item(out, each)

    return write


def _mapping_writer(put_key: Writer, put_value: Writer) -> Writer:
    def write(out: bytearray, value: dict) -> None:
        _put_uint(out, len(value))
        for key, each in value.items():
            put_key(out, key)
            put_value(out, each)

    return write


def _product_writer(items: tuple[Writer, ...]) -> Writer:
    def write(out: bytearray, value: tuple) -> None:
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
    variants = shape.variants
    if shape.by_tag("reasoning") is not None:
        variants += (schema.shape_of(ReasoningWithoutContent).variants[0],)
    writers = {record.cls: (record.tag, _record_writer(record)) for record in variants}

    def write(out: bytearray, value: Any) -> None:
        try:
            tag, put = writers[type(value)]
        except KeyError:
            raise TypeError(f"{value!r} has no form in bincode") from None
        _put_text(out, tag)
        put(out, value)

    return write
