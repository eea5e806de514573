"""A store's directory against what is known of it: what is new, what changed, what is gone.

Strategy: of a known file only the signature is looked at; what has another one is read.  The columns
belong to another thread meanwhile: they are only asked, and what is yielded says what to change.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from agcx_format.catalog.columns import GONE, Columns
from agcx_format.errors import PersistenceError
from agcx_format.model.items import MessageSnapshot
from agcx_format.session.lazy import SessionFile
from agcx_format.store import paths
from agcx_format.store.entries import EntryReader, ScanEntry
from agcx_format.transcript.words import genuine_user_text

__all__ = ["Gone", "differences", "look_at", "read_first_words"]

# How many characters of a conversation's first words are kept, and how far they are looked for.
LONGEST = 200
_MESSAGES, _PIECES = 24, 4
# Layout 2 has the directory behind all messages.
_LARGEST_FOR_DIRECTORY = 1 << 22


class Gone(str):
    """The path of a session file that was known and is not there any more."""

    __slots__ = ()


def differences(root: Path, columns: Columns) -> Iterator[ScanEntry | Gone | None]:
    """Entries of what is new or changed, then what is gone; None for each file that is as it was.

    Raises `PersistenceError` when the directory cannot be read.
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
            # It may have come back, or never have been where this store is.
            yield None if os.path.lexists(path) else Gone(path)


def look_at(root: Path, columns: Columns, path: str) -> ScanEntry | Gone | None:
    """As `differences`, for one file."""
    layout = paths.layout_of(root, path)
    row = columns.row_of(path)
    there = row is not None and not columns.arrays["flags"][row] & GONE
    if not os.path.lexists(path):
        return Gone(path) if there else None
    if row is not None and _is_same(columns, row, layout, path):
        return None
    return EntryReader(root, use_mmap=False).entry(layout, path) or (Gone(path) if there else None)


def read_first_words(path: str) -> tuple[str, str]:
    """How the person began the conversation, in one line, and the directory of it; empty if unknown.

    Reads a few pieces from the beginning of the messages.
    """
    try:
        with SessionFile(path, use_mmap=False) as session:
            words = _first_words(session)
            if not session.has_context_apart and session.size > _LARGEST_FOR_DIRECTORY:
                return words, ""
            return words, session.context.working_directory
    except PersistenceError:
        return "", ""


def _first_words(session: SessionFile) -> str:
    number = pieces = 0
    while number < _MESSAGES:
        if number >= session.known():
            pieces += 1
            if pieces > _PIECES or not session.read_more():
                break
            continue
        message = session.get(number)
        said = isinstance(message, MessageSnapshot) and genuine_user_text(message.item)
        if said:
            return " ".join(said[: 4 * LONGEST].split())[:LONGEST]
        number += 1
    return ""


def _is_same(columns: Columns, row: int, layout: int, path: str) -> bool:
    try:
        status = os.stat(path)
    except OSError:
        return False
    arrays = columns.arrays
    if type(columns.errors.get(row)) is PersistenceError:
        # Not damage, but a file that could not be read then: a disk that failed, a right that was missing.
        return False
    return (
        status.st_ino == arrays["inodes"][row]
        and status.st_mtime_ns == arrays["mtimes"][row]
        and status.st_size == arrays["sizes"][row]
        and not arrays["flags"][row] & GONE
    )
