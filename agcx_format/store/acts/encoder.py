"""Sessions encoded for the files of one act, without holding all of them in memory.

Strategy: an act has to know size and metadata of each new file before it writes the first.  Sessions are
encoded one after the other; the bytes of the first ones are kept, those of the others are made again
when they are written.  The same session gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from agcx_format import limits
from agcx_format.layout import by_version
from agcx_format.model.session import Session, SessionMetadata

__all__ = ["Encoded", "Encoder"]


class Encoded(msgspec.Struct, frozen=True):
    """A session as a file of a layout.

    Fields:
        stored: the metadata in the file.
        indexed: the metadata as the index holds them.
        parts: the file, in order.
        size: of the file in bytes.
    """

    stored: SessionMetadata
    indexed: SessionMetadata
    parts: Iterable[bytes]
    size: int


class Encoder:
    """Encodes the sessions of one act; `level` is zstd's."""

    def __init__(self, level: int) -> None:
        self._level = level
        self._room = limits.KEPT_FOR_ACT

    def encode(self, layout: int, read: Callable[[], Session]) -> Encoded:
        """The session that `read` gives, as a file of a layout; `read` may be called once more.

        Raises:
            TypeError: a field holds a value that its type cannot hold.
            ValueError: likewise, or a section is too large for the layout.
        """
        kind, (metadata, conversation, state) = by_version(layout), read()
        indexed, parts = kind.encode_measured(metadata, conversation, state, self._level)
        size = sum(map(len, parts))
        is_kept = size <= self._room
        if is_kept:
            self._room -= size
        return Encoded(
            kind.as_stored(metadata, indexed),
            indexed,
            parts if is_kept else _Again(layout, read, self._level),
            size,
        )


class _Again:
    """The parts of a file, made when they are asked for."""

    def __init__(self, layout: int, read: Callable[[], Session], level: int) -> None:
        self._layout, self._read, self._level = layout, read, level

    def __iter__(self) -> Iterator[bytes]:
        session = self._read()
        return iter(by_version(self._layout).encode_measured(*session, self._level)[1])
