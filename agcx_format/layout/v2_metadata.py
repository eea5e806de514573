"""The metadata of a file of layout 2, which are the first element of its compressed section.

Strategy: the text comes piece by piece.  No more of it is decompressed than the metadata take, or, when they
are replaced, no more of it is held: the other elements are skipped while they pass.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgpack

from agcx_format import limits
from agcx_format.codec.messagepack import lenient
from agcx_format.errors import CorruptData, MessagePackDecodeError
from agcx_format.layout.elements import ELEMENTS, Element, element, split
from agcx_format.model.session import SessionMetadata

__all__ = ["read_metadata", "split_metadata"]


def read_metadata(pieces: Iterator[bytes]) -> SessionMetadata:
    """The metadata alone: no more of the section is decompressed than that takes.

    Raises:
        PersistenceError: when what precedes them or they themselves are damaged.
    """
    return _Beginning(pieces).metadata()


def split_metadata(pieces: Iterator[bytes]) -> tuple[SessionMetadata, Iterator[bytes]]:
    """The metadata, and the text of the elements after them.

    Raises:
        PersistenceError: when one is damaged, or there are more or fewer; of the later ones, once the text
            comes to them.
    """
    beginning = _Beginning(pieces)
    return beginning.metadata(), beginning.others()


class _Beginning:
    """The text of a section up to the piece in which the metadata end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._raw, self._count, self._start = bytearray(), 0, 0
        # One unpacker for all pieces: it continues where a piece ended inside an element.  A text is in its
        # buffer as a whole, together with the piece that it ends in.
        most = limits.WHOLE_SECTION + limits.MIB
        self._unpacker = msgpack.Unpacker(strict_map_key=False, max_buffer_size=most)

    def metadata(self) -> SessionMetadata:
        raw, unpacker = self._raw, self._unpacker
        for piece in self._pieces:
            raw += piece
            try:
                unpacker.feed(piece)
                if not self._start:
                    self._count = unpacker.read_array_header()
                    self._start = unpacker.tell()
                unpacker.skip()
            except msgpack.OutOfData:
                if len(raw) <= limits.METADATA:
                    continue
                raise CorruptData(
                    f"more than {limits.METADATA:,} bytes are too many",
                    section="metadata",
                    offset=self._start,
                    decompressed=True,
                ) from None
            except lenient.UNPACK_ERRORS:
                # `split` says what is wrong.
                break
            place = Element("metadata", self._start, unpacker.tell())
            return element(bytes(raw), place, SessionMetadata)
        split(bytes(raw))
        raise CorruptData("it cannot be read", section="metadata", offset=0, decompressed=True)

    def others(self) -> Iterator[bytes]:
        """The text of the other elements; bytes after the last are ignored."""
        unpacker, end = self._unpacker, self._unpacker.tell()
        piece, left = bytes(self._raw[end:]), list(ELEMENTS[1:])
        if self._count != len(ELEMENTS):
            split(bytes(self._raw))
        try:
            while left:
                try:
                    unpacker.skip()
                    left.pop(0)
                except msgpack.OutOfData:
                    yield piece
                    end += len(piece)
                    piece = next(self._pieces, b"")
                    if not piece:
                        raise
                    unpacker.feed(piece)
        except lenient.UNPACK_ERRORS as cause:
            raise MessagePackDecodeError(
                lenient.in_words(cause),
                section=left[0],
                offset=end,
                decompressed=True,
                truncated=lenient.is_truncated(cause),
            ) from None
        yield piece[: unpacker.tell() - end]
        # Damage after the last element is damage all the same.
        for _ in self._pieces:
            pass
