"""How the program was left: theme, order, columns, groups, and the place and share of the preview.

Strategy: a small state file, written when a choice changes.  No Textual; `keep` may block.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from agcx_tui.core.local.config import Place
from agcx_tui.core.local.state_file import StateFile
from agcx_tui.core.sessions.columns import ColumnName
from agcx_tui.core.sessions.groups import Grouping
from agcx_tui.core.sessions.sorting import SortKey

__all__ = ["Choices", "Remembered"]

_FILE = "choices.json"

Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]


class Choices(msgspec.Struct, frozen=True):
    """None where nothing was chosen; a share is the preview's part of the width or height."""

    version: Literal[1] = 1
    theme: str | None = None
    preview: Place | None = None
    share_right: Share | None = None
    share_below: Share | None = None
    sort: SortKey | None = None
    descending: bool | None = None
    columns: tuple[ColumnName, ...] | None = None
    favorites_first: bool | None = None
    group: Grouping | None = None


class Remembered:
    """The choices kept in a state directory; without a directory they last as long as the program."""

    def __init__(self, directory: Path | None) -> None:
        self._file = None if directory is None else StateFile(directory / _FILE, Choices)
        self._lock = threading.Lock()
        self._choices = (self._file and self._file.read()) or Choices()
        self._written = self._choices

    @property
    def choices(self) -> Choices:
        """The current choices."""
        return self._choices

    def change(self, **changes: Any) -> bool:
        """Set fields of `Choices`; true if there is now something to `keep`."""
        self._choices = msgspec.structs.replace(self._choices, **changes)
        return self._choices != self._written and self._file is not None

    def keep(self) -> None:
        """Write the current choices, if they differ from the file."""
        with self._lock:
            choices = self._choices
            if self._file is not None and choices != self._written and self._file.write(choices):
                self._written = choices
