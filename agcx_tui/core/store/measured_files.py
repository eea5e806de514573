"""The files of a store that are to be measured, with as little as that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from agcx_format import ScanEntry, Store

__all__ = ["files_to_measure"]


def files_to_measure(store: Store) -> list[ScanEntry]:
    """All of them, without what measuring reads again.

    The metadata of a hundred thousand sessions take 140 MB, and the garbage collector, which stops all
    threads, 0.2 s whenever it looks through them.  Without them an entry is nothing that it looks at.  Of a
    damaged file, they may be all that can be read.

    Raises:
        PersistenceError: The directory cannot be read.
    """
    return [
        replace(entry, id=None, metadata=None) if entry.error is None else entry
        for entry in store.scan()
    ]
