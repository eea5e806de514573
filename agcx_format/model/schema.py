"""The declarations of `items.py` and `session.py`, seen as a schema that the codecs compile from.

msgspec can already say what a type is made of (`msgspec.inspect`); this module narrows that
to the dozen shapes that AGCX has, so that a codec is one `match` over them and a shape that no
codec knows is an error when the codec is made, not when a file is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from msgspec import inspect

from agcx_format.model.fields import Float32
from agcx_format.model.timestamps import USUAL


@dataclass(frozen=True, slots=True)
class Text:
    pass


@dataclass(frozen=True, slots=True)
class Bool:
    pass


@dataclass(frozen=True, slots=True)
class Uint:
    maximum: int


@dataclass(frozen=True, slots=True)
class F32:
    pass


@dataclass(frozen=True, slots=True)
class Id:
    """A UUID."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A timestamp, as its text."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A unit-only enum: bincode writes the position of the variant, MessagePack its text."""

    enum: type[Enum]


@dataclass(frozen=True, slots=True)
class Optional:
    inner: Shape


@dataclass(frozen=True, slots=True)
class Sequence:
    item: Shape


@dataclass(frozen=True, slots=True)
class Mapping:
    key: Shape
    value: Shape


@dataclass(frozen=True, slots=True)
class Product:
    """A Rust tuple."""

    items: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A Rust struct, or one variant of an internally tagged enum (then `tag` is set)."""

    cls: type
    tag: str | None
    fields: tuple[tuple[str, Shape], ...]


@dataclass(frozen=True, slots=True)
class Tagged:
    """An internally tagged enum."""

    variants: tuple[Record, ...]

    def by_tag(self, tag: object) -> Record | None:
        return next((v for v in self.variants if v.tag == tag), None)

    def by_variant(self, name: object) -> Record | None:
        """By the Rust name of the variant, as the first day's files have it."""
        return next((v for v in self.variants if v.cls.variant == name), None)


Shape = (
    Text | Bool | Uint | F32 | Id | Moment | Choice
    | Optional | Sequence | Mapping | Product | Record | Tagged
)  # fmt: skip

U64_MAX = 2**64 - 1


@cache
def shape_of(annotation: Any) -> Shape:
    """The shape of a type of the model; `TypeError` for one that AGCX does not have."""
    return _shape(inspect.type_info(annotation))


def _shape(info: inspect.Type) -> Shape:
    match info:
        case inspect.StrType(pattern=pattern):
            return Moment() if pattern == USUAL else Text()
        case inspect.Metadata(type=inspect.StrType(), extra={"moment": True}):
            return Moment()
        case inspect.BoolType():
            return Bool()
        case inspect.IntType(ge=0, le=maximum):
            return Uint(maximum or U64_MAX)
        case inspect.UUIDType():
            return Id()
        case inspect.CustomType(cls=cls) if cls is Float32:
            return F32()
        case inspect.EnumType(cls=cls):
            return Choice(cls)
        case inspect.ListType(item_type=item):
            return Sequence(_shape(item))
        case inspect.DictType(key_type=key, value_type=value):
            return Mapping(_shape(key), _shape(value))
        case inspect.TupleType(item_types=items):
            return Product(tuple(map(_shape, items)))
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
    return Tagged(tuple(map(_record, some)))


def _record(info: inspect.StructType) -> Record:
    fields = tuple((field.name, _shape(field.type)) for field in info.fields)
    return Record(info.cls, info.tag, fields)
