"""Compares a store's directory with the known rows: which files are new, changed, or gone.

Strategy: a known file is read again only if its signature differs. The columns belong to another thread, so
they are only read here; what is yielded tells that thread what to change.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from agcx_format.catalog.columns import GONE, Columns
from agcx_format.catalog.projects import Opening, project_directory
from agcx_format.errors import PersistenceError
from agcx_format.model.items import MessageSnapshot
from agcx_format.session.lazy import SessionFile
from agcx_format.store import paths
from agcx_format.store.entries import EntryReader, ScanEntry
from agcx_format.transcript.words import genuine_user_text
from agcx_format.variables import BRANCH, COST_USD, TOKENS_INPUT, TOKENS_OUTPUT

__all__ = ["Gone", "differences", "look_at", "read_opening"]

# How many characters of a conversation's first words are kept, and in how many messages to look.
LONGEST = 200
_MESSAGES, _PIECES = 24, 4
# Layout 2 stores the directory after all messages.
_LARGEST_FOR_DIRECTORY = 1 << 22
# No session has more tokens.
_TOKENS = (TOKENS_INPUT, TOKENS_OUTPUT)
_MOST = 1 << 48


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


def read_opening(path: str) -> Opening:
    """First words, directory, project, and branch of a session; empty where unknown.

    Reads only the first pieces of the messages, and the context.
    """
    try:
        with SessionFile(path, use_mmap=False) as session:
            words = _first_words(session)
            if not session.has_context_apart and session.size > _LARGEST_FOR_DIRECTORY:
                return Opening(words)
            context = session.context
    except PersistenceError:
        return Opening()
    directory = context.working_directory
    noted = context.environment_variables
    return Opening(
        words,
        directory,
        project_directory(directory),
        noted.get(BRANCH, ""),
        min(sum(int(_amount(noted, name)) for name in _TOKENS), _MOST),
        _amount(noted, COST_USD),
    )


def _amount(noted: Mapping[str, str], name: str) -> float:
    """The number in a variable; 0 if there is none."""
    try:
        amount = float(noted.get(name, "0"))
    except ValueError:
        return 0.0
    return amount if 0 <= amount < _MOST else 0.0


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
        # Not damage, but a failed read: a disk error or a missing permission, which may be gone by now.
        return False
    return (
        status.st_ino == arrays["inodes"][row]
        and status.st_mtime_ns == arrays["mtimes"][row]
        and status.st_size == arrays["sizes"][row]
        and not arrays["flags"][row] & GONE
    )
