"""Whether values have the types that their fields declare, before they are written.

Strategy: from the schema of each type a function is made once, as Python source, since thousands of
messages are
checked in every save.  msgspec checks what it decodes and nothing of what it encodes, and bincode's bytes of
a wrong value may be the bytes of a right one: a text where a list of texts belongs is a list of letters.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn
from uuid import UUID

from agcx_format.model import schema
from agcx_format.model.items import ReasoningWithoutContent, UnknownItem

__all__ = ["check"]

Check = Callable[[Any], None]


def check(type_: Any, value: Any) -> None:
    """`TypeError` or `ValueError` when a field, however deep, holds what its type cannot.

    Timestamps and texts are only checked to be texts: what is in them the encoders see.
    """
    checker(type_)(value)


@cache
def checker(type_: Any) -> Check:
    """`check` for one type."""
    return _check_of(schema.shape_of(type_), getattr(type_, "__name__", str(type_)))


def _refuse(where: str, expected: str, value: object) -> NoReturn:
    raise TypeError(f"{where}: expected {expected}, got {value!r:.80}")


def _refuse_number(where: str, maximum: int, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        _refuse(where, "a whole number", value)
    if not 0 <= value <= maximum:
        raise ValueError(f"{where}: {value} is not within 0 and {maximum}")


class _Source:
    """The lines of one function, and the objects that they name."""

    def __init__(self) -> None:
        self.lines: list[str] = ["def run(value):"]
        self.names: dict[str, Any] = {"refuse": _refuse, "number": _refuse_number, "UUID": UUID}

    def name(self, value: Any) -> str:
        """A name for an object."""
        name = f"o{len(self.names)}"
        self.names[name] = value
        return name

    def add(self, shape: schema.Shape, value: str, where: str, depth: int) -> None:
        """Check the expression `value`, in a block that is `depth` deep."""

        def line(text: str, deeper: int = 0) -> None:
            self.lines.append("    " * (depth + deeper) + text)

        def unless(condition: str, expected: str) -> None:
            line(f"if not {condition}: refuse({where!r}, {expected!r}, {value})")

        item = f"item{depth}"
        match shape:
            case schema.Text() | schema.Moment():
                unless(f"isinstance({value}, str)", "a text")
            case schema.Bool():
                unless(f"({value} is True or {value} is False)", "a bool")
            case schema.Uint(maximum):
                line(f"if type({value}) is not int or not 0 <= {value} <= {maximum}:")
                line(f"number({where!r}, {maximum}, {value})", 1)
            case schema.F32():
                unless(f"isinstance({value}, (float, int))", "a number")
            case schema.Id():
                unless(f"isinstance({value}, UUID)", "a UUID")
            case schema.Choice(enum):
                unless(f"isinstance({value}, {self.name(enum)})", enum.__name__)
            case schema.Optional(inner):
                line(f"if {value} is not None:")
                self.add(inner, value, where, depth + 1)
            case schema.Sequence(inner):
                unless(f"isinstance({value}, (list, tuple))", "a list")
                line(f"for {item} in {value}:")
                self.add(inner, item, where, depth + 1)
            case schema.Mapping(key, inner):
                unless(f"isinstance({value}, dict)", "a dict")
                line(f"for key{depth}, {item} in {value}.items():")
                self.add(key, f"key{depth}", where, depth + 1)
                self.add(inner, item, where, depth + 1)
            case schema.Product(items):
                unless(
                    f"(isinstance({value}, (list, tuple)) and len({value}) == {len(items)})",
                    "a tuple",
                )
                for number, inner in enumerate(items):
                    line(f"{item}_{number} = {value}[{number}]")
                    self.add(inner, f"{item}_{number}", where, depth)
            case schema.Record() | schema.Tagged():
                line(f"{self.name(_check_of(shape, where))}({value})")


@cache
def _check_of(shape: schema.Shape, where: str) -> Check:
    match shape:
        case schema.Record():
            return _of_record(shape)
        case schema.Tagged():
            return _of_variants(shape, where)
    source = _Source()
    source.add(shape, "value", where, 1)
    return _compiled(source)


@cache
def _of_record(record: schema.Record) -> Check:
    source, name = _Source(), record.cls.__name__
    cls = source.name(record.cls)
    source.lines.append(f"    if type(value) is not {cls}: refuse({name!r}, {name!r}, value)")
    for number, (field, shape) in enumerate(record.fields):
        source.lines.append(f"    field{number} = value.{field}")
        source.add(shape, f"field{number}", f"{name}.{field}", 1)
    return _compiled(source)


@cache
def _of_variants(tagged: schema.Tagged, where: str) -> Check:
    variants = tagged.variants
    if tagged.by_tag("reasoning") is not None:
        variants += (schema.shape_of(ReasoningWithoutContent).variants[0],)
    checks: dict[type, Check] = {record.cls: _of_record(record) for record in variants}
    checks[UnknownItem] = lambda value: None
    names = " or ".join(record.cls.__name__ for record in tagged.variants)

    def run(value: Any) -> None:
        found = checks.get(type(value))
        if found is None:
            _refuse(where, names, value)
        found(value)

    return run


def _compiled(source: _Source) -> Check:
    if len(source.lines) == 1:
        source.lines.append("    pass")
    exec("\n".join(source.lines), source.names)
    return source.names["run"]
