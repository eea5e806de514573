"""What a segment says before its blocks: whose text it is, its sessions, and its blocks.  Values only."""

from __future__ import annotations

from typing import Annotated

import msgspec

from agcx_format.disk.durable import Signature
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.search.file_keys import VERSION

__all__ = [
    "MAGIC", "MOST_BLOCKS", "Beginning", "BlockRow", "Damage", "Details", "Head", "SessionRow",
    "signature_in",
]  # fmt: skip

MAGIC = b"AGCXbok7"
# Blocks of a segment: 32 MB of text.  A longer session is a segment of its own.
MOST_BLOCKS = 512

_Natural = Annotated[int, msgspec.Meta(ge=0)]


def signature_in(key: bytes) -> Signature:
    """Raises `struct.error` for what is no key."""
    return Signature(*VERSION.unpack_from(key))


class Beginning(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Some messages with which the text of a block begins, and which can be decompressed by themselves.

    Fields:
        packed, size: bytes of them, compressed and not.
        crc: CRC-32 of them compressed, since the checksum of the frame is at its end.
    """

    packed: _Natural
    size: _Natural
    crc: _Natural


class BlockRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One block.

    Fields:
        packed, size: bytes of its text, compressed and not.
        packed_facts, facts_size: of the facts likewise.
        traits: of its text.
        first: the number of its first message in the session, from -1.
        beginning: of the first block of a session, if it is much less than all of it.
    """

    packed: _Natural
    size: _Natural
    packed_facts: _Natural
    facts_size: _Natural
    traits: _Natural
    first: Annotated[int, msgspec.Meta(ge=-1)]
    beginning: Beginning | None = None

    @property
    def on_disk(self) -> int:
        return self.packed + self.packed_facts


class Damage(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Why a session could not be read further, in the words of its `PersistenceError`."""

    reason: str
    section: str | None
    offset: int | None
    decompressed: bool
    truncated: bool

    @classmethod
    def of(cls, error: PersistenceError) -> Damage:
        return cls(error.reason, error.section, error.offset, error.decompressed, error.truncated)

    def error(self, path: str) -> CorruptData:
        return CorruptData(
            self.reason,
            path=path,
            section=self.section,
            offset=self.offset,
            decompressed=self.decompressed,
            truncated=self.truncated,
        )


class SessionRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One session.

    Fields:
        title, updated: as its metadata had them.
        messages: how many were read.
        first, count: its blocks.
        damage: what is wrong, when it is broken.
    """

    title: str
    updated: str
    messages: _Natural
    first: _Natural = 0
    count: _Natural = 0
    damage: Damage | None = None

    @property
    def readable(self) -> bool:
        """Whether at least the metadata could be read."""
        return bool(self.updated)

    def error(self, path: str) -> PersistenceError | None:
        """The damage after the last message that was read."""
        return None if self.damage is None else self.damage.error(path)


class Head(msgspec.Struct, array_like=True, frozen=True):
    """The beginning of a segment.

    Fields:
        store: the store whose sessions these are.
        keys: of each session, see `key_of`.
        broken: the sessions among them that have damage.
        blocks: how many there are.
        details: bytes of the frame that follows.
        letters: the version of Unicode by which the text was folded; another one folds needles otherwise.
    """

    store: bytes
    keys: list[bytes]
    broken: list[_Natural]
    blocks: _Natural
    details: _Natural
    letters: str


class Details(msgspec.Struct, array_like=True, frozen=True):
    """What is known of the sessions and blocks of a segment."""

    sessions: list[SessionRow]
    blocks: list[BlockRow]
