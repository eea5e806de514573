"""A lenient MessagePack decoder, which follows the schema field by field and knows every offset.

Used for values that msgspec refuses.  A struct may be an array of its fields or a map with their names.
A tagged enum may also be `{"Variant": [fields]}` or just `"Variant"`, as the crate's first version wrote
it.  An item with an unknown tag is kept as its bytes.
"""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar
from uuid import UUID

import msgpack

from agcx_format import limits
from agcx_format.counting import counted
from agcx_format.errors import MessagePackDecodeError
from agcx_format.model import schema
from agcx_format.model.fields import Float32
from agcx_format.model.items import ReasoningWithoutContent, UnknownItem
from agcx_format.model.timestamps import normal

T = TypeVar("T")

UNPACK_ERRORS = (
    msgpack.exceptions.UnpackException,
    UnicodeDecodeError,
    RecursionError,
    ValueError,
    OverflowError,
)

# Items and content parts with an unknown tag are kept; a summary or an action is refused, because no
# reader could show it.
_KEPT_WHEN_UNKNOWN = frozenset({"message", "input_text"})


# The length of the header of a string, or of bytes that Rust accepts as one, by its first byte.
_NAME_HEADERS = {0xD9: 2, 0xDA: 3, 0xDB: 5, 0xC4: 2, 0xC5: 3, 0xC6: 5}


def decode(type_: type[T], data: bytes | memoryview, base: int = 0) -> T:
    """Decode one value of `type_`; `base` is added to the offset of an error.

    Raises:
        MessagePackDecodeError: the bytes are not such a value.
    """
    value: T = decode_shape(schema.shape_of(type_), data, base)
    return value


def decode_shape(shape: schema.Shape, data: bytes | memoryview, base: int = 0) -> Any:
    return _Reader(data, base).read(shape)


def unpacker(data: bytes | memoryview) -> msgpack.Unpacker:
    # Maps become lists of pairs: unknown values may have keys that are not hashable.
    made = msgpack.Unpacker(
        strict_map_key=False, object_pairs_hook=list, max_buffer_size=max(1, len(data))
    )
    made.feed(data)
    return made


def in_words(cause: BaseException) -> str:
    """A reason in words, since many exceptions of msgpack have no message."""
    if isinstance(cause, msgpack.exceptions.OutOfData):
        return "the data ends inside it"
    if isinstance(cause, msgpack.exceptions.StackError | RecursionError):
        return "nested too deeply"
    if isinstance(cause, msgpack.exceptions.BufferFull):
        return "it is too large"
    if isinstance(cause, UnicodeDecodeError):
        return "a text in it is not UTF-8"
    if isinstance(cause, msgpack.exceptions.FormatError):
        return "not MessagePack"
    if "exceeds max_" in str(cause):
        # `0 exceeds max_ext_len(5)`: the limits of the decoder are the size of the data.
        return "a length in it exceeds the data"
    return str(cause) or type(cause).__name__


def is_truncated(cause: BaseException) -> bool:
    """Whether the data end inside the value."""
    return isinstance(cause, msgpack.exceptions.OutOfData)


