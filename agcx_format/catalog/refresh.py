"""Compares a store's directory with the known rows: which files are new, changed, or gone.

Strategy: a known file is read again only if its signature differs. The columns belong to another thread, so
they are only read here; what is yielded says what that thread should change.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from agcx_format.catalog.columns import GONE, Columns
from agcx_format.errors import PersistenceError
from agcx_format.store import paths
from agcx_format.store.entries import EntryReader, ScanEntry

__all__ = ["Gone", "differences", "look_at"]


class Gone(str):
    """The path of a known session file that no longer exists."""

    __slots__ = ()


def differences(root: Path, columns: Columns) -> Iterator[ScanEntry | Gone | None]:
    """Entries of new or changed files, then deleted files; None for each unchanged file.

    Raises:
        PersistenceError: the directory cannot be read.
    """
    reader = EntryReader(root, use_mmap=False)
    known = len(columns)
    seen = bytearray(known)
    for layout, path in paths.session_paths(root):
        row = columns.row_of(path)
        if row is not None and row < known:
            seen[row] = 1
            if _is_same(columns, row, layout, path):
                yield None
                continue
        yield reader.entry(layout, path)
    flags = columns.arrays["flags"]
    for row in range(known):
        if not seen[row] and not flags[row] & GONE:
            path = columns.path(row)
            # It may have come back, or never have belonged to this store.
            yield None if os.path.lexists(path) else Gone(path)


def look_at(root: Path, columns: Columns, path: str) -> ScanEntry | Gone | None:
    """Like `differences`, for one file."""
    layout = paths.layout_of(root, path)
    row = columns.row_of(path)
    there = row is not None and not columns.arrays["flags"][row] & GONE
    if not os.path.lexists(path):
        return Gone(path) if there else None
    if row is not None and _is_same(columns, row, layout, path):
        return None
    return EntryReader(root, use_mmap=False).entry(layout, path) or (Gone(path) if there else None)


def _is_same(columns: Columns, row: int, layout: int, path: str) -> bool:
    try:
        status = os.stat(path)
    except OSError:
        return False
    arrays = columns.arrays
    if type(columns.errors.get(row)) is PersistenceError:
        # Not damage, but a failed read: a disk error or a missing permission, which may be temporary.
        return False
    return (
        status.st_ino == arrays["inodes"][row]
        and status.st_mtime_ns == arrays["mtimes"][row]
        and status.st_size == arrays["sizes"][row]
        and not arrays["flags"][row] & GONE
    )
