"""The base class of all values, and the types of their fields: integers, `f32`, and timestamps."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Self

import msgspec
from msgspec import Meta

from agcx_format.model.timestamps import USUAL

# `DateTime<Utc>`: text in the form that chrono writes (see `timestamps.py`).
Moment = Annotated[str, Meta(pattern=USUAL)]

# The same for messages: the MessagePack codec checks the timestamps of all messages at once, five times as
# fast as msgspec checks them one by one.
MomentOfMessage = Annotated[str, Meta(extra={"time": True})]

# Rust's u64 and usize.  msgspec accepts ints up to 2^64-1, and cannot express that bound.
U64 = Annotated[int, Meta(ge=0)]
U16 = Annotated[int, Meta(ge=0, le=0xFFFF)]


class Float32(float):
    """A Rust `f32`.  A NaN keeps the four bytes (big-endian) that it was read from.

    Packing a signaling NaN again would make it a quiet one.  A plain `float` is accepted wherever a `Float32`
    is, and rounded when it is written.

    >>> Float32(0.1)
    0.10000000149011612
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
    """Four big-endian bytes; a number too large for an f32 becomes infinite, as with Rust's `as`."""
    if value != value and isinstance(value, Float32):
        return value.packed
    try:
        return struct.pack(">f", value)
    except OverflowError:
        return struct.pack(">f", float("inf") if value > 0 else float("-inf"))


class ValueType(msgspec.StructMeta):
    """Checks the fields of a value when it is constructed.

    msgspec does not come this way when it decodes, since it has checked what it decodes.

    Fields:
        check_of: Makes the check of a class, once.  `value_checks` sets it, which stands on the classes of
            this type and comes with the package.
    """

    check_of: ClassVar[Callable[[Any], Callable[[Any], None]]]

    def __call__(cls, *args: Any, **fields: Any) -> Any:
        value = super().__call__(*args, **fields)
        ValueType.check_of(cls)(value)
        return value

    @property
    def unchecked(cls) -> Callable[..., Any]:
        """The constructor without its checks, for decoders that have checked the bytes."""
        return super().__call__


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

    `gc=False`: values contain only values, so they cannot form cycles, and the garbage collector need not
    visit the ten thousand sessions of a list.
    """

    # The Rust name of the variant, which the crate's first version wrote as the tag.
    variant: ClassVar[str] = ""

    def replace(self, **fields: Any) -> Self:
        """A copy with other values in some fields.

        Raises:
            TypeError: there is no such field, or the value has the wrong type for it.
            ValueError: the value does not fit the field.
        """
        value = msgspec.structs.replace(self, **fields)
        ValueType.check_of(type(self))(value)
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
