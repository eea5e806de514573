"""The schema of AGCX values, derived from the classes in `items.py` and `session.py`.

msgspec can already say what a type is made of (`msgspec.inspect`).  This module narrows that to the
dozen shapes that AGCX has, so that a codec is one `match` over them, and a type that no codec
knows is an error when the codec is made, not when a file is read.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any, ClassVar

import msgspec
from msgspec import inspect

from agcx_format.model.fields import Float32, Value
from agcx_format.model.items import ReasoningWithoutContent
from agcx_format.model.timestamps import USUAL

U64_MAX = 2**64 - 1


class String(msgspec.Struct, frozen=True):
    name: ClassVar[str] = "a text"


class Bool(msgspec.Struct, frozen=True):
    name: ClassVar[str] = "a bool"


class Uint(msgspec.Struct, frozen=True):
    name: ClassVar[str] = "a whole number"
    maximum: int


class F32(msgspec.Struct, frozen=True):
    name: ClassVar[str] = "a number"


class Id(msgspec.Struct, frozen=True):
    name: ClassVar[str] = "a UUID"


class Time(msgspec.Struct, frozen=True):
    """A timestamp, as its text."""

    name: ClassVar[str] = "a timestamp"


class UnitEnum(msgspec.Struct, frozen=True):
    """A unit-only enum: bincode writes the position of the variant, MessagePack its text."""

    enum: type[Enum]

    @property
    def name(self) -> str:
        return self.enum.__name__


class Optional(msgspec.Struct, frozen=True):
    name: ClassVar[str] = "a value or none"
    inner: Shape


class Sequence(msgspec.Struct, frozen=True):
    name: ClassVar[str] = "a list"
    item: Shape


class Mapping(msgspec.Struct, frozen=True):
    name: ClassVar[str] = "a dict"
    key: Shape
    value: Shape


class Tuple(msgspec.Struct, frozen=True):
    """A Rust tuple."""

    name: ClassVar[str] = "a tuple"
    items: tuple[Shape, ...]


class Record(msgspec.Struct, frozen=True):
    """A Rust struct, or one variant of an internally tagged enum (then `tag` is set)."""

    cls: type[Value]
    tag: str | None
    fields: tuple[tuple[str, Shape], ...]

    @property
    def name(self) -> str:
        return self.cls.__name__


class Tagged(msgspec.Struct, frozen=True):
    """An internally tagged enum."""

    variants: tuple[Record, ...]

    @property
    def name(self) -> str:
        return " or ".join(record.name for record in self.variants)

    def by_tag(self, tag: object) -> Record | None:
        return next((v for v in self.variants if v.tag == tag), None)

    def by_variant(self, name: object) -> Record | None:
        """By the Rust name of the variant, as the first day's files have it."""
        return next((v for v in self.variants if v.cls.variant == name), None)

    def written(self) -> dict[type[Value], Record]:
        """Every class that may be written here: the variants, and the short form of reasoning."""
        records = {record.cls: record for record in self.variants}
        if self.by_tag("reasoning") is not None:
            records[ReasoningWithoutContent] = record_of(ReasoningWithoutContent)
        return records


Shape = (
    String | Bool | Uint | F32 | Id | Time | UnitEnum
    | Optional | Sequence | Mapping | Tuple | Record | Tagged
)  # fmt: skip


def _shape_of(annotation: Any) -> Shape:
    """The shape of a type of the model; `TypeError` for one that AGCX does not have."""
    return _shape(inspect.type_info(annotation))


# Declared as functions of anything: a type checker finds no `__hash__` in the type of a class.
shape_of: Callable[[Any], Shape] = cache(_shape_of)


@cache
def record_of(cls: type[Value]) -> Record:
    """The fields of one class, tagged or not."""
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    return _record(info)


def _shape(info: inspect.Type) -> Shape:
    match info:
        case inspect.StrType(pattern=pattern):
            return Time() if pattern == USUAL else String()
        case inspect.Metadata(type=inspect.StrType(), extra={"time": True}):
            return Time()
        case inspect.BoolType():
            return Bool()
        case inspect.IntType(ge=0, le=maximum):
            return Uint(maximum or U64_MAX)
        case inspect.UUIDType():
            return Id()
        case inspect.CustomType(cls=cls) if cls is Float32:
            return F32()
        case inspect.EnumType(cls=cls):
            return UnitEnum(cls)
        case inspect.ListType(item_type=item):
            return Sequence(_shape(item))
        case inspect.DictType(key_type=key, value_type=value):
            return Mapping(_shape(key), _shape(value))
        case inspect.TupleType(item_types=items):
            return Tuple(tuple(map(_shape, items)))
        case inspect.UnionType(types=types):
            return _union(types)
        case inspect.StructType():
            record = _record(info)
            # A lone tagged struct is an enum of one variant.
            return record if record.tag is None else Tagged((record,))
    raise TypeError(f"AGCX has no such type: {info}")


def _union(types: tuple[inspect.Type, ...]) -> Shape:
    some = tuple(t for t in types if not isinstance(t, inspect.NoneType))
    if len(some) < len(types):
        return Optional(_shape(some[0]) if len(some) == 1 else _union(some))
    return Tagged(tuple(_record(t) for t in some if isinstance(t, inspect.StructType)))


def _record(info: inspect.StructType) -> Record:
    assert issubclass(info.cls, Value)
    fields = tuple((field.name, _shape(field.type)) for field in info.fields)
    return Record(info.cls, None if info.tag is None else str(info.tag), fields)