class _Reader:
    """Reads one value in one pass.  `self.at` is the offset of the part being read."""

    def __init__(self, data: bytes | memoryview, base: int) -> None:
        self.data = data
        self.base = base
        self.unpacker = unpacker(data)
        self.at = 0
        self.items_left = limits.SLOW_ITEMS

    def read(self, shape: schema.Shape) -> Any:
        try:
            return self._read(shape)
        except UNPACK_ERRORS as cause:
            self._fail(in_words(cause), truncated=is_truncated(cause))

    def _fail(self, reason: str, *, truncated: bool = False) -> NoReturn:
        offset = self.base + self.at
        raise MessagePackDecodeError(reason, offset=offset, truncated=truncated) from None

    def _mark(self) -> int:
        """Note the offset of the next value; returns its first byte."""
        self.at = self.unpacker.tell()
        if self.at >= len(self.data):
            self._fail("the data ends here", truncated=True)
        return self.data[self.at]

    def _read(self, shape: schema.Shape) -> Any:
        match shape:
            case schema.Record():
                return self._record(shape)
            case schema.Tagged():
                return self._tagged(shape)
            case schema.Optional(inner):
                if self._mark() == 0xC0:
                    return self.unpacker.unpack()
                return self._read(inner)
            case schema.Sequence(item):
                return [self._read(item) for _ in range(self._array("a list"))]
            case schema.Mapping(key, value):
                return {self._read(key): self._read(value) for _ in range(self._map())}
            case schema.Tuple(items):
                if (count := self._array("a tuple")) != len(items):
                    self._fail(f"expected a tuple of {len(items)}, got {count}")
                return tuple([self._read(item) for item in items])
        return self._scalar(shape)

    def _scalar(self, shape: schema.Shape) -> Any:
        if isinstance(shape, schema.F32):
            return self._f32()
        value = self._value(shape.name)
        match shape:
            case schema.String() if isinstance(value, str):
                return value
            case schema.Bool() if isinstance(value, bool):
                return value
            case schema.Uint(maximum) if type(value) is int and 0 <= value <= maximum:
                return value
            case schema.Id() if isinstance(value, bytes) and len(value) == 16:
                return UUID(bytes=value)
            case schema.Time() if isinstance(value, str):
                return normal(value)
            case schema.UnitEnum(enum) if isinstance(value, str):
                for variant in enum:
                    # The crate's first version wrote the Rust name of the variant.
                    if value in (variant.value, variant.name.title().replace("_", "")):
                        return variant
        self._fail(f"expected {shape.name}, got {_short(value)}")

    def _f32(self) -> Float32:
        """Keeps the four bytes, so that a NaN is written back unchanged."""
        if self._mark() == 0xCA and self.at + 5 <= len(self.data):
            self.unpacker.skip()
            return Float32(bytes(self.data[self.at + 1 : self.at + 5]))
        value = self._value("a number")
        if isinstance(value, bool) or not isinstance(value, float | int):
            self._fail(f"expected a number, got {_short(value)}")
        return Float32(float(value))

    def _array(self, what: str) -> int:
        mark = self._mark()
        if not _is_array(mark):
            self._fail(f"expected {what}, got {_short(self._value(what))}")
        return self._counted(self.unpacker.read_array_header())

    def _map(self) -> int:
        if not self._is_map(self._mark()):
            self._fail(f"expected a map, got {_short(self._value('a map'))}")
        return self._counted(self.unpacker.read_map_header())

    def _counted(self, count: int) -> int:
        # A header may claim any number, but there cannot be more items than bytes.
        self.items_left -= min(count, len(self.data) - self.at)
        if self.items_left < 0:
            self._fail(f"more than {limits.SLOW_ITEMS:,} items")
        return count

    def _value(self, expected: str) -> Any:
        """The next value, which is no list or map: those may be of any size."""
        mark = self._mark()
        if _is_array(mark) or self._is_map(mark):
            self._fail(f"expected {expected}, got a {'list' if _is_array(mark) else 'map'}")
        return self.unpacker.unpack()

    @staticmethod
    def _is_map(mark: int) -> bool:
        return 0x80 <= mark <= 0x8F or mark in (0xDE, 0xDF)

    def _record(self, record: schema.Record) -> Any:
        if self._is_map(self._mark()):
            values = self._named_fields(record, self._map())
        else:
            count = self._array(record.cls.__name__)
            if count != len(record.fields):
                self._fail(
                    f"{record.cls.__name__} has {counted(len(record.fields), 'field')}, not {count}"
                )
            values = [self._read(shape) for _, shape in record.fields]
        return record.cls.unchecked(*values)

    def _named_fields(self, record: schema.Record, count: int) -> list[Any]:
        """Fields in any order; unknown names are skipped, as serde skips them."""
        shapes = dict(record.fields)
        values: dict[str, Any] = {}
        for _ in range(count):
            name = self._value("a field name")
            if not isinstance(name, str):
                self._fail(f"expected a field name, got {_short(name)}")
            if name in values:
                self._fail(f"{record.cls.__name__}.{name} appears twice")
            if name in shapes:
                values[name] = self._read(shapes[name])
            else:
                self.unpacker.skip()
        for name, shape in record.fields:
            if name not in values:
                if not isinstance(shape, schema.Optional):
                    self._fail(f"{record.cls.__name__}.{name} is missing")
                values[name] = None
        return [values[name] for name in shapes]

    def _tagged(self, shape: schema.Tagged) -> Any:
        start = self.unpacker.tell()
        mark = self._mark()
        if _is_array(mark):
            return self._tagged_array(shape, start)
        if self._is_map(mark):
            return self._tagged_map(shape, start)
        name = self.unpacker.unpack()
        record = shape.by_variant(name)
        if record is None or record.fields:
            self._fail(f"expected an item, got {_short(name)}")
        return record.cls.unchecked()

    def _tagged_array(self, shape: schema.Tagged, start: int) -> Any:
        count = self._array("an item")
        if count == 0:
            self._fail("an item without a tag")
        tag = self._name()
        record = shape.by_tag(tag)
        if record is None:
            for _ in range(count - 1):
                self.unpacker.skip()
            return self._unknown(shape, tag, start, alone=count == 1)
        if tag == "reasoning" and count == 4:
            # Rust omitted the field `content`; it cannot read this itself.
            record = schema.record_of(ReasoningWithoutContent)
        if count - 1 != len(record.fields):
            self._fail(f"{tag!r} has {counted(len(record.fields), 'field')}, not {count - 1}")
        return record.cls.unchecked(*[self._read(field) for _, field in record.fields])

    def _tagged_map(self, shape: schema.Tagged, start: int) -> Any:
        """`{"type": tag, …}`, or `{"Variant": [fields]}` of the crate's first version."""
        count = self._map()
        if count == 0:
            self._fail("an item without a tag")
        name = self._name()
        if count == 1 and (record := shape.by_variant(name)) is not None:
            return self._record(record)
        # The tag may come last, so the map is read twice: for the tag, then for the fields.  The readers see
        # only this map, so that a list of many maps is not visited again for each.
        for _ in range(2 * count - 1):
            self.unpacker.skip()
        whole = self.data[start : self.unpacker.tell()]
        tag = _Reader(whole, self.base + start)._find_type()
        record = shape.by_tag(tag)
        if record is None:
            return self._unknown(shape, tag, start, alone=count == 1)
        inner = _Reader(whole, self.base + start)
        inner.items_left = self.items_left
        item = inner._item_with_names(record)
        self.items_left = inner.items_left
        return item

    def _name(self) -> object:
        """A tag or the key of a map: text, or bytes that are not UTF-8, which Rust accepts as a name too."""
        mark = self._mark()
        header = 1 if 0xA0 <= mark <= 0xBF else _NAME_HEADERS.get(mark)
        if header is None:
            return self._value("a name")
        self.unpacker.skip()
        name = bytes(self.data[self.at + header : self.unpacker.tell()])
        try:
            return name.decode()
        except UnicodeDecodeError:
            return name

    def _find_type(self) -> object:
        """The value of the key `type` in this reader's map."""
        for _ in range(self._map()):
            if self._name() == "type":
                return self._name()
            self.unpacker.skip()
        self._fail("an item without a tag")

    def _item_with_names(self, record: schema.Record) -> Any:
        return record.cls.unchecked(*self._named_fields(record, self._map()))

    def _unknown(
        self, shape: schema.Tagged, tag: object, start: int, *, alone: bool
    ) -> UnknownItem:
        """The item from `start` to the current offset; `alone` if it is a tag without fields."""
        first = shape.variants[0].tag
        # A name that is not UTF-8 is damage, unless the item is only a tag, which Rust reads as `other`.
        is_name = isinstance(tag, str) or (isinstance(tag, bytes) and alone and first == "message")
        if not is_name or first not in _KEPT_WHEN_UNKNOWN:
            self._fail(f"{_short(tag)} is not a tag that fits here")
        return UnknownItem(bytes(self.data[start : self.unpacker.tell()]))


def _is_array(mark: int) -> bool:
    return 0x90 <= mark <= 0x9F or mark in (0xDC, 0xDD)


def _short(value: object) -> str:
    text = repr(value[:60] if isinstance(value, str | bytes) else value)
    return text if len(text) <= 60 else f"{text[:57]}…"
