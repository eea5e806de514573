"""Whether two values are the same, bit for bit: NaN equals itself here, and -0.0 is not 0.0."""

from __future__ import annotations

import math
import struct
from typing import Any

import msgspec

from agcx_format.model.fields import Float32, pack_f32
from agcx_format.model.items import Reasoning, ReasoningText, ReasoningWithoutContent


def same(one: Any, other: Any) -> bool:
    if isinstance(one, msgspec.Struct):
        return type(one) is type(other) and all(
            same(getattr(one, name), getattr(other, name)) for name in one.__struct_fields__
        )
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        # Their order is that of the bytes, too.
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    if isinstance(one, float):
        return pack_f32(one) == pack_f32(other)
    return type(one) is type(other) and one == other


def as_rust_writes(value: Any) -> Any:
    """The value with every reasoning item in the form that Rust gives it (the format's section 7)."""
    if isinstance(value, list):
        return [as_rust_writes(each) for each in value]
    if isinstance(value, tuple):
        return tuple(as_rust_writes(each) for each in value)
    if not isinstance(value, msgspec.Struct):
        return value
    if (
        type(value) is Reasoning
        and value.content is not None
        and not any(isinstance(part, ReasoningText) for part in value.content)
    ):
        return ReasoningWithoutContent(value.id, value.summary, value.encrypted_content)
    fields = {name: as_rust_writes(getattr(value, name)) for name in value.__struct_fields__}
    return type(value)(**fields)


def as_json_holds(value: Any) -> Any:
    """The value with each float as it comes back from JSON, which has no NaN and no infinity."""
    if isinstance(value, msgspec.Struct):
        return type(value)(*[as_json_holds(getattr(value, n)) for n in value.__struct_fields__])
    if isinstance(value, list | tuple):
        return type(value)(as_json_holds(each) for each in value)
    if isinstance(value, dict):
        return {key: as_json_holds(each) for key, each in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return Float32(struct.pack(">f", math.nan))
    return value
