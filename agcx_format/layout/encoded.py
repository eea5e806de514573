"""A session as the bytes of a file, of which most may be held outside of memory until they are written."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

import msgspec

from agcx_format.model.session import SessionMetadata

__all__ = ["Chained", "Counted", "EncodedFile", "Hold"]

# Keeps bytes outside of memory; gives their number, and the bytes again.
Hold = Callable[[Iterable[bytes]], tuple[int, Iterable[bytes]]]


class Chained:
    """Bytes that follow each other, in parts, at each iteration."""

    def __init__(self, *parts: Iterable[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return itertools.chain.from_iterable(self._parts)


class Counted:
    """Bytes in parts; `size` is how many have passed."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self.size = 0
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            self.size += len(part)
            yield part


class EncodedFile(msgspec.Struct, frozen=True):
    """A session as a file.

    Fields:
        indexed: the metadata as the index holds them.
        parts: the file, in order.
        size: of the file in bytes.
    """

    indexed: SessionMetadata
    parts: Iterable[bytes]
    size: int
