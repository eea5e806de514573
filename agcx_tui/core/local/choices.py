"""What the program remembers of how it was left: theme, order, the place and share of the preview.

Strategy: one small JSON file in the state directory, rewritten in one step and readable by its owner
alone.  It is read with distrust: what in it is not as it was written here counts as not there,
and what cannot be written is not remembered.  No Textual; writing may block, so a thread does it.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import msgspec

from agcx_format.disk import open_regular, read_exactly, replace_file
from agcx_format.errors import PersistenceError
from agcx_tui.core.local.config import PLACES
from agcx_tui.core.sessions.table import SORTS

__all__ = ["Choices", "Remembered"]

_FILE = "choices.json"
_LARGEST = 64 * 1024
_VERSION = 1


class Choices(msgspec.Struct, frozen=True):
    """None where nothing was chosen; shares are parts of the room, between 0 and 1."""

    version: int = _VERSION
    theme: str | None = None
    preview: str | None = None
    share_right: float | None = None
    share_below: float | None = None
    sort: str | None = None
    descending: bool | None = None

    @property
    def makes_sense(self) -> bool:
        shares = [share for share in (self.share_right, self.share_below) if share is not None]
        return (
            self.version == _VERSION
            and self.preview in (*PLACES, None)
            and self.sort in (*SORTS, None)
            and all(0 < share < 1 for share in shares)
        )


class Remembered:
    """The choices in one state directory, which is made when there is something to keep.

    Without a directory they last as long as the program.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._choices = self._read()
        self._written = self._choices

    @property
    def choices(self) -> Choices:
        return self._choices

    def change(self, **changes: Any) -> bool:
        """Choose; true when there is something to `keep`."""
        self._choices = msgspec.structs.replace(self._choices, **changes)
        return self._choices != self._written and self._directory is not None

    def keep(self) -> None:
        """Write down what is chosen by now."""
        with self._lock:
            choices = self._choices
            if self._directory is None or choices == self._written:
                return
            try:
                content = msgspec.json.encode(choices)
                self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                replace_file(self._directory / _FILE, [content, b"\n"])
            except (PersistenceError, OSError, UnicodeEncodeError):
                return
            self._written = choices

    def _read(self) -> Choices:
        if self._directory is None:
            return Choices()
        try:
            fd, status = open_regular(self._directory / _FILE)
        except PersistenceError:
            return Choices()
        try:
            if status.st_size > _LARGEST:
                return Choices()
            choices = msgspec.json.decode(read_exactly(fd, status.st_size, 0), type=Choices)
        except (msgspec.DecodeError, PersistenceError, RecursionError):
            return Choices()
        finally:
            os.close(fd)
        return choices if choices.makes_sense else Choices()
