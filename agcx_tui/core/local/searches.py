"""The last searches: what was typed, newest first, for the line that brings them back.

Strategy: a small state file that only its owner can read.  No Textual; the methods may block.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from agcx_format.transcript import fold
from agcx_tui.core.local.state_file import StateFile

__all__ = ["LastSearches"]

_FILE = "searches.json"
_MOST = 50
# Characters; anything longer was pasted, and will not be repeated.
_LONGEST = 500

_Line = Annotated[str, msgspec.Meta(max_length=_LONGEST)]
_lock = threading.Lock()


class _Searches(msgspec.Struct, frozen=True):
    version: Literal[1]
    lines: Annotated[list[_Line], msgspec.Meta(max_length=_MOST)]


class LastSearches:
    """Kept in a state directory; without one they last as long as this object."""

    def __init__(self, directory: Path | None) -> None:
        largest = 8 * _MOST * _LONGEST
        self._file = (
            None if directory is None else StateFile(directory / _FILE, _Searches, largest=largest)
        )
        self._lines: list[str] = []

    def read(self) -> list[str]:
        """The lines, newest first."""
        kept = self._file.read() if self._file is not None else None
        return self._lines if kept is None else kept.lines

    def add(self, line: str) -> None:
        """Put a line before all others."""
        line = line.strip()
        if not line or len(line) > _LONGEST:
            return
        with _lock:
            # Another program may have added some.
            before = self.read()
            self._keep([line, *(each for each in before if each != line)][:_MOST], before)

    def forget(self, texts: Iterable[str]) -> None:
        """Forget the lines that contain one of these texts, ignoring case."""
        gone = [fold(text) for text in texts]
        with _lock:
            before = self.read()
            self._keep([line for line in before if not _holds(line, gone)], before)

    def _keep(self, lines: list[str], before: list[str]) -> None:
        self._lines = lines
        if self._file is not None and lines != before:
            self._file.write(_Searches(1, lines))


def _holds(line: str, folded: Iterable[str]) -> bool:
    return any(text in fold(line) for text in folded)
