"""Where the reader was in each conversation, kept in the program's own state directory.

Strategy: one small JSON file, rewritten in one step, readable by its owner alone.  It holds numbers
and names of files, no words of any conversation.  It is bounded, the oldest entries going first,
and read with distrust: whatever in it is not what was written here counts as not there.  No
Textual; reading and writing may block, so a thread does it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection
from pathlib import Path

import msgspec

from agcx_format.disk import open_regular, read_exactly, replace_file
from agcx_format.errors import PersistenceError

__all__ = ["Position", "ReadingPositions"]

_FILE = "positions.json"
_MOST = 2_000
# Larger than the file ever gets: whatever is there is not ours.
_LARGEST = 16 * 1024 * 1024
_VERSION = 1
_LONGEST_PATH = 4096


class Position(msgspec.Struct, frozen=True):
    """The current message, from 0, and the row of the screen in which it began."""

    message: int
    row: int = 0


class _Entry(msgspec.Struct, frozen=True):
    session: str
    path: str
    message: int
    row: int


class _File(msgspec.Struct, frozen=True):
    version: int
    entries: list[_Entry]


# Two screens of one program may write at once.
_lock = threading.Lock()


class ReadingPositions:
    """The positions in one state directory, which is made when there is something to keep."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file = directory / _FILE

    def load(self, session_id: object, path: str) -> Position | None:
        """Where the reader was in the session of that id in that file; None when not known."""
        session, path = str(session_id), os.path.abspath(path)
        for entry in self._entries():
            if (entry.session, entry.path) == (session, path):
                return Position(entry.message, entry.row)
        return None

    def save(self, session_id: object, path: str, position: Position | None) -> None:
        """Remember a position, or with None forget it.  What cannot be written is not remembered."""
        session, path = str(session_id), os.path.abspath(path)
        if len(path) > _LONGEST_PATH:
            return
        with _lock:
            before = self._entries()
            entries = [each for each in before if (each.session, each.path) != (session, path)]
            if position is not None:
                entries.append(_Entry(session, path, position.message, position.row))
            if entries != before:
                self._write(entries[-_MOST:])

    def forget(self, session_ids: Collection[object]) -> None:
        """Keep nothing of these sessions, wherever their files were."""
        gone = set(map(str, session_ids))
        with _lock:
            before = self._entries()
            entries = [each for each in before if each.session not in gone]
            if entries != before:
                self._write(entries)

    def _entries(self) -> list[_Entry]:
        try:
            fd, status = open_regular(self._file)
        except PersistenceError:
            return []
        try:
            if status.st_size > _LARGEST:
                return []
            content = msgspec.json.decode(read_exactly(fd, status.st_size, 0), type=_File)
        except (msgspec.DecodeError, PersistenceError, RecursionError):
            return []
        finally:
            os.close(fd)
        if content.version != _VERSION:
            return []
        return [each for each in content.entries if each.message >= 0 and each.row >= 0]

    def _write(self, entries: list[_Entry]) -> None:
        try:
            content = msgspec.json.encode(_File(_VERSION, entries))
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(self._file, [content, b"\n"])
        except (PersistenceError, OSError, UnicodeEncodeError):
            # No place for it, or a name that JSON has no form for: one starts at the beginning.
            return
