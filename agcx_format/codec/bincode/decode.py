"""bincode readers: Python source generated once from the schema of a type.

Strategy: the reader of a struct is one function that makes no call for most fields.  It takes `bytes` and
an offset, and returns the value and the offset after it.  Every length is checked against the remaining
bytes before a slice is taken, so a hostile length allocates nothing.

The format has one ambiguity, which is resolved here: a reasoning item may have three fields instead of
four (`ReasoningWithoutContent`), and bincode does not say how many there are.  A message is read with
four; if that fails, with three.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import msgspec

from agcx_format.counting import counted
from agcx_format.errors import BincodeDecodeError
from agcx_format.model import schema
from agcx_format.model.fields import Float32
from agcx_format.model.items import MessageSnapshot, ReasoningWithoutContent
from agcx_format.model.timestamps import is_usual, normal

__all__ = ["Reader", "few_items", "reader"]

Reader = Callable[[bytes, int], tuple[Any, int]]
T = TypeVar("T")


def _reader(type_: Any) -> Reader:
    """A function that reads a value of `type_`, or raises `BincodeDecodeError` with the offset."""
    return _shape_reader(schema.shape_of(type_))


reader: Callable[[Any], Reader] = cache(_reader)


def few_items(read: Callable[[], T], most: int) -> T:
    """Call `read`, which may read `most` items of lists and maps.

    Raises:
        BincodeDecodeError: there are more.
    """
    _items.left = _items.most = most
    try:
        return read()
    finally:
        _items.left = None


# --- called by the generated readers


def _uint(data: bytes, at: int, maximum: int) -> tuple[int, int]:
    """A varint; longer forms than necessary are accepted, as bincode accepts them."""
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


class _Items(threading.local):
    """How many items of lists and maps may still be read; None for any number."""

    left: int | None = None
    most = 0


_items = _Items()


def _spend(count: int) -> None:
    if _items.left is not None:
        _items.left -= count
        if _items.left < 0:
            raise ValueError(f"more than {_items.most:,} items")


def _long(data: bytes, at: int) -> tuple[int, int]:
    """A length of more than 250, which takes several bytes."""
    size, start = _uint(data, at, schema.U64_MAX)
    if size > len(data) - start:
        raise _Short(f"length {size:,} exceeds the {counted(len(data) - start, 'byte')} left")
    return size, start


class _Short(ValueError):
    """A length is larger than the data."""


# A UUID in bincode, with its length, is the same as in MessagePack without the first byte; and msgspec
# makes UUIDs five times as fast as their class does.
_uuid = msgspec.msgpack.Decoder(UUID).decode

_unpack_u32 = struct.Struct("<I").unpack_from
_unpack_f32 = struct.Struct("<f").unpack_from


def _f32(data: bytes, at: int) -> Float32:
    (value,) = _unpack_f32(data, at)
    # The slower constructor is needed for a NaN only, whose bytes are kept.
    return float.__new__(Float32, value) if value == value else Float32(data[at : at + 4][::-1])


def _failed(
    cause: Exception, type_name: str, fields: tuple[str, ...], seen: dict[str, object], at: int
) -> NoReturn:
    """Raise an error that names the field: the first one without a value among the reader's locals."""
    field = next((name for name in fields if f"f_{name}" not in seen), "?")
    short = isinstance(cause, IndexError | struct.error)
    reason = "the data ends inside it" if short else str(cause)
    if isinstance(cause, UnicodeDecodeError):
        reason = "not UTF-8"
    truncated = short or isinstance(cause, _Short)
    error = BincodeDecodeError(f"{type_name}.{field}: {reason}", offset=at, truncated=truncated)
    raise error from None


# --- readers


