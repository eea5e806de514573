"""Wrong values for files that are whole by their checksums: taken apart, changed, and put together again."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from agcx_format.disk.checked_frames import framed

# What may stand where another value stood: all kinds, and of each what is at a bound or beyond it.
HOSTILE = [
    None, True, -1, 0, 1, 3, 255, 2**31, 2**63 - 1, -(2**63), 2**64 - 1, float("nan"), float("inf"), -1e300,
    "", "a", "\0", "../..", "é" * 3000, "\n\x1b[31m", b"", b"\0", b"\xff" * 7, b"x" * 4096, b"/", b"a/b",
    b"..",
    [], [[]], [None], [b"a", 1], {}, {"a": 1}, {0: b"a"}, {-1: b"a"}, {2**40: b"a"},
]  # fmt: skip
Tree = Any

# Put what is no regular file at a path.
NOT_REGULAR = (os.mkfifo, lambda path: os.symlink("/dev/zero", path), os.mkdir)


def places(tree: Tree, above: tuple = ()) -> Iterator[tuple]:
    """The way to every value in it."""
    yield above
    parts = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    for key, value in parts:
        yield from places(value, (*above, key))


def replaced(tree: Tree, way: tuple, value: Tree) -> Tree:
    if not way:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[way[0]] = replaced(copy[way[0]], way[1:], value)
    return copy


@st.composite
def wrong(draw: st.DrawFn, trees: list[Tree]) -> list[Tree]:
    """The same with one or two values replaced, cut, or made longer."""
    trees = list(trees)
    for _ in range(draw(st.integers(1, 2))):
        number = draw(st.integers(0, len(trees) - 1))
        way = draw(st.sampled_from(list(places(trees[number]))))
        was = trees[number]
        for key in way:
            was = was[key]
        others = st.sampled_from(HOSTILE)
        if isinstance(was, bytes | str | list) and was:
            others |= st.sampled_from([was[:-1], was + was, was[:0], was[::-1]])
        if isinstance(was, bytes) and len(was) >= 8:
            # A number in an array.
            number_at = draw(st.integers(0, len(was) // 8 - 1)) * 8
            odd = draw(
                st.sampled_from(
                    [b"\xff" * 8, b"\0" * 8, b"\xff" * 7 + b"\x7f", b"\0" * 7 + b"\x80"]
                )
            )
            others |= st.just(was[:number_at] + odd + was[number_at + 8 :])
        trees[number] = replaced(trees[number], way, draw(others))
    return trees


def frames(data: bytes, at: int) -> list[Tree]:
    """The values of a cache file's frames, which begin at `at`; what is no value is bytes."""
    found = []
    while at < len(data):
        length, _ = struct.unpack_from("<II", data, at)
        found.append(data[at + 8 : at + 8 + length])
        at += 8 + length
    return found


def put_together(magic: bytes, payloads: list[bytes]) -> bytes:
    return magic + b"".join(map(framed, payloads))


def as_json(tree: Tree) -> bytes:
    text = json.dumps(tree, default=lambda data: data.decode("latin-1"), skipkeys=True)
    return text.encode("utf-8", "surrogatepass")
