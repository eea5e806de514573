"""Where the reader was in each conversation.

Strategy: a state file of numbers and file names, without any words of a conversation.  It holds a limited
number of entries; the oldest are dropped.  No Textual; all methods may block.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from agcx_tui.core.local.state_file import StateFile

__all__ = ["Position", "ReadingPositions"]

_FILE = "positions.json"
_MOST = 2_000
# Larger than the file ever gets.
_LARGEST = 16 * 1024 * 1024
_LONGEST_PATH = 4096

# Two screens of one program may read, change, and write at once.
_lock = threading.Lock()

Count = Annotated[int, msgspec.Meta(ge=0)]


class Position(msgspec.Struct, frozen=True):
    """The number of the current message, from 0, and the screen row in which it began."""

    message: int
    row: int = 0


class _Entry(msgspec.Struct, frozen=True):
    session: str
    path: str
    message: Count
    row: Count


class _Entries(msgspec.Struct, frozen=True):
    version: Literal[1]
    entries: list[_Entry]


class ReadingPositions:
    """The positions kept in a state directory."""

    def __init__(self, directory: Path) -> None:
        self._file = StateFile(directory / _FILE, _Entries, largest=_LARGEST)

    def load(self, session_id: object, path: str) -> Position | None:
        """The position in this file of this session; None if it is not known."""
        session, path = str(session_id), os.path.abspath(path)
        for entry in self._entries():
            if (entry.session, entry.path) == (session, path):
                return Position(entry.message, entry.row)
        return None

    def save(self, session_id: object, path: str, position: Position | None) -> None:
        """Remember a position, or forget it when it is None."""
        session, path = str(session_id), os.path.abspath(path)
        if len(path) > _LONGEST_PATH:
            return
        with _lock:
            before = self._entries()
            entries = [each for each in before if (each.session, each.path) != (session, path)]
            if position is not None:
                entries.append(_Entry(session, path, position.message, position.row))
            self._replace(before, entries[-_MOST:])

    def forget(self, session_ids: Collection[object]) -> None:
        """Forget the positions in these sessions, in all files."""
        gone = set(map(str, session_ids))
        with _lock:
            before = self._entries()
            self._replace(before, [each for each in before if each.session not in gone])

    def _entries(self) -> list[_Entry]:
        kept = self._file.read()
        return [] if kept is None else kept.entries

    def _replace(self, before: list[_Entry], entries: list[_Entry]) -> None:
        if entries != before:
            self._file.write(_Entries(1, entries))
