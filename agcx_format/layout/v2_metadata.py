"""The metadata of a file of layout 2, which are the first element of its compressed section."""

from __future__ import annotations

from collections.abc import Iterator

import msgpack

from agcx_format import limits
from agcx_format.codec.messagepack import lenient
from agcx_format.errors import CorruptData
from agcx_format.layout.elements import Element, element, split
from agcx_format.model.session import SessionMetadata

__all__ = ["read_metadata"]


def read_metadata(pieces: Iterator[bytes]) -> SessionMetadata:
    """The metadata alone: no more of the section is decompressed than that takes.

    Raises:
        PersistenceError: when what precedes them or they themselves are damaged.
    """
    raw, start = bytearray(), 0
    # One unpacker for all pieces: it continues where a piece ended inside the metadata.
    unpacker = msgpack.Unpacker(strict_map_key=False, max_buffer_size=2 * limits.METADATA)
    for piece in pieces:
        raw += piece
        try:
            unpacker.feed(piece)
            if not start:
                unpacker.read_array_header()
                start = unpacker.tell()
            unpacker.skip()
        except msgpack.OutOfData:
            if len(raw) <= limits.METADATA:
                continue
            raise CorruptData(
                f"more than {limits.METADATA:,} bytes are too many",
                section="metadata",
                offset=start,
                decompressed=True,
            ) from None
        except lenient.UNPACK_ERRORS:
            # `split` says what is wrong.
            break
        place = Element("metadata", start, unpacker.tell())
        return element(bytes(raw), place, SessionMetadata)
    split(bytes(raw))
    raise CorruptData("it cannot be read", section="metadata", offset=0, decompressed=True)
