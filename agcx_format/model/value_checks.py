"""Check that values have the types that their fields declare: on construction, and before writing.

Strategy: from the schema of each type a function is made once, as Python source, since thousands of
messages are checked in every save.  msgspec checks what it decodes, but neither what it is constructed
from nor what it encodes, and bincode's bytes of a wrong value may be the bytes of a right one: a text
where a list of texts belongs is a list of letters.

A value that is constructed is checked one level deep, since the values in it were checked when they were
made.  One that is written is checked all the way down: its lists and dicts may have changed since.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn
from uuid import UUID

from agcx_format.model import schema
from agcx_format.model.fields import Value, ValueType
from agcx_format.model.items import UnknownItem
from agcx_format.model.session import ConversationSnapshot, SessionMetadata, SessionState
from agcx_format.model.timestamps import is_usual, normal

__all__ = ["check", "check_session"]

Check = Callable[[Any], None]


def check(type_: Any, value: Any) -> None:
    """Check a value of `type_`, however deep.

    Timestamps and texts are only checked to be texts: the encoders check what is in them.

    Raises:
        TypeError: a field holds a value of another type.
        ValueError: a number does not fit its field.
    """
    checker(type_)(value)


def check_session(metadata: object, conversation: object, state: object) -> None:
    """Check that these are the three values of a session, in this order; not what is in them.

    Raises:
        TypeError: one of them is another value.
    """
    wanted = (SessionMetadata, ConversationSnapshot, SessionState)
    for type_, value in zip(wanted, (metadata, conversation, state), strict=True):
        if type(value) is not type_:
            _refuse("session", type_.__name__, value)


def _checker(type_: Any) -> Check:
    """`check` for one type."""
    return _check_of(schema.shape_of(type_), getattr(type_, "__name__", str(type_)))


checker: Callable[[Any], Check] = cache(_checker)


@cache
def _fields_check(cls: type[Value]) -> Check:
    """A check of the fields of one new value of `cls`; the values within are only checked for their class."""
    return _of_record(schema.record_of(cls), deep=False)


def _refuse(where: str, expected: str, value: object) -> NoReturn:
    raise TypeError(f"{where}: expected {expected}, got {value!r:.80}")


def _refuse_number(where: str, maximum: int, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        _refuse(where, schema.Uint.name, value)
    if not 0 <= value <= maximum:
        raise ValueError(f"{where}: {value} is not within 0 and {maximum}")


def _check_time(where: str, value: object) -> None:
    if not isinstance(value, str):
        _refuse(where, schema.Time.name, value)
    try:
        normal(value)
    except ValueError as cause:
        raise ValueError(f"{where}: {cause}") from None


class _Source:
    """The lines of one function, and the objects that they name."""

    def __init__(self, deep: bool) -> None:
        self.deep = deep
        self.lines: list[str] = ["def run(value):"]
        self.names: dict[str, Any] = {
            "refuse": _refuse, "number": _refuse_number, "time": _check_time, "is_usual": is_usual,
            "UUID": UUID,
        }  # fmt: skip

    def name(self, value: Any) -> str:
        """A name for an object."""
        name = f"o{len(self.names)}"
        self.names[name] = value
        return name

    def add(self, shape: schema.Shape, value: str, where: str, depth: int) -> None:
        """Check the expression `value`, in a block that is `depth` deep."""

        def line(text: str, deeper: int = 0) -> None:
            self.lines.append("    " * (depth + deeper) + text)

        def unless(condition: str) -> None:
            line(f"if not {condition}: refuse({where!r}, {shape.name!r}, {value})")

        item = f"item{depth}"
        match shape:
            case schema.String():
                unless(f"isinstance({value}, str)")
            case schema.Time() if self.deep:
                unless(f"isinstance({value}, str)")
            case schema.Time():
                line(f"if not isinstance({value}, str) or not is_usual({value}):")
                line(f"time({where!r}, {value})", 1)
            case schema.Bool():
                unless(f"({value} is True or {value} is False)")
            case schema.Uint(maximum):
                line(f"if type({value}) is not int or not 0 <= {value} <= {maximum}:")
                line(f"number({where!r}, {maximum}, {value})", 1)
            case schema.F32():
                unless(f"isinstance({value}, (float, int))")
            case schema.Id():
                unless(f"isinstance({value}, UUID)")
            case schema.UnitEnum(enum):
                unless(f"isinstance({value}, {self.name(enum)})")
            case schema.Optional(inner):
                line(f"if {value} is not None:")
                self.add(inner, value, where, depth + 1)
            case schema.Sequence(inner):
                unless(f"isinstance({value}, (list, tuple))")
                line(f"for {item} in {value}:")
                self.add(inner, item, where, depth + 1)
            case schema.Mapping(key, inner):
                unless(f"isinstance({value}, dict)")
                line(f"for key{depth}, {item} in {value}.items():")
                self.add(key, f"key{depth}", where, depth + 1)
                self.add(inner, item, where, depth + 1)
            case schema.Tuple(items):
                unless(f"(isinstance({value}, (list, tuple)) and len({value}) == {len(items)})")
                for number, inner in enumerate(items):
                    line(f"{item}_{number} = {value}[{number}]")
                    self.add(inner, f"{item}_{number}", where, depth)
            case schema.Record() | schema.Tagged() if self.deep:
                line(f"{self.name(_check_of(shape, where))}({value})")
            case schema.Record(cls):
                unless(f"type({value}) is {self.name(cls)}")
            case schema.Tagged():
                unless(f"type({value}) in {self.name({*shape.written(), UnknownItem})}")


@cache
def _check_of(shape: schema.Shape, where: str) -> Check:
    match shape:
        case schema.Record():
            return _of_record(shape)
        case schema.Tagged():
            return _of_variants(shape, where)
    source = _Source(deep=True)
    source.add(shape, "value", where, 1)
    return _compiled(source)


@cache
def _of_record(record: schema.Record, deep: bool = True) -> Check:
    source = _Source(deep)
    if deep:
        cls = source.name(record.cls)
        source.lines.append(
            f"    if type(value) is not {cls}: refuse({record.name!r}, {record.name!r}, value)"
        )
    for number, (field, shape) in enumerate(record.fields):
        source.lines.append(f"    field{number} = value.{field}")
        source.add(shape, f"field{number}", f"{record.name}.{field}", 1)
    return _compiled(source)


@cache
def _of_variants(tagged: schema.Tagged, where: str) -> Check:
    checks: dict[type, Check] = {
        cls: _of_record(record) for cls, record in tagged.written().items()
    }
    checks[UnknownItem] = lambda value: None

    def run(value: Any) -> None:
        found = checks.get(type(value))
        if found is None:
            _refuse(where, tagged.name, value)
        found(value)

    return run


def _compiled(source: _Source) -> Check:
    if len(source.lines) == 1:
        source.lines.append("    pass")
    exec("\n".join(source.lines), source.names)
    run: Check = source.names["run"]
    return run


ValueType.check_of = staticmethod(_fields_check)
