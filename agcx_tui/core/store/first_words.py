"""Read the first words, directories, projects, and branches of sessions in the background.

Strategy: decompressing the beginning of a file takes half a millisecond; a pause follows each, so that a
hundred thousand files take minutes without being noticed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from agcx_format.catalog import GONE, READABLE, WORDS_KNOWN, Columns, Opening, read_opening

__all__ = ["Words", "first_words", "still_true"]

# Seconds.
_BATCH = 0.5
_PAUSE = 0.001


@dataclass(frozen=True, slots=True)
class Words:
    """What the beginning of a row's session says, in the version of the file with this `mtime_ns`."""

    row: int
    mtime_ns: int
    opening: Opening


def first_words(
    columns: Columns, rows: Iterable[int], is_cancelled: Callable[[], bool]
) -> Iterator[list[Words]]:
    """What is not known yet, in a list every half second; deliberately slow."""
    flags, mtimes = columns.arrays["flags"], columns.arrays["mtimes"]
    found: list[Words] = []
    deadline = time.perf_counter() + _BATCH
    for row in rows:
        if flags[row] & (READABLE | WORDS_KNOWN | GONE) != READABLE:
            continue
        if is_cancelled():
            return
        mtime_ns = mtimes[row]
        found.append(Words(row, mtime_ns, read_opening(columns.path(row))))
        if time.perf_counter() >= deadline:
            yield found
            found, deadline = [], time.perf_counter() + _BATCH
        time.sleep(_PAUSE)
    if found:
        yield found


def still_true(columns: Columns, found: Iterable[Words]) -> Iterator[tuple[int, Opening]]:
    """Row and opening, without files that have changed since."""
    for each in found:
        if columns.arrays["mtimes"][each.row] == each.mtime_ns:
            yield each.row, each.opening
