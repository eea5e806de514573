"""Sessions encoded for the files of one act, without holding all of them in memory.

Strategy: an act has to know size and metadata of each new file before it writes the first.  Sessions are
encoded one after the other; the bytes of the first ones are kept in memory, those of the others on disk.
A session whose messages are streamed goes there as it is encoded.
"""

from __future__ import annotations

import os

import msgspec

from agcx_format import limits
from agcx_format.disk.held import HeldBytes
from agcx_format.layout import EncodedFile, by_version
from agcx_format.model.session import Session, SessionMetadata
from agcx_format.model.streamed import StreamedMessages

__all__ = ["Encoded", "Encoder", "encode_in"]


class Encoded(EncodedFile, frozen=True):
    """A session as a file of a layout; `stored` are the metadata in the file."""

    stored: SessionMetadata


class Encoder:
    """Encodes the sessions of one act; `level` is zstd's.

    What memory should not hold is in a file without a name in `folder`, as long as anything refers to it.
    """

    def __init__(self, level: int, folder: str | os.PathLike[str]) -> None:
        self._level = level
        self._hold = HeldBytes(folder)
        self._room = limits.KEPT_FOR_ACT

    def encode(self, layout: int, session: Session) -> Encoded:
        """The session as a file of a layout.

        Raises:
            TypeError: a field holds a value that its type cannot hold.
            ValueError: likewise, or a section is too large for the layout.
            PersistenceError: streamed messages cannot be read, or the disk is full.
        """
        new = encode_in(layout, session, self._level, self._hold)
        if isinstance(new.parts, list):
            if new.size <= self._room:
                self._room -= new.size
            else:
                _, parts = self._hold(new.parts)
                new = msgspec.structs.replace(new, parts=parts)
        return new


def encode_in(layout: int, session: Session, level: int, hold: HeldBytes) -> Encoded:
    """The session as a file of a layout; of streamed messages the bytes are held by `hold`.

    Raises:
        TypeError: a field holds a value that its type cannot hold.
        ValueError: likewise, or a section is too large for the layout.
        PersistenceError: streamed messages cannot be read, or the disk is full.
    """
    kind, (metadata, conversation, state) = by_version(layout), session
    if isinstance(conversation.messages, StreamedMessages):
        new = kind.encode_held(metadata, conversation, state, level, hold)
        indexed, parts, size = new.indexed, new.parts, new.size
    else:
        indexed, parts = kind.encode_measured(metadata, conversation, state, level)
        size = sum(map(len, parts))
    return Encoded(indexed, parts, size, kind.as_stored(metadata, indexed))
