"""The form in which rows are written to a catalog's file: one value that msgspec encodes and checks.

A block is self-contained: it has its own pools of interned values. Its content is untrusted until
`check_block` has passed. Numbers are in the machine's byte order, which the catalog's magic names.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from agcx_format import errors
from agcx_format.errors import PersistenceError

__all__ = [
    "Block",
    "ErrorRecord",
    "check_block",
    "decode_block",
    "encode_block",
    "error_record",
    "plain_pools",
    "pool_values",
    "recorded_error",
]


class ErrorRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A `PersistenceError`; `found` and `expected` belong to an `UnsupportedVersion`."""

    kind: str
    reason: bytes
    section: str | None
    offset: int | None
    decompressed: bool
    found: int
    expected: int
    truncated: bool = False


class Block(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """`arrays` and the lengths are arrays as bytes; `names` and folders are file-system paths as bytes."""

    count: int
    arrays: dict[str, bytes]
    pools: dict[str, list[bytes | list[bytes]]]
    titles: bytes
    title_lengths: bytes
    haystacks: bytes
    haystack_lengths: bytes
    names: dict[int, bytes]
    errors: dict[int, ErrorRecord]


# Pools whose values are sets of texts; the others hold texts.
_SETS = ("tags",)

encode_block = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Block)


def decode_block(data: bytes) -> Block:
    """Decode a block.

    Raises:
        ValueError: the data is not a block.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError) as cause:
        raise ValueError(str(cause)) from None


def check_block(block: Block, arrays: Mapping[str, str], pooled: Iterable[str]) -> None:
    """Check that all parts are there and consistent.

    Raises:
        ValueError: a part is missing or does not fit the others.
    """
    if missing := (arrays.keys() - block.arrays.keys()) | (set(pooled) - block.pools.keys()):
        raise ValueError(f"{', '.join(sorted(missing))} missing")
    for name in pooled:
        type_ = list if name in _SETS else bytes
        if not all(isinstance(value, type_) for value in block.pools[name]):
            raise ValueError(f"{name}: values of another kind")
    for name, kind in arrays.items():
        column = array(kind, block.arrays[name])
        if len(column) != block.count:
            raise ValueError(f"{name}: {len(column)} rows of {block.count}")
        if name in pooled and max(column, default=-1) >= len(block.pools.get(name, ())):
            raise ValueError(f"{name}: a number that names nothing")
    for text, lengths in (
        (block.titles, block.title_lengths),
        (block.haystacks, block.haystack_lengths),
    ):
        numbers = array("I", lengths)
        if len(numbers) != block.count or sum(numbers) != len(text):
            raise ValueError("lengths that do not fit their text")
    if not all(0 <= row < block.count for row in (*block.names, *block.errors)):
        raise ValueError("a row that is not there")
    if any(not name or b"/" in name or b"\0" in name for name in block.names.values()):
        raise ValueError("a name that no file has")


# File names and texts are treated alike: as bytes, so that invalid UTF-8 survives.


def plain_pools(pools: Mapping[str, list[Any]]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return _bytes(value) if isinstance(value, str) else [_bytes(part) for part in value]

    return {name: [plain(value) for value in values] for name, values in pools.items()}


def pool_values(block: Block, name: str) -> list[Any]:
    """Texts, or tuples of texts."""
    return [
        _text(value) if isinstance(value, bytes) else tuple(map(_text, value))
        for value in block.pools[name]
    ]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def error_record(problem: PersistenceError) -> ErrorRecord:
    """Why a file cannot be read, to show again without reading it."""
    return ErrorRecord(
        type(problem).__name__,
        _bytes(problem.reason),
        problem.section,
        problem.offset,
        problem.decompressed,
        getattr(problem, "found", 0),
        getattr(problem, "expected", 0),
        problem.truncated,
    )


def recorded_error(record: ErrorRecord, path: str) -> PersistenceError:
    where: dict[str, Any] = {
        "path": path,
        "section": record.section,
        "offset": record.offset,
        "decompressed": record.decompressed,
        "truncated": record.truncated,
    }
    if record.kind == errors.UnsupportedVersion.__name__:
        return errors.UnsupportedVersion(record.found, record.expected, **where)
    reason = _text(record.reason)
    known = getattr(errors, record.kind, PersistenceError)
    wanted = isinstance(known, type) and issubclass(known, PersistenceError)
    if not wanted or known.__init__ is not PersistenceError.__init__:
        known = PersistenceError
    return known(reason, **where)
