"""What the fields of all values are made of: numbers of Rust's sizes, timestamps, and their common base."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, ClassVar, Self

import msgspec
from msgspec import Meta

from agcx_format.model.timestamps import USUAL

# `DateTime<Utc>`: a text in the form that chrono writes (`timestamps.py` has the numbers).
Moment = Annotated[str, Meta(pattern=USUAL)]

# The same in every message: `messagepack.py` checks those of all messages at once, which takes a
# fifth of the time that msgspec takes with one after the other.
MomentOfMessage = Annotated[str, Meta(extra={"time": True})]

# Rust's u64 and usize: msgspec takes ints up to 2^64-1 and has no larger bound to state.
U64 = Annotated[int, Meta(ge=0)]
U16 = Annotated[int, Meta(ge=0, le=0xFFFF)]


class Float32(float):
    """A Rust `f32`; of a NaN also the four bytes (big-endian) that it was read from.

    They are kept because packing a signalling NaN anew would quiet it.  A plain `float` may
    stand wherever a `Float32` does; it is rounded when it is written.
    """

    __slots__ = ("packed",)

    packed: bytes

    def __new__(cls, value: float | bytes) -> Self:
        packed = value if isinstance(value, bytes) else pack_f32(value)
        self = super().__new__(cls, struct.unpack(">f", packed)[0])
        if self != self:
            self.packed = packed
        return self

    def __reduce__(self) -> tuple[type[Float32], tuple[bytes]]:
        return Float32, (pack_f32(self),)


def pack_f32(value: float) -> bytes:
    """Four big-endian bytes; what is too large for an f32 becomes infinite, as in Rust's `as`."""
    if value != value and isinstance(value, Float32):
        return value.packed
    try:
        return struct.pack(">f", value)
    except OverflowError:
        return struct.pack(">f", float("inf") if value > 0 else float("-inf"))


class ValueType(msgspec.StructMeta):
    """Checks the fields of a value when it is constructed.

    msgspec does not come this way when it decodes, since it has checked what it decodes.
    """

    def __call__(cls, *args: Any, **fields: Any) -> Any:
        value = super().__call__(*args, **fields)
        _check_of(cls)(value)
        return value

    @property
    def unchecked(cls) -> Callable[..., Any]:
        """The constructor without its checks, for decoders that have checked the bytes."""
        return super().__call__


@cache
def _check_of(cls: Any) -> Callable[[Any], None]:
    # Imported late: the checks are made from the schema, and that from classes of this type.
    from agcx_format.model.value_checks import fields_check

    return fields_check(cls)


class Value(
    msgspec.Struct,
    metaclass=ValueType,
    array_like=True,
    forbid_unknown_fields=True,
    frozen=True,
    gc=False,
):
    """What all values share: constructed with checks, frozen, compared and hashed by their fields.

    A field of the wrong type is a `TypeError` when the value is made, a number or timestamp that does not
    fit a `ValueError`.  Lists and dicts belong to the value that holds them: do not change them.

    `gc=False`: values hold only values, so there are no cycles for the collector to look for, and
    ten thousand sessions in a list do not make it look.
    """

    # The Rust name of the variant, which files of the crate's first day have as the tag.
    variant: ClassVar[str] = ""

    def replace(self, **fields: Any) -> Self:
        """A copy with other values in some fields.

        Raises:
            TypeError: there is no such field, or the value has the wrong type for it.
            ValueError: the value does not fit the field.
        """
        value = msgspec.structs.replace(self, **fields)
        _check_of(type(self))(value)
        return value

    # What `copy.replace` calls, from Python 3.13 on.
    __replace__ = replace

    def __hash__(self) -> int:
        return hash((type(self), *map(_hashable, msgspec.structs.astuple(self))))


def _hashable(field: Any) -> Any:
    """The field with its lists as tuples and its dicts as sets of pairs."""
    if isinstance(field, list | tuple):
        return tuple(map(_hashable, field))
    if isinstance(field, dict):
        return frozenset((key, _hashable(value)) for key, value in field.items())
    return field
