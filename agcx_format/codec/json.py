"""JSON as serde writes these types, and back.

Structs are objects with their field names; an item has its tag in `type`; an f32 is written as the equal
double, or as null if it is not finite.  serde has no form for two things, which get one here: an item
with an unknown tag is `{"type": tag, "raw": base64 of its MessagePack}`, and a reasoning item without
the field `content` has none.  `from_json` reads all of this back, except that null becomes NaN.
"""

from __future__ import annotations

import base64
import binascii
import math
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from agcx_format.codec.messagepack import lenient
from agcx_format.errors import MessagePackDecodeError
from agcx_format.model import schema
from agcx_format.model.fields import Float32
from agcx_format.model.items import ReasoningWithoutContent, UnknownItem
from agcx_format.model.timestamps import normal

__all__ = ["from_json", "to_json", "to_plain"]

T = TypeVar("T")


def to_json(value: Any) -> bytes:
    """Compact UTF-8 JSON of a value, or of a list, tuple, or dict of values.

    >>> from agcx_format import InputText
    >>> to_json(InputText("Hello"))
    b'{"type":"input_text","text":"Hello"}'
    """
    return msgspec.json.encode(to_plain(value))


def from_json(type_: type[T], data: bytes | str) -> T:
    """The value of `type_` from the JSON that `to_json` makes of it.

    >>> from agcx_format import InputText
    >>> from_json(InputText, '{"type": "input_text", "text": "Hello"}')
    InputText(text='Hello')

    Raises:
        ValueError: it is not JSON, or a part does not fit; the message has the path of that part.
    """
    try:
        plain = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as cause:
        raise ValueError(f"not JSON: {cause}") from None
    value: T = _from_plain(schema.shape_of(type_), plain, "$")
    return value


def to_plain(value: Any) -> Any:
    """What `to_json` writes, as dicts, lists, strings, numbers, booleans, and None.

    >>> from agcx_format import InputText
    >>> to_plain(InputText("Hello"))
    {'type': 'input_text', 'text': 'Hello'}
    """
    if isinstance(value, msgspec.Struct):
        tag = value.__struct_config__.tag
        plain = {"type": tag} if tag is not None else {}
        for name in value.__struct_fields__:
            plain[name] = to_plain(getattr(value, name))
        return plain
    match value:
        case str():
            return str.__str__(value)
        case float():
            return float(value) if math.isfinite(value) else None
        case list() | tuple():
            return [to_plain(item) for item in value]
        case dict():
            return {str(to_plain(key)): to_plain(each) for key, each in value.items()}
        case UUID():
            return str(value)
        case Enum():
            return value.value
        case UnknownItem():
            return {"type": value.tag, "raw": base64.b64encode(value.raw).decode()}
    return value


def _from_plain(shape: schema.Shape, plain: Any, path: str) -> Any:
    match shape, plain:
        case schema.Optional(inner), _:
            return None if plain is None else _from_plain(inner, plain, path)
        case schema.Sequence(item), list():
            return [_from_plain(item, each, f"{path}[{i}]") for i, each in enumerate(plain)]
        case schema.Mapping(key, value), dict():
            return {
                _from_plain(key, name, path): _from_plain(value, each, f"{path}.{name}")
                for name, each in plain.items()
            }
        case schema.Tuple(items), list() if len(items) == len(plain):
            pairs = zip(items, plain, strict=True)
            return tuple(_from_plain(item, p, f"{path}[{i}]") for i, (item, p) in enumerate(pairs))
        case schema.Record(), dict():
            return _record(shape, plain, path)
        case schema.Tagged(), dict():
            return _tagged(shape, plain, path)
    return _scalar(shape, plain, path)


def _scalar(shape: schema.Shape, plain: Any, path: str) -> Any:
    try:
        match shape, plain:
            case (schema.String(), str()) | (schema.Bool(), bool()):
                return plain
            case schema.Uint(maximum), int() if type(plain) is int and 0 <= plain <= maximum:
                return plain
            case schema.F32(), None:
                return Float32(math.nan)
            case schema.F32(), int() | float() if type(plain) is not bool:
                return Float32(float(plain))
            case schema.Id(), str():
                return UUID(plain)
            case schema.Time(), str():
                return normal(plain)
            case schema.UnitEnum(enum), str():
                return enum(plain)
    except (ValueError, OverflowError) as cause:
        raise ValueError(f"{path}: {cause}") from None
    raise ValueError(f"{path}: expected {shape.name}, got {type(plain).__name__}")


def _record(record: schema.Record, plain: dict[Any, Any], path: str) -> Any:
    values = []
    for name, shape in record.fields:
        if name not in plain and not isinstance(shape, schema.Optional):
            raise ValueError(f"{path}.{name} is missing")
        values.append(_from_plain(shape, plain.get(name), f"{path}.{name}"))
    return record.cls.unchecked(*values)


def _tagged(shape: schema.Tagged, plain: dict[Any, Any], path: str) -> Any:
    tag = plain.get("type")
    if tag == "reasoning" and "content" not in plain:
        return _record(schema.record_of(ReasoningWithoutContent), plain, path)
    record = shape.by_tag(tag)
    if record is not None:
        return _record(record, plain, path)
    try:
        raw = base64.b64decode(plain["raw"], validate=True)
    except (KeyError, TypeError, binascii.Error):
        raise ValueError(f"{path}: {tag!r} is not a tag that is known") from None
    # It will be written unchanged between other values, so it must be exactly one complete item.
    try:
        item = lenient.decode_shape(shape, raw)
    except MessagePackDecodeError as cause:
        raise ValueError(f"{path}.raw: {cause.reason}") from None
    if item != UnknownItem(raw):
        raise ValueError(f"{path}.raw: it is not one item of an unknown kind")
    return item
