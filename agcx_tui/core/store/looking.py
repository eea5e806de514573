"""What a thread finds in the directory of a store, as generators: for `StoreFeed`.

No Textual.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agcx_format.disk import os_reason
from agcx_format.errors import PersistenceError

if TYPE_CHECKING:
    from agcx_format import ScanEntry, Store
    from agcx_format.catalog import Block, Columns, Gone, Reading
    from agcx_tui.core.store.watch import Directory

__all__ = ["CheckpointSizes", "Found", "Vanished", "catalog_blocks", "compare", "watch_changes"]

# Seconds between two parts of the catalog: for keys, and for the first picture.
_BREATH = 0.002


@dataclass(frozen=True, slots=True)
class Found:
    """A directory is there; the store in it, once it is open."""

    place: Directory | None
    store: Store | None = None


@dataclass(frozen=True, slots=True)
class CheckpointSizes:
    """Bytes of the checkpoints of each session that has some, by its id."""

    sizes: dict[str, int]


class Vanished:
    """The directory of the store is there no more."""


def catalog_blocks(reading: Reading, stop: threading.Event) -> Iterator[Block]:
    with suppress(ValueError):
        for block in reading.blocks():
            yield block
            time.sleep(_BREATH)


def compare(
    path: str,
    columns: Columns,
    known: Store | None,
    before: Directory | None,
    was_there: bool,
    stop: threading.Event,
) -> Iterator[Vanished | Found | CheckpointSizes | int | list[ScanEntry | Gone]]:
    """What is new or other than the columns say, where the store is, and how many files there are.

    Raises:
        PersistenceError: The directory cannot be read.
    """
    # What only threads need is imported by them: the first picture does not wait for it.
    from agcx_format import Store
    from agcx_format.catalog import differences
    from agcx_tui.core.store import first_words, store_work, watch

    if was_there and watch.is_gone(path, before):
        yield Vanished()
        return
    place = watch.directory(path)
    yield Found(place)
    try:
        is_another = before is not None and place not in (before, None)
        store = Store(path) if known is None or is_another else known
        yield Found(place, store)
        for number, batch in enumerate(store_work.batches(differences(store.path, columns))):
            if watch.directory(path) != place:
                # Its files are not gone: they went with it while they were compared.
                yield Vanished()
                return
            yield batch
            if number == 0:
                yield first_words.count(store)
        yield CheckpointSizes(store.checkpoint_sizes())
    except OSError as error:
        raise PersistenceError(os_reason(error), path=error.filename or path) from error


def watch_changes(
    path: str, columns: Columns, stop: threading.Event
) -> Iterator[list[ScanEntry | Gone] | None]:
    from agcx_tui.core.store import watch

    return watch.watch(path, columns, stop)
