"""What a thread finds in the directory of a store, as generators: for `StoreFeed`.

Strategy: the first rows come soon and with little.  What reads a list is loaded for them and nothing that
opens a conversation or changes a store; while they are drawn the thread leaves the interpreter alone.  Later
batches are large enough that sorting them in costs little.

No Textual.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from agcx_format.disk import os_reason
from agcx_format.errors import PersistenceError

if TYPE_CHECKING:
    from agcx_format import ScanEntry, Store
    from agcx_format.catalog import Block, Columns, Gone, Reading
    from agcx_tui.core.store.watch import Directory

__all__ = ["CheckpointSizes", "Found", "Vanished", "catalog_blocks", "compare", "watch_changes"]

# Seconds between two parts of the catalog: for keys, and for the first picture.
_BETWEEN_BLOCKS = 0.002
# Rows of the first batch, which fill most screens, and the seconds after which it comes with fewer.
_FIRST_ROWS, _FIRST_BATCH = 60, 0.005
# Seconds in which each later one is gathered.
_BATCH = 0.1
# Seconds for the picture with the first batch.
_FIRST_PICTURE = 0.03
# The interpreter switches threads every 5 ms; this gives a key its turn at once.
_BREATHE_EVERY = 200
_BREATH = 0.0005


class Found(msgspec.Struct, frozen=True):
    """A directory is there; the store in it, once it is open."""

    place: Directory | None
    store: Store | None = None


class CheckpointSizes(msgspec.Struct, frozen=True):
    """Bytes of the checkpoints of each session that has some, by its id."""

    sizes: dict[str, int]


class Vanished:
    """The directory of the store no longer exists."""


def catalog_blocks(reading: Reading, stop: threading.Event) -> Iterator[Block]:
    with suppress(ValueError, PersistenceError):
        for block in reading.blocks():
            yield block
            time.sleep(_BETWEEN_BLOCKS)


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
    from agcx_format.store import session_paths
    from agcx_tui.core.store import watch

    if was_there and watch.is_gone(path, before):
        yield Vanished()
        return
    place = watch.directory(path)
    yield Found(place)
    try:
        is_another = before is not None and place not in (before, None)
        store = Store(path) if known is None or is_another else known
        yield Found(place, store)
        for number, batch in enumerate(_batches(differences(store.path, columns))):
            if watch.directory(path) != place:
                # Its files are not gone: they went with it while they were compared.
                yield Vanished()
                return
            yield batch
            if number == 0:
                time.sleep(_FIRST_PICTURE)
                yield sum(1 for _ in session_paths(store.path))
        yield CheckpointSizes(store.checkpoint_sizes())
    except OSError as error:
        raise PersistenceError(os_reason(error), path=error.filename or path) from error


def _batches(entries: Iterable[ScanEntry | Gone | None]) -> Iterator[list[ScanEntry | Gone]]:
    """The entries in lists, first of a screenful, then of what comes in 0.1 s; None is ignored."""
    batch: list[ScanEntry | Gone] = []
    deadline, most = 0.0, _FIRST_ROWS
    for count, entry in enumerate(entries, 1):
        if count == 1:
            # A large directory may take longer to list than the first rows may take.
            deadline = time.perf_counter() + _FIRST_BATCH
        if entry is not None:
            batch.append(entry)
        if batch and (len(batch) >= most or time.perf_counter() >= deadline):
            yield batch
            batch, most = [], sys.maxsize
            deadline = time.perf_counter() + _BATCH
        elif count % _BREATHE_EVERY == 0:
            time.sleep(_BREATH)
    if batch:
        yield batch


def watch_changes(
    path: str, columns: Columns, stop: threading.Event
) -> Iterator[list[ScanEntry | Gone] | None]:
    from agcx_tui.core.store import watch

    return watch.watch(path, columns, stop)
