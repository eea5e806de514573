"""What the browser has threads do with a store: everything that may wait for a disk or a lock.

Strategy: plain functions without a widget, that take what they need and give values.  A scan comes in
batches, bounded by time: the first soon, so that there is something to look at, the others large
enough that sorting them in costs little.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from agcx_format.acts import Act
from agcx_format.durable import Signature
from agcx_format.errors import SessionNotFound
from agcx_format.store import SUFFIX, ScanEntry, Store

_FIRST_BATCH = 0.015
_BATCH = 0.1
# Python hands the interpreter over every 5 ms; this gives a key its turn at once.
_BREATHE_EVERY = 200
_BREATH = 0.0005


def batches(entries: Iterable[ScanEntry]) -> Iterator[list[ScanEntry]]:
    """The entries in lists of what comes in about 15 ms, then in 0.1 s."""
    batch: list[ScanEntry] = []
    deadline = time.perf_counter() + _FIRST_BATCH
    for count, entry in enumerate(entries, 1):
        batch.append(entry)
        if time.perf_counter() >= deadline:
            yield batch
            batch = []
            deadline = time.perf_counter() + _BATCH
        elif count % _BREATHE_EVERY == 0:
            time.sleep(_BREATH)
    if batch:
        yield batch


def delete(store: Store, files: Iterable[tuple[str, Signature | None]]) -> Act:
    """Delete files, each a path with the signature that was shown to the person who asked.

    What is gone already is passed over.  `StaleSession` when one changed since it was shown.
    """
    entries = []
    for path, signature in files:
        entry = store.entry(path)
        if entry is not None:
            shown = signature or entry.signature
            entries.append(ScanEntry(path, entry.id, entry.metadata, entry.error, shown))
    if not entries:
        raise SessionNotFound("any more: deleted by another program", path=store.path)
    return store.delete(entries)


def undo(store: Store) -> tuple[Act, list[ScanEntry]]:
    """Undo the last act; gives it, and the sessions that it brought back."""
    act = store.undo()
    found = [store.entry(path) for path in session_paths(store.path, act)]
    return act, [entry for entry in found if entry is not None]


def session_paths(root: Path, act: Act) -> list[str]:
    """The session files that an act moved out of the store, as `scan` names them."""
    moved = (step.path for step in act.steps if step.op == "move")
    return [str(root / path) for path in moved if path.endswith(SUFFIX)]