class _Source:
    """Lines of a generated function and the names that they refer to."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "uint": _uint, "long": _long, "uuid": _uuid, "f32": _f32, "u32": _unpack_u32, "failed": _failed,
            "is_usual": is_usual, "normal": normal, "SHORT": struct.error, "spend": _spend,
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

    def compile(self, name: str) -> Reader:
        exec(compile("\n".join(self.lines), f"<bincode {name}>", "exec"), self.names)
        made: Reader = self.names[name]
        return made


@cache
def _shape_reader(shape: schema.Shape) -> Reader:
    if isinstance(shape, schema.Tagged):
        return _tagged_reader(shape)
    src = _Source()
    fields: tuple[tuple[str, schema.Shape], ...] = (("value", shape),)
    type_name, result = type(shape).__name__, "f_value"
    if isinstance(shape, schema.Record):
        type_name, fields = shape.name, shape.fields
        new = src.bind("new", shape.cls.unchecked)
        result = f"{new}({', '.join(f'f_{name}' for name, _ in fields)})"
    src.names |= {"TYPE": type_name, "FIELDS": tuple(name for name, _ in fields)}
    src.add(0, "def read(b, p):")
    src.add(1, "end = len(b)", "try:")
    for name, field in fields:
        _read(src, 2, field, f"f_{name}")
    src.add(2, f"return {result}, p")
    src.add(1, "except (IndexError, ValueError, SHORT) as cause:")
    src.add(2, "failed(cause, TYPE, FIELDS, locals(), p)")
    read = src.compile("read")
    return _either_reasoning(read) if getattr(shape, "cls", None) is MessageSnapshot else read


def _read(src: _Source, depth: int, shape: schema.Shape, to: str) -> None:
    """Add lines that read `shape` at `p` into the variable `to` and advance `p`."""
    match shape:
        case schema.Optional(inner):
            src.add(depth, "n = b[p]")
            src.add(depth, f"if n == 0: {to} = None; p += 1", "elif n == 1:")
            src.add(depth + 1, "p += 1")
            _read(src, depth + 1, inner, to)
            src.add(depth, "else: raise ValueError(f'{n} is neither none nor some')")
        case schema.Sequence() | schema.Mapping():
            _read_many(src, depth, shape, to)
        case schema.Tuple(items):
            parts = [src.fresh() for _ in items]
            for part, item in zip(parts, items, strict=True):
                _read(src, depth, item, part)
            src.add(depth, f"{to} = ({', '.join(parts)},)")
        case schema.Record() | schema.Tagged():
            src.add(depth, f"{to}, p = {src.bind('read', _shape_reader(shape))}(b, p)")
        case schema.UnitEnum(enum):
            src.add(depth, *_read_choice(src.bind("enum", tuple(enum)), len(enum), to))
        case _:
            src.add(depth, *_read_single(shape, to))


def _read_choice(variants: str, count: int, to: str) -> Iterator[str]:
    """Lines that read one of the variants; their tuple has the name `variants`."""
    yield "n = b[p]; q = p + 1"
    yield "if n > 250: n, q = uint(b, p, 0xFFFFFFFF)"
    yield f"if n >= {count}: raise ValueError(f'no variant {{n}}')"
    yield f"{to} = {variants}[n]; p = q"


def _read_single(shape: schema.Shape, to: str) -> Iterator[str]:
    """Lines that read a text, a number, a truth value, or an id."""
    match shape:
        case schema.String() | schema.Time():
            yield "n = b[p]; q = p + 1"
            yield "if n > 250: n, q = long(b, p)"
            yield "r = q + n"
            yield "if r > end: raise IndexError"
            yield "n = b[q:r].decode()"
            if isinstance(shape, schema.Time):
                yield "if not is_usual(n): n = normal(n)"
            yield f"{to} = n; p = r"
        case schema.Id():
            yield "if b[p] != 16: raise ValueError(f'a UUID has 16 bytes, not {b[p]}')"
            yield "q = p + 17"
            yield "if q > end: raise IndexError"
            yield f"{to} = uuid(b'\\xc4' + b[p:q]); p = q"
        case schema.Uint(maximum):
            yield "n = b[p]"
            yield f"if n <= 250: {to} = n; p += 1"
            yield f"elif n == 251: {to} = b[p + 1] | b[p + 2] << 8; p += 3"
            if maximum > 0xFFFF:
                yield f"elif n == 252: {to} = u32(b, p + 1)[0]; p += 5"
            yield f"else: {to}, p = uint(b, p, {maximum})"
        case schema.Bool():
            yield "n = b[p]"
            yield "if n > 1: raise ValueError(f'{n} is neither false nor true')"
            yield f"{to} = n == 1; p += 1"
        case schema.F32():
            yield f"{to} = f32(b, p); p += 4"


def _read_many(src: _Source, depth: int, shape: schema.Sequence | schema.Mapping, to: str) -> None:
    many, item = src.fresh(), src.fresh()
    empty = "[]" if isinstance(shape, schema.Sequence) else "{}"
    src.add(depth, "n = b[p]; q = p + 1", "if n > 250: n, q = long(b, p)")
    # Short lists are limited by the lists that hold them. A record counts as four items.
    spent = "n" if isinstance(shape, schema.Mapping) or not _is_record(shape.item) else "4 * n"
    src.add(
        depth, f"if n > 3: spend({spent})", f"p = q; {many} = {empty}", f"for {item}_ in range(n):"
    )
    if isinstance(shape, schema.Sequence):
        _read(src, depth + 1, shape.item, item)
        src.add(depth + 1, f"{many}.append({item})")
    else:
        _read(src, depth + 1, shape.key, f"{item}k")
        _read(src, depth + 1, shape.value, item)
        src.add(depth + 1, f"{many}[{item}k] = {item}")
    src.add(depth, f"{to} = {many}")


def _is_record(shape: schema.Shape) -> bool:
    return isinstance(shape, schema.Record | schema.Tagged)


def _tagged_reader(shape: schema.Tagged) -> Reader:
    """A tag as a string, then the fields of the variant."""
    read_tag = _shape_reader(schema.String())
    readers = {record.tag: _shape_reader(record) for record in shape.variants}
    short = _short_reasoning() if "reasoning" in readers else None

    def read(data: bytes, at: int) -> tuple[Any, int]:
        tag, start = read_tag(data, at)
        if tag not in readers:
            raise BincodeDecodeError(f"{tag[:40]!r} is not a tag that fits here", offset=at)
        if short and tag == "reasoning" and _choices.shorter():
            return short(data, start)
        return readers[tag](data, start)

    return read


# --- reasoning items of three fields

# A message holds one item and its earlier versions; at most this many combinations are tried.
_MOST_TRIED = 64


def _short_reasoning() -> Reader:
    return _shape_reader(schema.record_of(ReasoningWithoutContent))


class _Choices(threading.local):
    """For each reasoning item of the current message, whether to read the short form."""

    taken: tuple[bool, ...] = ()
    met = 0

    def begin(self, taken: tuple[bool, ...]) -> None:
        self.taken, self.met = taken, 0

    def shorter(self) -> bool:
        self.met += 1
        return self.met <= len(self.taken) and self.taken[self.met - 1]


_choices = _Choices()


def _either_reasoning(read: Reader) -> Reader:
    """Read a message; if that fails, try the short form, beginning with the last reasoning item.

    A reasoning item is followed by a timestamp, which cannot be mistaken for one of its fields, so reading
    the wrong form fails within the message.
    """

    def read_message(data: bytes, at: int) -> tuple[Any, int]:
        _choices.begin(())
        try:
            return read(data, at)
        except BincodeDecodeError as first:
            error, met = first, _choices.met
        tried = 1
        while tried < min(2**met, _MOST_TRIED):
            taken = tuple(bool(tried >> i & 1) for i in reversed(range(met)))
            _choices.begin(taken)
            try:
                return read(data, at)
            except BincodeDecodeError as other:
                # The attempt that got furthest has the best error.
                error = max(error, other, key=lambda e: e.offset or 0)
                met = max(met, _choices.met)
            tried += 1
        raise error

    return read_message
